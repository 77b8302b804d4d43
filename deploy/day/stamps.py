"""What the driver saw and did, when: the event log, its lateness, and the platform's own times.

The log is in the shape of `judge/README.md`. Times are trace seconds of the driver; what the
platform said of the same moments is kept beside them, never mixed in.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Beside(StrEnum):
    """A moment both sides have a time for: the platform's time less the driver's."""

    OPENED = "caller calls, contact opened"
    OFFERED = "offer made, offer seen"  #: this one the driver's less the platform's
    TAKEN = "offer seen, contact taken"
    TRIAGED = "regulator decides, decision taken"
    ENDED = "talk ended, wrap-up entered"
    LEFT = "caller hangs up, contact ended"


class Line(StrEnum):
    """A place a caller can be in, for the progress bar."""

    WAITING_REGULATOR = "waiting for a regulator"
    WITH_REGULATOR = "with a regulator"
    WAITING_LISTENER = "waiting for a listener"
    WITH_LISTENER = "with a listener"
    ENDED = "listened to"
    GONE = "gone"


@dataclass(frozen=True)
class Rest:
    """A rest the platform gave; `until` is empty when it named none."""

    person_id: str
    since: float
    until: float | None
    reason: str


@dataclass
class Stamps:
    """Everything recorded of one run."""

    events: list[dict[str, Any]] = field(default_factory=list)
    beside: defaultdict[Beside, list[float]] = field(default_factory=lambda: defaultdict(list))
    #: Platform only: from entering a line to the offer, by stage, for the first offer of a contact.
    offer_waits: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    late_seconds: list[float] = field(default_factory=list)  #: machine time, acts that were planned
    places: Counter[Line] = field(default_factory=Counter)
    rests: dict[tuple[str, float], Rest] = field(default_factory=dict)
    boards: list[tuple[float, int, int]] = field(
        default_factory=list
    )  #: time, waiting in each line
    journal: list[dict[str, Any]] = field(default_factory=list)  #: for the checker: `--journal`
    troubles: Counter[str] = field(default_factory=Counter)

    def log(self, kind: str, at: float, **fields: str) -> None:
        """Write one event."""
        self.events.append({"t": round(at, 3), "type": kind, **fields})

    def move(self, before: Line | None, after: Line) -> None:
        """A caller is somewhere else now."""
        if before is not None:
            self.places[before] -= 1
        self.places[after] += 1

    def note(self, which: Beside, seconds: float) -> None:
        """Keep a difference between the two clocks, in trace seconds."""
        self.beside[which].append(seconds)

    def trouble(self, what: str) -> None:
        """Count something that should not happen on a day without faults."""
        self.troubles[what] += 1

    def write(self, path: Path) -> None:
        """Write the log as JSON lines, in order of time."""
        _write_lines(path, sorted(self.events, key=lambda event: event["t"]))

    def write_journal(self, path: Path) -> None:
        """Write what callers and nonsense were answered at the doors."""
        _write_lines(path, self.journal)


def _write_lines(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    with path.open("w") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)


def percentile(numbers: Iterable[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of the numbers lie; None when there are none."""
    ordered = sorted(numbers)
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
