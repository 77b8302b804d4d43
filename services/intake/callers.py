"""What a caller's side does at the door: open a contact, leave it, look where it is.

Run by the bus like handlers, once for each key. A contact is addressed by its capability, of which
only the hash is here: its id alone, which desks and events carry, opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from sqlmodel import Session

from contracts.contact import ContactOpened
from contracts.envelope import Contract, Reply, ReplyStatus, done, refused
from contracts.programme import ProgrammeTerms
from contracts.synthetic import is_reserved
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LeaveReason,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    Sha256,
    Situation,
    Stage,
)
from services.bus.work import Work, new_id
from services.intake import (
    chats,
    day_keys,
    message_codes,
    messages,
    metrics,
    store,
    texts,
    threads,
)
from services.intake.answers import ContactSeen, DoorClosed, LadderTold, LineSeen, PassTold
from services.intake.codes import WORDS_TO, hash_of_words
from services.intake.domain import Ended, Life, Moved, Talking, Unchanged, Waiting
from services.intake.handlers import live_on
from services.intake.ladder import ladder_told
from services.intake.looking import line_seen
from services.intake.numbers import holds
from services.intake.returns import AT_RISK, Back, Reached, ReturnKeys, Way, digits_shown, find_way
from services.intake.seen import seen, told_now
from services.intake.terms import Admitted, Closed, NotServed, admit
from services.intake.waiting import Moment, WaitTold, situation_of
from services.intake.written import Writes, write_as_caller


@dataclass(frozen=True)
class Arrival:
    """Someone is at the door."""

    programme: ProgrammeId
    channel: Channel
    language: LanguageCode
    token_sha256: Sha256  #: of the capability that will address the contact
    text: str | None = field(default=None, repr=False)  #: what they write at once
    code: str | None = field(default=None, repr=False)  #: the words that bring back to a chat
    back: Back = field(default_factory=Back)  #: with what they come back
    next_token: str | None = field(default=None, repr=False)  #: with which they may the next time
    return_keys: ReturnKeys | None = field(default=None, repr=False)


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
            if is_reserved(arrival.programme) and store.somebody_waits(work.session):
                return refused(Refusal.CALLERS_FIRST)
            if arrival.channel is Channel.MESSAGE and arrival.text is None:
                return refused(Refusal.INVALID_FIELD, "text")
            contact = _open(arrival, line, first_stage, work)
            at = Moment(work.now, line.staffed)
            situation = situation_of(contact, terms, at)
            return done(contact.version, seen(contact, terms, WaitTold(situation)))
        case unexpected:
            assert_never(unexpected)


def _open(arrival: Arrival, line: store.Line, first_stage: Stage, work: Work) -> store.Contact:
    came_with = _return_hashes(arrival, arrival.back.token, work)
    reached = Reached(arrival.programme, arrival.channel)
    way = find_way(arrival.back, reached, came_with, work)
    contact = _contact(arrival, line, _return_hashes(arrival, arrival.next_token, work), work)
    contact.life = Waiting(_line_for(arrival.channel, first_stage, way))
    contact.priority = way.priority or _priority_of(arrival.channel)
    if arrival.code is not None:
        contact.code_hash = _hash_of_code(arrival.code, arrival.channel, work)
    opened = ContactOpened(
        contact_id=contact.contact_id,
        programme=contact.programme,
        programme_version=contact.programme_version,
        channel=arrival.channel,
        language=arrival.language,
        first_stage=contact.life.line,
        opened_at=work.now,
        priority=contact.priority,
        in_front=way.in_front,
        waiting_since=way.waiting_since,
        sought=way.sought,
        slowed=way.slowed,
    )
    work.announce(opened, of=contact)
    store.add_contact(work.session, contact, arrival.language)
    if arrival.channel is Channel.CHAT:
        work.set_deadline(chats.SILENT, contact.contact_id, work.now + chats.SILENT_AFTER)
    _bring_along(arrival, contact, way, work)
    metrics.record_opened(arrival.programme, arrival.channel)
    if way.name is not None:
        metrics.record_way(arrival.programme, way.name)
    return contact


def _hash_of_code(code: str, channel: Channel, work: Work) -> str:
    """What is kept of the words that bring back: as long as there is something to come back to."""
    keys = day_keys.from_environment()
    if channel is Channel.MESSAGE:
        return message_codes.hash_anew(code, keys, work)
    _, day_key = keys.today(work.now)
    return hash_of_words(day_key, code)


def _return_hashes(arrival: Arrival, token: str | None, work: Work) -> tuple[str, ...]:
    """What is kept of a return token, first, and what was kept of it yesterday."""
    if token is None or arrival.return_keys is None:
        return ()
    return arrival.return_keys.hashes(f"{arrival.programme} {token}", work.now)


def _contact(
    arrival: Arrival, line: store.Line, hashes: tuple[str, ...], work: Work
) -> store.Contact:
    return store.Contact(
        contact_id=ContactId(new_id()),
        programme=arrival.programme,
        programme_version=line.version,
        channel=arrival.channel,
        token_sha256=arrival.token_sha256,
        opened_at=work.now,
        life=Waiting(Stage.LISTENER),
        language=arrival.language,
        return_hash=hashes[0] if hashes else None,
        heard_at=work.now if arrival.channel is Channel.CHAT else None,
    )


def _line_for(channel: Channel, first_stage: Stage, way: Way) -> Stage:
    """A message is read and answered by a listener; who was triaged before need not be again."""
    return Stage.LISTENER if channel is Channel.MESSAGE or way.skips_regulator else first_stage


def _priority_of(channel: Channel) -> Priority | None:
    """A message waits for hours where a voice waits for minutes: voices first, until a human has
    read it and says otherwise.
    """
    return Priority.P4 if channel is Channel.MESSAGE else None


def _bring_along(arrival: Arrival, contact: store.Contact, way: Way, work: Work) -> None:
    """Seal what they write at once, and what a human left for their coming back."""
    if way.capsule_of is not None:
        texts.carry_capsule(way.capsule_of, contact, work)
    writes = write_as_caller(contact.life, contact.channel)
    if arrival.text is not None and isinstance(writes, Writes):
        texts.keep(contact, texts.Written(writes, arrival.text), day_keys.from_environment(), work)


@dataclass(frozen=True)
class LineLooked:
    """A line, and what its door says of it when the ground is away."""

    seen: LineSeen
    fault: LadderTold | None
    terms: ProgrammeTerms
    moment: datetime  #: of domain time, at which it was looked at
    nobody: bool  #: nobody is on duty; a line nobody has spoken of is not said to be so


@dataclass(frozen=True)
class LineShown:
    """A line as its own page shows it."""

    looked: LineLooked
    crowded: bool  #: somebody has waited so long for a voice or a line that all are busy


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
    contact.cut_off = departure.reason is LeaveReason.CUT_OFF
    resume = timedelta(minutes=terms.writing.chat_resume_minutes)
    match chats.leaving(contact.life, contact.channel, departure.reason, resume):
        case chats.Held(for_long):
            chats.hold(contact, for_long, work)
        case Moved(life):
            live_on(contact, _with_pass(contact, life), work)
        case Unchanged(why):
            metrics.record_unmoved("leave", why.value)
        case unexpected:
            assert_never(unexpected)
    return done(contact.version, seen(contact, terms, WaitTold()))


def _with_pass(contact: store.Contact, life: Life) -> Life:
    """Who was given a pass by a human and goes has been answered so.

    Not who was found at risk afterwards: nobody at risk is sent away with a pass, and theirs, which
    still brings them back in front, is not what they were answered.
    """
    if contact.pass_until is None or contact.priority in AT_RISK:
        return life
    if isinstance(life, Ended) and life.person_id is not None:
        return replace(life, outcome=Outcome.RETURN_PASS_GIVEN)
    return life


def resume_contact(resuming: chats.Resuming, work: Work) -> Reply:
    """Give a chat or a message back to whoever knows its words."""
    keys = day_keys.from_environment()
    by_code = messages if len(resuming.code.split()) == WORDS_TO[Channel.MESSAGE] else chats
    contact = by_code.contact_of(resuming, keys, work)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT, "code")
    terms = threads.terms_of(work.session, contact)
    situation = told_now(work.session, contact).situation
    return done(contact.version, seen(contact, terms, WaitTold(situation)))


def erase_contact(address: tuple[ContactId, Sha256], keys: day_keys.DayKeys, work: Work) -> Reply:
    """The caller erases what was written in their contact, which is over with it."""
    contact_id, token_sha256 = address
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    if not contact.is_opened_by(token_sha256):
        return refused(Refusal.NOT_YOURS)
    return done(contact.version, messages.erase_of_caller(contact, keys, work))


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
    if contact.channel is Channel.CHAT:
        threads.note_heard(session, contact_id)
    return seen(contact, terms, told_now(session, contact))


def look_at_pass(
    session: Session, contact_id: ContactId, person_id: PersonId, keys: day_keys.DayKeys
) -> PassTold | Refusal:
    """The digits of a pass, for the human who was in the contact."""
    contact = store.contact_seen(session, contact_id)
    if contact is None:
        return Refusal.UNKNOWN_CONTACT
    life = contact.life
    holder = life.take.person_id if isinstance(life, Talking) else None
    if person_id != (life.person_id if isinstance(life, Ended) else holder):
        return Refusal.NOT_YOURS
    digits = digits_shown(contact, keys, store.moment(session))
    if digits is None or contact.pass_until is None:
        return Refusal.WRONG_STATE
    return PassTold(digits=digits, valid_until=contact.pass_until)


def look_at_line(session: Session, programme: ProgrammeId) -> LineLooked | Refusal:
    """A line as anyone may see it, at this moment of domain time."""
    line, moment = store.line_and_moment(session, programme)
    return Refusal.UNKNOWN_PROGRAMME if line is None else _looked(line, moment)


def look_at_number(
    session: Session, numbers: Collection[str], moment: datetime | None = None
) -> LineLooked | Refusal:
    """The line one of these numbers leads to at `moment` (without one, now), as it was or is then.

    Of a moment before we knew the line, as it was first told to us.
    """
    lines, at = store.lines_and_moment(session, numbers, moment)
    line = next((each for each in lines if holds(each.callers, numbers, at)), None)
    if line is not None and moment is not None:
        line = replace(line, staffed=None)  # who is there now says nothing of then
    return Refusal.UNKNOWN_PROGRAMME if line is None else _looked(line, at)


def _looked(line: store.Line, moment: datetime) -> LineLooked:
    fault = ladder_told(line.callers, Situation.PLATFORM_FAULT, Channel.PHONE, None)
    nobody = line.staffed is False
    return LineLooked(line_seen(line, moment), fault, line.terms, moment, nobody)


def look_at_lines(session: Session) -> tuple[LineLooked, ...]:
    """Every line in force at this moment, by its name."""
    lines, moment = store.lines_in_force(session)
    named = sorted(lines, key=lambda line: line.terms.name)
    return tuple(_looked(line, moment) for line in named)


def show_line(session: Session, programme: ProgrammeId) -> LineShown | Refusal:
    """A line as its own page shows it, at this moment of domain time."""
    looked = look_at_line(session, programme)
    if isinstance(looked, Refusal):
        return looked
    waits_long = timedelta(seconds=looked.terms.times.all_busy_after_seconds)
    crowded = threads.somebody_waits_since(session, programme, looked.moment - waits_long)
    return LineShown(looked, crowded)


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
