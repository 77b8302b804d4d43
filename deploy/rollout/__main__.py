"""`just upgrade`: every service to a next version and back, under load; 0 when nothing was lost.

The next version's migrations are applied by its own database Job before the first service is
replaced, and stay when the old one is back. A version that does not get ready in time
(`--give-up-after`), or whose handlers fail once it is at work, is given up: whatever was replaced
is brought back, and the exit status is 1. `--broken` tries just that before, on the first service.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from sqlalchemy import make_url

from deploy.rollout.next_version import BREAKS, MARK, copied, make_broken, make_next
from deploy.rollout.pods import GaveUp
from deploy.rollout.scene import Act, Outcome, Scene, a_folder, on_a_scene
from deploy.start import REPOSITORY

#: Who asks others comes last: whatever it may ask is answered by then.
ORDER = ("triage", "assignment", "roster", "quality", "referral", "risk", "intake", "console")
#: Machine seconds of load for each replacement at the most; callers stop when all is done.
_A_ROLL_SECONDS = 30.0
_GIVE_UP_SECONDS = 60.0


@dataclass
class Upgrade(Act):
    """Tables, upgrade, rollback, tables again as the old release's Job leaves them."""

    new: Path = field(kw_only=True)
    services: tuple[str, ...] = field(kw_only=True)
    broken: Path | None = field(kw_only=True)  #: a version to be given up
    given_up: list[Path] = field(default_factory=list)

    async def perform(self) -> None:
        """A version that is to be given up, if there is one; then the next one."""
        if self.broken is not None:
            await self._there_and_back(self.broken, self.services[:1])
        await self._there_and_back(self.new, self.services)

    async def _there_and_back(self, tree: Path, services: tuple[str, ...]) -> None:
        """Replace one after the other, and bring back as many."""
        pods = self.scene.pods
        try:
            await asyncio.to_thread(self._job, tree)
            for service in services:
                await pods.roll(service, tree, "next")
                await pods.look_at(service)
        except GaveUp as why:
            self.given_up.append(tree)
            self.scene.tell(f"Given up, and brought back: {why}")
        await asyncio.to_thread(self._job, REPOSITORY)
        for service in reversed(services):
            if pods.running[service].tree == tree:
                await pods.roll(service, REPOSITORY, "back")

    def _job(self, tree: Path) -> None:
        """Run the database Job of a version; raises GaveUp when it fails."""
        pods = self.scene.pods
        dsn = make_url(pods.ground.postgres.dsn("helpline"))
        with tempfile.TemporaryDirectory() as owner:
            (Path(owner) / "username").write_text(dsn.username or "")
            (Path(owner) / "password").write_text(dsn.password or "")
            ended = subprocess.run(
                (sys.executable, "-m", "deploy.tables", "--owner", owner),
                cwd=tree,
                env=os.environ
                | {
                    "PYTHONPATH": str(tree),
                    "HELPLINE_KEYS_DIR": str(pods.run.keys),
                    "HELPLINE_POSTGRES_HOST": dsn.host or "",
                    "HELPLINE_POSTGRES_PORT": str(dsn.port),
                },
                capture_output=True,
                text=True,
                check=False,
            )
        if ended.returncode != 0:
            raise GaveUp(f"The database Job failed: {ended.stdout}{ended.stderr}")


@dataclass(frozen=True)
class Written:
    """What each version wrote: `marked` rows and events the next one, `plain` rows this one."""

    marked: int
    plain: int
    marked_events: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when nothing was dropped or doubled and the checker finds nothing wrong."""
    parser = argparse.ArgumentParser(prog="just upgrade", description=__doc__)
    parser.add_argument("--run-dir", type=Path, help="where the rehearsal keeps its platform")
    parser.add_argument(
        "--services", nargs="+", choices=ORDER, default=ORDER, help="replace these alone"
    )
    parser.add_argument(
        "--give-up-after",
        type=float,
        default=_GIVE_UP_SECONDS,
        metavar="SECONDS",
        help=f"a new version must be ready by then ({_GIVE_UP_SECONDS:g} s)",
    )
    parser.add_argument(
        "--broken",
        choices=tuple(BREAKS),
        help="before, a version that does not start or get ready, or whose handlers fail",
    )
    asked = parser.parse_args(arguments)
    services = tuple(asked.services)
    terminal = Console(highlight=False, soft_wrap=True)
    with a_folder(asked.run_dir, "upgrade") as (folder, run_dir):
        new, broken = copied(REPOSITORY, folder / "next"), None
        make_next(new)
        if asked.broken:
            broken = copied(new, folder / "broken")
            make_broken(broken, asked.broken)

        async def perform(scene: Scene) -> int:
            scene.pods.ready_within = asked.give_up_after
            return await _rehearsed(Upgrade(scene, new=new, services=services, broken=broken))

        seconds = (len(services) + 1) * 2 * _A_ROLL_SECONDS + asked.give_up_after
        return on_a_scene(run_dir, seconds, terminal, perform)


async def _rehearsed(upgrade: Upgrade) -> int:
    scene = upgrade.scene
    outcome = await scene.play(upgrade)
    written = await asyncio.to_thread(_written, scene.count)
    for line in _lines(upgrade, outcome, written):
        scene.tell(line)
    wrong = tuple(complaints(upgrade, outcome, written))
    scene.tell("Nothing was lost." if not wrong else "Wrong: " + "; ".join(wrong))
    return 1 if wrong else 0


def _written(count: Callable[[str], int]) -> Written:
    opened = "SELECT count(*) FROM intake.outbox WHERE type = 'contact.opened.v1'"
    rows = "SELECT count(*) FROM intake.contact"
    # As JSON, because a Job that failed leaves no such column.
    marked = count(f"{rows} AS c WHERE to_jsonb(c) ->> '{MARK}' IS NOT NULL")
    return Written(marked, count(rows) - marked, count(f"{opened} AND body::jsonb ? '{MARK}'"))


def _lines(upgrade: Upgrade, outcome: Outcome, written: Written) -> Iterator[str]:
    for rolled in upgrade.scene.pods.rolled:
        yield (
            f"{rolled.service:<11} {rolled.to:<5} ready after {rolled.ready_after:4.1f} s, "
            f"the old one left in {rolled.left_after:4.1f} s (code {rolled.code}, "
            f"{'unready while leaving' if rolled.drained else 'gone before it could be asked'})"
        )
    yield from upgrade.scene.lines_of_doors()
    opened = written.marked + written.plain
    yield f"{opened} contacts opened, {written.marked} of them by the next version"
    yield from outcome.lines()


def complaints(upgrade: Upgrade, outcome: Outcome, written: Written) -> Iterator[str]:
    """What must not be, in words."""
    yield from outcome.complaints()
    yield from upgrade.scene.silent_doors()
    if any(each.code != 0 for each in upgrade.scene.pods.rolled):
        yield "one did not leave by itself"
    if upgrade.broken is not None and upgrade.broken not in upgrade.given_up:
        yield "a broken version was not given up"
    if upgrade.new in upgrade.given_up:
        yield "the next version was given up"
        return
    if not upgrade.done:
        yield "callers stopped coming before everything was replaced"
    if "intake" in upgrade.services:
        if not (written.marked and written.plain):
            yield "the two versions did not both open contacts"
        if not written.marked_events:
            yield "no event had the new field"


if __name__ == "__main__":
    sys.exit(main())
