"""`just upgrade`: every service to a next version and back, under load; 0 when nothing was lost.

The next version's migrations are applied by its own database Job before the first service is
replaced, and stay when the old one is back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console
from sqlalchemy import make_url

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
from deploy.rollout.next_version import MARK, copied, make_next
from deploy.rollout.pods import Pods
from deploy.start import REPOSITORY, Ground, Options, start_ground

#: Who asks others comes last: whatever it may ask is answered by then.
ORDER = ("triage", "assignment", "roster", "quality", "referral", "risk", "intake", "console")
SPEED = 10.0
_LEAD_SECONDS = 45.0
#: Machine seconds of load for each replacement at the most; callers stop when all is done.
_A_ROLL_SECONDS = 30.0
#: Contacts under way, in each place of the line, before the first replacement; and after the last.
_BEFORE_SECONDS, _AFTER_SECONDS = 15.0, 5.0


@dataclass
class Rehearsal:
    """What is done while callers come, and what was seen."""

    pods: Pods
    old: Path
    new: Path
    services: tuple[str, ...]
    first_call: float  #: trace seconds
    said: list[str] = field(default_factory=list)
    done: bool = False

    async def break_all(self, clock: TraceClock) -> None:
        """Tables, upgrade, rollback, tables again as the old release's Job leaves them."""
        first = self.first_call - clock.now()
        await asyncio.sleep(max(0.0, first / clock.speed) + _BEFORE_SECONDS)
        self.said.append(await asyncio.to_thread(self._job, self.new))
        for service in self.services:
            await self.pods.roll(service, self.new, "next")
        self.said.append(await asyncio.to_thread(self._job, self.old))
        for service in reversed(self.services):
            await self.pods.roll(service, self.old, "back")
        await asyncio.sleep(_AFTER_SECONDS)
        self.done = True

    def look(self, play: Play) -> None:
        """Nobody else calls once everything was replaced."""
        if self.done:
            play.let_nobody_come()

    def _job(self, tree: Path) -> str:
        """Run the database Job of a version; raises StartRefused when it fails."""
        dsn = make_url(self.pods.ground.postgres.dsn("helpline"))
        with tempfile.TemporaryDirectory() as owner:
            (Path(owner) / "username").write_text(dsn.username or "")
            (Path(owner) / "password").write_text(dsn.password or "")
            ended = subprocess.run(
                (sys.executable, "-m", "deploy.tables", "--owner", owner),
                cwd=tree,
                env=os.environ
                | {
                    "PYTHONPATH": str(tree),
                    "HELPLINE_KEYS_DIR": str(self.pods.run.keys),
                    "HELPLINE_POSTGRES_HOST": dsn.host or "",
                    "HELPLINE_POSTGRES_PORT": str(dsn.port),
                },
                capture_output=True,
                text=True,
                check=False,
            )
        if ended.returncode != 0:
            raise StartRefused(f"The database Job failed: {ended.stdout}{ended.stderr}", "")
        return ended.stdout.strip()


@dataclass(frozen=True)
class Seen:
    """What came of it: `marked` rows and events were written by the next version, `plain` not."""

    reconciled: Reconciled
    checked: Checked
    marked: int
    plain: int
    marked_events: int
    parked: int

    @property
    def dropped(self) -> int:
        """Contacts that did not come to their end with a listener."""
        whole = self.reconciled.endings[Line.ENDED.value, "listened"]
        return self.reconciled.calls - whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when nothing was dropped or doubled and the checker finds nothing wrong."""
    parser = argparse.ArgumentParser(prog="just upgrade", description=__doc__)
    parser.add_argument("--run-dir", type=Path, help="where the rehearsal keeps its platform")
    parser.add_argument(
        "--services", nargs="+", choices=ORDER, default=ORDER, help="replace these alone"
    )
    asked = parser.parse_args(arguments)
    terminal = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="helpline-upgrade-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        root = asked.run_dir or Path(folder) / "run"
        tree = copied(REPOSITORY, Path(folder) / "next")
        make_next(tree)
        try:
            run = open_run_folder(root)
            with claim(run):
                return _rehearse(run, tree, tuple(asked.services), terminal)
        except StartRefused as refused:
            terminal.print(refused.problem, style="bold red", markup=False)
            return 2


def _rehearse(run: RunFolder, tree: Path, services: tuple[str, ...], terminal: Console) -> int:
    line = line_for(regulators=True, day=None)
    trace = a_load(len(services) * 2 * _A_ROLL_SECONDS, SPEED)
    anchor = line.moment_of(trace.first_second - _LEAD_SECONDS * SPEED)
    options = Options(run.root, True, SPEED, anchor.astimezone(UTC), True)
    with Signals().heard() as signals:
        watch = Watch(signals, lambda told: terminal.print(told, markup=False), lambda: None)
        try:
            ground = start_ground(run, watch, options)
            played = Run(SPEED, trace, line, run.root)
            return asyncio.run(_rehearsed(run, ground, played, (tree, services), terminal))
        finally:
            watch.close()
            run.platform_file.unlink(missing_ok=True)


async def _rehearsed(  # noqa: PLR0913 - ground, load and what is asked
    run: RunFolder,
    ground: Ground,
    played: Run,
    asked: tuple[Path, tuple[str, ...]],
    terminal: Console,
) -> int:
    """`asked`: the next version's tree, and which services are replaced."""
    tree, services = asked
    entrances = {name: Entrance(run.ports.keep(name, 0)) for name in DOORS}
    pods = Pods(run, ground, entrances)
    rehearsal = Rehearsal(pods, REPOSITORY, tree, services, played.trace.calls[0].at)
    for entrance in entrances.values():
        await entrance.open()
    probes = {
        "intake": Probe(f"http://127.0.0.1:{entrances['intake'].port}/programmes/sos-crise"),
        "console": Probe(f"http://127.0.0.1:{entrances['console'].port}/openapi.json"),
    }
    asking = []
    try:
        await pods.start_all(REPOSITORY)
        platform = _platform(run, ground, entrances)
        write_platform(run, platform)
        asking = [asyncio.create_task(probe.ask_for_ever()) for probe in probes.values()]
        callers = await play_once(platform, played, rehearsal.look, rehearsal)
        seen = await asyncio.to_thread(_look, platform, run, played, callers)
    finally:
        for task in asking:
            task.cancel()
        for task in asking:
            with suppress(asyncio.CancelledError):
                await task
        pods.stop_all()
        for entrance in entrances.values():
            await entrance.close()
    return _report(rehearsal, seen, probes, terminal)


