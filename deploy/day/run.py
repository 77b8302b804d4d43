"""`just day` from beginning to end: play, check, judge, report; the exit code says how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
import uvloop
from rich.console import Console

from deploy.day.faults import Breaker, Fault, every_fault, planned, some_kills
from deploy.day.host import Wanted, alone_in, platform_for
from deploy.day.judged import Judge, JudgeFailed
from deploy.day.ledger import reconcile
from deploy.day.line import LineUnplayable, line_for
from deploy.day.live import TOLERANCE_SECONDS
from deploy.day.once import LATEST_SECONDS, Run, TooLate, play_once
from deploy.day.options import Options, read_options
from deploy.day.page import write_page
from deploy.day.progress import DayBar
from deploy.day.report import print_report
from deploy.day.results import Results
from deploy.day.slices import WHOLE, take_hours
from deploy.day.trace import TraceUnreadable, read_trace
from deploy.day.verdict import check_invariants
from deploy.desk import DoorRefused, DoorSilent
from deploy.embedded.trouble import StartRefused
from deploy.platform import NATS_FIGURES, Platform
from services.intake.programme import NotApplied

#: A machine too slow to prepare the platform in time is given twice the time, once.
_PREPARE_TRIES = 2

_TROUBLES = (
    *(StartRefused, TraceUnreadable, JudgeFailed, TooLate, NotApplied, LineUnplayable),
    *(DoorRefused, DoorSilent, psycopg.Error),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a day; 0 when all is well, 1 when something is wrong with it, 2 when it could not be."""
    options = read_options(arguments)
    terminal = Console(highlight=False)
    try:
        with alone_in(options.run_dir):
            results = _results(options, terminal)
    except _TROUBLES as trouble:
        said = f"The day could not be played. {type(trouble).__name__}: {trouble}"
        terminal.print(said, style="bold red", markup=False)
        return 2
    print_report(results, terminal)
    page = write_page(results)
    terminal.print(f"Report: {page}", markup=False, soft_wrap=True)
    return 1 if results.complaints() else 0


def _results(options: Options, terminal: Console) -> Results:
    """Play, and once more at half the speed when the driver could not keep up."""
    results = _play(options, terminal)
    late = results.run.late_p99_seconds
    if late <= LATEST_SECONDS or not options.repeat_when_late or options.disturbed:
        return results
    slower = options.speed / 2
    terminal.print(
        f"The driver was late by {1000 * late:.0f} ms (p99). Once more, at {slower:g}x.",
        style="yellow",
        markup=False,
    )
    again = _play(replace(options, speed=slower, repeat_when_late=False), terminal)
    return replace(again, repeated_from=options.speed)


def _play(options: Options, terminal: Console) -> Results:
    """Play at one speed, with more time to prepare when the first was not enough."""
    out = options.run_dir / f"played-{options.speed:g}x"
    out.mkdir(parents=True, exist_ok=True)
    trace = read_trace(options.trace)
    if options.hours is not None or options.surge > 1:
        trace = take_hours(trace, options.hours or WHOLE, out / "trace", options.surge)
    line = line_for(trace.regulators, options.day)
    lead_seconds = options.lead_seconds
    for _ in range(_PREPARE_TRIES):
        try:
            return _play_after(
                lead_seconds, Run(options.speed, trace, line, out), options, terminal
            )
        except TooLate:
            terminal.print(f"The platform was not ready in {lead_seconds:g} s.", markup=False)
            lead_seconds *= 2
    raise TooLate("Say --lead with more seconds.")


def _play_after(lead_seconds: float, run: Run, options: Options, terminal: Console) -> Results:
    """Play on a platform whose clock begins so many machine seconds before the trace."""
    wanted = Wanted(
        run_dir=options.run_dir,
        speed=run.speed,
        anchor=run.line.moment_of(run.trace.first_second - lead_seconds * run.speed),
        one_process_each=options.one_process_each,
        keep=options.keep,
    )
    bar = DayBar(terminal)
    with platform_for(wanted, run.out) as platform:
        breaker = Breaker(options.run_dir, _faults(options, run, platform))
        try:
            callers = uvloop.run(play_once(platform, run, bar.show, breaker))
        finally:
            bar.close()
        terminal.print("Played. Checking what was recorded.", markup=False)
        reconciled = reconcile(platform.owner_dsn, callers)
        checked = check_invariants(options.run_dir, run.journal)
    judge = Judge(options.judge)
    return Results(
        run=run,
        score=judge.score(run.trace.folder, run.log, TOLERANCE_SECONDS * run.speed),
        policy=_policy_alone(judge, run) if options.policy_alone else None,
        reconciled=reconciled,
        checked=checked,
        broken=tuple(breaker.done),
    )


def _faults(options: Options, run: Run, platform: Platform) -> tuple[tuple[float, Fault], ...]:
    processes = tuple(name for name in platform.pids if name != NATS_FIGURES)
    if options.faults:
        return planned(every_fault(processes), run.trace, run.speed)
    return planned(some_kills(processes, options.kills), run.trace, run.speed)


def _policy_alone(judge: Judge, run: Run) -> dict[str, Any]:
    return judge.play_policy(run.trace.folder, way_out=False)
