"""What a free listener is worth where few are on duty: exactly, for each set of those free.

With a handful of people a pool is no pool: who speaks what decides. The states are the sets of
listeners free; callers take one, or are refused for what that costs; who is away comes back. The
surprising thing: on such a line there is next to nothing to hold back, and giving the right one of
two is worth most.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import inf
from typing import NamedTuple, TypeAlias

from services.assignment.domain import UNNAMED_NEEDS, Alike, CallerKind, Rules

#: With more on duty than this, they are a pool (spare.py).
FEW = 4
#: The mean cost is sought to a thousandth of a point per contact, in so many rounds at most.
PRECISION = 1e-3
ROUNDS = 400


class Asking(NamedTuple):
    """Callers alike: how many a second, what each listener costs them, and what refusing them.

    `costs`: by listener, infinite = cannot take them; a second of wait costs `wait`, giving up
    `lost`.
    """

    per_second: float
    costs: tuple[float, ...]
    lost: float
    wait: float
    way_out: float  #: price of a way out, infinite = none may be proposed


class Expected(NamedTuple):
    """Who calls, how long a contact keeps one away, and how long callers wait, means in seconds."""

    callers: tuple[tuple[CallerKind, float], ...]
    contact_seconds: float
    patience_seconds: float


#: Relative cost of having just these listeners free, by their set as bits: more is worse.
Values: TypeAlias = tuple[float, ...]


@lru_cache(maxsize=512)
def values_of_free(
    asking: tuple[Asking, ...], people: int, away_seconds: float, patience_seconds: float
) -> Values:
    """Relative cost of each set of free listeners, that of all free = 0. Pure, remembered."""
    states = 1 << people
    arrivals = sum(a.per_second for a in asking)
    step = 1 / (arrivals + people / away_seconds)
    choices = [_choices(state, asking, away_seconds, patience_seconds) for state in range(states)]
    values = [0.0] * states
    for _ in range(ROUNDS):
        fresh = [
            values[s] + step * _drift(s, values, choices[s], away_seconds) for s in range(states)
        ]
        changes = [new - old for new, old in zip(fresh, values, strict=True)]
        values = [value - fresh[-1] for value in fresh]
        if max(changes) - min(changes) < PRECISION * arrivals * step:
            break
    return tuple(values)


def _choices(
    state: int, asking: tuple[Asking, ...], away_seconds: float, patience_seconds: float
) -> list[tuple[float, float, list[tuple[int, float]]]]:
    """By caller: how many a second, what refusing costs here, and the free who could, each with
    the set left and the cost."""
    return [
        (
            a.per_second,
            _refused(state, a, away_seconds, patience_seconds),
            [
                (state & ~(1 << i), cost)
                for i, cost in enumerate(a.costs)
                if state >> i & 1 and cost < inf
            ],
        )
        for a in asking
    ]


def _refused(state: int, a: Asking, away_seconds: float, patience_seconds: float) -> float:
    """Loss of waiting for who is away and could: given up, or served late; or of a way out."""
    away = sum(1 for i, cost in enumerate(a.costs) if not state >> i & 1 and cost < inf)
    back, leave = away / away_seconds, 1 / patience_seconds
    return min((a.lost * leave + a.wait) / (back + leave), a.way_out)


def _drift(
    state: int,
    values: list[float],
    choices: list[tuple[float, float, list[tuple[int, float]]]],
    away_seconds: float,
) -> float:
    """Cost per second from here on, that of the states it leads to counted."""
    here, total = values[state], 0.0
    for per_second, refused, free in choices:
        best = refused + here
        for left, cost in free:
            if cost + values[left] < best:
                best = cost + values[left]
        total += per_second * (best - here)
    people, bit = len(values), 1
    while bit < people:
        if not state & bit:
            total += (values[state | bit] - here) / away_seconds
        bit <<= 1
    return total


def price_of_taking(values: Values, free: int, listener: int) -> float:
    """What giving this free listener costs callers to come, in points."""
    return max(values[free & ~(1 << listener)] - values[free], 0.0)


class FewOnDuty:
    """What each free listener is worth to callers to come."""

    def __init__(self, kinds: tuple[Alike, ...], free: int, values: Values) -> None:
        self._kinds = kinds
        self._free = free
        self._values = values

    def price_of_taking(self, kind: Alike) -> float:
        """What taking a free listener of this kind costs callers to come, in points; 0 = none."""
        for place, other in enumerate(self._kinds):
            if other == kind and self._free >> place & 1:
                return price_of_taking(self._values, self._free, place)
        return 0.0


def few_on_duty(
    here: Mapping[Alike, int], away: Mapping[Alike, int], expected: Expected, rules: Rules
) -> FewOnDuty:
    """Everyone on duty in an order of their own, the free of a kind before those who are away."""
    kinds: list[Alike] = []
    free = 0
    for kind in sorted({*here, *away}, key=_by_words):
        idle = here.get(kind, 0)
        free |= ((1 << idle) - 1) << len(kinds)
        kinds += [kind] * (idle + away.get(kind, 0))
    return FewOnDuty(tuple(kinds), free, _values(tuple(kinds), expected, rules))


def _by_words(kind: Alike) -> tuple[object, ...]:
    return (sorted(kind.languages), sorted(kind.topics), kind.level)


@lru_cache(maxsize=512)
def _values(kinds: tuple[Alike, ...], expected: Expected, rules: Rules) -> Values:
    prices = rules.prices
    asked: dict[tuple[tuple[float, ...], float, float, float], float] = {}
    for caller, per_second in expected.callers:
        lost, way_out = prices.abandoned[caller.band], inf
        if rules.counts_on_way_out and caller.band < rules.accredited_from_band:
            share = min(prices.return_pass_share[caller.band], prices.partner_line_share)
            way_out = lost * share
        costs = tuple(_cost(caller, kind, rules) for kind in kinds)
        alike = (costs, lost, prices.wait_per_minute[caller.band] / 60, way_out)
        asked[alike] = asked.get(alike, 0.0) + per_second
    asking = tuple(Asking(per_second, *alike) for alike, per_second in asked.items())
    return values_of_free(asking, len(kinds), expected.contact_seconds, expected.patience_seconds)


def _cost(caller: CallerKind, kind: Alike, rules: Rules) -> float:
    if (caller.languages or rules.default_languages).isdisjoint(kind.languages):
        return inf
    cost = 0.0
    if caller.need not in UNNAMED_NEEDS and caller.need not in kind.topics:
        cost += rules.prices.topic_mismatch
    if caller.band >= rules.accredited_from_band and kind.level < caller.band:
        cost += rules.prices.level_mismatch
    return cost
