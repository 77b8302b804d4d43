"""A person on duty as their own history tells: what they do, in which role, which rest is owed.

Recomputed from facts alone (DESIGN 7 and 10), for I13: rest follows a contact said to be hard, and
several contacts in a row without a break; its clock starts at the end of the wrap-up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.assignment import LiveStateEntered, OfferTaken
from contracts.programme import RestRules
from contracts.vocabulary import LiveState, LiveStateReason, Role, Stage


@dataclass(frozen=True, slots=True)
class Person:
    """Moments are domain time."""

    person_id: str
    state: LiveState = LiveState.OFF_DUTY
    role: Role | None = None
    in_a_row: int = 0  #: contacts listened to without a break, the last one included
    wrapped_up_at: datetime | None = None
    rest_until: datetime | None = None


def after_take(person: Person, taken: OfferTaken, rest: RestRules | None) -> Person:
    """One more contact in a row, or the first after a pause as long as a break."""
    if taken.stage is not Stage.LISTENER:
        return person
    wrapped_up, pause = person.wrapped_up_at, _break_of(rest)
    had_break = wrapped_up is not None and taken.taken_at - wrapped_up >= pause
    return replace(person, in_a_row=1 if had_break else person.in_a_row + 1)


def after_entering(person: Person, entered: LiveStateEntered, rest: RestRules | None) -> Person:
    """What the person does from now on; at the end of a wrap-up, which rest they are owed."""
    person = replace(person, state=entered.state, role=entered.role)
    if entered.previous is not LiveState.WRAPPING_UP:
        return person
    owed = timedelta()
    if rest is not None and person.in_a_row >= rest.max_consecutive_contacts:
        owed = _break_of(rest)
    if rest is not None and entered.reason is LiveStateReason.REST_AFTER_HARD:
        owed = max(owed, timedelta(seconds=rest.after_hard_seconds))
    until = entered.entered_at + owed
    if entered.state is LiveState.RESTING and entered.until is not None:
        until = max(until, entered.until)
    return replace(person, wrapped_up_at=entered.entered_at, rest_until=until)


def _break_of(rest: RestRules | None) -> timedelta:
    return timedelta.max if rest is None else timedelta(seconds=rest.break_seconds)
