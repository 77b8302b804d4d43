"""What a caller's side does at the door: open a contact, leave it, look where it is.

Run by the bus like handlers, once for each key. A contact is addressed by its capability, of which
only the hash is here: its id alone, which desks and events carry, opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlmodel import Session

from contracts.contact import ContactOpened
from contracts.envelope import Contract, Reply, ReplyStatus, done, refused
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LeaveReason,
    ProgrammeId,
    Refusal,
    Sha256,
    Situation,
    Stage,
)
from services.bus.work import Work, new_id
from services.intake import metrics, store
from services.intake.answers import ContactSeen, DoorClosed, LadderTold, LineSeen
from services.intake.domain import Moved, Unchanged, Waiting, leave, state_of
from services.intake.handlers import live_on
from services.intake.ladder import ladder_told
from services.intake.looking import line_seen
from services.intake.numbers import holds
from services.intake.terms import Admitted, Closed, NotServed, admit


@dataclass(frozen=True)
class Arrival:
    """Someone is at the door."""

    programme: ProgrammeId
    channel: Channel
    language: LanguageCode
    token_sha256: Sha256  #: of the capability that will address the contact


def open_contact(arrival: Arrival, work: Work) -> Reply:
    """Open a contact, unless the line does not serve the channel or its door is closed."""
    line = store.line_in_force(work.session, arrival.programme, work.now)
    if line is None:
        return refused(Refusal.UNKNOWN_PROGRAMME, "programme")
    terms = line.terms
    match admit(terms, arrival.channel, work.now):
        case NotServed():
            return refused(Refusal.CHANNEL_NOT_SERVED, "channel")
        case Closed() as closed:
            ladder = ladder_told(line.callers, Situation.CLOSED, arrival.channel, work.now)
            return _refused_with(Refusal.CLOSED, _door_closed(closed, terms, ladder))
        case Admitted(first_stage):
            contact = _open(arrival, line, first_stage, work)
            return done(contact.version, _seen(contact, terms))
        case unexpected:
            assert_never(unexpected)


def _open(arrival: Arrival, line: store.Line, first_stage: Stage, work: Work) -> store.Contact:
    contact = store.Contact(
        contact_id=ContactId(new_id()),
        programme=arrival.programme,
        programme_version=line.version,
        channel=arrival.channel,
        token_sha256=arrival.token_sha256,
        opened_at=work.now,
        life=Waiting(first_stage),
    )
    opened = ContactOpened(
        contact_id=contact.contact_id,
        programme=contact.programme,
        programme_version=contact.programme_version,
        channel=arrival.channel,
        language=arrival.language,
        first_stage=first_stage,
        opened_at=work.now,
    )
    work.announce(opened, of=contact)
    store.add_contact(work.session, contact, arrival.language)
    metrics.record_opened(arrival.programme, arrival.channel)
    return contact


@dataclass(frozen=True)
class LineLooked:
    """A line, and what its door says of it when the ground is away."""

    seen: LineSeen
    fault: LadderTold | None


@dataclass(frozen=True)
class Departure:
    """The caller's side of a contact ended."""

    contact_id: ContactId
    token_sha256: Sha256
    reason: LeaveReason


def leave_contact(departure: Departure, work: Work) -> Reply:
    """The caller left. Leaving a contact that has ended is fine and changes nothing."""
    found = store.contact_to_leave(work.session, departure.contact_id)
    if found is None:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    contact, terms = found
    if not contact.is_opened_by(departure.token_sha256):
        return refused(Refusal.NOT_YOURS)
    match leave(contact.life, departure.reason):
        case Moved(life):
            live_on(contact, life, work)
        case Unchanged(why):
            metrics.record_unmoved("leave", why.value)
        case unexpected:
            assert_never(unexpected)
    return done(contact.version, _seen(contact, terms))


def look_at_contact(
    session: Session, contact_id: ContactId, token_sha256: Sha256
) -> ContactSeen | Refusal:
    """A contact as its caller may see it, or why they may not."""
    found = store.contact_and_terms(session, contact_id)
    if found is None:
        return Refusal.UNKNOWN_CONTACT
    contact, terms = found
    if not contact.is_opened_by(token_sha256):
        return Refusal.NOT_YOURS
    return _seen(contact, terms)


def look_at_line(session: Session, programme: ProgrammeId) -> LineLooked | Refusal:
    """A line as anyone may see it, at this moment of domain time."""
    line, moment = store.line_and_moment(session, programme)
    return Refusal.UNKNOWN_PROGRAMME if line is None else _looked(line, moment)


def look_at_number(
    session: Session, number: str, moment: datetime | None = None
) -> LineLooked | Refusal:
    """The line a number leads to at `moment` (without one, now), as it was or is then."""
    lines, at = store.lines_and_moment(session, number, moment)
    line = next((each for each in lines if holds(each.callers, number, at)), None)
    return Refusal.UNKNOWN_PROGRAMME if line is None else _looked(line, at)


def _looked(line: store.Line, moment: datetime) -> LineLooked:
    fault = ladder_told(line.callers, Situation.PLATFORM_FAULT, Channel.PHONE, None)
    return LineLooked(line_seen(line, moment), fault)


def _seen(contact: store.Contact, terms: ProgrammeTerms) -> ContactSeen:
    """A contact as its caller may see it."""
    return ContactSeen(
        contact_id=contact.contact_id,
        programme=contact.programme,
        channel=contact.channel,
        state=state_of(contact.life),
        opened_at=contact.opened_at,
        ended_at=contact.ended_at,
        country=terms.country,
        emergency_numbers=terms.emergency_numbers,
    )


def _door_closed(closed: Closed, terms: ProgrammeTerms, ladder: LadderTold | None) -> DoorClosed:
    """When the door opens, and who is there until then."""
    return DoorClosed(
        opens_at=closed.opens_at,
        timezone=terms.timezone,
        country=terms.country,
        emergency_numbers=terms.emergency_numbers,
        ladder=ladder,
    )


def _refused_with(why: Refusal, told: Contract) -> Reply:
    return Reply(status=ReplyStatus.REFUSED, refusal=why, result=told.model_dump(mode="json"))
