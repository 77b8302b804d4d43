"""Who of a line's supervisors is there: what a listener reads before pressing the key of an alert.

There is who is on duty and whose desk is heard: one whose connection is lost hears of nothing, and
nobody is to count on them. Alerts go to every supervisor who is signed in all the same (DESIGN 8).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from contracts.vocabulary import PersonId, ProgrammeId
from services.console import store
from services.console.messages import PresenceChanged

_SUPERVISORS = text(
    """
    SELECT person_id FROM console.desk
    WHERE programme = :programme AND role = 'supervisor' AND live_state <> 'off_duty'
        AND live ->> 'reason' IS DISTINCT FROM 'heartbeat_lost'
    ORDER BY person_id LIMIT 20
    """
)


def supervisors_of(session: Session, programme: ProgrammeId) -> tuple[PersonId, ...]:
    """The supervisors who are there for a line; of a great many the first twenty."""
    found = session.execute(_SUPERVISORS, {"programme": programme})
    return tuple(PersonId(row.person_id) for row in found)


def tell_change(
    session: Session, person_id: PersonId, programme: ProgrammeId, at: datetime
) -> None:
    """Tell who may ask for a supervisor that this one has come or gone, and since when."""
    present = person_id in supervisors_of(session, programme)
    told = PresenceChanged(person_id=person_id, present=present, at=at)
    store.tell_who_asks_supervisors(session, programme, told, at)
