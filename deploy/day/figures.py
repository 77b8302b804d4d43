"""What the log says, as numbers over the day: waits, lines, occupancy. Pure.

A wait is what the judge counts: in both lines, without the triage in between. Bins are a quarter of
an hour, named by the second they begin at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.vocabulary import Role
from deploy.day.stamps import Rest
from deploy.day.trace import Call, Trace

BIN_SECONDS = 900.0


@dataclass
class Seen:
    """What the log says of one call; a time is None when it never came."""

    triage_started: float | None = None
    triaged: float | None = None
    untriaged: bool = False
    listener: str | None = None
    answered: float | None = None  #: the listener picked up
    ended: float | None = None
    gone: float | None = None


@dataclass(frozen=True)
class Wait:
    """One caller's waiting; `heard` false when they left first."""

    called_at: float
    risk: int
    seconds: float
    heard: bool


def read_log(events: Iterable[Mapping[str, Any]]) -> dict[str, Seen]:
    """Every call in the log, by its id."""
    calls: defaultdict[str, Seen] = defaultdict(Seen)
    for event in sorted(events, key=lambda event: event["t"]):
        seen, at = calls[event["call"]], event["t"]
        match event["type"]:
            case "triage_started":
                seen.triage_started = at
            case "triaged":
                seen.triaged, seen.untriaged = at, "untriaged" in event
            case "assigned" | "answered":
                seen.listener, seen.answered = event["listener"], at
            case "declined":
                seen.listener = seen.answered = None
            case "ended":
                seen.ended = at
            case "abandoned":
                seen.gone = at
    return dict(calls)


def waits(trace: Trace, seen: Mapping[str, Seen]) -> list[Wait]:
    """How long everybody waited, who left included."""
    return [_wait(call, _seen(trace, call, seen)) for call in trace.calls]


def _seen(trace: Trace, call: Call, seen: Mapping[str, Seen]) -> Seen:
    """What the log says of a call; where nobody answers first, it is understood as it comes."""
    one = seen.get(call.call_id, Seen())
    return one if trace.regulators else replace(one, triage_started=call.at, triaged=call.at)


def _wait(call: Call, seen: Seen) -> Wait:
    left = call.at if seen.gone is None else seen.gone
    if seen.triage_started is None:
        return Wait(call.at, call.risk, left - call.at, heard=False)
    ready = seen.triage_started + call.triage
    later = max(0.0, (left if seen.answered is None else seen.answered) - ready)
    waited = seen.triage_started - call.at + later
    return Wait(call.at, call.risk, waited, heard=seen.answered is not None)


@dataclass(frozen=True)
class Sample:
    """Where callers were at a moment."""

    at: float
    waiting_regulator: int
    waiting_listener: int
    talking: int


def lines(trace: Trace, seen: Mapping[str, Seen], every_seconds: float = 60.0) -> list[Sample]:
    """How many waited in each line and talked to a listener, minute by minute."""
    steps = sorted(_steps(trace, seen))
    if not steps:
        return []
    counts, place, samples = [0, 0, 0], 0, []
    at = steps[0][0]
    while at <= steps[-1][0] + every_seconds:
        while place < len(steps) and steps[place][0] <= at:
            counts[steps[place][1]] += steps[place][2]
            place += 1
        samples.append(Sample(at, *counts))
        at += every_seconds
    return samples


def _steps(trace: Trace, seen: Mapping[str, Seen]) -> Iterator[tuple[float, int, int]]:
    """Moments at which a caller enters (1) or leaves (-1) the regulators', listeners', a talk."""
    for call in trace.calls:
        one = _seen(trace, call, seen)
        for line, (entered, *left) in enumerate(
            (
                (call.at, one.triage_started, one.gone),
                (one.triaged, one.answered, one.gone),
                (one.answered, one.ended),
            )
        ):
            if entered is None:
                continue
            yield entered, line, 1
            ends = [moment for moment in left if moment is not None]
            if ends:
                yield max(entered, min(ends)), line, -1


@dataclass(frozen=True)
class Occupancy:
    """Of the listeners' time present in a bin: the share in contacts and wrap-up, and at rest."""

    at: float
    busy: float
    resting: float


def occupancy(trace: Trace, seen: Mapping[str, Seen], rests: Iterable[Rest]) -> list[Occupancy]:
    """Occupancy in each bin in which somebody is present."""
    listeners = [worker for worker in trace.workers if worker.role is Role.LISTENER]
    present = _binned((s.start, s.end) for w in listeners for s in w.shifts)
    busy = _binned(
        (one.answered, one.ended + call.wrap)
        for call in trace.calls
        if (one := seen.get(call.call_id)) and one.answered is not None and one.ended is not None
    )
    resting = _binned((r.since, r.until) for r in rests if r.until is not None)
    return [
        Occupancy(at, min(1.0, busy.get(at, 0) / seconds), min(1.0, resting.get(at, 0) / seconds))
        for at, seconds in sorted(present.items())
    ]


def _binned(spans: Iterable[tuple[float, float]]) -> dict[float, float]:
    """Seconds of all spans that fall into each bin."""
    bins: defaultdict[float, float] = defaultdict(float)
    for start, end in spans:
        at = bin_of(start)
        while at < end:
            bins[at] += min(end, at + BIN_SECONDS) - max(start, at)
            at += BIN_SECONDS
    return dict(bins)


def bin_of(at: float) -> float:
    """The bin a moment falls into."""
    return at // BIN_SECONDS * BIN_SECONDS


def language_mismatches(trace: Trace, seen: Mapping[str, Seen]) -> int:
    """Callers a regulator had understood, who got a listener without a common language."""
    spoken = {worker.person_id: set(worker.languages) for worker in trace.workers}
    return sum(
        one.answered is not None
        and not one.untriaged
        and spoken[one.listener or ""].isdisjoint(call.languages)
        for call in trace.calls
        if (one := seen.get(call.call_id)) is not None
    )
