"""One process for each service, replaced one at a time as a Deployment with maxUnavailable 0 does.

The new one is started and says that it is ready, the entrance turns to it, and only then is the old
one told to leave.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass(frozen=True)
class Pod:
    """A process of one service, of the version in `tree`."""

    service: str
    tree: Path
    child: subprocess.Popen[bytes]
    door: int  #: port of its own door; 0 without one
    health: int


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
    running: dict[str, Pod] = field(default_factory=dict)
    rolled: list[Rolled] = field(default_factory=list)

    async def start_all(self, tree: Path) -> None:
        """Start every service of one version; raises StartRefused when one does not get ready."""
        pods = [self._spawn(name, tree) for name in self.ground.services]
        for pod in pods:
            await self._until_ready(pod)
            self._lead_to(pod)

    async def roll(self, service: str, tree: Path, to: str) -> None:
        """Replace one service by another version of it; StartRefused when that does not get ready.

        Then the old one goes on, as in a cluster.
        """
        began = time.monotonic()
        old, new = self.running[service], self._spawn(service, tree)
        await self._until_ready(new)
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
        own = {"ops": health}
        if service in self.entrances:
            own[service] = self._port(service, "door")
        program = Program(
            name=service,
            command=(sys.executable, "-m", "services.run", service),
            log=self._log(service),
            folder=tree,
            environment=environment_of(self.run, self.ground, ports | own)
            | {"PYTHONPATH": str(tree)},
        )
        return Pod(service, tree, spawn(program), own.get(service, 0), health)

    def _port(self, service: str, what: str) -> int:
        """A port of its own for each generation: old and new stand side by side."""
        generation = sum(rolled.service == service for rolled in self.rolled)
        generation += service in self.running
        return self.run.ports.keep(f"{what} of {service}, generation {generation}", 0)

    def _log(self, service: str) -> Path:
        return self.run.log / f"{service}.log"

    async def _until_ready(self, pod: Pod) -> None:
        give_up_at = time.monotonic() + _READY_WITHIN_SECONDS
        log_start = max(0, size_of(self._log(pod.service)) - 2_000)
        while not await asyncio.to_thread(says_ready, pod.health):
            ended = pod.child.poll() is not None
            if ended or time.monotonic() > give_up_at:
                kill(pod.child)
                said = log_since(self._log(pod.service), log_start)
                how = "ended" if ended else "is not ready"
                raise StartRefused(f"{pod.service} of {pod.tree} {how}:\n{said}", "")
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
