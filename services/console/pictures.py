"""What the doors read: sessions, the desk as it is, what it missed, the board of a line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from contracts.envelope import SessionId
from contracts.vocabulary import ContactState, LiveState, PersonId, ProgrammeId, Role
from services.bus.driver import ask
from services.console import care, plan
from services.console.domain import SessionEnd, SessionFacts, end_of_session
from services.console.messages import AlertShown, Board, DeskState
from services.console.store import DeskRow, HourRow

#: More than a desk can miss in a day; beyond it the picture alone is sent.
_MOST_MISSED = 1000
_HOURS_SHOWN = 24
_ONE_HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """A session as found, and why it no longer stands, if so."""

    session_id: SessionId
    person_id: PersonId
    role: Role
    programme: ProgrammeId
    token_sha256: str
    ended: SessionEnd | None
    found_at: datetime  #: domain time
    zone: str = "UTC"  #: of its line, as far as it is known here
    look: str = ""  #: of its pages, as in an address


_DESKS = text(
    """
    SELECT s.*, e.roles, e.shift_ends_at, d.live_state, d.held <> '{}' AS has_contact,
           s.person_id IN (
               SELECT raised_by FROM console.alert WHERE standing IN ('open', 'taken')
               UNION ALL
               SELECT held_by FROM console.alert
               WHERE standing IN ('open', 'taken') AND held_by IS NOT NULL
           ) AS has_alert,
           coalesce(p.terms ->> 'timezone', 'UTC') AS zone, public.helpline_now() AS now
    FROM console.session s
    LEFT JOIN console.programme p ON p.programme = s.programme
    LEFT JOIN console.eligibility e
           ON e.person_id = s.person_id AND e.programme = s.programme
    LEFT JOIN console.desk d ON d.person_id = s.person_id
    WHERE s.token_sha256 = ANY(:tokens)
    """
)


def desks_by_token(session: Session, tokens_sha256: list[str]) -> dict[str, Desk]:
    """Sessions by the hash of their token; unknown ones are missing."""
    found = session.execute(_DESKS, {"tokens": tokens_sha256}).all()
    return {row.token_sha256: _desk(row) for row in found}


def _desk(row: Any) -> Desk:
    role = Role(row.role)
    facts = SessionFacts(
        role=role,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        held=None if row.roles is None else tuple(Role(held) for held in row.roles),
        shift_ends_at=row.shift_ends_at,
        live=LiveState.OFF_DUTY if row.live_state is None else LiveState(row.live_state),
        has_contact=bool(row.has_contact),
        has_alert=row.has_alert,
    )
    ended = end_of_session(facts, row.now)
    return Desk(
        session_id=row.session_id,
        person_id=row.person_id,
        role=role,
        programme=row.programme,
        token_sha256=row.token_sha256,
        ended=ended,
        found_at=row.now,
        zone=row.zone,
        look=row.look,
    )


# --- what the live streams read -------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """One numbered message, as it goes down the stream."""

    person_id: str
    number: int
    kind: str
    body: str  #: JSON on one line


@dataclass(frozen=True)
class Picture:
    """A desk as it is now, and what it missed; `last_number` is what to resume from."""

    state: DeskState
    last_number: int
    missed: tuple[Told, ...]


_NEWS = text(
    """
    SELECT m.person_id, m.number, m.kind, m.body::text AS body
    FROM unnest(CAST(:persons AS text[]), CAST(:lasts AS bigint[])) AS known(person_id, last)
    JOIN console.desk_message m ON m.person_id = known.person_id AND m.number > known.last
    ORDER BY m.person_id, m.number LIMIT 5000
    """
)


#: Of the last second of the machine's; `at` is when it was written, in domain time.
_LATEST = text(
    """
    SELECT person_id, number, kind, body::text AS body FROM console.desk_message
    WHERE at >= (SELECT public.helpline_now() - make_interval(secs => rate) FROM public.clock)
    ORDER BY person_id, number LIMIT 5000
    """
)


def latest_news(session: Session) -> list[Told]:
    """Messages to anybody of the last second; what was slow to be committed is not among them."""
    rows = session.execute(_LATEST)
    return [Told(row.person_id, row.number, row.kind, row.body) for row in rows]


def news_for(session: Session, known: Mapping[str, int]) -> list[Told]:
    """Messages after the last number known, for all these people in one question."""
    rows = session.execute(_NEWS, {"persons": list(known), "lasts": list(known.values())})
    return [Told(row.person_id, row.number, row.kind, row.body) for row in rows]


def picture_of(session: Session, viewer: Desk, after: int | None) -> Picture:
    """The desk of a person, and what they missed after that number, when it is still all there."""
    now = domain_now(session)
    desk = session.get(DeskRow, viewer.person_id) or DeskRow(person_id=viewer.person_id)
    missed = () if after is None else _missed(session, desk, after)
    state = DeskState.model_validate(
        {
            "person_id": viewer.person_id,
            "role": viewer.role,
            "programme": viewer.programme,
            "at": now,
            "live": desk.live or {},
            "offer": desk.offer,
            "contact": desk.contact,
            "debriefs": care.debriefs_for(session, viewer.person_id, viewer.role, viewer.programme),
            "alerts": _alerts_of(session, viewer),
        },
        extra="ignore",
    )
    return Picture(state, desk.last_number, missed)


_ALERTS = text(
    """
    SELECT shown FROM console.alert
    WHERE programme = :programme AND standing IN ('open', 'taken') AND (
        raised_by = :person_id OR held_by = :person_id OR :role = 'supervisor'
        OR (:role = 'regulator' AND level >= 2) OR (:role = 'duty_professional' AND level >= 3)
    )
    ORDER BY shown ->> 'raised_at' LIMIT 100
    """
)


def _alerts_of(session: Session, viewer: Desk) -> list[dict[str, Any]]:
    """Alerts not over that concern a viewer, as `statements.CONCERNED` tells them."""
    concerned = {"person_id": viewer.person_id, "role": viewer.role.value}
    found = session.execute(_ALERTS, concerned | {"programme": viewer.programme})
    return [row.shown for row in found]


def may_see_alert(viewer: Desk, alert: AlertShown) -> bool:
    """Whether an alert concerns a viewer, over or not: theirs, or of their rung."""
    if alert.programme != viewer.programme:
        return False
    rung = {Role.SUPERVISOR: 1, Role.REGULATOR: 2, Role.DUTY_PROFESSIONAL: 3}.get(viewer.role, 4)
    return viewer.person_id in (alert.raised_by, alert.held_by) or alert.level >= rung


def _missed(session: Session, desk: DeskRow, after: int) -> tuple[Told, ...]:
    """All messages after `after`, or nothing when some were already deleted or never were."""
    wanted = desk.last_number - after
    if not 0 < wanted <= _MOST_MISSED:
        return ()
    told = news_for(session, {desk.person_id: after})
    kept = tuple(one for one in told if one.number <= desk.last_number)
    return kept if len(kept) == wanted else ()


_PLACES = text(
    """
    SELECT state, count(*) AS contacts, min(since) AS longest_since FROM console.contact
    WHERE programme = :programme AND state <> 'ended' GROUP BY state
    """
)
_ON_DUTY = text(
    """
    SELECT role, live_state, count(*) AS people FROM console.desk
    WHERE programme = :programme AND live_state <> 'off_duty' GROUP BY role, live_state
    """
)


_WAITED_IN = """
    SELECT DISTINCT programme FROM console.contact
    WHERE programme = ANY(%(programmes)s) AND state = 'waiting_listener'
