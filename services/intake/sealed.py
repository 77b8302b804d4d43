"""Tables of what is written in contacts, and small functions named by intent. No commit is made.

Nothing here can be read without the key of a day, which is not in this database. Who has read is
kept as long as the contact's row, longer than what was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Column, DateTime, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session

from contracts.vocabulary import (
    Attention,
    AuthorKind,
    ContactId,
    FlagOutcome,
    PersonId,
    Role,
    SealedId,
    TextKind,
)
from services.bus.driver import ask, only
from services.intake.store import Row


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ContactKeyRow(Row, table=True):
    """The key of a contact, wrapped by that of a day."""

    __tablename__ = "contact_key"

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    wrapped: bytes = Field(sa_type=LargeBinary)
    day: date = Field(index=True)


class SealedTextRow(Row, table=True):
    """One text, sealed. What the indicator made of it names rules and no word of it."""

    __tablename__ = "sealed_text"
    __table_args__ = (UniqueConstraint("contact_id", "position"),)

    sealed_id: SealedId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    position: int
    kind: TextKind = Field(sa_type=Text)
    author: AuthorKind = Field(sa_type=Text)
    person_id: PersonId | None = Field(default=None, sa_type=Text)  #: empty: the caller
    characters: int
    sealed: bytes = Field(sa_type=LargeBinary)
    sealed_at: datetime = _moment()
    attention: Attention = Field(default=Attention.NONE, sa_type=Text)
    rule_ids: list[str] = Field(sa_column=Column(JSONB, nullable=False))


class FlagRow(Row, table=True):
    """What a human found a flag to be. It outlives the text: rules are judged by it."""

    __tablename__ = "text_flag"

    sealed_id: SealedId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text, index=True)
    attention: Attention = Field(sa_type=Text)
    rule_ids: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    outcome: FlagOutcome | None = Field(default=None, sa_type=Text)
    judged_by: PersonId | None = Field(default=None, sa_type=Text)
    judged_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class ReadingRow(Row, table=True):
    """Somebody at a desk was given texts of a contact."""

    __tablename__ = "text_reading"
    __table_args__ = (Index("text_reading_of", "contact_id"),)

    number: int | None = Field(default=None, primary_key=True)
    contact_id: ContactId = Field(sa_type=Text)
    person_id: PersonId = Field(sa_type=Text)
    role: Role = Field(sa_type=Text)
    read_at: datetime = _moment()
    first_position: int
    last_position: int
    texts: int


class ErasureRow(Row, table=True):
    """The texts of a contact were erased; `day` is of the key that still opens backups of them."""

    __tablename__ = "text_erasure"

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    erased_at: datetime = _moment()
    asked_by: PersonId | None = Field(default=None, sa_type=Text)  #: empty: the caller
    texts: int
    day: date | None = None


# --- keys -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WrappedKey:
    """The key of a contact as it is kept."""

    contact_id: ContactId
    wrapped: bytes
    day: date


def key_of(session: Session, contact_id: ContactId) -> WrappedKey | None:
    """The wrapped key of a contact, if anything was written in it and is kept."""
    row = ask(
        session,
        "SELECT contact_id, wrapped, day FROM intake.contact_key WHERE contact_id = %(id)s",
        {"id": contact_id},
    ).fetchone()
    return None if row is None else WrappedKey(*row)


def keep_key(session: Session, key: WrappedKey) -> None:
    """Keep the key of a contact; it replaces one wrapped by an older day."""
    ask(
        session,
        """
        INSERT INTO intake.contact_key (contact_id, wrapped, day)
        VALUES (%(contact_id)s, %(wrapped)s, %(day)s)
        ON CONFLICT (contact_id) DO UPDATE SET wrapped = excluded.wrapped, day = excluded.day
        """,
        vars(key),
    )


def keys_before(session: Session, day: date, most: int) -> Sequence[WrappedKey]:
    """Keys wrapped by days before this one, the oldest first, locked.

    What another sweep has in hand is left to it.
    """
    rows = ask(
        session,
        """
        SELECT contact_id, wrapped, day FROM intake.contact_key WHERE day < %(day)s
        ORDER BY day, contact_id LIMIT %(most)s FOR UPDATE SKIP LOCKED
        """,
        {"day": day, "most": most},
    )
    return [WrappedKey(*row) for row in rows]


def days_in_use(session: Session) -> frozenset[date]:
    """Days whose key still opens something."""
    return frozenset(row.day for row in ask(session, "SELECT DISTINCT day FROM intake.contact_key"))


# --- texts ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """A text as it is kept."""

    sealed_id: SealedId
    contact_id: ContactId
    position: int
    kind: TextKind
    author: AuthorKind
    person_id: PersonId | None
    characters: int
    sealed: bytes
    sealed_at: datetime
    attention: Attention = Attention.NONE
    rule_ids: tuple[str, ...] = ()


_ADD = """
    INSERT INTO intake.sealed_text (sealed_id, contact_id, position, kind, author, person_id,
        characters, sealed, sealed_at, attention, rule_ids)
    VALUES (%(sealed_id)s, %(contact_id)s, %(position)s, %(kind)s, %(author)s, %(person_id)s,
        %(characters)s, %(sealed)s, %(sealed_at)s, %(attention)s, %(rules)s)
