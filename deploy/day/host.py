"""The platform of the day: started for it with the right clock, stopped after it.

The database is always a new one: a day played twice on one ledger would find yesterday's people on
duty, and a clock that runs backwards.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.embedded.account import Account, account_for_postgres
from deploy.embedded.runfolder import RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform
from deploy.running import start

#: What a platform and earlier days leave in a run folder.
_OURS = re.compile(
    r"nats|postgres|binaries-.*|keys|log|claim|ground|partners|ports\.json|platform\.json|\..*|played-.*"
)


@dataclass(frozen=True)
class Wanted:
    """The platform a day needs."""

    run_dir: Path
    speed: float
    anchor: datetime  #: domain time to begin at
    one_process_each: bool
    keep: bool


@contextmanager
def alone_in(run_dir: Path) -> Iterator[None]:
    """Hold a folder for one day; StartRefused while another is played in it.

    Two would write over each other's trace and log, and each be judged by the other's.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / ".day").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartRefused(
                f"A day is being played in {run_dir}.", "Choose another folder with --run-dir."
            ) from None
        yield


@contextmanager
def platform_for(wanted: Wanted, out: Path) -> Iterator[Platform]:
    """Use the platform that runs in the folder, or start one there for the length of the block.

    StartRefused when the one that runs has another clock, or when none could be started.
    """
    run = RunFolder(wanted.run_dir)
    running = _running(run)
    if running is not None:
        if running.rate != wanted.speed:
            raise StartRefused(
                f"The platform in {run.root} runs at {running.rate:g}x.",
                f"Stop it (`./just down --run-dir {run.root}`) or say --speed {running.rate:g}.",
            )
        yield running
        return
    _clear(run)
    begun = start(
        wanted.run_dir,
        *("--speed", f"{wanted.speed:g}", "--at", wanted.anchor.isoformat()),
        *(["--processes"] if wanted.one_process_each else []),
        said=out / "up.log",
        kept=wanted.keep,
    )
    try:
        yield begun.wait()
    finally:
        if not wanted.keep:
            begun.stop()


def _running(run: RunFolder) -> Platform | None:
    try:
        return read_platform(run)
    except StartRefused:
        return None


def _clear(run: RunFolder) -> None:
    """Remove what an earlier day left; nothing that does not look like a run folder of ours."""
    if not run.root.exists():
        return
    strange = [path.name for path in run.root.iterdir() if not _OURS.fullmatch(path.name)]
    if strange:
        raise StartRefused(
            f"{run.root} holds {strange[0]}, which no platform of ours has put there.",
            "Choose another folder with --run-dir.",
        )
    for name in ("nats", "postgres", "keys", "log", "partners"):
        shutil.rmtree(run.root / name, ignore_errors=True)
    for elsewhere in _sheltered(run):
        shutil.rmtree(elsewhere, ignore_errors=True)


def _sheltered(run: RunFolder) -> list[Path]:
    """Database files that lie outside the folder, where root's servers keep them."""
    place = run.place_for(_account(run))
    return [] if place == run.root else [place / "postgres"]


def _account(run: RunFolder) -> Account | None:
    return account_for_postgres(run.postgres / "data")
