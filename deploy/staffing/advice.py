"""From what comes in each hour of the week to how many are needed, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy.staffing.erlang import Demand, Performance, Target, listeners_needed, performance

#: Hours of a week: 0 is Monday from midnight to one, in the zone of the line.
Hour = int


@dataclass(frozen=True)
class People:
    """Who there is."""

    volunteers: int
    hours_a_week: float  #: of each

    @property
    def hours(self) -> float:
        """Hours of listening in a week."""
        return self.volunteers * self.hours_a_week


@dataclass(frozen=True)
class Line:
    """What a line is planned with. `present_for_one` of 1.1: a tenth of the time is rest."""

    service_seconds: float
    patience_seconds: float
    present_for_one: float
    target: Target


@dataclass(frozen=True)
class HourAdvice:
    """One hour of the week."""

    hour: Hour
    calls: float
    listeners: int | None  #: to be planned, rest included; None: no number of them will do
    made: Performance | None  #: what they make of it


def advise(calls: Mapping[Hour, float], line: Line) -> Iterator[HourAdvice]:
    """How many listeners each hour needs; nobody calls: one is there all the same."""
    for hour in sorted(calls):
        arrivals = calls[hour] / 3600
        if arrivals <= 0:
            yield HourAdvice(hour, 0.0, 1, None)
            continue
        demand = Demand(arrivals, line.service_seconds, line.patience_seconds)
        needed = listeners_needed(demand, line.target)
        if needed is None:
            yield HourAdvice(hour, calls[hour], None, None)
            continue
        made = performance(demand, needed, line.target.within_seconds)
        planned = -int(-needed * line.present_for_one // 1)
        yield HourAdvice(hour, calls[hour], planned, made)


@dataclass(frozen=True)
class Verdict:
    """Whether the people there are can do it, with everything it was computed from."""

    calls_a_week: float
    talk_hours: float  #: what the calls last, if nobody ever waited and nobody ever rested
    needed_hours: float | None  #: what the target needs; None: not reachable
    there: People | None  #: None: nobody said how many there are

    @property
    def feasible(self) -> bool | None:
        """Whether it can be done; None when nobody said how many people there are."""
        if self.needed_hours is None:
            return False
        return None if self.there is None else self.needed_hours <= self.there.hours

    @property
    def calls_possible_a_week(self) -> float | None:
        """Calls the people there are could listen to without ever waiting for one."""
        if self.there is None or not self.talk_hours:
            return None
        return self.calls_a_week * self.there.hours / self.talk_hours


def judge(hours: tuple[HourAdvice, ...], line: Line, there: People | None) -> Verdict:
    """Hold what is needed against who is there."""
    calls = sum(each.calls for each in hours)
    planned = [each.listeners for each in hours]
    needed = None if None in planned else float(sum(each or 0 for each in planned))
    return Verdict(calls, calls * line.service_seconds / 3600, needed, there)


def spread(calls_a_day: float, shape: Mapping[Hour, float]) -> dict[Hour, float]:
    """Calls of each open hour of the week, from calls a day and how they fall (any scale)."""
    total = sum(shape.values())
    days = len({hour // 24 for hour in shape})
    return {hour: calls_a_day * days * share / total for hour, share in shape.items()}
