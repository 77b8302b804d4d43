"""How a row is run: where, how long, how large."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """What the person asked for.

    `people` on duty, calls `per_second` and `seconds` of them for `offer`; `contacts` in each batch
    of `pipeline`; resampled `days` of each trace for `policy`.
    """

    folder: Path
    processes: bool = False
    profile: bool = False
    people: int = 1000
    per_second: float = 10.0
    seconds: float = 30.0
    contacts: int = 60
    days: int = 10

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments of `up`."""
        return ("--processes",) if self.processes else ()
