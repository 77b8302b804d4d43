"""`just rehearse`: from one NATS server to three on a platform of its own, while contacts arrive.

The move is made by `just migrate`, as an operator would, on a bad day: the old server, one of the
new ones, `just migrate` itself and a service are killed without a word in the middle of it, and it
is run again. Then a new server stands where the old one stood, so that services find the new ones
by themselves, and each of the three is restarted in turn. 0 when nothing was lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psycopg
from rich.console import Console

from deploy.embedded.nats import EmbeddedNats
from deploy.rollout.scene import Act, Scene, a_folder, on_a_scene
from deploy.rollout.three import Three, begin, leave
from deploy.start import REPOSITORY
from services.bus.provision.declared import PERMANENT, PILOT
from services.registry import SERVICES

#: Machine seconds callers come at the most; they stop when all is done.
_LOAD_SECONDS = 420.0
_TRY_WITHIN_SECONDS = 150.0
_LOOK_EVERY_SECONDS = 0.1
#: Whoever is killed in the middle of the move; it knows the contacts nobody has yet been found for.
_KILLED = "triage"
#: What `just migrate` says when events are held back, and when the first stream is copied.
_HELD, _COPIED = "Events wait in the outboxes", " events copied in "

Fault = Callable[[int], Awaitable[None]]


@dataclass
class Pause:
    """How long no event was taken at all, machine seconds: the longest time between two."""

    dsn: str
    longest: float = 0.0

    async def watch_for_ever(self) -> None:
        """Look at the outboxes again and again."""
        query = " + ".join(
            f'(SELECT count(*) FROM "{service.name}".outbox WHERE published_at IS NOT NULL)'  # noqa: S608
            for service in SERVICES
            if service.publishes
        )
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            taken, since = -1, time.monotonic()
            while True:
                row = await (await connection.execute(f"SELECT {query}".encode())).fetchone()
                assert row is not None
                now = time.monotonic()
                self.longest = max(self.longest, now - since)
                if row[0] != taken:
                    taken, since = row[0], now
                await asyncio.sleep(_LOOK_EVERY_SECONDS)


@dataclass
class Growth(Act):
    """The move, in as many tries as it takes, and what follows."""

    three: Three = field(kw_only=True)
    killing: bool = field(kw_only=True)
    restarting: bool = field(kw_only=True)
    tries: list[int] = field(default_factory=list)  #: exit codes of `just migrate`
    pause: Pause = field(init=False)

    def __post_init__(self) -> None:
        """Where the outboxes are."""
        self.pause = Pause(self.scene.platform.owner_dsn)

    async def perform(self) -> None:
        """Move, let services find the new servers, restart each of those."""
        await self.three.begin()
        watching = asyncio.create_task(self.pause.watch_for_ever())
        try:
            for after, fault in self._faults():
                await self._try(after, fault)
            if not self.tries or self.tries[-1] != 0:
                await self._try()
            assert self.tries[-1] == 0, "the move was not made"
            await self._resume()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if self.restarting:
            for server in self.three.servers:
                await leave(server)
                await begin(server)
                self.scene.tell(f"{server.config.parent.name} has left as a lame duck and is back.")

    def _faults(self) -> Iterator[tuple[str, Fault]]:
        """After which words of `just migrate` what is killed."""
        if self.killing:
            yield _HELD, self._kill_the_old_server_and_a_service
            yield _COPIED, self._kill_the_move
            yield _COPIED, self._kill_a_new_server

    @property
    def _old(self) -> EmbeddedNats:
        run = self.scene.run
        return EmbeddedNats(run.nats / "nats.conf", run.nats, run.log / "nats.log")

    async def _kill_the_old_server_and_a_service(self, _: int) -> None:
        old = self._old
        _kill(old.running_pid())
        lost = asyncio.create_task(self.scene.pods.lose(_KILLED))
        await begin(old)
        await lost

    async def _kill_a_new_server(self, _: int) -> None:
        _kill(self.three.servers[2].running_pid())
        await begin(self.three.servers[2])

    async def _kill_the_move(self, pid: int) -> None:
        _kill(pid)

    async def _try(self, after: str = "", fault: Fault | None = None) -> None:
        """Run `just migrate` once; `fault` happens when it has said `after`."""
        platform = self.scene.platform
        moving = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.migrate", PILOT.name, PERMANENT.name),
            *("--from", platform.nats_url, "--to", self.three.urls[0], "--keys", platform.keys),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        )
        assert moving.stdout is not None
        async with asyncio.timeout(_TRY_WITHIN_SECONDS):
            async for line in moving.stdout:
                said = line.decode().rstrip()
                self.scene.tell(f"  {said}")
                if fault is not None and after in said:
                    self.scene.tell(f"  ({fault.__name__.strip('_').replace('_', ' ')})")
                    await fault(moving.pid)
                    fault = None
            self.tries.append(await moving.wait())

    async def _resume(self) -> None:
        """A new server takes the place of the old one: every service finds it by itself."""
        old, first = self._old, self.three.servers[0]
        pid = old.running_pid()
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        while old.running_pid() is not None:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        await leave(first)
        self.three.listen_at(0, int(self.scene.platform.nats_url.rpartition(":")[2]))
        await begin(first)
        self.scene.is_now(
            replace(
                self.scene.platform,
                scale=PERMANENT.name,
                nats_monitoring_url=first.address.monitoring_url,
            )
        )
        newest = self._published()
        while self._published() == newest:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    def _published(self) -> int:
        return self.scene.count("SELECT coalesce(max(stream_sequence), 0) FROM intake.outbox")

    def gone(self) -> Iterator[str]:
        """Services that ended by themselves."""
        for name, pod in self.scene.pods.running.items():
            if pod.child.poll() is not None:
                yield f"{name} left with code {pod.child.returncode}"


def _kill(pid: int | None) -> None:
    assert pid is not None, "it does not run"
    os.kill(pid, signal.SIGKILL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when nothing was lost or doubled and the checker finds nothing wrong."""
    parser = argparse.ArgumentParser(prog="just rehearse", description=__doc__)
    parser.add_argument("--run-dir", type=Path, help="where the rehearsal keeps its platform")
    parser.add_argument("--calm", action="store_true", help="kill nothing")
    parser.add_argument("--no-restarts", action="store_true", help="leave the three alone then")
    asked = parser.parse_args(arguments)
    terminal = Console(highlight=False, soft_wrap=True)
    with a_folder(asked.run_dir, "rehearse") as (folder, run_dir):
        perform = partial(_rehearsed, folder, not asked.calm, not asked.no_restarts)
        return on_a_scene(run_dir, _LOAD_SECONDS, terminal, perform)


async def _rehearsed(folder: Path, killing: bool, restarting: bool, scene: Scene) -> int:
    three = Three(folder, SERVICES, scene.run.keys)
    growth = Growth(scene, three=three, killing=killing, restarting=restarting)
    try:
        outcome = await scene.play(growth)
        gone = tuple(growth.gone())
    finally:
        scene.pods.stop_all()  # before what they stand on
        three.stop()
    tell = scene.tell
    tell(f"`just migrate` ended with {growth.tries}, the last as it should")
    tell(f"pause: no event was taken for {growth.pause.longest:.1f} s at the longest")
    for line in (*scene.lines_of_doors(), *outcome.lines()):
        tell(line)
    wrong = [*outcome.complaints(), *scene.silent_doors(), *gone]
    if not growth.done:
        wrong.append("callers stopped coming before everything was done")
    tell("Nothing was lost." if not wrong else "Wrong: " + "; ".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
