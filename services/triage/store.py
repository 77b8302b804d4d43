"""Tables of triage, and small functions named by intent. No commit is made here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from contracts.triage import DecideTriage, TriageNotes
from contracts.vocabulary import (
    Channel,
    ContactId,
    Destination,
    Need,
    OfferId,
    PersonId,
    Priority,
    ProgrammeId,
)
from services.triage.domain import ContactKnown, HumanDecision, LineTerms


class Row(SQLModel, registry=registry(metadata=MetaData(schema="triage"))):
    """A table of triage's own schema."""


tables = Row.metadata


def _moment() -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class ProgrammeRow(Row, table=True):
    """One version of a line: a contact keeps the version it began with."""

    __tablename__ = "programme"

    programme: str = Field(primary_key=True)
    programme_version: int = Field(primary_key=True)
    rules_version: str
    needs: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class ContactRow(Row, table=True):
    """What triage knows of a contact. `version` counts its decisions."""

    __tablename__ = "contact"

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    channel: Channel | None = Field(default=None, sa_type=Text)  #: this and the next two are
    programme_version: int | None = None  #: empty until `ContactOpened` is here
    opened_at: datetime | None = _moment()
    held_by: PersonId | None = Field(default=None, sa_type=Text)
    held_offer: OfferId | None = Field(default=None, sa_type=Text)
    held_since: datetime | None = _moment()  #: of the newest take, also once it was withdrawn
    listener_offer: OfferId | None = Field(default=None, sa_type=Text)
    listener_since: datetime | None = _moment()
    sent_untriaged_at: datetime | None = _moment()
    ended_at: datetime | None = _moment()
    priority: Priority | None = Field(default=None, sa_type=Text)
    destination: Destination | None = Field(default=None, sa_type=Text)
    notes: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"contact:{self.contact_id}"

    def known(self) -> ContactKnown:
        """The row as a value, for the domain."""
        return ContactKnown(
            programme=self.programme,
            version=self.version,
            held_by=self.held_by,
            sent_untriaged=self.sent_untriaged_at is not None,
            with_listener=self.listener_offer is not None,
            ended=self.ended_at is not None,
            decided=self._decided(),
        )

    def decide(self, wish: DecideTriage) -> None:
        """Keep a decision."""
        self.priority, self.destination = wish.priority, wish.destination
        self.notes = wish.notes.model_dump(mode="json")

    def _decided(self) -> HumanDecision | None:
        if self.priority is None or self.destination is None:
            return None
        notes = TriageNotes.model_validate(self.notes)
        return HumanDecision(Priority(self.priority), Destination(self.destination), notes)


def meet_contact(session: Session, contact_id: ContactId, programme: ProgrammeId) -> ContactRow:
    """Return a contact's row, locked; made when this is the first fact that reaches us."""
    found = contact_to_change(session, contact_id)
    if found is None:
        fresh = {"contact_id": contact_id, "programme": programme, "version": 0}
        # Another worker may meet it at this moment: whoever comes second uses the first one's row.
        session.execute(insert(ContactRow).values(fresh).on_conflict_do_nothing())
        found = session.get_one(ContactRow, contact_id, with_for_update=True)
    return found


def contact_to_change(session: Session, contact_id: ContactId) -> ContactRow | None:
    """Return a contact's row, locked, if any fact about it has reached us."""
    return session.get(ContactRow, contact_id, with_for_update=True)


def contact(session: Session, contact_id: ContactId) -> ContactRow | None:
    """Return a contact's row to look at."""
    return session.get(ContactRow, contact_id)


def keep_programme(session: Session, row: ProgrammeRow) -> None:
    """Keep a version of a line; the same version again changes nothing."""
    session.merge(row)


def terms_of(session: Session, contact: ContactRow) -> LineTerms | None:
    """Return the terms a contact began with, if both it and they have reached us."""
    if contact.programme_version is None:
        return None
    row = session.get(ProgrammeRow, (contact.programme, contact.programme_version))
    if row is None:
        return None
    return LineTerms(frozenset(Need(need) for need in row.needs), row.rules_version)
