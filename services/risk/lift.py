"""Who may lift anonymity, and when one may alone.

Two people and a reason. With a life at stake and no second answer in a minute one regulator,
supervisor or duty professional goes alone, and somebody else reviews it within a day (DESIGN 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.vocabulary import PersonId, ProgrammeId, Refusal, Role
from services.risk.domain import Asker, ContactKnown, MayNot

ALONE_AFTER = timedelta(seconds=60)
REVIEW_WITHIN = timedelta(hours=24)
_MAY_GO_ALONE = frozenset({Role.REGULATOR, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


class LiftState(StrEnum):
    """Where a lift is."""

    ASKED = "asked"
    AGREED = "agreed"
    SHOWING = "showing"  #: the edge is being asked, for one person
    SHOWN = "shown"
    REFUSED = "refused"


@dataclass(frozen=True)
class Lift:
    """A lift as it is."""

    programme: ProgrammeId
    asked_by: PersonId
    asked_as: Role
    asked_at: datetime
    life_at_stake: bool
    state: LiftState = LiftState.ASKED
    agreed_by: PersonId | None = None
    alone: bool = False
    reviewed: bool = False


def alone_from(by: Asker, life_at_stake: bool, now: datetime) -> datetime | None:
    """From when who asks may decide alone; None: never."""
    if not life_at_stake or by.role not in _MAY_GO_ALONE:
        return None
    return now + ALONE_AFTER


def may_ask(by: Asker, contact: ContactKnown) -> MayNot | None:
    """Why somebody may not ask; None when they may: in the contact, or beside it."""
    if contact.programme not in (None, by.programme):
        return MayNot(Refusal.NOT_IN_PROGRAMME, "contact_id")
    elsewhere = bool(contact.holders) and by.person_id not in contact.holders
    if elsewhere and by.role in (Role.LISTENER, Role.REGULATOR):
        return MayNot(Refusal.NOT_YOURS, "contact_id")
    return None


@dataclass(frozen=True)
class Agreed:
    """It may be shown; `review_by` when one decided alone."""

    alone: bool
    review_by: datetime | None = None


@dataclass(frozen=True)
class Refused:
    """The second person said no."""


def judge_lift(lift: Lift, by: Asker, agree: bool, now: datetime) -> Agreed | Refused | MayNot:
    """Judge the second person's word, or the first one's when no second has come."""
    if lift.programme != by.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    if lift.state is not LiftState.ASKED:
        return MayNot(Refusal.WRONG_STATE)
    if not agree:
        return Refused()
    if by.person_id != lift.asked_by:
        return Agreed(alone=False)
    first = Asker(lift.asked_by, by.role, lift.programme)
    alone_at = alone_from(first, lift.life_at_stake, lift.asked_at)
    if alone_at is None or now < alone_at:
        return MayNot(Refusal.SECOND_PERSON_NEEDED)
    return Agreed(alone=True, review_by=now + REVIEW_WITHIN)


def may_see(lift: Lift, by: Asker) -> MayNot | None:
    """Why somebody may not be shown it now; None when they may: once, of those who decided."""
    if lift.programme != by.programme or by.person_id not in (lift.asked_by, lift.agreed_by):
        return MayNot(Refusal.NOT_YOURS)
    return None if lift.state is LiftState.AGREED else MayNot(Refusal.WRONG_STATE)


def may_review(lift: Lift, by: Asker) -> MayNot | None:
    """Why somebody may not review it; None when they may: not who decided it alone."""
    if lift.programme != by.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    if not lift.alone or lift.reviewed:
        return MayNot(Refusal.WRONG_STATE)
    return MayNot(Refusal.SECOND_PERSON_NEEDED) if by.person_id == lift.asked_by else None
