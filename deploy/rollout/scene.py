"""The platform of a rehearsal: ground, pods behind entrances, callers who come all the while; and
what became of them.
"""

from __future__ import annotations

import asyncio
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console

from deploy.day.clock import TraceClock
from deploy.day.ledger import Reconciled, reconcile
from deploy.day.line import line_for
from deploy.day.once import Run, play_once
from deploy.day.play import Play
from deploy.day.stamps import Line
from deploy.day.verdict import Checked, check_invariants
from deploy.embedded.runfolder import RunFolder, claim, open_run_folder
from deploy.embedded.trouble import StartRefused
from deploy.embedded.watch import Signals, Watch
from deploy.platform import DOORS, Platform, write_platform
from deploy.rollout.entrance import Entrance
from deploy.rollout.load import Probe, a_load
from deploy.rollout.pods import Pods
from deploy.start import REPOSITORY, Ground, Options, platform_on, start_ground

SPEED = 10.0
_LEAD_SECONDS = 45.0
#: Contacts under way, in each place of the line, before anything is done; and after the last of it.
_BEFORE_SECONDS, _AFTER_SECONDS = 15.0, 5.0
Perform = Callable[["Scene"], Awaitable[int]]


@dataclass
class Act(ABC):
    """What is done to the platform while callers come; they stop coming when it is done."""

    scene: Scene
    done: bool = False  #: all of it was done
    over: bool = False  #: nothing more will be done

    @abstractmethod
    async def perform(self) -> None:
        """Do all of it."""

    async def break_all(self, clock: TraceClock) -> None:
        """Wait until the line is in work, do it, and let callers come a little longer."""
        first = self.scene.played.trace.calls[0].at - clock.now()
        await asyncio.sleep(max(0.0, first / clock.speed) + _BEFORE_SECONDS)
        try:
            await self.perform()
            await asyncio.sleep(_AFTER_SECONDS)
            self.done = True
        finally:
            self.over = True

    def look(self, play: Play) -> None:
        """Nobody else calls once it is over."""
        if self.over:
            play.let_nobody_come()


@dataclass(frozen=True)
class Outcome:
    """What became of everybody who called, and what the checker says."""

    reconciled: Reconciled
    checked: Checked
    parked: int  #: messages nobody could handle

    @property
    def dropped(self) -> int:
        """Contacts that did not come to their end with a listener."""
        whole = self.reconciled.endings[Line.ENDED.value, "listened"]
        return self.reconciled.calls - whole

    def lines(self) -> Iterator[str]:
        """It in words."""
        twice = self.reconciled.twice
        yield f"contacts: {self.dropped} dropped, {twice} doubled; {self.parked} parked"
        yield f"checker: {'nothing is wrong' if self.checked.sound else self.checked.said}"

    def complaints(self) -> Iterator[str]:
        """What must not be."""
        if self.dropped:
            yield f"{self.dropped} contacts dropped: {dict(self.reconciled.endings)}"
        if self.reconciled.twice:
            yield f"{self.reconciled.twice} contacts doubled"
        if self.parked:
            yield f"{self.parked} messages parked"
        if not self.checked.sound:
            yield "the checker found something"


@dataclass
class Scene:
    """A platform with one process for each service, and a load that is played on it."""

    run: RunFolder
    ground: Ground
    pods: Pods
    played: Run
    platform: Platform
    tell: Callable[[str], None]
    probes: dict[str, Probe] = field(default_factory=dict)

    def is_now(self, platform: Platform) -> None:
        """Write down where it is from now on."""
        self.platform = platform
        write_platform(self.run, platform)

    def count(self, query: str) -> int:
        """One number from the database."""
        with psycopg.connect(self.platform.owner_dsn) as connection:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

    async def play(self, act: Act) -> Outcome:
        """Have callers come, do the act, and ask everybody what became of them."""
        doors = self.platform.doors
        self.probes = {
            "intake": Probe(f"{doors['intake']}/programmes/sos-crise"),
            "console": Probe(f"{doors['console']}/openapi.json"),
        }
        asking = [asyncio.create_task(probe.ask_for_ever()) for probe in self.probes.values()]
        try:
            callers = await play_once(self.platform, self.played, act.look, act)
        finally:
            for task in asking:
                task.cancel()
            for task in asking:
                with suppress(asyncio.CancelledError):
                    await task
        reconciled = reconcile(self.platform.owner_dsn, callers)
        checked = await asyncio.to_thread(check_invariants, self.run.root, self.played.journal)
        parked = sum(
            self.count(f'SELECT count(*) FROM "{name}".parked')  # noqa: S608 - our own names
            for name in self.ground.services
        )
        return Outcome(reconciled, checked, parked)

    def lines_of_doors(self) -> Iterator[str]:
        """How the doors answered all the while."""
        for name, probe in self.probes.items():
            yield (
                f"door of {name}: {probe.answered} answers, {probe.failed} failures, "
                f"longest silence {probe.longest_silence:.2f} s"
            )

    def silent_doors(self) -> Iterator[str]:
        """Doors somebody came to in vain."""
        for name, probe in self.probes.items():
            if probe.failed:
                yield f"the door of {name} did not answer {probe.failed} times"


def on_a_scene(run_dir: Path, seconds: float, terminal: Console, perform: Perform) -> int:
    """Start a platform with callers for so many machine seconds at the most, and perform on it.

    Returns what `perform` does, 2 when the platform could not be started.
    """
    line = line_for(regulators=True, day=None)
    trace = a_load(seconds, SPEED)
    anchor = line.moment_of(trace.first_second - _LEAD_SECONDS * SPEED)

    def tell(said: str) -> None:
        terminal.print(said, markup=False)

    async def performed(run: RunFolder, ground: Ground) -> int:
        async with _pods(run, ground) as pods:
            platform = _platform(run, ground, pods.entrances)
            write_platform(run, platform)
            played = Run(SPEED, trace, line, run.root)
            return await perform(Scene(run, ground, pods, played, platform, tell))

    try:
        run = open_run_folder(run_dir)
        with claim(run), Signals().heard() as signals:
            watch = Watch(signals, tell, lambda: None)
            try:
                options = Options(run.root, True, SPEED, anchor.astimezone(UTC), True)
                return asyncio.run(performed(run, start_ground(run, watch, options)))
            finally:
                watch.close()
                run.platform_file.unlink(missing_ok=True)
    except StartRefused as refused:
        terminal.print(refused.problem, style="bold red", markup=False)
        return 2


@contextmanager
def a_folder(asked: Path | None, name: str) -> Iterator[tuple[Path, Path]]:
    """A folder for the length of the block, and the run folder: the one asked for, or in it."""
    with tempfile.TemporaryDirectory(prefix=f"helpline-{name}-", dir="/var/tmp") as own:
        folder = Path(own)
        folder.chmod(0o711)
        yield folder, asked or folder / "run"


@asynccontextmanager
async def _pods(run: RunFolder, ground: Ground) -> AsyncIterator[Pods]:
    entrances = {name: Entrance(run.ports.keep(name, 0)) for name in DOORS}
    pods = Pods(run, ground, entrances)
    for entrance in entrances.values():
        await entrance.open()
    try:
        await pods.start_all(REPOSITORY)
        yield pods
    finally:
        pods.stop_all()
        for entrance in entrances.values():
            await entrance.close()


def _platform(run: RunFolder, ground: Ground, entrances: dict[str, Entrance]) -> Platform:
    return platform_on(
        run,
        ground,
        doors={name: each.port for name, each in entrances.items()},
        operations={},
        rate=SPEED,
        anchor=datetime.now(UTC).isoformat(),
        pids={},
        ready=True,
    )
