"""Tables of triage, and small functions named by intent. No commit is made here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from contracts.assignment import ContactSentUntriaged, OfferTaken
from contracts.contact import ContactEnded, ContactOpened
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
    Stage,
)
from services.bus.driver import ask
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


# --- what the others say --------------------------------------------------------------------------
# One statement each, in the driver's own words. It meets the contact if it is the first to tell.


_OPEN = """
    INSERT INTO triage.contact
        (contact_id, programme, channel, programme_version, opened_at, version)
    VALUES (%(contact_id)s, %(programme)s, %(channel)s, %(programme_version)s, %(opened_at)s, 0)
    ON CONFLICT (contact_id) DO UPDATE SET channel = excluded.channel,
        programme_version = excluded.programme_version, opened_at = excluded.opened_at
"""
_HOLD = """
    INSERT INTO triage.contact AS contact
        (contact_id, programme, held_by, held_offer, held_since, version)
    VALUES (%(contact_id)s, %(programme)s, %(person_id)s, %(offer_id)s, %(taken_at)s, 0)
    ON CONFLICT (contact_id) DO UPDATE SET held_by = excluded.held_by,
        held_offer = excluded.held_offer, held_since = excluded.held_since
    WHERE contact.held_since IS NULL OR contact.held_since <= excluded.held_since
"""
_LISTEN = """
    INSERT INTO triage.contact AS contact
        (contact_id, programme, listener_offer, listener_since, version)
    VALUES (%(contact_id)s, %(programme)s, %(offer_id)s, %(taken_at)s, 0)
    ON CONFLICT (contact_id) DO UPDATE SET listener_offer = excluded.listener_offer,
        listener_since = excluded.listener_since
    WHERE contact.listener_since IS NULL OR contact.listener_since <= excluded.listener_since
"""
_RELEASE = """
    UPDATE triage.contact SET
        held_by = CASE WHEN held_offer = %(offer_id)s THEN NULL ELSE held_by END,
        held_offer = nullif(held_offer, %(offer_id)s),
        listener_offer = nullif(listener_offer, %(offer_id)s)
    WHERE contact_id = %(contact_id)s AND %(offer_id)s IN (held_offer, listener_offer)
"""
_SEND_UNTRIAGED = """
    INSERT INTO triage.contact (contact_id, programme, sent_untriaged_at, version)
    VALUES (%(contact_id)s, %(programme)s, %(sent_at)s, 0)
    ON CONFLICT (contact_id) DO UPDATE SET sent_untriaged_at = excluded.sent_untriaged_at
"""
_END = """
    INSERT INTO triage.contact (contact_id, programme, ended_at, version)
    VALUES (%(contact_id)s, %(programme)s, %(ended_at)s, 0)
    ON CONFLICT (contact_id) DO UPDATE SET ended_at = excluded.ended_at
"""


def keep_programme(session: Session, row: ProgrammeRow) -> None:
    """Keep a version of a line; the same version again changes nothing."""
    session.merge(row)


def open_contact(session: Session, event: ContactOpened) -> None:
    """Keep which version of the line a contact began with."""
    ask(
        session,
        _OPEN,
        {
            "contact_id": event.contact_id,
            "programme": event.programme,
            "channel": event.channel,
            "programme_version": event.programme_version,
            "opened_at": event.opened_at,
        },
    )


def hold(session: Session, event: OfferTaken) -> None:
    """Keep who holds a contact, unless a later take of that stage is known."""
    took = {
        "contact_id": event.contact_id,
        "programme": event.programme,
        "offer_id": event.offer_id,
        "taken_at": event.taken_at,
    }
    if event.stage is Stage.LISTENER:
        ask(session, _LISTEN, took)
    else:
        ask(session, _HOLD, took | {"person_id": event.person_id})


def release(session: Session, contact_id: ContactId, offer_id: OfferId) -> None:
    """Keep that nobody holds a contact any more, if it was by this take that they did."""
    ask(session, _RELEASE, {"contact_id": contact_id, "offer_id": offer_id})


def send_untriaged(session: Session, event: ContactSentUntriaged) -> None:
    """Keep that no regulator could be reached."""
    named = {"contact_id": event.contact_id, "programme": event.programme}
    ask(session, _SEND_UNTRIAGED, named | {"sent_at": event.sent_at})


def end_contact(session: Session, event: ContactEnded) -> None:
    """Keep that a contact is over."""
    named = {"contact_id": event.contact_id, "programme": event.programme}
    ask(session, _END, named | {"ended_at": event.ended_at})


# --- what is decided ------------------------------------------------------------------------------


@dataclass
class Contact:
    """A contact a regulator asks about, and the terms it began with; `version` counts decisions."""

    contact_id: ContactId
    channel: Channel | None  #: this and the next two are empty until `ContactOpened` is here
    programme_version: int | None
    opened_at: datetime | None
    known: ContactKnown
    terms: LineTerms | None  #: None: the contact or the line has not reached us yet
    version: int

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"contact:{self.contact_id}"


_CONTACT = """
    SELECT contact.*, line.needs, line.rules_version FROM triage.contact
    LEFT JOIN triage.programme AS line ON line.programme = contact.programme
        AND line.programme_version = contact.programme_version
    WHERE contact.contact_id = %(contact_id)s
"""
_CONTACT_TO_CHANGE = f"{_CONTACT} FOR UPDATE OF contact"
_DECIDE = """
    UPDATE triage.contact SET priority = %(priority)s, destination = %(destination)s,
        notes = CAST(%(notes)s AS jsonb), version = %(version)s
    WHERE contact_id = %(contact_id)s
"""


def contact(session: Session, contact_id: ContactId) -> Contact | None:
    """Return a contact to look at."""
    return _contact(ask(session, _CONTACT, {"contact_id": contact_id}).fetchone())


def contact_to_change(session: Session, contact_id: ContactId) -> Contact | None:
    """Return a contact, locked, if any fact about it has reached us.

    Terms that arrive while it waits for the lock are found by whoever asks again.
    """
    return _contact(ask(session, _CONTACT_TO_CHANGE, {"contact_id": contact_id}).fetchone())


def keep_decision(session: Session, contact: Contact, wish: DecideTriage) -> None:
    """Keep the decision that makes a locked contact's `version`."""
    ask(
        session,
        _DECIDE,
        {
            "contact_id": contact.contact_id,
            "priority": wish.priority,
            "destination": wish.destination,
            "notes": wish.notes.model_dump_json(),
            "version": contact.version,
        },
    )


def _contact(row: Any) -> Contact | None:
    if row is None:
        return None
    known = ContactKnown(
        programme=row.programme,
        version=row.version,
        held_by=row.held_by,
        sent_untriaged=row.sent_untriaged_at is not None,
        with_listener=row.listener_offer is not None,
        ended=row.ended_at is not None,
        decided=_decided(row),
    )
    return Contact(
        contact_id=row.contact_id,
        channel=None if row.channel is None else Channel(row.channel),
        programme_version=row.programme_version,
        opened_at=row.opened_at,
        known=known,
        terms=_terms(row),
        version=row.version,
    )


def _decided(row: Any) -> HumanDecision | None:
    if row.priority is None or row.destination is None:
        return None
    notes = TriageNotes.model_validate(row.notes, extra="ignore")
    return HumanDecision(Priority(row.priority), Destination(row.destination), notes)


def _terms(row: Any) -> LineTerms | None:
    if row.needs is None:
        return None
    return LineTerms(frozenset(Need(need) for need in row.needs), row.rules_version)
