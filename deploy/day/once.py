"""One run of a day: start, prepare, play, ask the ledger; what came out of it."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.day.caller import Caller
from deploy.day.clock import TraceClock, read_clock
from deploy.day.line import PlayedLine
from deploy.day.live import LiveScene
from deploy.day.nonsense import talk_nonsense
from deploy.day.play import Play
from deploy.day.prepare import prepare
from deploy.day.stamps import Stamps, percentile
from deploy.day.trace import Trace
from deploy.day.wire import LeanDoors
from deploy.desk import Desk, DoorRefused
from deploy.platform import Platform
from services.console.messages import Board

#: Machine time a request is asked again for: longer than any fault lasts.
_PATIENCE_SECONDS = 300.0

#: Above this the log says more about the driver than about the platform.
LATEST_SECONDS = 0.020


class TooLate(Exception):
    """The platform was not ready when the trace's first second came."""


class Disturbance(Protocol):
    """Does something to the platform while the day goes on (`faults.Breaker`, a roll-out)."""

    async def break_all(self, clock: TraceClock) -> None:
        """Do all of it; cancelled when the day is over."""


@dataclass
class Run:
    """What one run recorded."""

    speed: float
    trace: Trace
    line: PlayedLine
    out: Path
    stamps: Stamps = field(default_factory=Stamps)
    settled: bool = False  #: every caller was heard or had left, and the platform knows
    wall_seconds: float = 0.0
    driver_cpu_seconds: float = 0.0

    @property
    def log(self) -> Path:
        """The event log the judge reads."""
        return self.out / "log.jsonl"

    @property
    def journal(self) -> Path:
        """What was answered at the doors, for the checker."""
        return self.out / "journal.jsonl"

    @property
    def late_p99_seconds(self) -> float:
        """How late the driver's planned acts were: 99 of 100 were less late than this."""
        return percentile(self.stamps.late_seconds, 0.99) or 0.0


async def play_once(
    platform: Platform, run: Run, show: Callable[[Play], None], disturbance: Disturbance
) -> tuple[Caller, ...]:
    """Prepare the platform and play the trace on it, while `disturbance` does what it does to it.

    Returns the callers as they were left; `show` is told where the play stands, again and again.
    Raises TooLate when preparing took too long.
    """
    async with LeanDoors.of(platform, _PATIENCE_SECONDS) as doors:
        coordinator, desks = await prepare(platform, doors, run.trace, run.line)
        clock = read_clock(platform.owner_dsn, run.line)
        scene = LiveScene(doors, clock, run.stamps, understood_first=run.trace.regulators)
        scene.desks = desks
        play = Play(run.trace, scene, run.stamps)
        beside = [asyncio.create_task(_watch_board(coordinator, clock, run.stamps))]
        try:
            await play.come_early()
            if clock.now() > run.trace.first_second:
                raise TooLate
            talking = talk_nonsense(doors, coordinator, run.stamps.journal)
            beside += [
                asyncio.create_task(talking),
                asyncio.create_task(disturbance.break_all(clock)),
            ]
            gc.collect()
            gc.freeze()  # what the day begins with stays: the collector need not look at it again
            began, cpu_began = time.monotonic(), time.process_time()
            run.settled = await play.run(lambda: show(play))
            run.wall_seconds = time.monotonic() - began
            run.driver_cpu_seconds = time.process_time() - cpu_began
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(scene.close(), *beside, return_exceptions=True)
    for task in beside:
        if not task.cancelled() and (failed := task.exception()) is not None:
            raise failed
    run.stamps.write(run.log)
    run.stamps.write_journal(run.journal)
    return tuple(play.callers)


async def _watch_board(coordinator: Desk, clock: TraceClock, stamps: Stamps) -> None:
    """Keep what the platform shows of its waiting lines."""
    with suppress(DoorRefused):
        async for message in coordinator.live():
            if message.kind == "board":
                board = message.read(Board)
                lines = (board.regulators.waiting, board.listeners.waiting)
                stamps.boards.append((clock.of(board.at), *lines))
