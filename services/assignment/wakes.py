"""When the judge should wake us, for callers who come while all are busy: it asks nothing then.

Each answer may ask for one moment, and a moment at which nobody waits is lost. So moments are
few, and each is put where, beside those asked for already, it catches most callers before they
give up. Live there is no such need: every event is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

#: Moments are looked for on a grid of this step, up to this far.
STEP_SECONDS = 30
STEPS = 120
#: With more people free it takes too long until all are busy.
MOST_FREE = 3


@dataclass(frozen=True, slots=True)
class Blind:
    """What decides when all are busy, and for how long."""

    free: int  #: people of whom the judge knows that they are not in a contact
    busy: int
    arrivals_per_second: float
    contact_seconds: float
    patience_seconds: float


def next_wake(blind: Blind, asked_for: Sequence[float]) -> float | None:
    """Seconds from now of the moment to ask for beside those asked for; None = none is worth it."""
    if blind.free > MOST_FREE or not blind.free + blind.busy:
        return None
    all_busy = chance_all_busy(blind)
    known = sorted({min(round(at / STEP_SECONDS), STEPS) for at in asked_for})
    best = max(
        (step for step in range(1, STEPS + 1) if step not in known),
        key=lambda step: _caught(sorted([*known, step]), all_busy, blind.patience_seconds),
    )
    return float(best * STEP_SECONDS)


def chance_all_busy(blind: Blind) -> list[float]:
    """That everyone is in a contact, at each step of the grid; callers wait in no line here."""
    people = blind.free + blind.busy
    most = min(people, MOST_FREE + 2)
    chances = [float(free == blind.free) for free in range(most + 1)]
    taken = min(blind.arrivals_per_second * STEP_SECONDS, 0.5)
    back = [
        min((people - free) * STEP_SECONDS / blind.contact_seconds, 0.5) for free in range(most)
    ]
    course = [chances[0]]
    for _ in range(STEPS):
        moved = chances[:]
        for free in range(most):
            flow = chances[free] * back[free] - chances[free + 1] * taken
            moved[free] -= flow
            moved[free + 1] += flow
        chances = moved
        course.append(chances[0])
    return course


def _caught(steps: Sequence[int], all_busy: Sequence[float], patience_seconds: float) -> float:
    """Callers caught at these moments, in arrivals of one span of patience."""
    caught, before = 0.0, 0
    for step in steps:
        there = 1 - exp(-(step - before) * STEP_SECONDS / patience_seconds)
        caught += all_busy[step] * there
        before = step
    return caught
