"""What is written in a contact: sealed, read, judged, erased. Run by the bus like handlers.

The only place where a text is clear: from a door's request to its seal, and from its seal to an
answer. It is in no reply that is kept, no log line, no error: replies here carry references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from sqlmodel import Session

from contracts.envelope import Reply, done, not_yet, refused
from contracts.text import EraseTexts, Erasure, JudgeFlag, TextSealed
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    ContactId,
    PersonId,
    Refusal,
    SealedId,
    Sha256,
    TextKind,
)
from services.bus.sealing import new_key
from services.bus.work import Work, new_id
from services.intake import chats, day_keys, message_clocks, metrics, sealed, store, threads
from services.intake.answers import TextKept, TextTold
from services.intake.day_keys import DayKeyGone, DayKeys, gone_by
from services.intake.domain import Ended
from services.intake.listening import Heard, hear, with_words_heard
from services.intake.seal import seal, unseal, unwrap, wrap
from services.intake.sealed import Sealed, WrappedKey
from services.intake.seen import told_now
from services.intake.waiting import WaitTold
from services.intake.written import (
    FOR_CALLERS,
    Human,
    MayNot,
    NotSeenYet,
    Writes,
    read_as_human,
    readable,
    write_after_end,
    write_as_caller,
    write_as_human,
)


@dataclass(frozen=True, repr=False)
class CallerWrites:
    """A caller wrote something. Its words are in no repr."""

    contact_id: ContactId
    token_sha256: Sha256
    text: str


@dataclass(frozen=True, repr=False)
class HumanWrites:
    """Somebody at a desk wrote something. Its words are in no repr."""

    contact_id: ContactId
    who: Human
    kind: TextKind
    text: str


def keep_of_caller(wrote: CallerWrites, keys: DayKeys, work: Work) -> Reply:
    """Seal what a caller wrote, until their contact has ended."""
    contact = store.contact_to_change(work.session, wrote.contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT)
    if not contact.is_opened_by(wrote.token_sha256):
        return refused(Refusal.NOT_YOURS)
    match write_as_caller(contact.life, contact.channel):
        case MayNot(why):
            return refused(why)
        case Writes() as writes:
            chats.come_back(contact, work)
            return keep(contact, Written(writes, wrote.text), keys, work)
        case unexpected:
            assert_never(unexpected)


def keep_of_human(wrote: HumanWrites, keys: DayKeys, work: Work) -> Reply:
    """Seal what somebody at a desk wrote."""
    contact = store.contact_to_change(work.session, wrote.contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT)
    who = wrote.who
    match _may_write(contact, wrote.kind, who, work.now):
        case MayNot(why):
            return refused(why)
        case NotSeenYet():
            return not_yet()
        case Writes(kind=TextKind.NOTE) as writes:
            if not threads.terms_of(work.session, contact).frame.keeps_notes:
                return refused(Refusal.WRONG_STATE, "kind")
            sealed.drop_notes(work.session, contact.contact_id, who.person_id)
            return keep(contact, Written(writes, wrote.text, who.person_id), keys, work)
        case Writes() as writes:
            if writes.kind is TextKind.CAPSULE:
                sealed.drop_capsule(work.session, contact.contact_id, writes.author)
            return keep(contact, Written(writes, wrote.text, who.person_id), keys, work)
        case unexpected:
            assert_never(unexpected)


def take_back_capsule(contact_id: ContactId, who: Human, work: Work) -> Reply:
    """Delete the capsule of who may write one: its caller has thought better of it."""
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT)
    match _may_write(contact, TextKind.CAPSULE, who, work.now):
        case MayNot(why):
            return refused(why)
        case NotSeenYet():
            return not_yet()
        case Writes() as writes:
            sealed.drop_capsule(work.session, contact_id, writes.author)
            return done()
        case unexpected:
            assert_never(unexpected)


def _may_write(
    contact: store.Contact, kind: TextKind, who: Human, now: datetime
) -> Writes | MayNot | NotSeenYet:
    if isinstance(contact.life, Ended) and contact.ended_at is not None:
        return write_after_end(contact.life, now - contact.ended_at, kind, who)
    return write_as_human(contact.life, contact.channel, kind, who)


@dataclass(frozen=True, repr=False)
class Written:
    """A text that may be kept, before it is sealed."""

    writes: Writes
    text: str
    person_id: PersonId | None = None  #: empty: the caller


def keep(contact: store.Contact, written: Written, keys: DayKeys, work: Work) -> Reply:
    """Seal a text of a locked contact and say so on the bus."""
    sealed_id = SealedId(new_id())
    key = _key_of(contact.contact_id, keys, work)
    heard = _listen(contact, written, keys, work)
    place = threads.add_to_texts(work.session, contact)
    kept = Sealed(
        sealed_id=sealed_id,
        contact_id=contact.contact_id,
        position=place,
        kind=written.writes.kind,
        author=written.writes.author,
        person_id=written.person_id,
        characters=len(written.text),
        sealed=seal(key, written.text, contact.contact_id, sealed_id),
        sealed_at=work.now,
        attention=heard.level,
        rule_ids=heard.rules,
    )
    sealed.add_text(work.session, kept)
    announced = TextSealed(
        sealed_id=sealed_id,
        contact_id=contact.contact_id,
        programme=contact.programme,
        channel=contact.channel,
        kind=kept.kind,
        author=kept.author,
        characters=kept.characters,
        position=place,
        sealed_at=work.now,
        attention=kept.attention,
        rule_ids=kept.rule_ids,
    )
    work.announce(announced, of=_Texts(contact.contact_id, contact.texts - 1))
    metrics.record_sealed(contact.programme, kept.kind, kept.author)
    if kept.kind is TextKind.MESSAGE:
        of_caller = kept.author is AuthorKind.CALLER
        (message_clocks.restart if of_caller else message_clocks.answer)(contact, work)
    return done(place, TextKept(sealed_id=sealed_id, position=place, sealed_at=work.now))


@dataclass
class _Texts:
    """The texts of a contact, as their facts count them: also after its end."""

    contact_id: ContactId
    version: int

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"texts:{self.contact_id}"


#: Lines of a chat that belong together, at the most.
_LISTENED_TO = 20


def _listen(contact: store.Contact, written: Written, keys: DayKeys, work: Work) -> Heard:
    """Before its seal, a caller's text is listened to, where the line has a clinical owner for it.

    It raises attention and nothing else; what it heard in earlier lines is not said again.
    """
    of_caller = written.writes.author is AuthorKind.CALLER
    if not of_caller or threads.terms_of(work.session, contact).writing.indicator_owner is None:
        return Heard()
    spoken = frozenset({written.writes.kind})
    newest = max(0, contact.ticks - 3 * _LISTENED_TO)  # moves and answers lie in between
    lines = sealed.texts_after(work.session, contact.contact_id, newest, spoken)
    told = _clear(work.session, contact.contact_id, lines, keys)
    before = [each.text for each in told if each.author is AuthorKind.CALLER][-_LISTENED_TO:]
    return hear(before, written.text)


def carry_capsule(of: ContactId, into: store.Contact, work: Work) -> None:
    """Seal anew, in the contact of who came back, what a human had left for it in the one before.

    Nothing in the two says that they belong together: other ids, another key.
    """
    keys = day_keys.from_environment()
    left = sealed.texts_after(work.session, of, 0, frozenset({TextKind.CAPSULE}))
    for told in _clear(work.session, of, left, keys):
        writes = Writes(TextKind.CAPSULE, told.author)
        keep(into, Written(writes, told.text), keys, work)


def _key_of(contact_id: ContactId, keys: DayKeys, work: Work) -> bytes:
    """The key of a contact, made with its first text; raises DayKeyGone, WrongKey."""
    known = sealed.key_of(work.session, contact_id)
    if known is not None:
        return unwrap(keys.of(known.day), known.wrapped, contact_id)
    day, day_key = keys.today(work.now)
    key = new_key()
    sealed.keep_key(work.session, WrappedKey(contact_id, wrap(day_key, key, contact_id), day))
    return key


# --- reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Looked:
    """What somebody may read now, clear, and where the contact is."""

    contact: store.Contact
    texts: tuple[TextTold, ...]
    told: WaitTold = field(default_factory=WaitTold)  #: callers only


def look_as_caller(
    session: Session, address: tuple[ContactId, Sha256], after: int, keys: DayKeys
) -> Looked | Refusal:
    """What was written to and fro after a position, for its caller."""
    contact_id, token_sha256 = address
    contact = store.contact_seen(session, contact_id)
    if contact is None:
        return Refusal.UNKNOWN_CONTACT
    if not contact.is_opened_by(token_sha256):
        return Refusal.NOT_YOURS
    if contact.channel is Channel.CHAT:
        threads.note_heard(session, contact_id)
    kept = sealed.texts_after(session, contact_id, after, FOR_CALLERS)
    return Looked(contact, _clear(session, contact_id, kept, keys), told_now(session, contact))


def look_as_human(
    session: Session, asked: tuple[ContactId, Human], after: int, keys: DayKeys
) -> Looked | Refusal | NotSeenYet:
    """Everything written after a position, for the human in the contact or a supervisor; that they
    read is kept first.
    """
    contact_id, who = asked
    contact = store.contact_seen(session, contact_id)
    if contact is None:
        return Refusal.UNKNOWN_CONTACT
    match read_as_human(contact.life, who):
        case MayNot(why):
            return why
        case NotSeenYet() as early:
            return early
        case None:
            kept = sealed.texts_after(session, contact_id, after, readable(who))
            clear = _clear(session, contact_id, kept, keys)
            if clear:
                sealed.add_reading(session, _reading(contact_id, who, clear))
            return Looked(contact, tuple(with_words_heard(each) for each in clear))
        case unexpected:
            assert_never(unexpected)


def _reading(contact_id: ContactId, who: Human, given: Sequence[TextTold]) -> sealed.Reading:
    return sealed.Reading(
        contact_id=contact_id,
        person_id=who.person_id,
        role=who.role,
        first=given[0].position,
        last=given[-1].position,
        texts=len(given),
    )


def thread(session: Session, contact_id: ContactId, keys: DayKeys) -> tuple[TextTold, ...]:
    """All that was written to and fro in a contact, in order, clear."""
    told: list[TextTold] = []
    while True:
        after = told[-1].position if told else 0
        kept = sealed.texts_after(session, contact_id, after, FOR_CALLERS)
        told += _clear(session, contact_id, kept, keys)
        if len(kept) < sealed.MOST_AT_ONCE or not told or told[-1].position == after:
            return tuple(told)


def _clear(
    session: Session, contact_id: ContactId, kept: Sequence[Sealed], keys: DayKeys
) -> tuple[TextTold, ...]:
    """Open what is sealed; what was erased while we looked is not there. Raises WrongKey."""
    wrapped = sealed.key_of(session, contact_id) if kept else None
    if wrapped is None:
        return ()
    try:
        key = unwrap(keys.of(wrapped.day), wrapped.wrapped, contact_id)
    except DayKeyGone:
        metrics.record_unopened()
        return ()
    return tuple(
        TextTold(
            sealed_id=each.sealed_id,
            position=each.position,
            kind=each.kind,
            author=each.author,
            sealed_at=each.sealed_at,
            text=unseal(key, each.sealed, contact_id, each.sealed_id),
            attention=each.attention,
            rule_ids=each.rule_ids,
        )
        for each in kept
    )


def hear_of_reading(contact_id: ContactId, work: Work) -> Reply:
    """A human is about to read a message; the first time, it is said."""
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        return refused(Refusal.UNKNOWN_CONTACT)
    message_clocks.read(contact, work)
    return done()


# --- what people at desks ask ---------------------------------------------------------------------


def judge_flag(command: JudgeFlag, work: Work) -> Reply:
    """Keep what a flag was found to be, by who is in the contact or supervises."""
    contact = _of_line(command.contact_id, work)
    if isinstance(contact, Refusal):
        return refused(contact, "contact_id")
    asker = work.command
    match read_as_human(contact.life, Human(asker.actor, asker.role)):
        case MayNot(why):
            return refused(why)
        case NotSeenYet():
            return not_yet()
        case None:
            flag = (command.contact_id, command.sealed_id)
            if not sealed.judge_flag(work.session, flag, command.outcome, asker.actor):
                return refused(Refusal.INVALID_FIELD, "sealed_id")
            metrics.record_flag(contact.programme, command.outcome)
            return done()
        case unexpected:
            assert_never(unexpected)


def erase_texts(command: EraseTexts, keys: DayKeys, work: Work) -> Reply:
    """Erase what was written; asked again, tell how it stands."""
    contact = _of_line(command.contact_id, work)
    if isinstance(contact, Refusal):
        return refused(contact, "contact_id")
    return done(contact.version, erase(contact, work.command.actor, keys, work))


def erase(contact: store.Contact, by: PersonId | None, keys: DayKeys, work: Work) -> Erasure:
    """Erase what was written in a locked contact, its key first; nobody (None) is its caller."""
    erased = sealed.erasure_of(work.session, contact.contact_id)
    count, day = sealed.erase(work.session, contact.contact_id)
    if erased is None or count:
        erased = sealed.ErasureRow(
            contact_id=contact.contact_id,
            erased_at=work.now,
            asked_by=by,
            texts=count + (0 if erased is None else erased.texts),
            day=day or (None if erased is None else erased.day),
        )
        erased = work.session.merge(erased)
        metrics.record_erased(contact.programme, count)
    return _erasure(erased, keys, work.now)


def _erasure(row: sealed.ErasureRow, keys: DayKeys, now: datetime) -> Erasure:
    """How far an erasure has come: into the backups once the day's key and its copies are gone."""
    until = None if row.day is None else gone_by(row.day)
    readable = until is not None and row.day is not None and (now < until or keys.exists(row.day))
    return Erasure(
        sealed=row.texts, erased_at=row.erased_at, in_backups_until=until if readable else None
    )


def _of_line(contact_id: ContactId, work: Work) -> store.Contact | Refusal:
    contact = store.contact_to_change(work.session, contact_id)
    if contact is None:
        return Refusal.UNKNOWN_CONTACT
    return contact if contact.programme == work.command.programme else Refusal.NOT_IN_PROGRAMME
