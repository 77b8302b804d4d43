"""Ways out of a wait: offered by assignment, shown to who may go, taken by nobody but the caller.

The surprising thing: a yes is looked at against the contact's own row, locked. A take that was
recorded first wins, and the caller is told that somebody is there; a repeat gets its answer again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from sqlmodel import Session

from contracts.assignment import LineStaffed, WayOutOffered
from contracts.envelope import Reply, done, refused
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    ContactId,
    EndedBy,
    Outcome,
    Refusal,
    Sha256,
    Situation,
    WayOut,
)
from services.bus.work import Work
from services.intake import metrics, returns, store, threads
from services.intake.answers import ContactSeen, PartnerTold, PassTold
from services.intake.day_keys import DayKeys
from services.intake.domain import Ended, Talking, Unmoved, Waiting
from services.intake.handlers import live_on
from services.intake.ladder import ladder_told
from services.intake.seen import seen, told_now
from services.intake.waiting import (
    Moment,
    partner_to_go_to,
    situation_of,
    waits,
    way_out_standing,
)

_OUTCOMES: dict[WayOut, Outcome] = {
    WayOut.RETURN_PASS: Outcome.RETURN_PASS_GIVEN,
    WayOut.ANOTHER_LINE: Outcome.OVERFLOWED,
}


def on_way_out_offered(event: WayOutOffered, work: Work) -> None:
    """Show it, as long as the caller waits; over or unknown, it is counted and left.

    It may come before the word that a human has heard them: then it is shown with that word.
    """
    contact = store.contact_to_change(work.session, event.contact_id)
    if contact is None:
        metrics.record_unmoved(event.type_name(), "unknown_contact")
    elif isinstance(contact.life, Ended):
        metrics.record_unmoved(event.type_name(), Unmoved.OVER.value)
    else:
        threads.keep_way_out(work.session, contact.contact_id, event.way_out, event.valid_until)


def on_line_staffed(event: LineStaffed, work: Work) -> None:
    """The first person has come or the last has left: everybody who waits is told."""
    store.keep_duty(work.session, event.programme, event.staffed, event.since)
    threads.tell_waiting(work.session, event.programme)


@dataclass(frozen=True)
class Choice:
    """A caller's yes or no to a way out."""

    contact_id: ContactId
    token_sha256: Sha256
    way_out: WayOut
    accepts: bool


def answer_way_out(choice: Choice, keys: DayKeys, work: Work) -> Reply:
    """The caller has chosen. Whatever is refused leaves them in their place."""
    found = store.contact_to_leave(work.session, choice.contact_id)
    if found is None:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    contact, terms = found
    if not contact.is_opened_by(choice.token_sha256):
        return refused(Refusal.NOT_YOURS)
    if not choice.accepts:
        return _stay(contact, terms, work)
    match contact.life:
        case Ended() as life if _has_gone(life, choice):
            return done(contact.version)
        case Ended():
            return refused(Refusal.CONTACT_OVER)
        case Talking():
            return refused(Refusal.WRONG_STATE, "contact_id")
        case Waiting() if choice.way_out is WayOut.ANOTHER_LINE:
            return _go_to_another_line(contact, terms, work)
        case Waiting():
            return _go_with_pass(contact, terms, choice, (keys, work))
        case unexpected:
            assert_never(unexpected)


def _has_gone(life: Ended, choice: Choice) -> bool:
    """Whether it ended by this very choice."""
    return life.outcome is _OUTCOMES.get(choice.way_out) and life.stage is None


def _stay(contact: store.Contact, terms: ProgrammeTerms, work: Work) -> Reply:
    """No: what was offered is offered no more, and nothing else changes."""
    offered = way_out_standing(contact, terms, work.now)
    if offered is not None:
        contact.way_out_declined = True
        threads.decline_way_out(work.session, contact.contact_id)
        metrics.record_way_out(contact.programme, offered, "declined")
    return done(contact.version)


def _go_with_pass(
    contact: store.Contact, terms: ProgrammeTerms, choice: Choice, given_by: tuple[DayKeys, Work]
) -> Reply:
    keys, work = given_by
    stands = way_out_standing(contact, terms, work.now) is choice.way_out
    if not stands or choice.way_out is not WayOut.RETURN_PASS:
        return _not_offered(contact, choice.way_out)
    returns.give_pass(contact, terms, keys, work)
    return _gone(contact, WayOut.RETURN_PASS, work)


def _go_to_another_line(contact: store.Contact, terms: ProgrammeTerms, work: Work) -> Reply:
    """Only to a line that is open now, which the caller is then connected to, or told."""
    _, staffed = store.moment_and_duty(work.session, contact.programme)
    at = Moment(work.now, staffed)
    offered = way_out_standing(contact, terms, work.now) is WayOut.ANOTHER_LINE
    situation = situation_of(contact, terms, at)
    if not offered and (situation is not Situation.NOBODY_ON_DUTY or not waits(contact)):
        return _not_offered(contact, WayOut.ANOTHER_LINE)
    if contact.priority in returns.AT_RISK:
        return refused(Refusal.UNKNOWN_OFFER, "way_out")
    callers = store.callers_told(work.session, contact.programme, contact.programme_version)
    if partner_to_go_to(contact, terms, callers, at) is None:
        return refused(Refusal.RELAY_CLOSED, "way_out")
    return _gone(contact, WayOut.ANOTHER_LINE, work)


def _not_offered(contact: store.Contact, way_out: WayOut) -> Reply:
    """What was offered and counts no more is told apart from what never was."""
    over = contact.way_out is way_out
    return refused(Refusal.OFFER_OVER if over else Refusal.UNKNOWN_OFFER, "way_out")


def _gone(contact: store.Contact, way_out: WayOut, work: Work) -> Reply:
    live_on(contact, Ended(_OUTCOMES[way_out], EndedBy.CALLER), work)
    metrics.record_way_out(contact.programme, way_out, "taken")
    return done(contact.version)


# --- what they are told then ----------------------------------------------------------------------


@dataclass(frozen=True)
class Went:
    """What a caller has chosen, and where it leads; nothing of it is in a reply that is kept."""

    seen: ContactSeen
    timezone: str  #: of the line
    return_pass: PassTold | None = None
    partner: PartnerTold | None = None


def look_after(session: Session, choice: Choice, keys: DayKeys) -> Went | Refusal:
    """Where the caller is after a choice that was kept; a pass that was used is told no more."""
    found = store.contact_and_terms(session, choice.contact_id)
    if found is None:
        return Refusal.CONTACT_OVER
    contact, terms = found
    now = store.moment(session)
    went = Went(seen(contact, terms, told_now(session, contact)), terms.timezone)
    if not choice.accepts:
        return went
    if choice.way_out is WayOut.ANOTHER_LINE:
        return replace(went, partner=_line_they_went_to(session, contact, now))
    digits = returns.digits_shown(contact, keys, now)
    if digits is None or contact.pass_until is None:
        return Refusal.CONTACT_OVER
    return replace(went, return_pass=PassTold(digits=digits, valid_until=contact.pass_until))


def _line_they_went_to(
    session: Session, contact: store.Contact, now: datetime
) -> PartnerTold | None:
    """The line they chose; None when none is open any more."""
    offered = contact.way_out is WayOut.ANOTHER_LINE
    situation = Situation.ALL_BUSY if offered else Situation.NOBODY_ON_DUTY
    callers = store.callers_told(session, contact.programme, contact.programme_version)
    ladder = ladder_told(callers, situation, contact.channel, now)
    rungs = () if ladder is None else ladder.rungs
    return next((rung.partner for rung in rungs if rung.partner is not None), None)
