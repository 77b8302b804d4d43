"""Tables of intake, and small functions named by intent. No commit is made here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import CheckConstraint, Column, DateTime, MetaData, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

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
from services.intake.domain import Ended, Life, Take, Talking, Waiting, state_of


class Row(SQLModel, registry=registry(metadata=MetaData(schema="intake"))):
    """A table of intake's own schema."""


tables = Row.metadata


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


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

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"contact:{self.contact_id}"

    def life(self) -> Life:
        """The row as a value, for the domain."""
        match ContactState(self.state):
            case ContactState.WAITING_REGULATOR:
                return Waiting(Stage.REGULATOR)
            case ContactState.WAITING_LISTENER:
                return Waiting(Stage.LISTENER)
            case ContactState.WITH_REGULATOR:
                return Talking(self._take(Stage.REGULATOR))
            case ContactState.WITH_LISTENER:
                return Talking(self._take(Stage.LISTENER))
            case ContactState.ENDED:
                return self._ending()
            case unexpected:
                assert_never(unexpected)

    def live(self, life: Life, now: datetime) -> None:
        """Keep what the domain made of it."""
        self.state = state_of(life)
        match life:
            case Waiting():
                self.stage = self.person_id = self.offer_id = self.taken_at = None
            case Talking(take=held):
                self.stage, self.person_id = held.stage, held.person_id
                self.offer_id, self.taken_at = held.offer_id, held.taken_at
            case Ended():
                self.stage, self.person_id, self.ended_at = life.stage, life.person_id, now
                self.outcome, self.nature = life.outcome, life.nature
                self.ended_by = life.ended_by
            case unexpected:
                assert_never(unexpected)

    def _take(self, stage: Stage) -> Take:
        # By constraint; what a row lacks was never written.
        assert self.offer_id is not None
        assert self.person_id is not None
        assert self.taken_at is not None
        return Take(stage, self.offer_id, self.person_id, self.taken_at)

    def _ending(self) -> Ended:
        assert self.outcome is not None
        assert self.ended_by is not None
        assert self.nature is not None
        return Ended(
            Outcome(self.outcome),
            EndedBy(self.ended_by),
            Nature(self.nature),
            stage=None if self.stage is None else Stage(self.stage),
            person_id=self.person_id,
        )


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

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"programme:{self.programme}"

    def read_terms(self) -> ProgrammeTerms:
        """The terms as a value."""
        return ProgrammeTerms.model_validate(self.terms)


def contact_to_change(session: Session, contact_id: ContactId) -> ContactRow | None:
    """A contact's row, locked until the end of the transaction."""
    return session.get(ContactRow, contact_id, with_for_update=True)


def contact_and_line(
    session: Session, contact_id: ContactId
) -> tuple[ContactRow, ProgrammeRow] | None:
    """A contact to look at, with the version of the line it began with and keeps."""
    contact = session.get(ContactRow, contact_id)
    if contact is None:
        return None
    return contact, line_of(session, contact)


def line_of(session: Session, contact: ContactRow) -> ProgrammeRow:
    """The version of the line a contact keeps."""
    return session.get_one(ProgrammeRow, (contact.programme, contact.programme_version))


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


def line_in_force(
    session: Session, programme: ProgrammeId, moment: datetime
) -> ProgrammeRow | None:
    """The newest version of a line whose time has come; an older one never comes back."""
    statement = (
        select(ProgrammeRow)
        .where(
            ProgrammeRow.programme == programme,  # type: ignore[arg-type] # columns
            ProgrammeRow.effective_at <= moment,  # type: ignore[arg-type]
        )
        .order_by(ProgrammeRow.version.desc())  # type: ignore[attr-defined] # a column
        .limit(1)
    )
    return session.execute(statement).scalar_one_or_none()


def line_and_moment(
    session: Session, programme: ProgrammeId
) -> tuple[ProgrammeRow | None, datetime]:
    """The line in force, and the domain time at which it was looked at."""
    moment: datetime = session.execute(select(func.public.helpline_now())).scalar_one()
    return line_in_force(session, programme, moment), moment
