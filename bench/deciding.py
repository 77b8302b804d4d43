"""Row `decision`: the assignment decision alone, beside a scan of everybody who waits."""

from __future__ import annotations

from random import Random

from bench.decision import GROWTH_SIZES, Play, busy_line, exponent, grow, naive, quiet_line
from bench.figures import Figure, percentile, spread
from bench.setting import Setting

ROW = "decision"
_EVENTS = 1000
_EVENTS_GROWING = 200


def measure(_: Setting) -> list[Figure]:
    """One event at 2,000 on duty x 2,000 waiting; then the growth of the line."""
    dice = Random(2026)
    busy = busy_line(Play(2000, 2000, dice), _EVENTS)
    quiet = quiet_line(Play(2000, 0, dice), _EVENTS)
    floor = grow(lambda play: percentile(busy_line(play, _EVENTS_GROWING), 0.5), dice)
    scan = grow(lambda play: naive(play, play.come_back()), dice)
    sizes = f"{GROWTH_SIZES[0]:,} to {GROWTH_SIZES[-1]:,} waiting"
    return [
        Figure(ROW, "2,000 waiting, one of 2,000 is back, p99", percentile(busy, 0.99), "ms",
               spread(busy, "ms"), 1),
        Figure(ROW, "2,000 free, somebody calls, p99", percentile(quiet, 0.99), "ms",
               spread(quiet, "ms"), 1),
        Figure(ROW, f"growth from {sizes}, exponent", exponent(GROWTH_SIZES, floor), "",
               f"{_each(floor)}; naive scan {exponent(GROWTH_SIZES, scan):.2f}: {_each(scan)}",
               1.1),
    ]  # fmt: skip


def _each(spans: list[float]) -> str:
    return ", ".join(f"{span:.2g}" for span in spans) + " ms"