"""
_TEXTS = """
    SELECT sealed_id, contact_id, position, kind, author, person_id, characters, sealed, sealed_at,
        attention, rule_ids
    FROM intake.sealed_text
    WHERE contact_id = %(contact_id)s AND position > %(after)s AND kind = ANY(%(kinds)s)
    ORDER BY position LIMIT %(most)s
"""
#: Texts given at once; who reads on asks again after the last one.
MOST_AT_ONCE = 100


def add_text(session: Session, text: Sealed) -> None:
    """Keep a sealed text, and its flag when the indicator spoke."""
    ask(session, _ADD, {**vars(text), "rules": Jsonb(list(text.rule_ids))})
    if text.rule_ids:
        ask(
            session,
            """
            INSERT INTO intake.text_flag (sealed_id, contact_id, attention, rule_ids)
            VALUES (%(sealed_id)s, %(contact_id)s, %(attention)s, %(rules)s)
            """,
            {**vars(text), "rules": Jsonb(list(text.rule_ids))},
        )


def drop_notes(session: Session, contact_id: ContactId, person_id: PersonId) -> None:
    """Delete the note of a person in a contact: the newest takes its place, whole."""
    ask(
        session,
        """
        DELETE FROM intake.sealed_text WHERE contact_id = %(contact_id)s AND kind = 'note'
            AND person_id = %(person_id)s
        """,
        {"contact_id": contact_id, "person_id": person_id},
    )


def drop_capsule(session: Session, contact_id: ContactId, author: AuthorKind) -> None:
    """Delete the capsule of one side of a contact: the newest takes its place, or none does."""
    ask(
        session,
        """
        DELETE FROM intake.sealed_text WHERE contact_id = %(contact_id)s AND kind = 'capsule'
            AND author = %(author)s
        """,
        {"contact_id": contact_id, "author": author},
    )


def texts_after(
    session: Session, contact_id: ContactId, after: int, kinds: frozenset[TextKind]
) -> Sequence[Sealed]:
    """Texts of these kinds after a position, in order, `MOST_AT_ONCE` of them at the most."""
    asked = {
        "contact_id": contact_id,
        "after": after,
        "kinds": [kind.value for kind in kinds],
        "most": MOST_AT_ONCE,
    }
    return [_sealed(row) for row in ask(session, _TEXTS, asked)]


def _sealed(row: Any) -> Sealed:
    return Sealed(
        sealed_id=row.sealed_id,
        contact_id=row.contact_id,
        position=row.position,
        kind=TextKind(row.kind),
        author=AuthorKind(row.author),
        person_id=row.person_id,
        characters=row.characters,
        sealed=bytes(row.sealed),
        sealed_at=row.sealed_at,
        attention=Attention(row.attention),
        rule_ids=tuple(row.rule_ids),
    )


_ADD_READING = """
    INSERT INTO intake.text_reading (contact_id, person_id, role, read_at, first_position,
        last_position, texts)
    VALUES (%(contact_id)s, %(person_id)s, %(role)s, public.helpline_now(), %(first)s, %(last)s,
        %(texts)s)