def _platform(run: RunFolder, ground: Ground, entrances: dict[str, Entrance]) -> Platform:
    return Platform(
        pid=os.getpid(),
        folder=str(run.root),
        logs=str(run.log),
        keys=str(run.keys),
        owner_dsn=ground.postgres.dsn("helpline"),
        postgres_port=ground.postgres.place.port,
        nats_url=ground.nats.url,
        nats_monitoring_url=ground.nats.monitoring_url,
        doors={name: f"http://127.0.0.1:{each.port}" for name, each in entrances.items()},
        operations={},
        rate=SPEED,
        anchor=datetime.now(UTC).isoformat(),
        pids={},
        ready=True,
    )


def _look(platform: Platform, run: RunFolder, played: Run, callers: object) -> Seen:
    assert isinstance(callers, tuple)
    reconciled = reconcile(platform.owner_dsn, callers)
    checked = check_invariants(run.root, played.journal)
    with psycopg.connect(platform.owner_dsn) as connection:

        def count(query: str) -> int:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

        opened = "SELECT count(*) FROM intake.outbox WHERE type = 'contact.opened.v1'"
        return Seen(
            reconciled,
            checked,
            marked=count(f"SELECT count(*) FROM intake.contact WHERE {MARK} IS NOT NULL"),  # noqa: S608
            plain=count(f"SELECT count(*) FROM intake.contact WHERE {MARK} IS NULL"),  # noqa: S608
            marked_events=count(f"{opened} AND body::jsonb ? '{MARK}'"),
            parked=sum(count(f'SELECT count(*) FROM "{name}".parked') for name in ORDER),  # noqa: S608
        )


def _report(rehearsal: Rehearsal, seen: Seen, probes: dict[str, Probe], terminal: Console) -> int:
    def tell(line: str) -> None:
        terminal.print(line, markup=False)

    for rolled in rehearsal.pods.rolled:
        tell(
            f"{rolled.service:<11} {rolled.to:<5} ready after {rolled.ready_after:4.1f} s, "
            f"the old one left in {rolled.left_after:4.1f} s (code {rolled.code}, "
            f"{'unready while leaving' if rolled.drained else 'gone before it could be asked'})"
        )
    for name, probe in probes.items():
        tell(
            f"door of {name}: {probe.answered} answers, {probe.failed} failures, "
            f"longest silence {probe.longest_silence:.2f} s"
        )
    opened = seen.marked + seen.plain
    tell(f"{opened} contacts opened, {seen.marked} of them by the next version")
    tell(f"contacts: {seen.dropped} dropped, {seen.reconciled.twice} doubled; {seen.parked} parked")
    tell(f"checker: {'nothing is wrong' if seen.checked.sound else seen.checked.said}")
    wrong = complaints(rehearsal, seen)
    silent = [name for name, probe in probes.items() if probe.failed]
    wrong += [f"the door of {name} did not answer" for name in silent]
    tell("Nothing was lost." if not wrong else "Wrong: " + "; ".join(wrong))
    return 1 if wrong else 0


def complaints(rehearsal: Rehearsal, seen: Seen) -> list[str]:
    """What must not be, in words."""
    rolled = rehearsal.pods.rolled
    found = {
        "callers stopped coming before everything was replaced": not rehearsal.done,
        f"{seen.dropped} contacts dropped: {dict(seen.reconciled.endings)}": seen.dropped != 0,
        f"{seen.reconciled.twice} contacts doubled": seen.reconciled.twice != 0,
        f"{seen.parked} messages parked": seen.parked != 0,
        "the checker found something": not seen.checked.sound,
        "the two versions did not both open contacts": not (seen.marked and seen.plain)
        and "intake" in rehearsal.services,
        "no event had the new field": not seen.marked_events and "intake" in rehearsal.services,
        "one did not leave by itself": any(each.code != 0 for each in rolled),
    }
    return [what for what, so in found.items() if so]


if __name__ == "__main__":
    sys.exit(main())
