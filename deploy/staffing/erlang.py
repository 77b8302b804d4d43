"""Erlang-A: Poisson arrivals, n listeners, exponential talks and patience.

Source: Garnett, Mandelbaum and Reiman, "Designing a call center with impatient customers", M&SOM
4(3), 2002; Palm 1957. All is summed in logarithms, so that hundreds of listeners overflow nothing.
The surprising thing: how long a caller who finds j others waiting would wait is -log of a Beta
variable, divided by the rate of leaving; so the service level needs no integral.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, inf, log, log1p

#: States this much less likely than the likeliest say nothing in double precision.
_NEGLIGIBLE = 46.0
#: Nobody plans more than this for one hour.
MOST_LISTENERS = 5000


@dataclass(frozen=True)
class Demand:
    """What comes, for one hour. Rates are per second."""

    arrivals: float  #: callers a second, above 0
    service_seconds: float  #: mean talk and wrap-up, above 0
    patience_seconds: float  #: mean time a caller would wait before leaving, above 0

    @property
    def load(self) -> float:
        """Listeners that would be busy if nobody ever waited (erlangs)."""
        return self.arrivals * self.service_seconds


@dataclass(frozen=True)
class Performance:
    """What so many listeners make of a demand; fractions of all callers, 0 to 1."""

    abandoned: float
    served_within: float  #: answered within the target
    occupancy: float  #: of a listener's time
    mean_wait_seconds: float  #: of everybody, who leaves included
    mean_waiting: float  #: callers in the line


def performance(demand: Demand, listeners: int, within_seconds: float) -> Performance:
    """What `listeners` (1 or more) make of a demand, answered within `within_seconds` (0 or more).

    Raises ValueError for what cannot be a demand.
    """
    if min(demand.arrivals, demand.service_seconds, demand.patience_seconds) <= 0 or listeners < 1:
        raise ValueError("arrivals, service, patience and listeners must be above 0")
    logs = _log_weights(demand, listeners)
    highest = max(logs)
    weights = [exp(each - highest) for each in logs]
    total = sum(weights)
    chances = [each / total for each in weights]
    waiting = sum((k - listeners) * p for k, p in enumerate(chances) if k > listeners)
    busy = sum(min(k, listeners) * p for k, p in enumerate(chances))
    abandoned = waiting / (demand.patience_seconds * demand.arrivals)
    return Performance(
        abandoned=abandoned,
        served_within=_served_within(demand, listeners, chances, within_seconds),
        occupancy=busy / listeners,
        mean_wait_seconds=waiting / demand.arrivals,
        mean_waiting=waiting,
    )


def _log_weights(demand: Demand, listeners: int) -> list[float]:
    """Logarithm of the weight of each number of callers in the house, up to where it fades."""
    logs, highest, k = [0.0], 0.0, 0
    service, leaving = 1 / demand.service_seconds, 1 / demand.patience_seconds
    while True:
        k += 1
        out = min(k, listeners) * service + max(k - listeners, 0) * leaving
        logs.append(logs[-1] + log(demand.arrivals) - log(out))
        highest = max(highest, logs[-1])
        if k >= listeners and out > demand.arrivals and logs[-1] < highest - _NEGLIGIBLE:
            return logs


def _served_within(
    demand: Demand, listeners: int, chances: list[float], within_seconds: float
) -> float:
    """Callers who find somebody free, or whose turn comes within the target and before they leave.

    Behind j others the turn comes after the sum of exponentials of rates n mu + i theta, i = 0..j,
    which is -log(B) / theta with B of Beta(c, j + 1) and c = n mu / theta. The patience outlasts it
    with probability B, whence Beta(c + 1, j + 1) and the factor c / (c + j + 1).
    """
    c = listeners * demand.patience_seconds / demand.service_seconds
    shares = _beta_below(exp(-within_seconds / demand.patience_seconds), c + 1)
    served = sum(chances[:listeners])
    for j, chance in enumerate(chances[listeners:]):
        served += chance * (c / (c + j + 1)) * max(0.0, 1 - next(shares))
    return min(served, 1.0)


def _beta_below(x: float, a: float) -> Iterator[float]:
    """The regularised incomplete beta function I_x(a, b) for b = 1, 2, 3...

    I_x(a, b + 1) = I_x(a, b) + x^a (1 - x)^b Gamma(a + b) / (Gamma(a) Gamma(b + 1)): all terms are
    positive, so nothing cancels. Source: Abramowitz and Stegun 26.5.15.
    """
    log_x = log(x) if x > 0 else -inf
    total = exp(a * log_x)
    log_term = a * log_x + (log1p(-x) if x < 1 else -inf) + log(a)
    b = 1
    while True:
        yield min(total, 1.0)
        total += exp(log_term)
        log_term += (log1p(-x) if x < 1 else -inf) + log(a + b) - log(b + 1)
        b += 1


@dataclass(frozen=True)
class Target:
    """What a line wants to reach."""

    answered: float  #: share of callers answered within the time, 0 to 1
    within_seconds: float
    abandoned: float = 1.0  #: share of callers who leave, at most


def listeners_needed(demand: Demand, target: Target) -> int | None:
    """The fewest listeners with which the target is reached; None: not with any number of them.

    More listeners never make it worse, so it is found by halving.
    """
    low, high = 0, max(1, int(demand.load))
    while high <= MOST_LISTENERS and not _reaches(demand, high, target):
        low, high = high, high * 2
    if high > MOST_LISTENERS:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _reaches(demand, middle, target) else (middle, high)
    return high


def _reaches(demand: Demand, listeners: int, target: Target) -> bool:
    made = performance(demand, listeners, target.within_seconds)
    return made.served_within >= target.answered and made.abandoned <= target.abandoned
