"""Rest between contacts, and the pause after missed offers. Source: judge/score.py, DESIGN 7, 10.

The surprising thing: the clock of rest starts at the end of the wrap-up, not of the talk, and a
pause as long as a break counts as one, whatever it was for.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from contracts.vocabulary import LiveStateReason
from services.assignment.domain import Rules, seconds


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """What rest depends on for one person on duty."""

    #: Contacts in a row without a break, the current or last one included.
    consecutive_contacts: int = 0
    #: End of the last wrap-up; None = no contact yet.
    wrapped_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """No contact before `until`."""

    until: datetime
    reason: LiveStateReason


@dataclass(frozen=True, slots=True)
class Paused:
    """Offers stop until the person comes back by themselves; the coordinator sees it."""

    reason: LiveStateReason = LiveStateReason.TWO_MISSED_OFFERS


@dataclass(frozen=True, slots=True)
class StillReady:
    """Offers go on; so many were missed in a row."""

    missed_offers: int


AfterMissedOffer: TypeAlias = Paused | StillReady


def load_when_taken(load: LiveLoad, now: datetime, rules: Rules) -> LiveLoad:
    """The load once a contact is taken at `now`: one more in a row, or the first after a break."""
    wrapped_up = load.wrapped_up_at
    rested = wrapped_up is not None and now - wrapped_up >= seconds(rules.break_seconds)
    return replace(load, consecutive_contacts=1 if rested else load.consecutive_contacts + 1)


def load_when_wrapped_up(load: LiveLoad, wrapped_up_at: datetime) -> LiveLoad:
    """The load once the wrap-up is over."""
    return replace(load, wrapped_up_at=wrapped_up_at)


def is_rest_due(load: LiveLoad, hard: bool, rules: Rules) -> bool:
    """Whether the contact just ended is followed by rest, known before the wrap-up is over."""
    return hard or load.consecutive_contacts >= rules.consecutive_contacts_max


def rest_after(load: LiveLoad, hard: bool, rules: Rules) -> Rest | None:
    """Rest owed after a contact, counted from the end of its wrap-up; None = none owed.

    Raises ValueError when the wrap-up is not over: the rest has no end yet.
    """
    if not is_rest_due(load, hard, rules):
        return None
    if load.wrapped_up_at is None:
        raise ValueError("rest is counted from the end of the wrap-up, which is not known")
    several = load.consecutive_contacts >= rules.consecutive_contacts_max
    span = max(
        rules.rest_after_hard_seconds if hard else 0,
        rules.break_seconds if several else 0,
    )
    reason = LiveStateReason.REST_AFTER_HARD if hard else LiveStateReason.REST_AFTER_SEVERAL
    return Rest(load.wrapped_up_at + seconds(span), reason)


def after_missed_offer(missed_before: int, rules: Rules) -> AfterMissedOffer:
    """What a missed offer means after `missed_before` others in a row (0 or more)."""
    missed = missed_before + 1
    return Paused() if missed >= rules.missed_offers_before_pause else StillReady(missed)
