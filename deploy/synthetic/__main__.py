"""`just robot`, and `python -m deploy.synthetic` beside a platform elsewhere: one attempt a minute.

Its figures are at /metrics of `--port`. Everything it is told comes by arguments and files: the two
doors, and the key the console knows it by.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import start_http_server

from contracts.synthetic import RESERVED
from deploy.desk import DoorRefused, Doors, DoorSilent
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import ROBOT_KEY, read_platform
from deploy.synthetic.answering import Answering
from deploy.synthetic.caller import Attempting
from deploy.synthetic.metrics import Result, record_attempt

#: Attempts left out after one that stood aside for a slow door or a waiting caller.
LEFT_OUT = 1
_APPLY = "./just programme apply deploy/synthetic/line.yaml"
#: Where its figures are when nobody says otherwise.
PORT = 9200


@dataclass(frozen=True)
class Plan:
    """Where the doors are, by which key, how often (machine time)."""

    intake_url: str
    console_url: str
    key: str
    every_seconds: float
    times: int | None = None  #: None: for ever


async def attempt_again_and_again(plan: Plan) -> Result:
    """Attempt as planned; the last result."""
    last = Result.STOOD_ASIDE
    async with Doors(plan.intake_url, plan.console_url, patience_seconds=5.0) as doors:
        await _say_what_is_missing(doors)
        answering = asyncio.create_task(Answering(doors, plan.key).run())
        try:
            await asyncio.sleep(min(2.0, plan.every_seconds))  # the one who answers sits down first
            made = 0
            while plan.times is None or made < plan.times:
                began = time.monotonic()
                attempt = await Attempting(doors).run()
                record_attempt(attempt.result, attempt.failed)
                at = "" if attempt.failed is None else f" at step {attempt.failed}"
                print(f"{attempt.result}{at}", flush=True)
                last, made = attempt.result, made + 1
                left_out = LEFT_OUT if last is Result.STOOD_ASIDE else 0
                if plan.times is None or made < plan.times:
                    next_at = began + plan.every_seconds * (1 + left_out)
                    await asyncio.sleep(max(0.0, next_at - time.monotonic()))
        finally:
            answering.cancel()
    return last


async def _say_what_is_missing(doors: Doors) -> None:
    """Its line is put into force by an operator: until then each attempt fails at the page."""
    try:
        await doors.line(RESERVED)
    except DoorRefused:
        print(f"The line {RESERVED} is not in force: {_APPLY}", file=sys.stderr)
    except DoorSilent:
        pass  # the attempts say so


def _plan(asked: argparse.Namespace) -> Plan:
    """The doors named, or those of the platform of a folder; StartRefused when there is none."""
    if asked.intake and asked.console and asked.key_file:
        key = asked.key_file.read_text().strip()
        return Plan(asked.intake, asked.console, key, asked.every, asked.times)
    platform = read_platform(RunFolder(asked.run_dir.resolve()))
    key = (Path(platform.keys) / ROBOT_KEY).read_text().strip()
    return Plan(platform.doors["intake"], platform.doors["console"], key, asked.every, asked.times)


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; with --times, 1 unless the last attempt was answered; 2: cannot start."""
    parser = argparse.ArgumentParser(prog="just robot", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER, help="of the platform")
    parser.add_argument("--intake", help="address of intake's door, if it runs elsewhere")
    parser.add_argument("--console", help="address of the console's door")
    parser.add_argument("--key-file", type=Path, help="the robot's key")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between attempts")
    parser.add_argument("--times", type=int, help="how many attempts; for ever when not said")
    parser.add_argument("--port", type=int, default=PORT, help="of /metrics; 0: none")
    parser.add_argument("--host", default="127.0.0.1", help="on which /metrics is told")
    asked = parser.parse_args(arguments)
    try:
        plan = _plan(asked)
    except (StartRefused, OSError) as refused:
        print(f"The synthetic caller cannot start: {refused}", file=sys.stderr)
        return 2
    if asked.port:
        start_http_server(asked.port, asked.host)
    try:
        last = asyncio.run(attempt_again_and_again(plan))
    except KeyboardInterrupt:
        return 0
    return 0 if last is Result.ANSWERED else 1


if __name__ == "__main__":
    sys.exit(main())
