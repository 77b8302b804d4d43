"""What somebody who waits is told: why nobody has answered yet, and what they may choose instead.

Pure. The surprising thing: a way out that ends the wait is shown only where it was offered, to who
was heard by a human and is not at risk; whoever is at risk stays in line even when nobody is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.ladder import CallerTerms
from contracts.opening import is_open
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, Priority, Situation, Stage, WayOut
from services.intake.answers import LadderTold, PartnerTold, RungTold, WayOutTold
from services.intake.domain import Waiting
from services.intake.ladder import ladder_told, ladder_while_waiting
from services.intake.returns import AT_RISK, pass_until
from services.intake.store import Contact

#: Whom a way out may be shown to: a human has heard them and found so.
_MAY_GO = frozenset({Priority.P3, Priority.P4, Priority.P5})
#: A pass worth less than this is none. Assumed.
_TIME_TO_COME_BACK = timedelta(minutes=30)


@dataclass(frozen=True)
class Moment:
    """When a caller's wait is looked at, and whether anybody is on duty for the line."""

    now: datetime  #: UTC, domain time
    staffed: bool | None  #: None = nobody has said


@dataclass(frozen=True)
class WaitTold:
    """What somebody who waits is told beside where they are."""

    situation: Situation | None = None
    ladder: LadderTold | None = None
    way_out: WayOutTold | None = None


def waits(contact: Contact) -> bool:
    """Whether its caller is there and waits. Who wrote a message has gone, and is answered."""
    return isinstance(contact.life, Waiting) and contact.channel is not Channel.MESSAGE


def way_out_standing(contact: Contact, terms: ProgrammeTerms, now: datetime) -> WayOut | None:
    """The way out a yes would count for at `now`; None when there is none (any more).

    Priority and line are looked at anew: a human may have found otherwise since it was offered. No
    pass is worth anything to who could not come back before the door closes.
    """
    listened_for = waits(contact) and contact.life == Waiting(Stage.LISTENER)
    may_go = listened_for and contact.priority in _MAY_GO
    if not may_go or contact.way_out_declined or contact.way_out_until is None:
        return None
    stands = now <= contact.way_out_until
    useless = contact.way_out is WayOut.RETURN_PASS and not _time_to_come_back(contact, terms, now)
    return contact.way_out if stands and not useless else None


def _time_to_come_back(contact: Contact, terms: ProgrammeTerms, now: datetime) -> bool:
    until = pass_until(terms, contact.channel, now)
    return is_open(terms.timetable, contact.channel, now) and until - now >= _TIME_TO_COME_BACK


def situation_of(contact: Contact, terms: ProgrammeTerms, at: Moment) -> Situation | None:
    """Why nobody answers a caller; None when they do not wait, or somebody soon will."""
    if not waits(contact):
        return None
    if at.staffed is False:
        return Situation.NOBODY_ON_DUTY
    waited = at.now - (contact.waits_since or contact.opened_at)
    long = waited >= timedelta(seconds=terms.times.all_busy_after_seconds)
    offered = way_out_standing(contact, terms, at.now)
    return Situation.ALL_BUSY if long or offered is not None else None


def wait_told(
    contact: Contact, terms: ProgrammeTerms, callers: CallerTerms, at: Moment
) -> WaitTold:
    """What a caller is told of their wait."""
    situation, now = situation_of(contact, terms, at), at.now
    if situation is None:
        return WaitTold()
    offered = way_out_standing(contact, terms, now)
    busy = ladder_told(callers, Situation.ALL_BUSY, contact.channel, now)
    way_out = None if offered is None else _way_out_told(contact, busy, offered)
    if situation is Situation.ALL_BUSY:
        shown = None if way_out is None else way_out.way_out
        return WaitTold(situation, ladder_while_waiting(busy, shown), way_out)
    if contact.priority in AT_RISK:
        return WaitTold(situation)
    return WaitTold(situation, ladder_told(callers, situation, contact.channel, now), way_out)


def _way_out_told(contact: Contact, busy: LadderTold | None, offered: WayOut) -> WayOutTold | None:
    """How it is offered; None when the line has no such rung, or no line it leads to is open."""
    rung = _rung(busy, offered)
    if rung is None or contact.way_out_until is None:
        return None
    return WayOutTold(
        way_out=offered,
        valid_until=contact.way_out_until,
        partner=rung.partner,
        wordings=rung.wordings,
    )


def _rung(ladder: LadderTold | None, way_out: WayOut) -> RungTold | None:
    rungs = () if ladder is None else ladder.rungs
    return next((rung for rung in rungs if rung.way_out is way_out), None)


def partner_to_go_to(
    contact: Contact, terms: ProgrammeTerms, callers: CallerTerms, at: Moment
) -> PartnerTold | None:
    """The other line that is open and the caller may choose; None: there is none.

    While nobody is on duty the ladder leads to it whoever is not at risk; else it must be offered.
    """
    told = wait_told(contact, terms, callers, at)
    if told.way_out is not None and told.way_out.way_out is WayOut.ANOTHER_LINE:
        return told.way_out.partner
    if told.situation is not Situation.NOBODY_ON_DUTY or told.ladder is None:
        return None
    return next((rung.partner for rung in told.ladder.rungs if rung.partner is not None), None)
