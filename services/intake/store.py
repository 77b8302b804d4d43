"""Tables of intake, and small functions named by intent. No commit is made here."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, assert_never

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, MetaData, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from contracts.ladder import CallerTerms
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import (
    Channel,
    ContactId,
    ContactState,
    EndedBy,
    LanguageCode,
    Nature,
    OfferId,
    Outcome,
    PersonId,
    ProgrammeId,
    RulesVersion,
    Sha256,
    Stage,
)
from services.bus.driver import ask, only
from services.intake.domain import Ended, Life, Take, Talking, Waiting, state_of


class Row(SQLModel, registry=registry(metadata=MetaData(schema="intake"))):
    """A table of intake's own schema."""


tables = Row.metadata


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _count() -> Any:
    return Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))


class ContactRow(Row, table=True):
    """One contact. `version` counts what was announced of it."""

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN state = 'ended'"
            " THEN num_nulls(outcome, nature, ended_by, ended_at) = 0"
            " ELSE num_nonnulls(outcome, nature, ended_by, ended_at) = 0 END",
            name="ended_wholly_or_not",
        ),
        CheckConstraint(
            "state NOT IN ('with_regulator', 'with_listener') OR offer_id IS NOT NULL",
            name="held_by_an_offer",
        ),
        Index("contact_ended", "programme", "programme_version", "ended_at"),
    )

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    programme_version: int
    channel: Channel = Field(sa_type=Text)
    language: LanguageCode = Field(sa_type=Text)
    token_sha256: Sha256 = Field(sa_type=Text)  #: the token itself is told once and kept nowhere
    state: ContactState = Field(sa_type=Text)
    opened_at: datetime = _moment()
    stage: Stage | None = Field(default=None, sa_type=Text)  #: of the human it is, or was, with
    person_id: PersonId | None = Field(default=None, sa_type=Text)
    offer_id: OfferId | None = Field(default=None, sa_type=Text)
    taken_at: datetime | None = _moment(nullable=True)
    ended_at: datetime | None = _moment(nullable=True)
    outcome: Outcome | None = Field(default=None, sa_type=Text)
    nature: Nature | None = Field(default=None, sa_type=Text)
    ended_by: EndedBy | None = Field(default=None, sa_type=Text)
    version: int = 0
    ticks: int = _count()  #: moves of the contact and texts in it; who follows asks for newer ones
    texts: int = _count()  #: written in it so far, erased ones too


class ProgrammeRow(Row, table=True):
    """One version of a line; it never changes. `version` is that of the line and its events."""

    __tablename__ = "programme_version"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, default=0)
    effective_at: datetime = _moment()
    manifest_sha256: Sha256 = Field(sa_type=Text)
    author: PersonId = Field(sa_type=Text)
    rules_version: RulesVersion = Field(sa_type=Text)
    terms: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    callers: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"programme:{self.programme}"

    def read_terms(self) -> ProgrammeTerms:
        """The terms as a value."""
        return ProgrammeTerms.model_validate(self.terms)

    def read_callers(self) -> CallerTerms:
        """What callers are told, as a value."""
        return CallerTerms.model_validate(self.callers)


# --- contacts -------------------------------------------------------------------------------------
# Statements are in the driver's own words: to build one costs more than to run it.


@dataclass
class Contact:
    """A contact as found; `version` counts what was announced of it."""

    contact_id: ContactId
    programme: ProgrammeId
    programme_version: int
    channel: Channel
    token_sha256: Sha256
    opened_at: datetime
    life: Life
    ended_at: datetime | None = None
    version: int = 0
    ticks: int = 0
    texts: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"contact:{self.contact_id}"

    def is_opened_by(self, token_sha256: Sha256) -> bool:
        """Whether this is the hash of the contact's own capability."""
        return hmac.compare_digest(self.token_sha256, token_sha256)


_ADD = """
    INSERT INTO intake.contact (contact_id, programme, programme_version, channel, language,
        token_sha256, state, opened_at, version)
    VALUES (%(contact_id)s, %(programme)s, %(programme_version)s, %(channel)s, %(language)s,
        %(token_sha256)s, %(state)s, %(opened_at)s, %(version)s)
"""
_CONTACT_SEEN = "SELECT * FROM intake.contact WHERE contact_id = %(contact_id)s"
_ADD_TO_TEXTS = """
    UPDATE intake.contact SET ticks = ticks + 1, texts = texts + 1
    WHERE contact_id = %(contact_id)s RETURNING ticks, texts
"""
_TICKS = "SELECT contact_id, ticks FROM intake.contact WHERE contact_id = ANY(%(contact_ids)s)"
_CONTACT_TO_CHANGE = "SELECT * FROM intake.contact WHERE contact_id = %(contact_id)s FOR UPDATE"
#: A version of a line never changes: what is read of it beside the lock is what stands.
_CONTACT_AND_TERMS = """
    SELECT contact.*, line.terms::text AS terms FROM intake.contact
    JOIN intake.programme_version AS line ON line.programme = contact.programme
        AND line.version = contact.programme_version
    WHERE contact_id = %(contact_id)s
"""
_CONTACT_TO_LEAVE = f"{_CONTACT_AND_TERMS} FOR UPDATE OF contact"
_MOVE = """
    UPDATE intake.contact SET state = %(state)s, stage = %(stage)s, person_id = %(person_id)s,
        offer_id = %(offer_id)s, taken_at = %(taken_at)s, ticks = ticks + 1
    WHERE contact_id = %(contact_id)s
"""
_END = """
    UPDATE intake.contact SET state = %(state)s, stage = %(stage)s, person_id = %(person_id)s,
        ended_at = %(ended_at)s, outcome = %(outcome)s, nature = %(nature)s,
        ended_by = %(ended_by)s, version = %(version)s, ticks = ticks + 1
    WHERE contact_id = %(contact_id)s
"""