"""


@dataclass(frozen=True)
class Reading:
    """Somebody at a desk is about to be given texts."""

    contact_id: ContactId
    person_id: PersonId
    role: Role
    first: int  #: position of the first text
    last: int
    texts: int


def add_reading(session: Session, reading: Reading) -> None:
    """Keep who reads."""
    ask(session, _ADD_READING, vars(reading))


def judge_flag(
    session: Session, flag: tuple[ContactId, SealedId], outcome: FlagOutcome, by: PersonId
) -> bool:
    """Keep what a human found a flag to be, the last word counts; False when there is no flag."""
    contact_id, sealed_id = flag
    found = ask(
        session,
        """
        UPDATE intake.text_flag SET outcome = %(outcome)s, judged_by = %(by)s,
            judged_at = public.helpline_now()
        WHERE sealed_id = %(sealed_id)s AND contact_id = %(contact_id)s
        """,
        {"sealed_id": sealed_id, "contact_id": contact_id, "outcome": outcome, "by": by},
    )
    return found.rowcount == 1


# --- erasure and retention ------------------------------------------------------------------------


def erase(session: Session, contact_id: ContactId) -> tuple[int, date | None]:
    """Delete the key of a contact, then its texts: how many, and whose day's key had wrapped it."""
    asked = {"contact_id": contact_id}
    key = ask(
        session,
        "DELETE FROM intake.contact_key WHERE contact_id = %(contact_id)s RETURNING day",
        asked,
    ).fetchone()
    gone = ask(session, "DELETE FROM intake.sealed_text WHERE contact_id = %(contact_id)s", asked)
    return gone.rowcount, None if key is None else key.day


def erasure_of(session: Session, contact_id: ContactId) -> ErasureRow | None:
    """The erasure of a contact, if it was asked for."""
    return session.get(ErasureRow, contact_id)


_SWEEP_TEXTS = """
    DELETE FROM intake.sealed_text AS sealed USING intake.contact AS contact
    WHERE contact.contact_id = sealed.contact_id AND contact.programme = %(programme)s
        AND contact.programme_version = %(version)s
        AND contact.ended_at < CASE sealed.kind WHEN 'message' THEN %(written_before)s
            ELSE %(chat_before)s END
"""
_SWEEP_KEYS = """
    DELETE FROM intake.contact_key AS key USING intake.contact AS contact
    WHERE contact.contact_id = key.contact_id AND contact.programme = %(programme)s
        AND contact.programme_version = %(version)s AND contact.ended_at < %(chat_before)s
        AND NOT EXISTS (SELECT 1 FROM intake.sealed_text AS sealed
            WHERE sealed.contact_id = key.contact_id)
"""


_SWEEP_CODES = """
    UPDATE intake.contact SET code_hash = NULL
    WHERE code_hash IS NOT NULL AND channel = 'message' AND programme = %(programme)s
        AND programme_version = %(version)s AND ended_at < %(written_before)s
"""


@dataclass(frozen=True)
class Kept:
    """What a version of a line keeps: ended before these moments (UTC), it goes."""

    programme: str
    version: int
    chat_before: datetime
    written_before: datetime
    contact_before: datetime


def sweep_texts(session: Session, kept: Kept) -> int:
    """Delete texts kept long enough, keys and codes that open nothing any more: how many texts."""
    gone = ask(session, _SWEEP_TEXTS, vars(kept)).rowcount
    ask(session, _SWEEP_KEYS, vars(kept))
    ask(session, _SWEEP_CODES, vars(kept))
    return gone


def sweep_contacts(session: Session, kept: Kept, most: int) -> int:
    """Delete rows of contacts kept long enough, and all that is kept of them: how many, at most."""
    statement = """
        WITH old AS (
            SELECT contact_id FROM intake.contact
            WHERE programme = %(programme)s AND programme_version = %(version)s
                AND ended_at < %(contact_before)s
            ORDER BY ended_at LIMIT %(most)s
        ), texts AS (DELETE FROM intake.sealed_text WHERE contact_id IN (SELECT * FROM old)
        ), keys AS (DELETE FROM intake.contact_key WHERE contact_id IN (SELECT * FROM old)
        ), flags AS (DELETE FROM intake.text_flag WHERE contact_id IN (SELECT * FROM old)
        ), readings AS (DELETE FROM intake.text_reading WHERE contact_id IN (SELECT * FROM old)
        ), typing AS (DELETE FROM intake.typing WHERE contact_id IN (SELECT * FROM old)
        ), erasures AS (DELETE FROM intake.text_erasure WHERE contact_id IN (SELECT * FROM old)
        ), gone AS (
            DELETE FROM intake.contact WHERE contact_id IN (SELECT * FROM old)
            RETURNING contact_id
        )
        SELECT count(*) AS contacts FROM gone
    """
    return int(only(ask(session, statement, {**vars(kept), "most": most})).contacts)
