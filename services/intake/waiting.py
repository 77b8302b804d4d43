"""What somebody who waits is told: why nobody has answered yet, and what they may choose instead.

Pure. The surprising thing: a way out that ends the wait is shown only where it was offered, to who
was heard by a human and is not at risk; whoever is at risk stays in line even when nobody is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.ladder import CallerTerms
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, Priority, Situation, Stage, WayOut
from services.intake.answers import LadderTold, PartnerTold, RungTold, WayOutTold
from services.intake.domain import Waiting
from services.intake.ladder import ladder_told, ladder_while_waiting
from services.intake.returns import AT_RISK
from services.intake.store import Contact

#: Whom a way out may be shown to: a human has heard them and found so.
_MAY_GO = frozenset({Priority.P3, Priority.P4, Priority.P5})


@dataclass(frozen=True)
class Moment:
    """When a caller's wait is looked at, and whether anybody is on duty for the line."""

    now: datetime  #: UTC, domain time
    staffed: bool | None  #: None = nobody has said


@dataclass(frozen=True)
class WaitTold:
    """What somebody who waits is told beside where they are."""

    ladder: LadderTold | None = None
    way_out: WayOutTold | None = None


def waits(contact: Contact) -> bool:
    """Whether its caller is there and waits. Who wrote a message has gone, and is answered."""
    return isinstance(contact.life, Waiting) and contact.channel is not Channel.MESSAGE


def way_out_standing(contact: Contact, now: datetime) -> WayOut | None:
    """The way out a yes would count for at `now`; None when there is none (any more).

    Priority and line are looked at anew: a human may have found otherwise since it was offered.
    """
    listened_for = waits(contact) and contact.life == Waiting(Stage.LISTENER)
    may_go = listened_for and contact.priority in _MAY_GO
    if not may_go or contact.way_out_declined or contact.way_out_until is None:
        return None
    return contact.way_out if now <= contact.way_out_until else None


def situation_of(contact: Contact, terms: ProgrammeTerms, at: Moment) -> Situation | None:
    """Why nobody answers a caller; None when they do not wait, or somebody soon will."""
    if not waits(contact):
        return None
    if at.staffed is False:
        return Situation.NOBODY_ON_DUTY
    waited = at.now - (contact.waits_since or contact.opened_at)
    long = waited >= timedelta(seconds=terms.times.all_busy_after_seconds)
    return Situation.ALL_BUSY if long or way_out_standing(contact, at.now) else None


def wait_told(
    contact: Contact, situation: Situation | None, callers: CallerTerms, now: datetime
) -> WaitTold:
    """What a caller in this situation is told at `now`."""
    if situation is None:
        return WaitTold()
    offered = way_out_standing(contact, now)
    busy = ladder_told(callers, Situation.ALL_BUSY, contact.channel, now)
    way_out = None if offered is None else _way_out_told(contact, busy, offered)
    if situation is Situation.ALL_BUSY:
        shown = None if way_out is None else way_out.way_out
        return WaitTold(ladder_while_waiting(busy, shown), way_out)
    if contact.priority in AT_RISK:
        return WaitTold(LadderTold(situation=situation, wordings=(), rungs=()))
    return WaitTold(ladder_told(callers, situation, contact.channel, now), way_out)


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
    contact: Contact, situation: Situation | None, callers: CallerTerms, now: datetime
) -> PartnerTold | None:
    """The other line that is open at `now` and the caller may choose; None: there is none.

    While nobody is on duty the ladder leads to it whoever is not at risk; else it must be offered.
    """
    told = wait_told(contact, situation, callers, now)
    if told.way_out is not None and told.way_out.way_out is WayOut.ANOTHER_LINE:
        return told.way_out.partner
    if situation is not Situation.NOBODY_ON_DUTY or told.ladder is None:
        return None
    return next((rung.partner for rung in told.ladder.rungs if rung.partner is not None), None)