"""


def lines_waited_in(session: Session, programmes: Collection[ProgrammeId]) -> set[ProgrammeId]:
    """Those lines in which somebody waits for a listener now."""
    rows = ask(session, _WAITED_IN, {"programmes": list(programmes)})
    return {row.programme for row in rows}


def board_of(session: Session, programme: str) -> Board:
    """The counts of a line, now."""
    places = {row.state: row for row in session.execute(_PLACES, {"programme": programme})}
    duty = session.execute(_ON_DUTY, {"programme": programme}).all()
    hours = session.exec(
        select(HourRow.figures)
        .where(HourRow.programme == programme)
        .order_by(col(HourRow.hour).desc())
        .limit(_HOURS_SHOWN)
    )

    now = domain_now(session)
    holes = plan.holes_from(session, programme, now - _ONE_HOUR)

    def line(waiting: ContactState, held: ContactState, role: Role) -> dict[str, Any]:
        return {
            "waiting": places[waiting].contacts if waiting in places else 0,
            "longest_since": places[waiting].longest_since if waiting in places else None,
            "with_human": places[held].contacts if held in places else 0,
            "on_duty": {row.live_state: row.people for row in duty if row.role == role},
        }

    regulators = line(ContactState.WAITING_REGULATOR, ContactState.WITH_REGULATOR, Role.REGULATOR)
    listeners = line(ContactState.WAITING_LISTENER, ContactState.WITH_LISTENER, Role.LISTENER)
    return Board.model_validate(
        {
            "programme": programme,
            "at": now,
            "regulators": regulators,
            "listeners": listeners,
            "hours": hours.all(),
            "holes": [{"hour": hole.hour, "missing": hole.missing} for hole in holes],
        },
        extra="ignore",
    )


def domain_now(session: Session) -> datetime:
    """Domain time, for questions asked at the door (handlers have `work.now`)."""
    now: datetime = session.execute(select(func.public.helpline_now())).scalar_one()
    return now
