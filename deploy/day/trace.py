"""A recorded day: who calls when and what for, who is there to answer and when.

All times are seconds from midnight of the trace's day. The shapes are those of `judge/README.md`;
the words are brought to ours here and nowhere else.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.roster import Accreditation, Qualification, Volunteer
from contracts.vocabulary import Channel, LanguageCode, Need, PersonId, Priority, Role

#: What the trace calls a need, in the words of the relays' directory.
NEEDS = {
    "ecoute": Need.ECOUTE_GENERALISTE,
    "isolement": Need.SOLITUDE,
    "droit_social": Need.DEMARCHES,
    "violences": Need.VIOLENCES_CONJUGALES,
    "deuil": Need.DEUIL,
    "medical": Need.SANTE_INFORMATION,
    "jeunes": Need.JEUNES,
    "couple_famille": Need.PARENTALITE,
}

#: Priority a regulator gives to a risk of the trace, 0 to 3.
PRIORITIES = (Priority.P4, Priority.P3, Priority.P2, Priority.P1)

_MOST_ACCREDITED = 3


@dataclass(frozen=True)
class Call:
    """One caller; `patience` counts the seconds spent waiting, in both lines together."""

    call_id: str
    at: float
    need: str
    languages: tuple[str, ...]  #: any of them will do
    risk: int
    patience: float
    triage: float
    talk: float
    wrap: float
    hard: bool


@dataclass(frozen=True)
class Shift:
    """Presence from `start` to `end`; a contact begun in it may end later."""

    start: float
    end: float


@dataclass(frozen=True)
class Worker:
    """A regulator or a listener, with their shifts in order, those that touch made one."""

    person_id: str
    role: Role
    topics: tuple[str, ...]
    languages: tuple[str, ...]
    level: int
    shifts: tuple[Shift, ...]


@dataclass(frozen=True)
class Trace:
    """A day, or a part of one. `folder` holds it in the form the judge reads."""

    folder: Path
    calls: tuple[Call, ...]
    workers: tuple[Worker, ...]
    meta: Mapping[str, Any]

    @property
    def regulators(self) -> bool:
        """Whether a regulator answers first."""
        return bool(self.meta.get("regulators"))

    @property
    def first_second(self) -> float:
        """When the first person comes on duty or the first caller calls."""
        return min(*(shift.start for w in self.workers for shift in w.shifts), self.calls[0].at)

    @property
    def last_arrival(self) -> float:
        """When the last caller calls."""
        return self.calls[-1].at


class TraceUnreadable(Exception):
    """The folder holds no trace this driver can play."""


def read_trace(folder: Path) -> Trace:
    """Read a trace; TraceUnreadable says what is missing or strange."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        calls = tuple(map(_call, _rows(folder / "arrivals.csv")))
        shifts = _rows(folder / "shifts.csv")
        workers = _workers(_rows(folder / "listeners.csv"), shifts)
    except (OSError, KeyError, ValueError) as wrong:
        raise TraceUnreadable(f"{folder} is no trace: {type(wrong).__name__} {wrong}") from wrong
    if not calls or not workers:
        raise TraceUnreadable(f"{folder} holds no calls, or nobody to answer them.")
    return Trace(folder, tuple(sorted(calls, key=lambda call: call.at)), workers, meta)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _call(row: Mapping[str, str]) -> Call:
    numbers = {name: float(row[name]) for name in ("patience", "triage", "talk", "wrap")}
    return Call(
        call_id=row["call_id"],
        at=float(row["t"]),
        need=row["need"],
        languages=tuple(row["langs"].split("|")),
        risk=int(row["risk"]),
        hard=row["hard"] == "1",
        **numbers,
    )


def _workers(
    listeners: Iterable[Mapping[str, str]], shifts: Iterable[Mapping[str, str]]
) -> tuple[Worker, ...]:
    present: defaultdict[tuple[str, str], list[Shift]] = defaultdict(list)
    for row in shifts:
        shift = Shift(float(row["start"]), float(row["end"]))
        present[row["role"], row["id"]].append(shift)
    known = [
        Worker(
            person_id=row["listener_id"],
            role=Role.LISTENER,
            topics=tuple(row["skills"].split("|")),
            languages=tuple(row["langs"].split("|")),
            level=int(row["accred"]),
            shifts=join_shifts(present["listener", row["listener_id"]]),
        )
        for row in listeners
    ]
    regulators = [
        Worker(person_id, Role.REGULATOR, (), (), _MOST_ACCREDITED, join_shifts(theirs))
        for (role, person_id), theirs in present.items()
        if role == "regulator"
    ]
    return tuple(w for w in (*regulators, *known) if w.shifts)


def join_shifts(shifts: Iterable[Shift]) -> tuple[Shift, ...]:
    """Shifts in order; of two that touch or overlap nobody goes home in between."""
    joined: list[Shift] = []
    for shift in sorted(shifts, key=lambda shift: shift.start):
        if joined and shift.start <= joined[-1].end:
            joined[-1] = Shift(joined[-1].start, max(joined[-1].end, shift.end))
        else:
            joined.append(shift)
    return tuple(joined)


def volunteers(trace: Trace, languages: tuple[str, ...], until: datetime) -> tuple[Volunteer, ...]:
    """Everybody of the trace as the roster imports them; regulators speak all `languages`."""
    return tuple(_volunteer(worker, languages, until) for worker in trace.workers)


def _volunteer(worker: Worker, languages: tuple[str, ...], until: datetime) -> Volunteer:
    spoken = languages if worker.role is Role.REGULATOR else worker.languages
    qualification = Qualification(
        roles=(worker.role,),
        languages=tuple(LanguageCode(code) for code in spoken),
        topics=tuple(NEEDS[topic] for topic in worker.topics),
        accreditations=(
            Accreditation(channel=Channel.PHONE, level=worker.level, valid_until=until),
        ),
    )
    return Volunteer(person_id=PersonId(worker.person_id), qualification=qualification)
