"""Tables of the duty list: how its people are reached, calls to them, and every attempt.

A call is an order: a row saved with what led to it, carried out after the commit by `callout.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field, Session, col, select

from contracts.risk import AlertId, CallWay, DutyCallId
from contracts.vocabulary import ContactId, PersonId, ProgrammeId
from services.bus.driver import ask
from services.risk.store import Row, moment

WAITING, DELIVERED, LAPSED, NOT_NEEDED = "waiting", "delivered", "lapsed", "not_needed"


class ReachRow(Row, table=True):
    """One way to call a person, for one line. Address and secret are sealed."""

    __tablename__ = "reach"

    programme: ProgrammeId = Field(primary_key=True, sa_type=Text)
    person_id: PersonId = Field(primary_key=True, sa_type=Text)
    way: str = Field(primary_key=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    since: datetime = moment(nullable=False)

    @property
    def place(self) -> str:
        """Where it belongs, for the seal."""
        return place_of(self.programme, self.person_id, CallWay(self.way))


def place_of(programme: ProgrammeId, person_id: PersonId, way: CallWay) -> str:
    """Where a way to call somebody belongs, for the seal."""
    return f"{way.value} of {person_id} for {programme}"


class DutyCallRow(Row, table=True):
    """A call to a duty professional by one way. `try_at` is machine time, the rest domain time."""

    __tablename__ = "duty_call"
    __table_args__ = (
        Index("calls_to_make", "try_at", postgresql_where=text("state = 'waiting'")),
        Index("calls_of_an_alert", "alert_id"),
    )

    call_id: DutyCallId = Field(primary_key=True, sa_type=Text)
    alert_id: AlertId = Field(sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    person_id: PersonId = Field(sa_type=Text)
    way: str
    round: int  #: which call of the alert it belongs to
    made_at: datetime = moment(nullable=False)
    expires_at: datetime = moment(nullable=False)
    state: str = WAITING
    attempts: int = 0
    try_at: datetime = moment(nullable=False)
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"duty_call:{self.call_id}"


class AttemptRow(Row, table=True):
    """One attempt to carry a call out: what came back, never what was sent or where."""

    __tablename__ = "call_attempt"

    call_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    ended_at: datetime = moment(nullable=False)
    milliseconds: int  #: machine time it took
    status: int | None = None  #: of the answer; None: there was none
    failure: str | None = None  #: kind of the failure, a word of ours


# --- who can be called ----------------------------------------------------------------------------


def reaches_of(session: Session, programme: ProgrammeId, person_id: PersonId) -> list[ReachRow]:
    """Every way to call a person."""
    query = select(ReachRow).where(ReachRow.programme == programme, ReachRow.person_id == person_id)
    return list(session.exec(query.order_by(ReachRow.way)).all())


def keep_reach(session: Session, row: ReachRow) -> None:
    """Replace a way to call a person."""
    session.merge(row)


def forget_reach(
    session: Session, programme: ProgrammeId, person_id: PersonId, way: CallWay
) -> bool:
    """Forget a way to call a person; whether there was one."""
    row = session.get(ReachRow, (programme, person_id, way.value))
    if row is not None:
        session.delete(row)
    return row is not None


# --- calls ----------------------------------------------------------------------------------------


def call_to_change(session: Session, call_id: str) -> DutyCallRow | None:
    """A call, locked."""
    return session.get(DutyCallRow, call_id, with_for_update=True)


def calls_of_round(session: Session, alert_id: AlertId, round: int) -> list[DutyCallRow]:
    """Every call that was ordered together."""
    query = select(DutyCallRow).where(DutyCallRow.alert_id == alert_id, DutyCallRow.round == round)
    return list(session.exec(query).all())


def calls_of(session: Session, alert_id: AlertId) -> list[DutyCallRow]:
    """Every call for an alert, the oldest first."""
    query = select(DutyCallRow).where(DutyCallRow.alert_id == alert_id)
    return list(session.exec(query.order_by(col(DutyCallRow.made_at), DutyCallRow.way)).all())


def attempts_of(session: Session, alert_id: AlertId) -> list[AttemptRow]:
    """Every attempt for an alert, the oldest first."""
    query = (
        select(AttemptRow)
        .where(col(AttemptRow.call_id).in_([call.call_id for call in calls_of(session, alert_id)]))
        .order_by(col(AttemptRow.ended_at), col(AttemptRow.number))
    )
    return list(session.exec(query).all())


@dataclass(frozen=True)
class CallToMake:
    """A call in hand: nobody else takes it up for a while, and its time is not over."""

    call_id: DutyCallId
    alert_id: AlertId
    programme: ProgrammeId
    person_id: PersonId
    way: CallWay
    number: int  #: of this attempt, from 1
    left_seconds: float  #: of machine time until it lapses
    machine_seconds: float  #: the machine's time, since 1970
    sealed: bytes | None  #: address and secret; None: the person has taken them away


#: One statement, which commits by itself. Not taken up: what has lapsed, and calls for an alert
#: that somebody has by now.
_TAKE_UP = """
    UPDATE risk.duty_call AS c SET attempts = c.attempts + 1,
        try_at = clock_timestamp() + make_interval(secs => %(hold_seconds)s)
    WHERE c.call_id IN (
        SELECT w.call_id FROM risk.duty_call w JOIN risk.alert a ON a.alert_id = w.alert_id
        WHERE w.state = 'waiting' AND w.try_at <= clock_timestamp()
            AND w.expires_at > public.helpline_now() AND a.standing = 'open'
        ORDER BY w.made_at LIMIT 20 FOR UPDATE OF w SKIP LOCKED
    )
    RETURNING c.call_id, c.alert_id, c.programme, c.person_id, c.way, c.attempts AS number,
        extract(epoch FROM c.expires_at - public.helpline_now())
            / (SELECT rate FROM public.clock) AS left_seconds,
        extract(epoch FROM clock_timestamp()) AS machine_seconds,
        (SELECT sealed FROM risk.reach r WHERE r.programme = c.programme
            AND r.person_id = c.person_id AND r.way = c.way) AS sealed
"""


def take_up_calls(session: Session, hold_seconds: float) -> list[CallToMake]:
    """Take up what is to be called now; `hold_seconds` of machine time nobody else does."""
    rows = ask(session, _TAKE_UP, {"hold_seconds": hold_seconds}).fetchall()
    return [_call(row) for row in rows]


def _call(row: Any) -> CallToMake:
    return CallToMake(
        call_id=row.call_id,
        alert_id=row.alert_id,
        programme=row.programme,
        person_id=row.person_id,
        way=CallWay(row.way),
        number=row.number,
        left_seconds=float(row.left_seconds),
        machine_seconds=float(row.machine_seconds),
        sealed=None if row.sealed is None else bytes(row.sealed),
    )


def try_again(session: Session, call_id: DutyCallId, after_seconds: float) -> None:
    """Have a call that did not get through taken up again after a pause of machine time."""
    statement = """
        UPDATE risk.duty_call SET try_at = clock_timestamp() + make_interval(secs => %(after)s)
        WHERE call_id = %(call_id)s AND state = 'waiting'
    """
    ask(session, statement, {"call_id": call_id, "after": after_seconds})
