"""What is to be posted to partners, and every attempt. No commit is made here.

An order names an event and holds nothing of it: what is posted is read from the outbox, where the
event stands for as long as it may. An attempt says how it went: no address, no word of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Identity, Index, Integer, text
from sqlmodel import Field, Session

from contracts.envelope import EventId
from services.bus.driver import ask
from services.referral.store import Row

WAITING, DELIVERED = "waiting", "delivered"
#: What it told has been taken back: it is posted to nobody any more, nor again.
TAKEN_BACK = "taken_back"
#: As long as stream PARTNER keeps what is posted: what is older is posted to nobody again.
KEPT_FOR = timedelta(days=30)
OLD_POSTS = "old_posts"
_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class WebhookOrderRow(Row, table=True):
    """An event to be posted to its partner, in the order of `position`.

    `held_until` is machine time, the rest domain time.
    """

    __tablename__ = "webhook_order"
    __table_args__ = (
        Index(
            "webhook_orders_waiting",
            "partner",
            "position",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("webhook_orders_since", "partner", "made_at"),
    )

    event_id: str = Field(primary_key=True)
    position: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False)
    )
    partner: str
    made_at: datetime = _moment()
    state: str = WAITING
    attempts: int = 0
    attempts_before: int = 0  #: those made before it was ordered once more
    try_at: datetime = _moment()
    held_until: datetime = _moment()


class WebhookAttemptRow(Row, table=True):
    """One attempt: when, how long, and the kind of answer."""

    __tablename__ = "webhook_attempt"

    event_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    ended_at: datetime = _moment()
    milliseconds: int  #: machine time it took
    answer: str  #: class of its status (`2xx`), or a word of ours for none
    signed_at: datetime | None = _moment(nullable=True)  #: machine time in its signature
    #: Which of the partner's secrets it was signed with; None before this was kept.
    secrets: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer), nullable=True))
    dialled: str | None = None  #: the kind of address connected to (`public`); None: to none


@dataclass(frozen=True)
class Post:
    """An order in hand: nobody else takes it up for a while."""

    event_id: EventId
    partner: str
    number: int  #: of this attempt, from 1
    url: str
    secrets: tuple[int, ...]
    envelope: Mapping[str, Any]
    body: str
    machine_seconds: float  #: the machine's time, since 1970


#: One statement, which commits by itself. Of each partner the first that waits, and it alone.
_TAKE_UP = """
    UPDATE referral.webhook_order AS o SET attempts = o.attempts + 1,
        held_until = clock_timestamp() + make_interval(secs => %(hold_seconds)s)
    FROM referral.partner p
        CROSS JOIN LATERAL (
            SELECT w.event_id FROM referral.webhook_order w
            WHERE w.partner = p.partner AND w.state = 'waiting' ORDER BY w.position LIMIT 1
        ) AS first
        JOIN referral.outbox b ON b.id = first.event_id
    WHERE p.state = 'active' AND p.webhook_url IS NOT NULL AND p.webhook_given_up_at IS NULL
        AND o.event_id = first.event_id AND o.state = 'waiting'
        AND o.try_at <= public.helpline_now() AND o.held_until <= clock_timestamp()
    RETURNING o.event_id, o.partner, o.attempts AS number, p.webhook_url AS url,
        p.webhook_secrets AS secrets, b.envelope, b.body,
        extract(epoch FROM clock_timestamp()) AS machine_seconds
"""
_AGAIN = """
    UPDATE referral.webhook_order SET state = 'waiting', attempts_before = attempts,
        try_at = '2000-01-01T00:00:00Z'
    WHERE partner = %(partner)s
        AND (state = 'waiting' OR state = 'delivered' AND made_at >= %(since)s::timestamptz)
"""
_TAKE_BACK = """
    UPDATE referral.webhook_order SET state = 'taken_back' WHERE event_id = %(event_id)s
"""
#: An order in hand stays: whoever has it keeps what came of it.
_FORGET = """
    WITH gone AS (
        DELETE FROM referral.webhook_order
        WHERE made_at < %(moment)s AND held_until <= clock_timestamp() RETURNING event_id
    ), attempts AS (
        DELETE FROM referral.webhook_attempt WHERE event_id IN (SELECT event_id FROM gone)
    )
    SELECT count(*) - (SELECT count(*) FROM gone) AS orders
    FROM referral.webhook_order WHERE made_at < %(moment)s
"""


def order(session: Session, event_id: EventId, partner: str, now: datetime) -> None:
    """Order that an event is posted."""
    row = WebhookOrderRow(
        event_id=event_id, partner=partner, made_at=now, try_at=_AT_ONCE, held_until=_AT_ONCE
    )
    session.add(row)


def forgotten_with(now: datetime) -> tuple[str, datetime]:
    """With what an order made now is forgotten, and when: all orders of one hour go together."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour.strftime("%Y-%m-%dT%H"), hour + timedelta(hours=1) + KEPT_FOR


def forget_before(session: Session, moment: datetime) -> bool:
    """Delete orders made before, with their attempts; whether one is left that is in hand."""
    (left,) = ask(session, _FORGET, {"moment": moment}).fetchall()
    return bool(left.orders)


def take_up(session: Session, hold_seconds: float) -> list[Post]:
    """Take up what is to be posted now; `hold_seconds` of machine time nobody else does."""
    rows = ask(session, _TAKE_UP, {"hold_seconds": hold_seconds}).fetchall()
    return [
        Post(
            event_id=row.event_id,
            partner=row.partner,
            number=row.number,
            url=row.url,
            secrets=tuple(row.secrets),
            envelope=row.envelope,
            body=row.body,
            machine_seconds=float(row.machine_seconds),
        )
        for row in rows
    ]


def order_to_change(session: Session, event_id: str) -> WebhookOrderRow | None:
    """An order, locked."""
    return session.get(WebhookOrderRow, event_id, with_for_update=True)


def keep_attempt(session: Session, row: WebhookAttemptRow) -> None:
    """Keep how an attempt went."""
    session.add(row)


def take_back(session: Session, event_id: str) -> None:
    """Post this event to nobody any more. One attempt may be on its way; nothing calls it back."""
    ask(session, _TAKE_BACK, {"event_id": event_id})


def let_go(row: WebhookOrderRow) -> None:
    """Nobody has this order in hand any more."""
    row.held_until = _AT_ONCE


def order_again(session: Session, partner: str, since: datetime | None = None) -> None:
    """Have what waits tried at once, and over three days again; posted again what was told since a
    moment, if one is said.
    """
    ask(session, _AGAIN, {"partner": partner, "since": since})
