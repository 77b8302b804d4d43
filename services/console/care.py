"""Debriefs as desks show them: to the person and the supervisors of the line, to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, DateTime
from sqlmodel import Field, Session, and_, col, delete, or_, select

from contracts.care import DebriefClosed, DebriefEvent, DebriefOffered
from contracts.vocabulary import Role
from services.bus.driver import ask
from services.bus.work import Work
from services.console.messages import DebriefShown, DebriefStanding, MessageKind
from services.console.statements import TELL
from services.console.store import Row


class DebriefRow(Row, table=True):
    """A debrief that is neither held nor turned down."""

    __tablename__ = "debrief"

    debrief_id: str = Field(primary_key=True)
    programme: str = Field(index=True)
    person_id: str = Field(index=True)
    owner: str | None = None
    cause: str
    standing: str
    offered_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    due_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def on_debrief(event: DebriefEvent, work: Work) -> None:
    """Keep the debrief as it is from now on; tell the person when it is offered."""
    if isinstance(event, DebriefClosed):
        gone = delete(DebriefRow).where(col(DebriefRow.debrief_id) == event.debrief_id)
        work.session.execute(gone)
        return
    shown = _shown(event)
    work.session.merge(
        DebriefRow(**shown.model_dump(mode="python"), programme=event.programme, owner=event.owner)
    )
    if isinstance(event, DebriefOffered):
        message = {
            "person_id": event.person_id,
            "kind": MessageKind.DEBRIEF,
            "body": shown.model_dump_json(),
            "at": work.now,
        }
        work.session.flush()
        ask(work.session, TELL, message)


def _shown(event: DebriefEvent) -> DebriefShown:
    return DebriefShown(
        debrief_id=event.debrief_id,
        person_id=event.person_id,
        cause=event.cause,
        standing=DebriefStanding(event.fact),
        offered_at=event.offered_at,
        due_at=event.due_at,
    )


def debriefs_for(
    session: Session, person_id: str, role: Role, programme: str
) -> Sequence[DebriefShown]:
    """One's own debriefs; for a supervisor also those of the line that are theirs or nobody's.

    The role is checked here, where the rows are read, and not where they are drawn.
    """
    visible = col(DebriefRow.person_id) == person_id
    if role is Role.SUPERVISOR:
        owned = or_(col(DebriefRow.owner) == person_id, col(DebriefRow.owner).is_(None))
        visible = or_(visible, and_(col(DebriefRow.programme) == programme, owned))
    rows = session.exec(select(DebriefRow).where(visible).order_by(col(DebriefRow.due_at)))
    return [
        DebriefShown.model_validate(
            {name: getattr(row, name) for name in DebriefShown.model_fields}
        )
        for row in rows
    ]
