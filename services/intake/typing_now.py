"""Who is writing at this moment: told to the other side, never what, and kept nowhere.

One row for each side of a talk, in a table that a crash empties and no backup holds; it goes with
the end of the contact. A caller's page asks for its own talk, a console for all of them at once.
The surprising thing: moments here are the machine's, of Postgres, because a key that is pressed is
no matter of the helpline's time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Text
from sqlmodel import Field, Session

from contracts.vocabulary import Channel, ContactId, Refusal, Sha256, TextKind
from services.bus.driver import ask
from services.intake import store
from services.intake.answers import CallerWritingTold, TypingTold
from services.intake.rows import Row
from services.intake.written import Human, MayNot, NotSeenYet, write_as_caller, write_as_human

#: How long a sign stands, and how old it must be before another is written: at most one row is
#: written in so long for each side, however often they press a key.
_STANDS = "8 seconds"
_WRITTEN_AGAIN_AFTER = "3 seconds"


class TypingRow(Row, table=True):
    """One side of a talk was writing a moment ago."""

    __tablename__ = "typing"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - as SQLAlchemy wants it

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    of_caller: bool = Field(sa_column=Column(Boolean, primary_key=True))
    number: int  #: signs given so far
    until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


_NOTE = f"""
    INSERT INTO intake.typing AS known (contact_id, of_caller, number, until)
    VALUES (%(contact_id)s, %(of_caller)s, 1, clock_timestamp() + interval '{_STANDS}')
    ON CONFLICT (contact_id, of_caller) DO UPDATE
        SET number = known.number + 1, until = excluded.until
        WHERE known.until < excluded.until - interval '{_WRITTEN_AGAIN_AFTER}'
"""  # noqa: S608 - constants of ours
_HUMAN = """
    SELECT number, until > clock_timestamp() AS now FROM intake.typing
    WHERE contact_id = %(contact_id)s AND NOT of_caller
"""
_CALLERS = """
    SELECT contact_id, contact.person_id, typing.number
    FROM intake.typing JOIN intake.contact USING (contact_id)
    WHERE typing.until > clock_timestamp() AND of_caller AND contact.person_id IS NOT NULL
"""


def note_caller(session: Session, address: tuple[ContactId, Sha256]) -> Refusal | None:
    """A caller is writing in their chat; or why that cannot be."""
    contact_id, token_sha256 = address
    contact = store.contact_seen(session, contact_id)
    if contact is None:
        return Refusal.UNKNOWN_CONTACT
    if not contact.is_opened_by(token_sha256):
        return Refusal.NOT_YOURS
    writes = write_as_caller(contact.life, contact.channel)
    if isinstance(writes, MayNot):
        return writes.why
    return _note(session, contact, of_caller=True)


def note_human(session: Session, contact_id: ContactId, who: Human) -> Refusal | None:
    """The human in a chat is writing; nobody else is shown to its caller."""
    contact = store.contact_seen(session, contact_id)
    if contact is None:
        return Refusal.UNKNOWN_CONTACT
    writes = write_as_human(contact.life, contact.channel, TextKind.LINE, who)
    if isinstance(writes, MayNot):
        return writes.why
    if isinstance(writes, NotSeenYet):
        return Refusal.NOT_YOURS
    return _note(session, contact, of_caller=False)


def _note(session: Session, contact: store.Contact, *, of_caller: bool) -> Refusal | None:
    if contact.channel is not Channel.CHAT:
        return Refusal.WRONG_STATE
    ask(session, _NOTE, {"contact_id": contact.contact_id, "of_caller": of_caller})
    return None


def human_in(session: Session, contact_id: ContactId) -> TypingTold:
    """How the human in a chat is shown to its caller."""
    row = ask(session, _HUMAN, {"contact_id": contact_id}).fetchone()
    return TypingTold(number=0 if row is None else row.number, now=row is not None and row.now)


def callers(session: Session) -> tuple[datetime, tuple[CallerWritingTold, ...]]:
    """Domain time, and every caller who was writing a moment ago to a human."""
    rows: list[Any] = ask(session, _CALLERS, {}).fetchall()
    found = tuple(
        CallerWritingTold(contact_id=row.contact_id, person_id=row.person_id, number=row.number)
        for row in rows
    )
    return store.moment(session), found


def forget(session: Session, contact_id: ContactId) -> None:
    """Nobody writes in a contact that has ended."""
    ask(
        session,
        "DELETE FROM intake.typing WHERE contact_id = %(contact_id)s",
        {"contact_id": contact_id},
    )
