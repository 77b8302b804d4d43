"""What one look at the floor reads: everything, by one statement that locks nothing.

Each time it is told what is already known of the people on duty, so that of a hundred people only
those come back who have changed. The surprising thing: what is known is never trusted by itself; a
person is known under a mark that changes with every fact told here, and every look gives the marks
of all who are on duty. So there is nothing to reconcile after a crash or a take-over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Engine
from sqlmodel import Session

from contracts.roster import Accreditation, Qualification
from contracts.vocabulary import Channel, LiveState, Priority, Role, Stage
from services.assignment.domain import BAND_OF_PRIORITY, PersonOnDuty, WaitingContact
from services.assignment.forecast import Joined
from services.bus.driver import ask

#: How far back arrivals are counted to foretell the next ones.
LOOK_BACK = timedelta(hours=1)

#: Where nobody waits, nobody on duty is looked at. Every change of a live state counts `version`, a
#: wish does not. `since` is there for the day a standby takes over without the last commits.
#: A row that this very transaction has written may yet be taken back: it gets no mark.
#: Before this assigner led, nobody listened: silence is not counted from then.
#: What is known comes as the keys of one object and is looked up in it, each mark made once
#: (OFFSET 0): joined, the plan made for every set of facts compares everyone with everyone.
_LOOK = """
    WITH line AS (
        SELECT programme, json_agg(c)::text AS waiting FROM assignment.contact AS c
        WHERE state = 'waiting' GROUP BY programme
    ), crew AS (
        SELECT programme, min(last_beat) FILTER (
                WHERE state IN ('ready', 'offered', 'talking') AND NOT out_of_sight
            ) AS oldest_beat, max(last_beat) FILTER (WHERE out_of_sight) AS lost_beat
        FROM assignment.person WHERE state <> 'off_duty' GROUP BY programme
    )
    SELECT programme, (
            SELECT max(programme_version) FROM assignment.terms AS t
            WHERE t.programme = coalesce(line.programme, crew.programme)
                AND t.effective_at <= %(now)s
        ) AS programme_version, CASE WHEN oldest_beat IS NOT NULL THEN
            clock_timestamp() - greatest(oldest_beat, (SELECT since FROM assignment.lease))
        END AS silence, clock_timestamp() - lost_beat AS silence_of_lost,
        waiting, known, news, joined, (
            SELECT due_at FROM assignment.deadline
            WHERE kind = 'look_again' AND key = coalesce(line.programme, crew.programme)
        ) AS looks_again_at
    FROM line FULL JOIN crew USING (programme)
    LEFT JOIN LATERAL (
        SELECT json_agg(d.mark) FILTER (WHERE d.known IS TRUE)::text AS known,
            json_agg(d) FILTER (WHERE d.known IS NOT TRUE)::text AS news
        FROM (
            SELECT m.*, (SELECT %(known)s::jsonb) ? m.mark AS known FROM (
                SELECT CASE WHEN p.xmin IS DISTINCT FROM pg_current_xact_id_if_assigned()::xid THEN
                        concat_ws(' ', p.programme, p.person_id, p.version,
                            extract(epoch FROM p.since), e.version, p.wish)
                    END AS mark, p.*, e.version AS eligibility_version, e.valid_until,
                    e.shift_ends_at, e.accepts_last_minutes, e.qualification,
                    c.channel AS talking_on
                FROM assignment.person AS p
                JOIN assignment.eligibility AS e
                    ON e.person_id = p.person_id AND e.programme = p.programme
                LEFT JOIN assignment.contact AS c
                    ON c.contact_id = p.contact_id AND p.state = 'talking'
                WHERE p.programme = line.programme AND p.state <> 'off_duty'
                OFFSET 0
            ) AS m OFFSET 0
        ) AS d
    ) AS people ON line.programme IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT json_agg(j)::text AS joined FROM (
            SELECT languages, priority, count(*) AS callers FROM assignment.contact AS c
            WHERE c.programme = line.programme AND joined_at > %(since)s
                AND priority IN ('P1', 'P2')
            GROUP BY languages, priority
        ) AS j
    ) AS callers ON line.programme IS NOT NULL
    ORDER BY programme
