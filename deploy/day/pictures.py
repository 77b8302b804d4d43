"""Pictures of the day, as SVG for the page. What is drawn is computed in `figures`."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from deploy.day.figures import Wait, bin_of, lines, occupancy, waits
from deploy.day.report import clock_of
from deploy.day.results import Results
from deploy.day.stamps import percentile

_COLOURS = ("#7aa6c2", "#4f7f52", "#d98c3f", "#b23a48")  #: by risk, 0 to 3
_QUIET, _STRONG = "#9aa0a6", "#1d4e89"


def pictures(results: Results) -> Iterator[tuple[str, str]]:
    """Title and SVG of each picture."""
    yield (
        "Waits by priority, hour by hour (seconds; 9 of 10 waited less, who left included)",
        _waits(results),
    )
    yield "Waiting lines (callers)", _lines(results)
    yield "Occupancy of listeners present", _occupancy(results)
    yield "Rests given, by quarter of an hour", _rests(results)


def _waits(results: Results) -> str:
    figure, axes = _day(results)
    everyone = waits(results.run.trace, results.seen)
    for risk in range(3, -1, -1):
        theirs = [wait for wait in everyone if wait.risk == risk]
        points = list(_by_hour(theirs))
        label = f"P{4 - risk} ({len(theirs)})"
        axes.plot(
            [at for at, _ in points],
            [seconds for _, seconds in points],
            color=_COLOURS[risk],
            label=label,
            marker=".",
            linewidth=1.2,
        )
    axes.axhline(20, color=_QUIET, linewidth=0.8, linestyle=":")
    _mark_faults(axes, results)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False, ncols=4)
    return _svg(figure)


def _by_hour(waits_seen: list[Wait]) -> Iterator[tuple[float, float]]:
    """Middle of each hour and what 9 of 10 waited less than; a quarter holds too few of P1."""
    for hour in sorted({wait.called_at // 3600 for wait in waits_seen}):
        seconds = [wait.seconds for wait in waits_seen if wait.called_at // 3600 == hour]
        yield 3600 * hour + 1800, percentile(seconds, 0.9) or 0.0


def _lines(results: Results) -> str:
    figure, axes = _day(results)
    samples = lines(results.run.trace, results.seen)
    at = [sample.at for sample in samples]
    talking = axes.twinx()
    talking.fill_between(at, [sample.talking for sample in samples], color="#e3edf5", linewidth=0)
    talking.set_ylim(bottom=0)
    talking.set_ylabel("in a talk")
    axes.set_zorder(talking.get_zorder() + 1)
    axes.set_frame_on(False)
    boards = results.run.stamps.boards
    axes.step(
        [board[0] for board in boards],
        [board[2] for board in boards],
        where="post",  # a board is told when it changes
        color=_COLOURS[2],
        linewidth=3,
        alpha=0.35,
        label="for a listener, as the board shows",
    )
    axes.step(
        at,
        [sample.waiting_listener for sample in samples],
        color=_COLOURS[3],
        linewidth=1,
        label="for a listener",
    )
    axes.step(
        at,
        [sample.waiting_regulator for sample in samples],
        color=_STRONG,
        linewidth=1,
        label="for a regulator",
    )
    _mark_faults(axes, results)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", frameon=False)
    return _svg(figure)


def _occupancy(results: Results) -> str:
    figure, axes = _day(results)
    shares = occupancy(results.run.trace, results.seen, results.run.stamps.rests.values())
    at = [share.at for share in shares]
    busy = [100 * share.busy for share in shares]
    both = [100 * (share.busy + share.resting) for share in shares]
    axes.fill_between(at, both, color="#cfe0cf", linewidth=0, step="post", label="at rest")
    axes.fill_between(at, busy, color=_COLOURS[0], linewidth=0, step="post", label="in contacts")
    axes.set_ylim(0, 100)
    axes.set_ylabel("%")
    axes.legend(loc="lower left", frameon=True, framealpha=0.9)
    return _svg(figure)


def _rests(results: Results) -> str:
    figure, axes = _day(results)
    given = Counter((bin_of(rest.since), rest.reason) for rest in results.run.stamps.rests.values())
    reasons = sorted({reason for _, reason in given})
    below: Counter[float] = Counter()
    for place, reason in enumerate(reasons):
        bins = sorted(at for at, why in given if why == reason)
        heights = [given[at, reason] for at in bins]
        axes.bar(
            bins,
            heights,
            width=800,
            align="edge",
            bottom=[below[at] for at in bins],
            color=_COLOURS[place % 4],
            label=reason.replace("_", " "),
        )
        below.update(dict(zip(bins, heights, strict=True)))
    if reasons:
        axes.legend(loc="upper left", frameon=False)
    return _svg(figure)


def _day(results: Results) -> tuple[Figure, Axes]:
    """Axes from the first second to the last thing that happened, the same for each picture."""
    figure = Figure(figsize=(10, 2.8), layout="constrained")
    axes = figure.subplots()
    first = results.run.trace.first_second
    last = max([event["t"] for event in results.run.stamps.events] or [first])
    axes.set_xlim(first, last)
    axes.xaxis.set_major_locator(MultipleLocator(3600 if last - first > 10_800 else 600))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: clock_of(at)))
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _mark_faults(axes: Axes, results: Results) -> None:
    for broken in results.broken:
        axes.axvline(broken.at, color="#000000", linewidth=0.6, linestyle="--")


def _svg(figure: Figure) -> str:
    drawn = io.StringIO()
    # Without a date: the same day gives the same page.
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", drawn.getvalue(), flags=re.DOTALL)
