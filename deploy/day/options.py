"""What the person asked for on the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from deploy.day.slices import Hours
from deploy.embedded.runfolder import DEFAULT_FOLDER

_REPOSITORY = Path(__file__).resolve().parents[2]
_SHARED = "HELPLINE_SHARED"
_HOUR_SECONDS = 3600.0


@dataclass(frozen=True)
class Options:
    """One invocation of `just day`. Times of machine and trace are named."""

    trace: Path
    speed: float  #: trace seconds per machine second
    hours: Hours | None  #: None is the whole day
    surge: int  #: so many callers for each of the trace
    day: date | None  #: the trace's day 0; None is the one its line is known by
    run_dir: Path
    faults: bool
    kills: int
    one_process_each: bool
    keep: bool
    repeat_when_late: bool
    lead_seconds: float  #: machine time from the start of the clock to the trace's first second
    policy_alone: bool

    @property
    def judge(self) -> Path:
        """Where `score.py` and `drive.py` are: beside the traces."""
        return self.trace.parents[1]

    @property
    def disturbed(self) -> bool:
        """Whether something is broken on purpose."""
        return self.faults or self.kills > 0


def shared_folder() -> Path:
    """The folder the issue's data lies in: HELPLINE_SHARED, or `shared` beside the repository."""
    return Path(os.environ.get(_SHARED, _REPOSITORY.parent / "shared"))


def read_options(arguments: Sequence[str] | None) -> Options:
    """Read the command line; ends the program with a message when it is wrong."""
    parser = argparse.ArgumentParser(prog="just day", description="Play a recorded day.")
    parser.add_argument(
        "--trace", type=Path, default=shared_folder() / "judge/traces/pressday", metavar="DIR"
    )
    parser.add_argument("--speed", type=_speed, default=60.0, metavar="R", help="trace s per s")
    parser.add_argument("--from-hour", type=float, metavar="H", help="begin at this hour")
    parser.add_argument("--hours", type=float, metavar="N", help="callers of so many hours")
    parser.add_argument("--surge", type=_surge, default=1, metavar="N", help="N times the callers")
    parser.add_argument(
        "--date", type=date.fromisoformat, metavar="DAY", help="day 0 of the trace, YYYY-MM-DD"
    )
    parser.add_argument(
        "--run-dir",
        type=Path,
        default=DEFAULT_FOLDER / "day",
        help="where the platform of the day keeps its data; made anew unless one runs there",
    )
    parser.add_argument("--faults", action="store_true", help="break everything in turn meanwhile")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="only so many kills")
    parser.add_argument("--processes", action="store_true", help="one process per service")
    parser.add_argument("--keep", action="store_true", help="let the platform run on afterwards")
    parser.add_argument(
        "--no-repeat", action="store_true", help="do not play again slower when the driver was late"
    )
    parser.add_argument(
        "--lead", type=float, default=30.0, metavar="S", help="seconds to prepare the platform in"
    )
    parser.add_argument(
        "--no-policy", action="store_true", help="do not score the policy alone beside the run"
    )
    read = parser.parse_args(arguments)
    return Options(
        trace=read.trace.resolve(),
        speed=read.speed,
        hours=_hours(read.from_hour, read.hours),
        surge=read.surge,
        day=read.date,
        run_dir=read.run_dir.resolve(),
        faults=read.faults,
        kills=read.kills,
        one_process_each=read.processes,
        keep=read.keep,
        repeat_when_late=not read.no_repeat,
        lead_seconds=read.lead,
        policy_alone=not read.no_policy,
    )


def _speed(text: str) -> float:
    speed = float(text)
    if not 1 <= speed <= 600:
        raise argparse.ArgumentTypeError("from 1 to 600")
    return speed


def _surge(text: str) -> int:
    times = int(text)
    if not 1 <= times <= 50:
        raise argparse.ArgumentTypeError("from 1 to 50")
    return times


def _hours(first: float | None, count: float | None) -> Hours | None:
    if first is None and count is None:
        return None
    start = 0.0 if first is None else first * _HOUR_SECONDS
    return Hours(start, start + (24.0 if count is None else count) * _HOUR_SECONDS)