"""

_NEVER = datetime.max.replace(tzinfo=UTC)

#: A row as JSON tells it.
Told: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LineOnTheFloor:
    """A line for which somebody waits or somebody is on duty."""

    programme: str
    programme_version: int | None  #: newest in effect; None = the line is not known yet
    #: Longest silence of a desk that could be offered something or is in a contact (machine time);
    #: None = no such.
    silence: timedelta | None
    #: Shortest silence of a desk that is known to be out of sight; None = no such.
    silence_of_lost: timedelta | None = None
    #: Everyone in either waiting line.
    waiting: tuple[WaitingContact, ...] = ()
    #: Everyone on duty, the busy too; nobody where nobody waits.
    on_duty: tuple[PersonOnDuty, ...] = ()
    #: Urgent callers sent to a listener within `LOOK_BACK`, for the forecast.
    joined: Joined = field(default_factory=Counter)
    #: When a look is due by itself; None = never.
    looks_again_at: datetime | None = None
    #: The rows of the contacts and people above as they were told, by id.
    rows: Mapping[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Brings:
    """A qualification as the decision compares it."""

    languages: frozenset[str]
    topics: frozenset[str]
    skills: frozenset[str]
    declines: frozenset[str]
    organisation: str  #: they listen for, under a federation
    accreditations: tuple[Accreditation, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """A person on duty as of a mark, and while which accreditations hold."""

    row: Told
    brings: _Brings
    person: PersonOnDuty
    since: datetime
    until: datetime  #: the first of them lapses

    def at(self, now: datetime) -> _Known:
        """The same person with the accreditations that hold at `now`."""
        return self if self.since <= now < self.until else _know(self.row, self.brings, now)


#: What is known of people, by programme and mark, of each database; only who is on duty is kept.
_KNOWN: WeakKeyDictionary[Engine, dict[str, dict[str, _Known]]] = WeakKeyDictionary()


def known_people(engine: Engine) -> list[PersonOnDuty]:
    """Everyone who is known at the moment."""
    return [one.person for known in _KNOWN[engine].values() for one in known.values()]


def lines_on_the_floor(session: Session, now: datetime) -> list[LineOnTheFloor]:
    """Every line there may be something to do for."""
    by_programme = _KNOWN.setdefault(session.get_bind().engine, {})
    marks = {mark: None for known in by_programme.values() for mark in known}
    asked = {"now": now, "since": now - LOOK_BACK, "known": orjson.dumps(marks).decode()}
    return [_line(row, by_programme, now) for row in ask(session, _LOOK, asked)]


def _line(row: Any, by_programme: dict[str, dict[str, _Known]], now: datetime) -> LineOnTheFloor:
    if row.waiting is None:
        return LineOnTheFloor(
            row.programme, row.programme_version, row.silence, row.silence_of_lost
        )
    before = by_programme.get(row.programme, {})
    known = {mark: before[mark].at(now) for mark in _told(row.known)}
    brought = {
        (k.person.person_id, k.person.eligibility_version): k.brings for k in before.values()
    }
    news = [_hear(told, brought, now) for told in _told(row.news)]
    by_programme[row.programme] = known | {
        heard.row["mark"]: heard for heard in news if heard.row["mark"] is not None
    }
    people = [*known.values(), *news]
    contacts = _told(row.waiting)
    return LineOnTheFloor(
        programme=row.programme,
        programme_version=row.programme_version,
        silence=row.silence,
        silence_of_lost=row.silence_of_lost,
        waiting=tuple(map(_waiting, contacts)),
        on_duty=tuple([one.person for one in people]),
        joined=_joined(_told(row.joined)),
        looks_again_at=row.looks_again_at,
        rows={contact["contact_id"]: contact for contact in contacts}
        | {one.person.person_id: one.row for one in people},
    )


def _told(rows: str | None) -> list[Any]:
    told: list[Any] = orjson.loads(rows) if rows else []
    return told


def _joined(rows: list[dict[str, Any]]) -> Joined:
    joined: Joined = Counter()
    for row in rows:
        band = BAND_OF_PRIORITY[Priority(row["priority"])]
        joined[frozenset(row["languages"]), band] += row["callers"]
    return joined


def _hear(row: dict[str, Any], brought: Mapping[tuple[str, int], _Brings], now: datetime) -> _Known:
    qualification = row.pop("qualification")
    brings = brought.get(_eligibility(row))
    return _know(row, brings or _brings(qualification), now)


def _eligibility(row: Told) -> tuple[str, int]:
    return (row["person_id"], row["eligibility_version"])


def _brings(qualification: Told) -> _Brings:
    brought = Qualification.model_validate(qualification, extra="ignore")
    return _Brings(
        languages=frozenset(brought.languages),
        topics=frozenset(brought.topics),
        skills=frozenset(brought.skills),
        declines=frozenset(brought.declines),
        organisation=brought.organisation or "",
        accreditations=brought.accreditations,
    )


def _state(row: Told) -> LiveState:
    """What the decision takes the person to be doing.

    Who is in a contact and is asked to take another, or wants to go, can take no more: they are as
    one who was offered something.
    """
    state = LiveState(row["state"])
    asked = row["offer_id"] not in row["held"] or row["wish"] is not None
    return LiveState.OFFERED if state is LiveState.TALKING and asked else state


def _know(row: Told, brings: _Brings, now: datetime) -> _Known:
    accredited = [a for a in brings.accreditations if a.valid_until > now]
    person = PersonOnDuty(
        person_id=row["person_id"],
        state=_state(row),
        roles=frozenset((Role(row["role"]),)),
        channels=frozenset([a.channel for a in accredited]),
        languages=brings.languages,
        topics=brings.topics,
        skills=brings.skills,
        # One level for all channels, so the lowest: nobody is given a risk they may not take.
        level=min([a.level for a in accredited], default=0),
        region=brings.organisation,
        eligibility_version=row["eligibility_version"],
        valid_until=datetime.fromisoformat(row["valid_until"]),
        ready_since=datetime.fromisoformat(row["since"]),
        rest_until=_moment(row["rest_until"]),
        wrapped_up_at=_moment(row["wrapped_up_at"]),
        consecutive_contacts=row["consecutive_contacts"],
        live=(Channel(row["talking_on"]),) * len(row["held"]) if row["talking_on"] else (),
        declined_needs=brings.declines,
        missed_offers=row["missed_offers"],
        shift_ends_at=_moment(row["shift_ends_at"]),
        accepts_last_minutes=row["accepts_last_minutes"],
    )
    until = min([a.valid_until for a in accredited], default=_NEVER)
    return _Known(row, brings, person, now, until)


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)


def _waiting(row: Told) -> WaitingContact:
    priority = Priority(row["priority"]) if row["priority"] else None
    return WaitingContact(
        contact_id=row["contact_id"],
        programme=row["programme"],
        stage=Stage(row["stage"]),
        channel=Channel(row["channel"]),
        priority=priority,
        risk_band=BAND_OF_PRIORITY[priority] if priority else 0,
        need=row["need"],
        languages=frozenset(row["languages"]),
        region=row["departement"] or "",
        waiting_since=datetime.fromisoformat(row["waiting_since"]),
        joined_at=datetime.fromisoformat(row["joined_at"]),
        front=row["front"],
        untriaged=row["untriaged"],
        heard=row["heard"],
        was_at_risk=row["was_at_risk"],
        way_out_proposed=row["way_out_at"] is not None,
        declined_by=frozenset(row["declined_by"]),
        sought=row["sought"],
        slowed=row["slowed"],
    )
