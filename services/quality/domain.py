"""The figures of an hour of a line, from what is known of its contacts and its listeners' time.

Nothing here is a judgement of a person. The surprising thing: a contact counts in the hour in which
it was opened, whenever it was answered, so that opened, answered and abandoned of one hour are
about the same people; an hour is therefore counted again when late facts come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contracts.assignment import LiveStateEntered
from contracts.vocabulary import (
    LiveState,
    LiveStateReason,
    Outcome,
    RelayOutcome,
    Role,
    Stage,
    TallyKind,
)
from services.quality.facts import ContactFacts, priority_of, taken_at, talk_of, wait_of

HOUR = timedelta(hours=1)

#: Upper bounds in seconds of the wait histogram. 20 is the regulator's clock (programme, DESIGN 2);
#: 20, 60, 180 and 600 are the pick-up targets of P1, P2, P3 and P4 (`data/protocol.json`).
WAIT_BOUNDS_SECONDS = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0)
BEYOND = float("inf")


@dataclass(frozen=True)
class WaitCount:
    """One bar of the wait histogram: waits above the bound before it, up to its own."""

    stage: Stage
    priority: str
    upper_seconds: float
    count: int
    total: timedelta


@dataclass(frozen=True)
class Duty:
    """What listeners did, all of them together."""

    ready: timedelta = timedelta()  #: free or being offered a contact
    busy: timedelta = timedelta()  #: in a contact or finishing after one
    resting: timedelta = timedelta()
    paused: timedelta = timedelta()
    rests_given: int = 0

    def __add__(self, other: Duty) -> Duty:
        return Duty(
            self.ready + other.ready,
            self.busy + other.busy,
            self.resting + other.resting,
            self.paused + other.paused,
            self.rests_given + other.rests_given,
        )


@dataclass(frozen=True)
class HourFigures:
    """Everything that is counted of one hour of one line."""

    opened: int = 0
    answered: int = 0  #: a human took it
    answered_in_target: int = 0  #: the first of them within the programme's target
    listened: int = 0  #: a listener took it
    abandoned: int = 0  #: left before any human
    abandoned_after_triage: int = 0  #: left in the waiting line, after a human had heard it
    outcomes: tuple[tuple[Outcome, int], ...] = ()
    waits: tuple[WaitCount, ...] = ()
    duty: Duty = field(default_factory=Duty)
    tallies: tuple[tuple[TallyKind, str, int], ...] = ()  #: none is 0


#: Shortest and longest talk a line holds for right: guidance for who listens, never a target.
Guidance = tuple[timedelta, timedelta]


def count_hour(
    contacts: Iterable[ContactFacts],
    targets: Mapping[int, timedelta],
    duty: Duty,
    guidance: Mapping[int, Guidance] | None = None,
) -> HourFigures:
    """Count the contacts opened in one hour; `targets` and `guidance` by version of the line."""
    known = tuple(contacts)
    outcomes = Counter(facts.outcome for facts in known if facts.outcome is not None)
    left = [facts for facts in known if facts.outcome is Outcome.ABANDONED]
    heard_and_left = sum(taken_at(facts) is not None for facts in left)
    return HourFigures(
        opened=len(known),
        answered=sum(taken_at(facts) is not None for facts in known),
        answered_in_target=sum(is_in_target(facts, targets) for facts in known),
        listened=sum(taken_at(facts, Stage.LISTENER) is not None for facts in known),
        abandoned=len(left) - heard_and_left,
        abandoned_after_triage=heard_and_left,
        outcomes=tuple(sorted(outcomes.items())),
        waits=_waits(known),
        duty=duty,
        tallies=_tallies(known, guidance or {}),
    )


def with_relays(figures: HourFigures, told: Mapping[RelayOutcome, int]) -> HourFigures:
    """The figures of an hour with what was told in it by blind tokens, of no contact known."""
    words = ((TallyKind.RELAY_OUTCOME, outcome.value, count) for outcome, count in told.items())
    return replace(figures, tallies=tuple(sorted((*figures.tallies, *words))))


#: How soon somebody had an alert: the steps of its escalation (DESIGN 8).
_ALERT_STEPS = ((timedelta(seconds=30), "in_30_s"), (timedelta(seconds=90), "in_90_s"))


def _tallies(
    contacts: tuple[ContactFacts, ...], guidance: Mapping[int, Guidance]
) -> tuple[tuple[TallyKind, str, int], ...]:
    counts: Counter[tuple[TallyKind, str]] = Counter()
    for facts in contacts:
        if facts.nature is not None:
            counts[TallyKind.NATURE, facts.nature.value] += 1
        talk, band = talk_of(facts), guidance.get(facts.programme_version or 0)
        if talk is not None and band is not None:
            counts[TallyKind.TALK, _against(talk, band)] += 1
        for mark in facts.marks:
            if mark.kind is not TallyKind.ALERT:
                counts[mark.kind, mark.word] += 1
        for word in how_soon_taken(facts):
            counts[TallyKind.ALERT, word] += 1
    return tuple((kind, word, count) for (kind, word), count in sorted(counts.items()))


def _against(talk: timedelta, band: Guidance) -> str:
    if talk < band[0]:
        return "below"
    return "within" if talk <= band[1] else "above"


def how_soon_taken(facts: ContactFacts) -> Iterator[str]:
    """How soon a human first had each alert of a contact."""
    marks = [mark for mark in facts.marks if mark.kind is TallyKind.ALERT]
    for alert in sorted({mark.of for mark in marks}):
        raised = min(mark.at for mark in marks if mark.of == alert and mark.word == "raised")
        taken = [mark.at for mark in marks if mark.of == alert and mark.word == "taken"]
        if not taken:
            yield "not_yet"
            continue
        after = min(taken) - raised
        yield next((word for step, word in _ALERT_STEPS if after <= step), "later")


def is_in_target(facts: ContactFacts, targets: Mapping[int, timedelta]) -> bool:
    """Whether the first human came within the target of the version the contact keeps."""
    first, target = taken_at(facts), targets.get(facts.programme_version or 0)
    if first is None or target is None or facts.opened_at is None:
        return False
    return first - facts.opened_at <= target


def _waits(contacts: Iterable[ContactFacts]) -> tuple[WaitCount, ...]:
    bars: dict[tuple[Stage, str, float], tuple[int, timedelta]] = {}
    for facts in contacts:
        for stage in Stage:
            wait = wait_of(facts, stage)
            if wait is None:
                continue
            bar = (stage, priority_of(facts), upper_bound(wait))
            count, total = bars.get(bar, (0, timedelta()))
            bars[bar] = (count + 1, total + wait)
    return tuple(WaitCount(*bar, *bars[bar]) for bar in sorted(bars))


def upper_bound(wait: timedelta) -> float:
    """Seconds: the bound of the bar a wait falls under."""
    seconds = wait.total_seconds()
    return next((bound for bound in WAIT_BOUNDS_SECONDS if seconds <= bound), BEYOND)


# --- what listeners did ---------------------------------------------------------------------------

_SPENT: Mapping[LiveState, Callable[[timedelta], Duty]] = {
    LiveState.READY: lambda length: Duty(ready=length),
    LiveState.OFFERED: lambda length: Duty(ready=length),
    LiveState.TALKING: lambda length: Duty(busy=length),
    LiveState.WRAPPING_UP: lambda length: Duty(busy=length),
    LiveState.RESTING: lambda length: Duty(resting=length),
    LiveState.PAUSED: lambda length: Duty(paused=length),
}
_REST_GIVEN = frozenset({LiveStateReason.REST_AFTER_HARD, LiveStateReason.REST_AFTER_SEVERAL})


def duty_of(event: LiveStateEntered) -> Mapping[datetime, Duty]:
    """By hour: what one listener did until now, and whether a rest begins.

    Time shows once it is over, so an hour grows until everybody in it has done something else. A
    rest that goes on after a pause is not given again.
    """
    if event.role is not Role.LISTENER:
        return {}
    by_hour: dict[datetime, Duty] = {}
    spent = _SPENT.get(event.previous)
    if spent is not None:
        for hour, length in split_by_hour(event.previous_since, event.entered_at):
            by_hour[hour] = spent(length)
    if event.state is LiveState.RESTING and event.reason in _REST_GIVEN:
        hour = hour_of(event.entered_at)
        by_hour[hour] = by_hour.get(hour, Duty()) + Duty(rests_given=1)
    return by_hour


def split_by_hour(begin: datetime, end: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """Cut a stretch of time at the full hours; nothing when it does not run forward."""
    while begin < end:
        border = min(hour_of(begin) + HOUR, end)
        yield hour_of(begin), border - begin
        begin = border


def hour_of(moment: datetime) -> datetime:
    """The full hour a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


# --- when to count --------------------------------------------------------------------------------


def count_at(hour: datetime, now: datetime, delay: timedelta) -> datetime:
    """When to count an hour of which something new is known.

    `delay` after its end; later, at the next whole multiple of `delay`. Always the same few
    moments, so that a steady trickle of late facts cannot push the count away.
    """
    return _unused(max(hour + HOUR + delay, next_step(now, delay)), now)


def look_at(now: datetime, every: timedelta) -> datetime:
    """When to look for limbo next."""
    return _unused(next_step(now, every), now)


def next_step(now: datetime, every: timedelta) -> datetime:
    """The first whole multiple of `every`, from midnight on, after `now`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((now - midnight) // every + 1) * every


def _unused(at: datetime, now: datetime) -> datetime:
    """Shift a moment by less than a second, differently for each `now`.

    The bus knows a deadline it has handled by kind, key and moment. A fact that commits while its
    hour is being counted must not ask for that very moment again: it would never be counted.
    """
    return at + timedelta(microseconds=now.microsecond)