def add_contact(session: Session, contact: Contact, language: LanguageCode) -> None:
    """Keep a contact that was just opened."""
    ask(
        session,
        _ADD,
        {
            "contact_id": contact.contact_id,
            "programme": contact.programme,
            "programme_version": contact.programme_version,
            "channel": contact.channel,
            "language": language,
            "token_sha256": contact.token_sha256,
            "state": state_of(contact.life),
            "opened_at": contact.opened_at,
            "version": contact.version,
        },
    )


def contact_to_change(session: Session, contact_id: ContactId) -> Contact | None:
    """A contact, locked until the end of the transaction."""
    row = ask(session, _CONTACT_TO_CHANGE, {"contact_id": contact_id}).fetchone()
    return None if row is None else _contact(row)


def contact_seen(session: Session, contact_id: ContactId) -> Contact | None:
    """A contact to look at."""
    row = ask(session, _CONTACT_SEEN, {"contact_id": contact_id}).fetchone()
    return None if row is None else _contact(row)


def add_to_texts(session: Session, contact: Contact) -> int:
    """Count one more text of a locked contact; return its place among all that happened in it."""
    row = only(ask(session, _ADD_TO_TEXTS, {"contact_id": contact.contact_id}))
    contact.ticks, contact.texts = row.ticks, row.texts
    return contact.ticks


def ticks_of(session: Session, contact_ids: Sequence[ContactId]) -> dict[ContactId, int]:
    """How much has happened in each of these contacts; those that are gone are not there."""
    rows = ask(session, _TICKS, {"contact_ids": list(contact_ids)})
    return {row.contact_id: row.ticks for row in rows}


def contact_to_leave(
    session: Session, contact_id: ContactId
) -> tuple[Contact, ProgrammeTerms] | None:
    """A contact, locked, with the terms it began with and keeps."""
    row = ask(session, _CONTACT_TO_LEAVE, {"contact_id": contact_id}).fetchone()
    return None if row is None else (_contact(row), _read_terms(row.terms))


def contact_and_terms(
    session: Session, contact_id: ContactId
) -> tuple[Contact, ProgrammeTerms] | None:
    """A contact to look at, with the terms it began with and keeps."""
    row = ask(session, _CONTACT_AND_TERMS, {"contact_id": contact_id}).fetchone()
    return None if row is None else (_contact(row), _read_terms(row.terms))


def move(session: Session, contact_id: ContactId, life: Waiting | Talking) -> None:
    """Keep where a locked contact waits, or who is in it."""
    held = life.take if isinstance(life, Talking) else None
    ask(
        session,
        _MOVE,
        {
            "contact_id": contact_id,
            "state": state_of(life),
            "stage": None if held is None else held.stage,
            "person_id": None if held is None else held.person_id,
            "offer_id": None if held is None else held.offer_id,
            "taken_at": None if held is None else held.taken_at,
        },
    )


def end(session: Session, contact: Contact, life: Ended) -> None:
    """Keep how a locked contact ended, and that it was announced."""
    ask(
        session,
        _END,
        {
            "contact_id": contact.contact_id,
            "state": state_of(life),
            "stage": life.stage,
            "person_id": life.person_id,
            "ended_at": contact.ended_at,
            "outcome": life.outcome,
            "nature": life.nature,
            "ended_by": life.ended_by,
            "version": contact.version,
        },
    )


def _contact(row: Any) -> Contact:
    return Contact(
        contact_id=row.contact_id,
        programme=row.programme,
        programme_version=row.programme_version,
        channel=Channel(row.channel),
        token_sha256=row.token_sha256,
        opened_at=row.opened_at,
        life=_life(row),
        ended_at=row.ended_at,
        version=row.version,
        ticks=row.ticks,
        texts=row.texts,
    )


