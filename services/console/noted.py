"""What a regulator has noted so far of who is with them: choices from closed lists, no word typed.

Kept so that neither a reload nor a browser that is gone loses a minute's work; gone when the
contact goes to somebody else or is over, and shown to nobody but who noted it. The surprising
thing: a crash of Postgres empties the table, and no backup holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session

from contracts.envelope import Contract
from contracts.privacy import ops
from contracts.triage import TriageNotes
from contracts.vocabulary import ContactId, Destination, PersonId, Priority
from services.bus.driver import ask
from services.console.store import Row


class Noted(Contract):
    """A form in the middle of its minute."""

    notes: Annotated[TriageNotes, ops("What was understood so far")] = TriageNotes()
    priority: Annotated[Priority | None, ops("Order of help, where it is chosen")] = None
    destination: Annotated[Destination | None, ops("Where to, where it is chosen")] = None


class NotedRow(Row, table=True):
    """What one person has noted of the contact they are in."""

    __tablename__ = "noted"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - as SQLAlchemy wants it

    contact_id: str = Field(primary_key=True)
    person_id: str
    noted: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    with_capsule: bool = False  #: one is sealed, or may be: its decision was refused then


#: The lock is the contact's, as it is of who lets it go on: nothing is noted after that.
_KEEP = """
    INSERT INTO console.noted (contact_id, person_id, noted, with_capsule)
    SELECT contact.contact_id, offer.person_id, CAST(%(noted)s AS jsonb), false
    FROM console.contact AS contact
    JOIN console.offer AS offer ON offer.offer_id = contact.regulator_offer
    WHERE contact.contact_id = %(contact_id)s AND contact.state = 'with_regulator'
        AND offer.person_id = %(person_id)s
    FOR SHARE OF contact
    ON CONFLICT (contact_id) DO UPDATE
        SET person_id = excluded.person_id, noted = excluded.noted
"""
_WITH_CAPSULE = """
    INSERT INTO console.noted (contact_id, person_id, noted, with_capsule)
    SELECT contact.contact_id, offer.person_id, '{}', true
    FROM console.contact AS contact
    JOIN console.offer AS offer ON offer.offer_id = contact.regulator_offer
    WHERE contact.contact_id = %(contact_id)s AND contact.state = 'with_regulator'
    FOR SHARE OF contact
    ON CONFLICT (contact_id) DO UPDATE SET with_capsule = true
"""
_OF = """
    SELECT noted FROM console.noted
    WHERE contact_id = %(contact_id)s AND person_id = %(person_id)s
"""


@dataclass(frozen=True)
class Noting:
    """Who notes what."""

    contact_id: ContactId
    person_id: PersonId
    noted: Noted


def keep(session: Session, noting: Noting) -> None:
    """Keep what was noted, in place of what was before; nothing, of a contact that is not theirs.

    One statement: it commits by itself.
    """
    written = {**vars(noting), "noted": noting.noted.model_dump_json(exclude_defaults=True)}
    ask(session, _KEEP, written)


def noted_by(session: Session, person_id: str, contact_id: str) -> Noted | None:
    """What somebody has noted of a contact."""
    row = ask(session, _OF, {"person_id": person_id, "contact_id": contact_id}).fetchone()
    return None if row is None else Noted.model_validate(row.noted, strict=False, extra="ignore")


def note_capsule(session: Session, contact_id: ContactId) -> None:
    """A capsule is about to be sealed by the regulator of a contact. One statement, as above."""
    ask(session, _WITH_CAPSULE, {"contact_id": contact_id})


def has_capsule(session: Session, contact_id: ContactId) -> bool:
    """Whether a regulator of the contact has sealed a capsule, or may have."""
    row = ask(
        session,
        "SELECT with_capsule FROM console.noted WHERE contact_id = %(contact_id)s",
        {"contact_id": contact_id},
    ).fetchone()
    return row is not None and bool(row.with_capsule)


def forget(session: Session, contact_id: ContactId) -> None:
    """Nothing is noted any more of a contact that has gone on."""
    ask(
        session,
        "DELETE FROM console.noted WHERE contact_id = %(contact_id)s",
        {"contact_id": contact_id},
    )
