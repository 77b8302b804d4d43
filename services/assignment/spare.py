"""What it costs callers to come that one free listener fewer is left: the price of a spare.

A pool of listeners is a birth-and-death chain: callers take one, the busy come back at a steady
rate. Its least mean cost, where a caller may also be refused for what that costs, gives the price
of each free listener. The surprising thing: the price falls steeply, yet the last three or four
of a large busy pool are worth keeping from those whose refusal costs little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, log

#: Halvings of the interval in which the mean cost is sought: beyond the precision of a float.
HALVINGS = 60
#: Steps in which rates and means are told apart: a forecast knows no more.
STEP = 1.08
#: A price below this is none.
NEGLIGIBLE = 1e-3


def rounded(value: float) -> float:
    """To the nearest step, so that equal questions are answered once."""
    return STEP ** round(log(value) / log(STEP)) if value > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Demand:
    """Callers per second, and what refusing one, or letting one wait, costs in points."""

    per_second: float
    cost: float


@lru_cache(maxsize=4096)
def spare_prices(demand: tuple[Demand, ...], size: int, away_seconds: float) -> tuple[float, ...]:
    """Price of taking one of k free listeners, for k = 0, 1, ... while it is not negligible.

    `size`: listeners on duty in the pool, busy or not; `away_seconds`: how long a contact keeps one
    away, rest included. The price of k = 0 is that of k = 1. Pure, so answers are remembered.
    """
    low, high = 0.0, sum(d.per_second * d.cost for d in demand)
    if size == 0 or high == 0:
        return ()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_high, _ = _chain(demand, size, away_seconds, middle)
        low, high = (low, middle) if too_high else (middle, high)
    _, prices = _chain(demand, size, away_seconds, high)
    return (prices[0], *prices) if prices else ()


def _chain(
    demand: Sequence[Demand], size: int, away_seconds: float, mean_cost: float
) -> tuple[bool, list[float]]:
    """Prices of k = 1, 2, ... were this the mean cost per second; and whether it is too high."""
    prices: list[float] = []
    asking = [(d.per_second, d.cost) for d in demand]
    lost = 0.0
    for per_second, cost in asking:
        lost += per_second * cost
    before = inf
    for free in range(size):
        price = (lost - mean_cost) * away_seconds / (size - free)
        if price < NEGLIGIBLE:
            return True, prices
        if price > before:
            return False, prices
        prices.append(price)
        before = price
        lost = 0.0
        for per_second, cost in asking:
            lost += per_second * (cost if cost < price else price)
    return lost < mean_cost, prices
