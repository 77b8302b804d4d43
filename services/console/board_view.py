"""What a supervisor and a duty professional see beside their desk, read at one moment.

Who is with whom, contacts nobody looks after, whom each alert has reached, what is to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from contracts.vocabulary import Channel, ContactId, PersonId, Priority, Stage
from services.console import helping, matters
from services.console.domain import SUPERVISED
from services.console.matters import MatterRow
from services.console.pictures import Desk
from services.console.staff import names_of


@dataclass(frozen=True)
class InTalk:
    """Somebody is with a caller."""

    person_id: PersonId
    contact_id: ContactId
    stage: Stage
    channel: Channel | None  #: None: nobody has said it opened
    since: datetime
    alert: bool  #: one that is not over
    priority: Priority | None  #: as a human decided last


@dataclass(frozen=True)
class Urgent:
    """Somebody of P1 or P2 waits for a listener."""

    priority: Priority
    since: datetime


@dataclass(frozen=True)
class Told:
    """Whose desk was told of an alert."""

    person_id: PersonId
    at: datetime  #: for the first time


@dataclass(frozen=True)
class Seen:
    """What is beside the desk."""

    in_talk: tuple[InTalk, ...]  #: the longest first
    urgent: tuple[Urgent, ...]  #: waiting for a listener, the gravest first
    limbo: int  #: contacts in no line, with nobody, and not ended
    parked: int  #: events this console could not take in
    told: Mapping[str, tuple[Told, ...]]  #: by alert, the first first
    of_alert: Mapping[str, tuple[MatterRow, ...]]  #: rescues and calls by alert
    to_do: tuple[MatterRow, ...]  #: what is open, the oldest first
    asking: tuple[str, ...]  #: contacts in which help was asked for and nobody answered yet
    names: Mapping[str, str]  #: of the people above

    def open(self, kind: str) -> tuple[MatterRow, ...]:
        """The open matters of a kind, the oldest first."""
        return tuple(each for each in self.to_do if each.kind == kind)


_IN_TALK = text(
    """
    SELECT o.person_id, o.contact_id, o.stage, c.channel, c.since, c.priority, EXISTS (
        SELECT 1 FROM console.alert a WHERE a.programme = c.programme
            AND a.standing IN ('open', 'taken') AND a.shown ->> 'contact_id' = c.contact_id
    ) AS alert
    FROM console.contact c JOIN console.offer o USING (contact_id)
    WHERE c.programme = :programme AND c.state IN ('with_regulator', 'with_listener')
        AND o.standing = 'taken'
    ORDER BY c.since, o.person_id LIMIT 200
    """
)
_URGENT = text(
    """
    SELECT priority, since FROM console.contact
    WHERE programme = :programme AND state = 'waiting_listener' AND priority = ANY(:supervised)
    ORDER BY priority, since LIMIT 20
    """
)
#: Known and nowhere; with somebody of whom no take stands; sent elsewhere and not yet ended.
_LIMBO = text(
    """
    SELECT count(*) FROM console.contact c WHERE c.programme = :programme AND (
        c.state IS NULL OR (c.state = 'ended' AND c.ended_at IS NULL)
        OR (c.state IN ('with_regulator', 'with_listener') AND NOT EXISTS (
            SELECT 1 FROM console.offer o
            WHERE o.contact_id = c.contact_id AND o.standing = 'taken'
        ))
    )
    """
)
_PARKED = text("SELECT count(*) FROM console.parked WHERE replayed_at IS NULL")
_TOLD = text(
    """
    SELECT t.alert_id, t.person_id, t.told_at FROM console.alert_told t
    JOIN console.alert a USING (alert_id)
    WHERE a.programme = :programme AND a.standing IN ('open', 'taken')
        AND t.person_id <> a.raised_by
    ORDER BY t.told_at, t.person_id
    """
)


def seen_by(session: Session, viewer: Desk) -> Seen:
    """What a viewer's line is like, now."""
    line = {"programme": viewer.programme}
    told: dict[str, list[Told]] = {}
    for row in session.execute(_TOLD, line):
        told.setdefault(row.alert_id, []).append(Told(row.person_id, row.told_at))
    in_talk = tuple(_in_talk(row) for row in session.execute(_IN_TALK, line))
    of_alerts = matters.of_open_alerts(session, viewer.programme)
    to_do = tuple(matters.open_of(session, viewer.programme))
    people: set[str] = {each.person_id for each in in_talk} | {
        each.person_id for reached in told.values() for each in reached
    }
    people |= {name for matter in (*of_alerts, *to_do) for name in matter.people}
    return Seen(
        in_talk=in_talk,
        urgent=tuple(
            Urgent(Priority(row.priority), row.since)
            for row in session.execute(_URGENT, {**line, "supervised": sorted(SUPERVISED)})
        ),
        limbo=session.execute(_LIMBO, line).scalar_one(),
        parked=session.execute(_PARKED).scalar_one(),
        told={alert_id: tuple(people) for alert_id, people in told.items()},
        of_alert=_by_alert(of_alerts),
        to_do=to_do,
        asking=tuple(each.contact_id for each in helping.unanswered(session, viewer.programme)),
        names=names_of(session, people),
    )


def _in_talk(row: Any) -> InTalk:
    return InTalk(
        person_id=row.person_id,
        contact_id=row.contact_id,
        stage=Stage(row.stage),
        channel=None if row.channel is None else Channel(row.channel),
        since=row.since,
        alert=row.alert,
        priority=None if row.priority is None else Priority(row.priority),
    )


def _by_alert(rows: Sequence[MatterRow]) -> dict[str, tuple[MatterRow, ...]]:
    found: dict[str, tuple[MatterRow, ...]] = {}
    for row in rows:
        if row.alert_id is not None:
            found[row.alert_id] = (*found.get(row.alert_id, ()), row)
    return found
