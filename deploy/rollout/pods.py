"""One process for each service, replaced one at a time as a Deployment with maxUnavailable 0 does.

The new one is started and says that it is ready, the entrance turns to it, and only then is the old
one told to leave.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from deploy.embedded.processes import Program, kill, log_since, size_of, spawn
from deploy.embedded.runfolder import RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.rollout.entrance import Entrance
from deploy.start import Ground, environment_of, says_ready

#: As the template of a Deployment has it (k8s/service): from SIGTERM to the end, at the most.
GRACE_SECONDS = 40.0
#: The cluster's own is five: until every node knows where a Service now leads. Here it is at once.
_PRE_STOP_SECONDS = 0.3
_READY_WITHIN_SECONDS = 90.0
_LOOK_EVERY_SECONDS = 0.05
#: A new version is looked at so long once it works alone: whether its handlers fail.
_LOOKED_AT_SECONDS = 3.0
#: Lines of a log that are shown when a version does not get ready.
_LAST_WORDS = 5
_FAILURES = "helpline_bus_failed"


class GaveUp(Exception):
    """A new version did not come to work: what was seen of it. The old one is still there, or is
    to be brought back.
    """


@dataclass(frozen=True)
class Pod:
    """A process of one service, of the version in `tree`."""

    service: str
    tree: Path
    child: subprocess.Popen[bytes]
    door: int  #: port of its own door; 0 without one
    health: int
    log: Path
    log_start: int  #: bytes that were in the log before it


@dataclass(frozen=True)
class Rolled:
    """One service replaced, machine seconds: until the new one was ready, until the old one left.

    `overlap`: how long both took work. `code`: the old one's exit code, 0 when it left by itself.
    """

    service: str
    to: str
    ready_after: float
    left_after: float
    code: int
    drained: bool  #: readiness was false before it ended


@dataclass
class Pods:
    """All services of one platform, each behind its entrance if it has a door."""

    run: RunFolder
    ground: Ground
    entrances: dict[str, Entrance]
    ready_within: float = _READY_WITHIN_SECONDS
    running: dict[str, Pod] = field(default_factory=dict)
    rolled: list[Rolled] = field(default_factory=list)

    async def start_all(self, tree: Path) -> None:
        """Start every service of one version; raises StartRefused when one does not get ready."""
        pods = [self._spawn(name, tree) for name in self.ground.services]
        for pod in pods:
            await self._until_ready(pod)
            self._lead_to(pod)

    async def roll(self, service: str, tree: Path, to: str) -> None:
        """Replace one service by another version of it; GaveUp when that does not get ready within
        `ready_within` seconds. Then the old one goes on, as in a cluster.
        """
        began = time.monotonic()
        old, new = self.running[service], self._spawn(service, tree)
        try:
            await self._until_ready(new)
        except StartRefused as refused:
            raise GaveUp(refused.problem) from None
        ready_after = time.monotonic() - began
        self._lead_to(new)
        await asyncio.sleep(_PRE_STOP_SECONDS)
        began = time.monotonic()
        old.child.terminate()
        drained = False
        while old.child.poll() is None:
            drained = drained or not await asyncio.to_thread(says_ready, old.health)
            if time.monotonic() - began > GRACE_SECONDS:
                kill(old.child)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        left_after = time.monotonic() - began
        code = old.child.returncode
        self.rolled.append(Rolled(service, to, ready_after, left_after, code, drained))

    async def look_at(self, service: str) -> None:
        """Look at a version that has just taken over; GaveUp when one of its handlers fails."""
        pod = self.running[service]
        until = time.monotonic() + _LOOKED_AT_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY_SECONDS * 10)
            failures = await asyncio.to_thread(failures_of, pod.health)
            if failures:
                raise GaveUp(f"{service}: {failures:g} times a handler failed")
            if pod.child.poll() is not None:
                raise GaveUp(f"{service} ended with code {pod.child.returncode}")

    async def lose(self, service: str) -> None:
        """Kill a service without a word and start it again, as a kubelet does."""
        old = self.running[service]
        kill(old.child)
        new = self._spawn(service, old.tree)
        await self._until_ready(new)
        self._lead_to(new)

    def stop_all(self) -> None:
        """Tell everything to leave and wait for it."""
        for pod in self.running.values():
            pod.child.terminate()
        for pod in self.running.values():
            try:
                pod.child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                kill(pod.child)

    def _lead_to(self, pod: Pod) -> None:
        self.running[pod.service] = pod
        if pod.door:
            self.entrances[pod.service].backend = pod.door

    def _spawn(self, service: str, tree: Path) -> Pod:
        ports = {name: entrance.port for name, entrance in self.entrances.items()}
        health = self._port(service, "health")
        generation = self._generation(service)
        log = self.run.log / (f"{service}-{generation}.log" if generation else f"{service}.log")
        own = {"ops": health}
        if service in self.entrances:
            own[service] = self._port(service, "door")
        program = Program(
            name=service,
            command=(sys.executable, "-m", "services.run", service),
            log=log,
            folder=tree,
            environment=environment_of(self.run, self.ground, ports | own)
            | {"PYTHONPATH": str(tree)},
        )
        log_start = size_of(log)
        return Pod(service, tree, spawn(program), own.get(service, 0), health, log, log_start)

    def _port(self, service: str, what: str) -> int:
        """A port of its own for each generation: old and new stand side by side."""
        return self.run.ports.keep(f"{what} of {service}, {self._generation(service)}", 0)

    def _generation(self, service: str) -> int:
        replaced = sum(rolled.service == service for rolled in self.rolled)
        return replaced + (service in self.running)

    async def _until_ready(self, pod: Pod) -> None:
        give_up_at = time.monotonic() + self.ready_within
        while not await asyncio.to_thread(says_ready, pod.health):
            ended = pod.child.poll() is not None
            if ended or time.monotonic() > give_up_at:
                kill(pod.child)
                said = "\n".join(log_since(pod.log, pod.log_start).splitlines()[-_LAST_WORDS:])
                how = "ended" if ended else f"is not ready after {self.ready_within:g} s"
                raise StartRefused(f"{pod.service} {how} ({pod.log}):\n{said}", "")
            await asyncio.sleep(_LOOK_EVERY_SECONDS)


def failures_of(health: int) -> float:
    """How often a handler of the process with this health port has failed; 0 when it is away."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics", timeout=2) as told:
            text = told.read().decode()
    except OSError:
        return 0.0
    families = text_string_to_metric_families(text)
    return sum(
        sample.value
        for family in families
        if family.name == _FAILURES
        for sample in family.samples
        if sample.name == f"{_FAILURES}_total"
    )
