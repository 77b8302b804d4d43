"""What one look at the floor reads: plain rows, made into the frozen values of the decision.

Nothing is remembered between two looks but what never changes: the terms of a version of a line,
and the qualification of a version of an eligibility. The surprising thing: one statement tells
whether there is anything to do at all, for every line, and it locks nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from contracts.roster import Accreditation, Qualification
from contracts.vocabulary import Channel, LiveState, Priority, Role, Stage
from services.assignment.domain import BAND_OF_PRIORITY, PersonOnDuty, WaitingContact
from services.assignment.forecast import Joined
from services.bus.driver import ask

_LINES = """
    WITH line AS (
        SELECT programme, count(*) AS waiting FROM assignment.contact
        WHERE state = 'waiting' GROUP BY programme
    ), crew AS (
        SELECT programme, min(last_beat) FILTER (WHERE state IN ('ready', 'offered')) AS oldest_beat
        FROM assignment.person WHERE state <> 'off_duty' GROUP BY programme
    )
    SELECT programme, coalesce(waiting, 0) AS waiting, clock_timestamp() - oldest_beat AS silence, (
        SELECT max(programme_version) FROM assignment.terms AS t
        WHERE t.programme = coalesce(line.programme, crew.programme) AND t.effective_at <= %(now)s
    ) AS programme_version
    FROM line FULL JOIN crew USING (programme) ORDER BY programme
"""
_WAITING = (
    "SELECT contact_id, programme, channel, stage, priority, need, languages, departement, "
    "waiting_since, joined_at, front, untriaged, declined_by "
    "FROM assignment.contact WHERE programme = %(programme)s AND state = 'waiting'"
)
_ON_DUTY = """
    SELECT p.person_id, p.programme, p.role, p.state, p.since, p.rest_until, p.wrapped_up_at,
        p.consecutive_contacts, p.missed_offers, e.version, e.valid_until, c.channel AS talking_on
    FROM assignment.person AS p
    JOIN assignment.eligibility AS e ON e.person_id = p.person_id AND e.programme = p.programme
    LEFT JOIN assignment.contact AS c ON c.contact_id = p.contact_id AND p.state = 'talking'
    WHERE p.programme = %(programme)s AND p.state <> 'off_duty'
"""
_QUALIFICATIONS = (
    "SELECT person_id, version, qualification FROM assignment.eligibility "
    "WHERE programme = %(programme)s AND person_id = ANY(%(person_ids)s)"
)
_JOINED = (
    "SELECT languages, priority, count(*) AS callers FROM assignment.contact "
    "WHERE programme = %(programme)s AND joined_at > %(since)s AND priority IN ('P1', 'P2') "
    "GROUP BY languages, priority"
)


class LineOnTheFloor(NamedTuple):
    """A line for which somebody waits or somebody is on duty."""

    programme: str
    waiting: int  #: contacts
    #: Longest silence of a desk that could be offered something (machine time); None = no such.
    silence: timedelta | None
    programme_version: int | None  #: newest in effect; None = the line is not known yet


def lines_on_the_floor(session: Session, now: datetime) -> list[LineOnTheFloor]:
    """Every line there may be something to do for."""
    return [LineOnTheFloor(*row) for row in ask(session, _LINES, {"now": now})]


def waiting_contacts(session: Session, programme: str) -> list[WaitingContact]:
    """Everyone in either waiting line of a programme."""
    return [_waiting(row) for row in ask(session, _WAITING, {"programme": programme})]


def joined_since(session: Session, programme: str, since: datetime) -> Joined:
    """How many urgent callers were sent to a listener since then; for the forecast."""
    joined: Joined = Counter()
    rows = ask(session, _JOINED, {"programme": programme, "since": since})
    for languages, priority, callers in rows:
        joined[frozenset(languages), BAND_OF_PRIORITY[Priority(priority)]] += callers
    return joined


def people_on_duty(session: Session, programme: str, now: datetime) -> list[PersonOnDuty]:
    """Everyone on duty, the busy too, with what the roster says of them."""
    rows = ask(session, _ON_DUTY, {"programme": programme}).fetchall()
    _read_qualifications(session, programme, (row for row in rows if _key(row) not in _READ))
    # Whose eligibility moved between the two statements is seen at the next look.
    return [_on_duty(row, _READ[_key(row)], now) for row in rows if _key(row) in _READ]


@dataclass(frozen=True, slots=True)
class _Brings:
    """A qualification as the decision compares it."""

    languages: frozenset[str]
    topics: frozenset[str]
    skills: frozenset[str]
    declines: frozenset[str]
    accreditations: tuple[Accreditation, ...]


_READ: dict[tuple[str, str, int], _Brings] = {}  # a version never changes


def _key(row: Any) -> tuple[str, str, int]:
    return (row.programme, row.person_id, row.version)


def _read_qualifications(session: Session, programme: str, unread: Iterable[Any]) -> None:
    person_ids = [row.person_id for row in unread]
    if not person_ids:
        return
    wanted = {"programme": programme, "person_ids": person_ids}
    for person_id, version, qualification in ask(session, _QUALIFICATIONS, wanted):
        brought = Qualification.model_validate(qualification)
        _READ[programme, person_id, version] = _Brings(
            languages=frozenset(brought.languages),
            topics=frozenset(brought.topics),
            skills=frozenset(brought.skills),
            declines=frozenset(brought.declines),
            accreditations=brought.accreditations,
        )


def _on_duty(row: Any, brings: _Brings, now: datetime) -> PersonOnDuty:
    accredited = [a for a in brings.accreditations if a.valid_until > now]
    return PersonOnDuty(
        person_id=row.person_id,
        state=LiveState(row.state),
        roles=frozenset((Role(row.role),)),
        channels=frozenset([a.channel for a in accredited]),
        languages=brings.languages,
        topics=brings.topics,
        skills=brings.skills,
        # One level for all channels, so the lowest: nobody is given a risk they may not take.
        level=min([a.level for a in accredited], default=0),
        region="",
        eligibility_version=row.version,
        valid_until=row.valid_until,
        ready_since=row.since,
        rest_until=row.rest_until,
        wrapped_up_at=row.wrapped_up_at,
        consecutive_contacts=row.consecutive_contacts,
        live=(Channel(row.talking_on),) if row.talking_on else (),
        declined_needs=brings.declines,
        missed_offers=row.missed_offers,
    )


def _waiting(row: Any) -> WaitingContact:
    priority = Priority(row.priority) if row.priority else None
    return WaitingContact(
        contact_id=row.contact_id,
        programme=row.programme,
        stage=Stage(row.stage),
        channel=Channel(row.channel),
        priority=priority,
        risk_band=BAND_OF_PRIORITY[priority] if priority else 0,
        need=row.need,
        languages=frozenset(row.languages),
        region=row.departement or "",
        waiting_since=row.waiting_since,
        joined_at=row.joined_at,
        front=row.front,
        untriaged=row.untriaged,
        declined_by=frozenset(row.declined_by),
    )
