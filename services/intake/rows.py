"""The two tables everything in intake hangs on: contacts, and the versions of lines."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

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
    Priority,
    ProgrammeId,
    RulesVersion,
    Sha256,
    Stage,
    WayOut,
)


class Row(SQLModel, registry=registry(metadata=MetaData(schema="intake"))):
    """A table of intake's own schema."""


tables = Row.metadata


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _count() -> Any:
    return Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))


def _flag() -> Any:
    return Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))


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
        Index("contact_alive", "programme", postgresql_where=text("ended_at IS NULL")),
        Index("contact_person", "person_id", "taken_at"),
        Index("contact_code", "code_hash", postgresql_where=text("code_hash IS NOT NULL")),
        Index("contact_return", "return_hash", postgresql_where=text("return_hash IS NOT NULL")),
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
    priority: Priority | None = Field(default=None, sa_type=Text)  #: as last decided or fallen to
    lost_human: bool = _flag()  #: its human was lost, and it waits for the next one
    away_until: datetime | None = _moment(nullable=True)  #: its caller was cut off
    heard_at: datetime | None = _moment(nullable=True)  #: of a chat: its caller's page asked
    code_hash: str | None = Field(default=None, sa_type=Text)  #: of the return code, keyed
    return_hash: str | None = Field(default=None, sa_type=Text)  #: of the return token, keyed
    pass_until: datetime | None = _moment(nullable=True)  #: a return pass was given
    returnable_until: datetime | None = _moment(nullable=True)  #: it was cut off
    pass_day: date | None = None  #: whose key makes the digits of its pass
    pass_number: int = _count()  #: which of the codes this contact can give
    unread_since: datetime | None = _moment(nullable=True)  #: of a message
    unanswered_since: datetime | None = _moment(nullable=True)
    answers: int = _count()
    written_version: int = _count()  #: facts of its clocks announced
    corrections: int = _count()  #: of its nature, announced
    waits_since: datetime | None = _moment(nullable=True)  #: in this line; empty: since it opened
    way_out: WayOut | None = Field(default=None, sa_type=Text)  #: that it was offered, once
    way_out_until: datetime | None = _moment(nullable=True)  #: a yes counts until then
    way_out_declined: bool = _flag()
    urgent_since: datetime | None = _moment(nullable=True)  #: its caller has said so


class DutyRow(Row, table=True):
    """Whether anybody is on duty for a line, as assignment said last."""

    __tablename__ = "duty"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    staffed: bool = Field(sa_column=Column(Boolean, nullable=False))
    since: datetime = _moment()


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
        return ProgrammeTerms.model_validate(self.terms, extra="ignore")

    def read_callers(self) -> CallerTerms:
        """What callers are told, as a value."""
        return CallerTerms.model_validate(self.callers, extra="ignore")
