"""What a row says: a value beside its floor or peer, with the target it is held against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from rich import box
from rich.table import Table

_COLUMNS = ("row", "what", "measured", "beside it", "target", "reached")


@dataclass(frozen=True)
class Figure:
    """One measured value. `at_most` is its target in the same unit; None = only to be known."""

    row: str
    what: str
    value: float
    unit: str
    beside: str = ""  #: the floor or peer of the same run, in words
    at_most: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.at_most is None else self.value <= self.at_most

    def cells(self) -> tuple[str, ...]:
        """Row, what, measured, beside, target, reached: as they are printed."""
        target = "" if self.at_most is None else f"<= {amount(self.at_most, self.unit)}"
        reached = {None: "", True: "yes", False: "NO"}[self.reached]
        return (self.row, self.what, amount(self.value, self.unit), self.beside, target, reached)


def amount(value: float, unit: str) -> str:
    """A value with three significant figures, large ones without decimals, and its unit."""
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value at or below which `share` (0 to 1] of them lie; ValueError for none."""
    if not values:
        raise ValueError("no value was measured")
    return sorted(values)[max(ceil(share * len(values)), 1) - 1]


def spread(values: Sequence[float], unit: str) -> str:
    """`p50 3 ms, p99 9 ms`, for what stands beside a figure."""
    middle, late = percentile(values, 0.5), percentile(values, 0.99)
    return f"p50 {amount(middle, unit)}, p99 {amount(late, unit)}"


def shown(figures: Iterable[Figure]) -> Table:
    """The table for the terminal."""
    table = Table(*_COLUMNS, box=box.SIMPLE_HEAD, show_edge=False)
    for figure in figures:
        style = "bold red" if figure.reached is False else None
        table.add_row(*figure.cells(), style=style)
    return table


def markdown(figures: Iterable[Figure]) -> str:
    """The same table as Markdown."""
    lines = [_COLUMNS, tuple("---" for _ in _COLUMNS), *(figure.cells() for figure in figures)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