def _life(row: Any) -> Life:
    match ContactState(row.state):
        case ContactState.WAITING_REGULATOR:
            return Waiting(Stage.REGULATOR)
        case ContactState.WAITING_LISTENER:
            return Waiting(Stage.LISTENER)
        case ContactState.WITH_REGULATOR:
            return Talking(Take(Stage.REGULATOR, row.offer_id, row.person_id, row.taken_at))
        case ContactState.WITH_LISTENER:
            return Talking(Take(Stage.LISTENER, row.offer_id, row.person_id, row.taken_at))
        case ContactState.ENDED:
            stage = None if row.stage is None else Stage(row.stage)
            ended_by, nature = EndedBy(row.ended_by), Nature(row.nature)
            return Ended(Outcome(row.outcome), ended_by, nature, stage, row.person_id)
        case unexpected:
            assert_never(unexpected)


# --- lines ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A version of a line that is in force."""

    programme: ProgrammeId
    version: int
    terms: ProgrammeTerms
    callers: CallerTerms


@lru_cache(maxsize=64)
def _read_terms(terms: str) -> ProgrammeTerms:
    """Read the terms of a version; every contact of it asks for the same words."""
    return ProgrammeTerms.model_validate_json(terms)


@lru_cache(maxsize=64)
def _read_callers(callers: str) -> CallerTerms:
    return CallerTerms.model_validate_json(callers)


def _line(row: Any) -> Line:
    return Line(row.programme, row.version, _read_terms(row.terms), _read_callers(row.callers))


def newest_line(session: Session, programme: ProgrammeId) -> ProgrammeRow | None:
    """The newest version of a line, in force or not yet, locked against a second newest."""
    statement = (
        select(ProgrammeRow)
        .where(ProgrammeRow.programme == programme)  # type: ignore[arg-type] # a column
        .order_by(ProgrammeRow.version.desc())  # type: ignore[attr-defined] # a column
        .limit(1)
        .with_for_update()
    )
    return session.execute(statement).scalar_one_or_none()


_LINE_IN_FORCE = """
    SELECT programme, version, terms::text AS terms, callers::text AS callers
    FROM intake.programme_version WHERE programme = %(programme)s
        AND effective_at <= %(moment)s ORDER BY version DESC LIMIT 1
"""
#: Of each line that has had one of these numbers in any version, the one in force, or to come.
_LINES_WITH = """
    SELECT DISTINCT ON (programme) programme, version, terms::text AS terms,
        callers::text AS callers
    FROM intake.programme_version
    WHERE (effective_at <= %(moment)s OR %(to_come)s) AND programme IN (
        SELECT programme FROM intake.programme_version, jsonb_array_elements(callers -> 'numbers')
            AS held WHERE held ->> 'number' = ANY(%(numbers)s))
    ORDER BY programme, version DESC
"""
_CALLERS = """
    SELECT callers::text AS callers FROM intake.programme_version
    WHERE programme = %(programme)s AND version = %(version)s
"""
_VERSIONS = """
    SELECT programme, version, terms::text AS terms, callers::text AS callers
    FROM intake.programme_version WHERE programme = %(programme)s ORDER BY version
"""
_NOW = "SELECT public.helpline_now() AS now"
_NOW_AND_LINE = """
    SELECT public.helpline_now() AS now,
        (SELECT programme FROM intake.contact WHERE contact_id = %(contact_id)s) AS programme
"""


def line_in_force(session: Session, programme: ProgrammeId, moment: datetime) -> Line | None:
    """The newest version of a line whose time has come; an older one never comes back."""
    asked = {"programme": programme, "moment": moment}
    row = ask(session, _LINE_IN_FORCE, asked).fetchone()
    return None if row is None else _line(row)


def versions_of(session: Session, programme: ProgrammeId) -> Sequence[Line]:
    """Every version of a line, the oldest first."""
    rows = ask(session, _VERSIONS, {"programme": programme})
    return [_line(row) for row in rows]


def moment_and_line_of(
    session: Session, contact_id: ContactId
) -> tuple[datetime, ProgrammeId | None]:
    """Domain time, for who looks and does not work, and the line of a contact if it is known."""
    row = only(ask(session, _NOW_AND_LINE, {"contact_id": contact_id}))
    return row.now, row.programme


def line_and_moment(session: Session, programme: ProgrammeId) -> tuple[Line | None, datetime]:
    """The line in force, and the domain time at which it was looked at."""
    moment: datetime = only(ask(session, _NOW, {})).now
    return line_in_force(session, programme, moment), moment


def lines_with(
    session: Session, numbers: list[str], moment: datetime, *, to_come: bool = True
) -> list[Line]:
    """Lines that have had one of these numbers: their newest version, or that in force then."""
    asked = {"numbers": numbers, "moment": moment, "to_come": to_come}
    return [_line(row) for row in ask(session, _LINES_WITH, asked)]


def lines_and_moment(
    session: Session, number: str, moment: datetime | None
) -> tuple[list[Line], datetime]:
    """Lines in force at a moment (now without one) that have had a number, and the moment."""
    at: datetime = only(ask(session, _NOW, {})).now if moment is None else moment
    return lines_with(session, [number], at, to_come=False), at


def callers_told(session: Session, programme: ProgrammeId, version: int) -> CallerTerms:
    """What callers are told by a version of a line."""
    row = only(ask(session, _CALLERS, {"programme": programme, "version": version}))
    return _read_callers(row.callers)
