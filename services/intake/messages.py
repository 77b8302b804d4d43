"""A message and its caller: come back to by four words, added to, erased.

Run by the bus like handlers. Whoever knows the words is its caller; there is nothing else to know
them by. The surprising thing: erasing ends the contact, so that nobody is offered what is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from contracts.envelope import Reply, done, refused
from contracts.programme import ProgrammeTerms
from contracts.text import Erasure
from contracts.vocabulary import Channel, LeaveReason, Outcome, Refusal
from services.bus.work import Work
from services.intake import keeping, message_clocks, message_codes, store, texts, threads
from services.intake.answers import TextTold
from services.intake.chats import Resuming
from services.intake.day_keys import DayKeys
from services.intake.domain import Ended, Life, Moved, leave
from services.intake.handlers import live_on
from services.intake.store import Contact
from services.intake.written import MayNot, write_as_caller


def contact_of(resuming: Resuming, keys: DayKeys, work: Work) -> Contact | None:
    """The message some words bring back to, locked, opened by another token from now on."""
    contact = message_codes.message_to_change(resuming.code, keys, work)
    if contact is not None:
        contact.token_sha256 = resuming.token_sha256
        threads.change_token(work.session, contact.contact_id, resuming.token_sha256)
    return contact


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class MessageShown:
    """A message with its answers, clear, as its caller's page shows it."""

    contact: Contact
    terms: ProgrammeTerms
    thread: tuple[TextTold, ...]
    now: datetime  #: of domain time

    @property
    def answer_by(self) -> datetime | None:
        """Until when the newest message is answered; None: it has been, or never will be."""
        asked_at = self.contact.unanswered_since
        return (
            None if asked_at is None else message_clocks.answered_by(asked_at, self.terms.writing)
        )

    @property
    def read_by(self) -> datetime | None:
        """Until when a human has read it; None: one has."""
        asked_at = self.contact.unread_since
        if asked_at is None:
            return None
        return message_clocks.first_reading_by(asked_at, self.terms.writing)

    @property
    def erased_by(self) -> datetime | None:
        """When it is erased at the latest; None while it goes on."""
        return keeping.erased_by(self.contact, self.terms)

    @property
    def is_late(self) -> bool:
        """Whether its answer was due and has not come."""
        return self.answer_by is not None and self.answer_by < self.now

    @property
    def is_over(self) -> bool:
        """Whether nothing can be added to it."""
        return isinstance(write_as_caller(self.contact.life, self.contact.channel), MayNot)


def show(session: Session, code: str, keys: DayKeys) -> MessageShown | None:
    """The message some words bring back to; None: they bring back to none."""
    contact_id = message_codes.contact_of(session, code, keys)
    found = None if contact_id is None else store.contact_and_terms(session, contact_id)
    if found is None:
        return None
    contact, terms = found
    thread = texts.thread(session, contact.contact_id, keys)
    return MessageShown(contact, terms, thread, store.moment(session))


# --- adding, erasing ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Adding:
    """Somebody with the words of a message writes on in it."""

    code: str = field(repr=False)
    text: str = field(repr=False)


def add(adding: Adding, keys: DayKeys, work: Work) -> Reply:
    """Keep what was added to a message, until it has ended."""
    contact = message_codes.message_to_change(adding.code, keys, work)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT, "code")
    writes = write_as_caller(contact.life, contact.channel)
    if isinstance(writes, MayNot):
        return refused(writes.why)
    return texts.keep(contact, texts.Written(writes, adding.text), keys, work)


def erase_by_code(code: str, keys: DayKeys, work: Work) -> Reply:
    """Erase a message and its answers by its words, which open nothing from then on."""
    contact = message_codes.message_to_change(code, keys, work)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT, "code")
    return done(contact.version, erase_of_caller(contact, keys, work))


def erase_of_caller(contact: Contact, keys: DayKeys, work: Work) -> Erasure:
    """Erase what was written in a locked contact, for its caller; asked again, how it stands."""
    erased = texts.erase(contact, None, keys, work)
    threads.forget_code(work.session, contact.contact_id)
    ended = _ended(contact)
    if ended is not None:
        live_on(contact, ended, work)
    return erased


def _ended(contact: Contact) -> Life | None:
    """How a contact ends whose caller erases it; None: it has ended.

    A message that was answered was; one that somebody was about to answer broke off.
    """
    written = contact.channel is Channel.MESSAGE
    match leave(contact.life, LeaveReason.CUT_OFF if written else LeaveReason.HUNG_UP):
        case Moved(Ended() as life):
            answered = written and contact.answers > 0 and life.person_id is not None
            return replace(life, outcome=Outcome.ANSWERED_IN_WRITING) if answered else life
        case _:
            return None
