"""`python -m bench [ROW ...]`: measure, and print each figure beside its floor or peer.

The exit code says whether it could be measured, never how fast it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import (
    alert,
    capacity,
    console,
    deciding,
    directory,
    offer,
    partners,
    pipeline,
    policy,
    recovery,
    start,
)
from bench.figures import Figure, markdown, shown
from bench.ground import forget
from bench.setting import Setting
from deploy.desk import DoorRefused, DoorSilent
from deploy.embedded.runfolder import DEFAULT_FOLDER
from deploy.embedded.trouble import StartRefused

RESULTS = Path(__file__).resolve().parent / "results.md"
#: In the run folder of the platform, so that it is on the same disk and out of git.
FOLDER = DEFAULT_FOLDER / "bench"


ROWS: dict[str, Callable[[Setting], list[Figure]]] = {
    "decision": deciding.measure,
    "directory": directory.measure,
    "policy": policy.measure,
    "start": start.measure,
    "offer": offer.measure,
    "alert": alert.measure,
    "console": console.measure,
    "pipeline": pipeline.measure,
    "partners": partners.measure,
    "recovery": recovery.measure,
    "capacity": capacity.measure,
}


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; ends the program with a message when it is wrong."""
    parser = argparse.ArgumentParser(prog="just bench", description="Measure.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"all, or some of {', '.join(ROWS)}")
    parser.add_argument("--run-dir", type=Path, default=FOLDER, help="emptied before and after")
    parser.add_argument(
        "--processes",
        action="store_true",
        help="one process per service (offer, pipeline, capacity)",
    )
    parser.add_argument("--people", type=int, default=1000, help="on duty, for offer")
    parser.add_argument("--per-second", type=float, default=10.0, help="calls, for offer")
    parser.add_argument("--seconds", type=float, default=30.0, help="of calls, for offer")
    parser.add_argument("--contacts", type=int, default=60, help="in each batch, for pipeline")
    parser.add_argument("--days", type=int, default=10, help="resampled, for policy")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="where the time goes, for pipeline and console (needs py-spy)",
    )
    parser.add_argument("--write", action="store_true", help=f"write bench/{RESULTS.name} too")
    options = parser.parse_args(arguments)
    for name in options.rows:
        if name not in ROWS:
            parser.error(f"no row {name!r}; there are {', '.join(ROWS)}")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Measure the rows asked for; 1 when one could not be measured."""
    options = read_options(arguments)
    setting = Setting(
        folder=options.run_dir,
        processes=options.processes,
        profile=options.profile,
        people=options.people,
        per_second=options.per_second,
        seconds=options.seconds,
        contacts=options.contacts,
        days=options.days,
    )
    terminal = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    figures: list[Figure] = []
    failed = False
    for name in options.rows or ROWS:
        began = time.monotonic()
        try:
            measured = _fresh(ROWS[name], setting)
        except (StartRefused, DoorRefused, DoorSilent, TimeoutError, ValueError) as trouble:
            terminal.print(f"{name} could not be measured: {trouble}", style="bold red")
            failed = True
            continue
        terminal.print(shown(measured))
        terminal.print(f"{name} took {time.monotonic() - began:.0f} s; {_machine()}\n")
        figures += measured
    if options.write:
        RESULTS.write_text(_report(figures))
    return int(failed)


def _fresh(row: Callable[[Setting], list[Figure]], setting: Setting) -> list[Figure]:
    """Measure in an empty run folder: what an earlier row left must not count."""
    forget(setting.folder)
    try:
        return row(setting)
    finally:
        if not setting.profile:
            forget(setting.folder)


def _report(figures: list[Figure]) -> str:
    head = f"# Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n\n{_machine()}\n\n"
    return head + markdown(figures)


def _machine() -> str:
    """What the figures were measured on; a busy machine makes all of them worse."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
