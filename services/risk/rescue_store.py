"""Tables of rescues and of their emergency cards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field, Session

from contracts.rescue import RescueId
from contracts.risk import AlertId
from contracts.vocabulary import ContactId, PersonId, ProgrammeId
from services.bus.driver import ask
from services.risk.store import Row, moment


class RescueRow(Row, table=True):
    """A rescue that a human has called."""

    __tablename__ = "rescue"
    __table_args__ = (Index("rescue_of_contact", "contact_id"),)

    rescue_id: RescueId = Field(primary_key=True, sa_type=Text)
    alert_id: AlertId = Field(sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    service: str
    started_by: PersonId = Field(sa_type=Text)
    started_as: str
    started_at: datetime = moment(nullable=False)
    report_by: datetime = moment(nullable=False)
    outcome: str | None = None  #: `confirmed`, or why it failed
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"rescue:{self.rescue_id}"


class CardRow(Row, table=True):
    """The emergency card of a contact, sealed. It is deleted, not marked: nothing of it stays."""

    __tablename__ = "card"

    contact_id: ContactId = Field(primary_key=True, sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    written_by: PersonId = Field(sa_type=Text)
    written_at: datetime = moment(nullable=False)


def rescue_to_change(session: Session, rescue_id: RescueId) -> RescueRow | None:
    """A rescue, locked."""
    return session.get(RescueRow, rescue_id, with_for_update=True)


def country_of(session: Session, programme: ProgrammeId) -> str | None:
    """Country of a line by its newest version; None when no line was heard of yet."""
    statement = """
        SELECT country FROM risk.programme WHERE programme = %(programme)s
        ORDER BY programme_version DESC LIMIT 1
    """
    row = ask(session, statement, {"programme": programme}).fetchone()
    return None if row is None else str(row.country)


def keep_card(session: Session, row: CardRow) -> None:
    """Keep the newest card of a contact in place of the one before."""
    session.merge(row)


def card_of(session: Session, contact_id: ContactId) -> CardRow | None:
    """The card of a contact, if it stands."""
    return session.get(CardRow, contact_id)


def erase_card(session: Session, contact_id: str) -> None:
    """Delete a card."""
    ask(
        session,
        "DELETE FROM risk.card WHERE contact_id = %(contact_id)s",
        {"contact_id": contact_id},
    )
