"""The holes of the plan, as the coordinator's board shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, Column, DateTime, Text
from sqlmodel import Field, Session, col, delete, select

from contracts.shift import HoleFilled, HoleForeseen
from services.console.store import Row


class HoleRow(Row, table=True):
    """An open hour that lacks somebody in the plan."""

    __tablename__ = "hole"

    programme: str = Field(primary_key=True)
    hour: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    missing: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


def keep_hole(session: Session, event: HoleForeseen) -> None:
    """Keep what an hour lacks, in place of what was told of it before."""
    missing = [each.value for each in event.missing]
    session.merge(HoleRow(programme=event.programme, hour=event.hour, missing=missing))


def forget_hole(session: Session, event: HoleFilled) -> None:
    """An hour lacks nobody any more."""
    session.execute(
        delete(HoleRow).where(
            col(HoleRow.programme) == event.programme, col(HoleRow.hour) == event.hour
        )
    )


def forget_before(session: Session, moment: datetime) -> None:
    """Delete the hours that are over since before `moment`."""
    session.execute(delete(HoleRow).where(col(HoleRow.hour) < moment))


def holes_from(session: Session, programme: str, hour: datetime) -> Sequence[HoleRow]:
    """Return the holes of a line from this hour on, the next ones first."""
    rows = session.exec(
        select(HoleRow)
        .where(HoleRow.programme == programme, HoleRow.hour >= hour)
        .order_by(col(HoleRow.hour))
    )
    return rows.all()
