"""Double listening in writing: who reads a talk beside the human in it, since when and why.

Nobody reads along unseen: the row is written and the desk in the talk is told of it in one
transaction, and only then lines are shown. The rows are the log of every opening; they go with
their contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, DateTime, Index, text
from sqlmodel import Field, Session, col, select

from contracts.envelope import Reply, done, refused
from contracts.vocabulary import Channel, ContactId, PersonId, ProgrammeId, Refusal
from services.bus.work import Work, new_id
from services.console import store
from services.console.messages import ReadingShown
from services.console.pictures import Desk
from services.console.store import ContactRow, OfferRow, Row


class ReadingReason(StrEnum):
    """Why somebody reads along, from the closed list."""

    ALERT = "alert"  #: one is open for this talk
    HELP_ASKED = "help_asked"
    ACCOMPANYING = "accompanying"  #: agreed with the listener beforehand
    AT_RISK = "at_risk"


def _moment(nullable: bool) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class ReadingWithRow(Row, table=True):
    """One opening."""

    __tablename__ = "reading_with"
    __table_args__ = (
        Index("reading_with_open", "contact_id", postgresql_where=text("over_at IS NULL")),
        Index("reading_with_contact", "contact_id"),
    )

    reading_id: str = Field(primary_key=True)
    contact_id: str
    person_id: str
    programme: str
    reason: str
    since: datetime = _moment(nullable=False)
    over_at: datetime | None = _moment(nullable=True)


@dataclass(frozen=True)
class Opening:
    """Who wants to read which talk, and why."""

    desk: Desk
    contact_id: ContactId
    reason: ReadingReason


def open_reading(asked: Opening, work: Work) -> Reply:
    """Log an opening and tell who has the talk; refused where nobody has it, or it is no chat."""
    contact = work.session.get(ContactRow, asked.contact_id)
    if contact is None or contact.programme != asked.desk.programme:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    if contact.channel != Channel.CHAT.value or not _is_held(work.session, asked.contact_id):
        return refused(Refusal.CONTACT_OVER, "contact_id")
    if reading_of(work.session, asked.desk, asked.contact_id) is not None:
        return done()
    row = ReadingWithRow(
        reading_id=new_id(),
        contact_id=asked.contact_id,
        person_id=asked.desk.person_id,
        programme=asked.desk.programme,
        reason=asked.reason.value,
        since=work.now,
    )
    work.session.add(row)
    work.session.flush()
    _tell(row, work)
    return done()


def close_reading(desk: Desk, contact_id: ContactId, work: Work) -> Reply:
    """Somebody reads along no more; who has the talk is told."""
    row = reading_of(work.session, desk, contact_id)
    if row is None:
        return done()
    row.over_at = work.now
    work.session.flush()
    _tell(row, work)
    return done()


def _tell(row: ReadingWithRow, work: Work) -> None:
    told = ReadingShown(
        contact_id=ContactId(row.contact_id),
        person_id=PersonId(row.person_id),
        since=row.since,
        over=row.over_at is not None,
    )
    hearers = store.Hearers(ContactId(row.contact_id), ProgrammeId(row.programme))
    store.tell(work.session, hearers, told, work.now)


def _is_held(session: Session, contact_id: ContactId) -> bool:
    held = select(OfferRow.offer_id).where(
        OfferRow.contact_id == contact_id, OfferRow.standing == "taken"
    )
    return session.exec(held.limit(1)).first() is not None


def reading_of(session: Session, desk: Desk, contact_id: ContactId) -> ReadingWithRow | None:
    """The open reading of somebody; None when they do not read along, or the talk has ended."""
    rows = session.exec(
        select(ReadingWithRow)
        .join(ContactRow, col(ContactRow.contact_id) == col(ReadingWithRow.contact_id))
        .where(
            ReadingWithRow.contact_id == contact_id,
            ReadingWithRow.person_id == desk.person_id,
            col(ReadingWithRow.over_at).is_(None),
            col(ContactRow.ended_at).is_(None),
        )
    )
    return rows.first()


def reads_lines(session: Session, desk: Desk, contact_id: ContactId) -> bool:
    """Whether a supervisor may be shown the lines of a talk: they opened it, or it is theirs."""
    if reading_of(session, desk, contact_id) is not None:
        return True
    mine = select(OfferRow.offer_id).where(
        OfferRow.contact_id == contact_id,
        OfferRow.person_id == desk.person_id,
        OfferRow.standing == "taken",
    )
    return session.exec(mine.limit(1)).first() is not None


def readers_of(session: Session, contact_id: str) -> Sequence[ReadingWithRow]:
    """Who reads a talk along, the first one first."""
    rows = select(ReadingWithRow).where(
        ReadingWithRow.contact_id == contact_id, col(ReadingWithRow.over_at).is_(None)
    )
    return session.exec(rows.order_by(col(ReadingWithRow.since))).all()
