"""At-risk reports somebody is to write: those of contacts that ended with them.

Who had the contact last writes; the line's supervisors and professionals may where nobody does.
Risk, which keeps what is written, decides the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from contracts.report import ReportId
from contracts.vocabulary import ContactId, PersonId, Role
from services.console.matters import MatterKind, MatterRow
from services.console.pictures import Desk

#: Who may write a report of a contact they were not in.
BESIDE = frozenset({Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


@dataclass(frozen=True)
class Owed:
    """A report that is still to be written."""

    report_id: ReportId
    contact_id: ContactId
    due_at: datetime
    missed: bool  #: the time it was due is over


_OWED_BY = text(
    """
    SELECT m.matter_id, m.contact_id, m.state, m.due_at FROM console.matter m
    JOIN console.contact c USING (contact_id)
    JOIN console.offer o ON o.offer_id = coalesce(c.listener_offer, c.regulator_offer)
    WHERE m.programme = :programme AND NOT m.over AND m.kind = :kind
        AND m.state IN ('owed', 'missed') AND c.ended_at IS NOT NULL AND o.person_id = :person_id
    ORDER BY m.due_at, m.matter_id
    """
)
#: Everybody who took the contact, the last one first.
_HAD = text(
    """
    SELECT o.person_id FROM console.contact c
    JOIN console.offer o ON o.offer_id IN (c.listener_offer, c.regulator_offer)
    WHERE c.contact_id = :contact_id ORDER BY o.stage
    """
)
#: The bus keeps it with the deadlines of a service: see `services.bus.forgetting`.
_FORGOTTEN_AT = text(
    "SELECT due_at FROM console.deadline WHERE kind = 'forget' AND key = :contact_id"
)


def owed_by(session: Session, viewer: Desk) -> tuple[Owed, ...]:
    """What somebody is to write, the first due first."""
    asked = {"programme": viewer.programme, "person_id": viewer.person_id}
    rows = session.execute(_OWED_BY, asked | {"kind": MatterKind.AT_RISK_REPORT})
    return tuple(_owed(row) for row in rows)


def _owed(row: Any) -> Owed:
    return Owed(row.matter_id, row.contact_id, row.due_at, missed=row.state == "missed")


def who_had(session: Session, contact_id: str) -> Sequence[PersonId]:
    """Who was in a contact, the last one first; nobody when it is not known here any more."""
    return [row.person_id for row in session.execute(_HAD, {"contact_id": contact_id})]


def may_write(viewer: Desk, had: Sequence[PersonId]) -> bool:
    """Whether a report is theirs to write; of a contact nobody knows of, risk decides."""
    return not had or viewer.person_id in had or viewer.role in BESIDE


def report_of(session: Session, programme: str, contact_id: str) -> MatterRow | None:
    """The report of a contact, written or not; None when it owes none."""
    asked = select(MatterRow).where(
        MatterRow.contact_id == contact_id,
        MatterRow.kind == MatterKind.AT_RISK_REPORT,
        MatterRow.programme == programme,
    )
    return session.exec(asked).one_or_none()


def forgotten_at(session: Session, contact_id: str) -> datetime | None:
    """When everything of a contact goes, its report with it; None while it goes on."""
    row = session.execute(_FORGOTTEN_AT, {"contact_id": contact_id}).one_or_none()
    return None if row is None else row.due_at
