"""Who asks for help in a talk, and whether somebody has answered; what they say is intake's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, DateTime
from sqlmodel import Field, Session, col, delete, select

from contracts.text import TextSealed
from contracts.vocabulary import AuthorKind
from services.console.store import Row


class HelpRow(Row, table=True):
    """Help that was asked for in a contact, until the contact is forgotten."""

    __tablename__ = "help"

    contact_id: str = Field(primary_key=True)
    programme: str = Field(index=True)
    asked_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    answered: bool = False  #: the newest word is a supervisor's


def keep(session: Session, event: TextSealed) -> None:
    """Keep that somebody asks, or is answered; a late word changes nothing that is newer."""
    known = session.get(HelpRow, event.contact_id)
    if known is not None and known.asked_at > event.sealed_at:
        return
    session.merge(
        HelpRow(
            contact_id=event.contact_id,
            programme=event.programme,
            asked_at=event.sealed_at,
            answered=event.author is AuthorKind.SUPERVISOR,
        )
    )


def unanswered(session: Session, programme: str) -> Sequence[HelpRow]:
    """Who waits for an answer, the first one first."""
    rows = select(HelpRow).where(HelpRow.programme == programme, col(HelpRow.answered).is_(False))
    return session.exec(rows.order_by(col(HelpRow.asked_at)).limit(50)).all()


def forget_before(session: Session, moment: datetime) -> None:
    """Delete what was asked before `moment`."""
    session.execute(delete(HelpRow).where(col(HelpRow.asked_at) < moment))
