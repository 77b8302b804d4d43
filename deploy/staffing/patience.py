"""How long callers would wait, from waits that mostly ended because somebody answered.

Who was answered would have waited longer: their patience is only known to exceed their wait
(censored). Leaving them out makes everybody look impatient, so they count with the time they
waited: all waiting time divided by the number who left, the maximum-likelihood estimator of an
exponential patience under censoring. Source: Brown et al., JASA 100, 2005, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, sqrt

#: Fewer who left than this say little: the interval is then wider than a factor of three.
FEWEST_LEFT = 10


@dataclass(frozen=True)
class Waited:
    """One caller's wait."""

    seconds: float
    left: bool  #: before anybody answered


@dataclass(frozen=True)
class Patience:
    """Mean patience and its 95 % interval, in seconds; `left` callers it rests on."""

    mean_seconds: float
    low_seconds: float
    high_seconds: float
    left: int


def estimate_patience(waits: Iterable[Waited]) -> Patience | None:
    """Estimate the mean patience; None when too few have left to say anything."""
    known = tuple(waits)
    left = sum(wait.left for wait in known)
    if left < FEWEST_LEFT:
        return None
    mean = sum(wait.seconds for wait in known) / left
    factor = exp(1.96 / sqrt(left))  # the estimator's logarithm has variance 1 / left
    return Patience(mean, mean / factor, mean * factor, left)
