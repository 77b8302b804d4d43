"""The day on the terminal: the judge's figures, both clocks, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.day.once import LATEST_SECONDS
from deploy.day.results import Results
from deploy.day.stamps import percentile

Rows = Iterator[tuple[str, ...]]


def _plain(digits: int) -> Callable[[Any], str]:
    return lambda number: "-" if number is None else f"{number:.{digits}f}"


def _share(number: Any) -> str:
    return "-" if number is None else f"{100 * number:.1f} %"


#: Figures of the judge worth a line, with how they are written.
JUDGED: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("cost per call", "cost_per_call", _plain(3)),
    ("answered", "answered", _share),
    ("answered within 20 s", "sl20", _share),
    ("abandoned", "abandoned", _share),
    ("mean wait, s", "mean_wait", _plain(1)),
    ("95 of 100 waited less than, s", "p95_wait", _plain(1)),
    ("occupancy", "occupancy", _share),
    ("topic mismatches", "skill_mismatch", _share),
    ("language mismatches", "lang_mismatch", _plain(0)),
    ("below the level of the risk", "accred_violations", _plain(0)),
    ("rest breaches", "rest_violations", _plain(0)),
    ("at risk and sent away", "sent_away_at_risk", _plain(0)),
    ("priority inversions", "priority_inversions", _plain(0)),
    ("evenness of load (Jain)", "jain_load", _plain(3)),
)


def judged_rows(results: Results) -> Rows:
    """The judge's figures: the platform, and the policy alone."""
    policy = results.policy or {}
    for name, key, written in JUDGED:
        yield name, written(results.score.get(key)), written(policy.get(key)) if policy else "-"


def risk_rows(results: Results) -> Rows:
    """Waits by risk, of those who were answered."""
    for risk, figures in sorted(results.score["by_risk"].items(), reverse=True):
        yield (
            f"P{4 - int(risk)}",
            str(figures["n"]),
            _share(figures["answered"]),
            _plain(1)(figures["mean_wait"]),
            _plain(1)(figures["p95"]),
            _share(figures["sl20"]),
        )


def clock_rows(results: Results) -> Rows:
    """What the platform says of a moment less what the driver says; trace and machine time."""
    for which, differences in results.run.stamps.beside.items():
        yield (which.value, *_spread(differences, results.run.speed))
    for stage, differences in results.run.stamps.offer_waits.items():
        what = f"enters the {stage}s' line, offer made"
        yield (what, *_spread(differences, results.run.speed))


def _spread(differences: list[float], speed: float) -> tuple[str, ...]:
    middle, high = percentile(differences, 0.5) or 0.0, percentile(differences, 0.99) or 0.0
    return (
        str(len(differences)),
        f"{middle:.2f} s",
        f"{high:.2f} s",
        f"{1000 * middle / speed:.1f} ms",
        f"{1000 * high / speed:.1f} ms",
    )


def ending_rows(results: Results) -> Rows:
    """What became of the callers, by both sides."""
    for (ours, theirs), count in results.reconciled.endings.most_common():
        yield ours, theirs, str(count)


def fault_rows(results: Results) -> Rows:
    """What was broken, and how long until the platform was ready again."""
    for broken in results.broken:
        after = "not in time" if broken.back_after is None else f"{broken.back_after:.1f} s"
        yield clock_of(broken.at), str(broken.fault), after


def clock_of(at: float) -> str:
    """A second of the trace as people write it."""
    return f"{int(at) // 3600:02d}:{int(at) // 60 % 60:02d}"


TABLES: tuple[tuple[str, tuple[str, ...], Callable[[Results], Rows]], ...] = (
    ("The judge's figures", ("", "platform", "policy alone"), judged_rows),
    (
        "Waits by priority",
        ("priority", "calls", "answered", "mean s", "p95 s", "within 20 s"),
        risk_rows,
    ),
    (
        "The platform's clock beside the driver's",
        ("", "count", "median", "p99", "median, machine", "p99, machine"),
        clock_rows,
    ),
    ("What became of the callers", ("by the driver's log", "by the ledger", "calls"), ending_rows),
    ("Broken on purpose", ("at", "what", "ready again after"), fault_rows),
)


def sentences(results: Results) -> Iterator[str]:
    """What no table says."""
    run, stamps = results.run, results.run.stamps
    calls = len(run.trace.calls)
    yield (
        f"{calls} calls at {run.speed:g}x in {run.wall_seconds:.0f} s; "
        f"the driver used {1000 * run.driver_cpu_seconds / calls:.0f} ms of processor per call."
    )
    if results.repeated_from is not None:
        yield f"Played again: at {results.repeated_from:g}x the driver was too late."
    middle, high = percentile(stamps.late_seconds, 0.5) or 0.0, run.late_p99_seconds
    late = f"The driver's own acts were late by {1000 * middle:.1f} ms (median), "
    late += f"{1000 * high:.1f} ms (p99)."
    if results.driver_was_late:
        late += f" More than {1000 * LATEST_SECONDS:.0f} ms: this run says less than it should."
    yield late
    reasons: dict[str, int] = {}
    for rest in stamps.rests.values():
        reasons[rest.reason] = reasons.get(rest.reason, 0) + 1
    given = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "none"
    yield f"Rest given: {given}."
    for what, count in stamps.troubles.most_common():
        yield f"{count} x {what}."


def print_report(results: Results, terminal: Console) -> None:
    """Print everything, what is wrong last."""
    for title, heads, rows in TABLES:
        filled = list(rows(results))
        if not filled:
            continue
        table = Table(title=title, title_justify="left")
        for place, head in enumerate(heads):
            table.add_column(head, justify="left" if place == 0 else "right")
        for row in filled:
            table.add_row(*row)
        terminal.print(table)
    for sentence in sentences(results):
        terminal.print(sentence, markup=False)
    terminal.print(results.checked.said, markup=False)
    for complaint in results.complaints():
        terminal.print(f"WRONG: {complaint}", style="bold red", markup=False)
    if not results.complaints():
        terminal.print("Nothing is wrong.", style="bold green")
