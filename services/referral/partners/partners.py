"""Tables of partner organisations, and what was handed to each. No commit is made here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Column, DateTime, Index, Integer, Text, text
from sqlmodel import Field, Session, col, select

from contracts.partner import ApplyPartner
from contracts.vocabulary import (
    PartnerId,
    PartnerReference,
    ReferralId,
    ReferralState,
    RelayId,
    SealingKey,
)
from services.bus.driver import ask
from services.referral.store import ReferralRow, Row


class PartnerRow(Row, table=True):
    """A partner organisation, as the operator's file has it."""

    __tablename__ = "partner"
    __table_args__ = (
        Index(
            "partner_of_relay",
            "relays",
            postgresql_using="gin",
            postgresql_where=text("state = 'active'"),
        ),
    )

    partner: str = Field(primary_key=True)
    called: str
    state: str
    relays: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    subscribes: bool  #: has an account on NATS
    sealing_key: str | None = None
    webhook_url: str | None = None
    webhook_secrets: list[int] | None = Field(
        default=None, sa_column=Column(ARRAY(Integer), nullable=True)
    )
    webhook_given_up_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    webhook_given_up_why: str | None = None  #: a word of ours
    desk: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    #: Counts what was announced of its webhook.
    version: int = Field(
        default=0, sa_column=Column(Integer, nullable=False, server_default=text("0"))
    )

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"partner_webhook:{self.partner}"

    @property
    def is_told(self) -> bool:
        """Whether there is a way to it: its account on NATS, a desk, or a webhook that answers."""
        answers = self.webhook_url is not None and self.webhook_given_up_at is None
        return self.subscribes or self.desk or answers


class HandedRow(Row, table=True):
    """A referral as its partner knows it. `version` counts what the partner was told of it."""

    __tablename__ = "handed"
    __table_args__ = (
        Index("handed_awaited", "partner", postgresql_where=text("received_at IS NULL")),
        Index("handed_of_partner", "partner"),
    )

    reference: PartnerReference = Field(primary_key=True, sa_type=Text)
    referral_id: ReferralId = Field(sa_type=Text, index=True)
    partner: str
    event_id: str  #: by which it was told
    #: When we saw that the partner had acknowledged it, or somebody opened it on its desk.
    received_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    #: When its partner was told to forget it.
    withdrawn_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"partner_referral:{self.reference}"


@dataclass(frozen=True)
class Standing:
    """A partner that stands for a relay, as far as a referral needs to know."""

    partner: PartnerId
    is_told: bool  #: as of its row
    has_webhook: bool
    sealing_key: SealingKey | None


_STANDING_FOR = """
    SELECT partner, sealing_key, webhook_url IS NOT NULL AS has_webhook,
        subscribes OR desk OR (webhook_url IS NOT NULL AND webhook_given_up_at IS NULL) AS is_told
    FROM referral.partner
    WHERE state = 'active' AND relays && array[%(relay_id)s::text] AND partner <> %(but)s
    ORDER BY partner
"""


def keep_partner(session: Session, manifest: ApplyPartner) -> PartnerRow:
    """Keep a partner as its file has it now. A webhook that was given up is tried again."""
    known = session.get(PartnerRow, manifest.partner)
    return session.merge(
        PartnerRow(
            partner=manifest.partner,
            version=0 if known is None else known.version,
            called=manifest.called,
            state=manifest.state.value,
            relays=list(manifest.relays),
            subscribes=bool(manifest.nats_keys),
            sealing_key=manifest.sealing_key,
            webhook_given_up_at=None,
            webhook_given_up_why=None,
            webhook_url=None if manifest.webhook is None else manifest.webhook.url,
            webhook_secrets=None if manifest.webhook is None else list(manifest.webhook.secrets),
            desk=manifest.desk,
        )
    )


def partner_to_change(session: Session, partner: str) -> PartnerRow | None:
    """A partner, locked."""
    return session.get(PartnerRow, partner, with_for_update=True)


def partner_of(session: Session, relay_id: RelayId, but: str = "") -> Standing | None:
    """Who stands for an entry of the directory and is referred to, if anybody `but` one does."""
    row = ask(session, _STANDING_FOR, {"relay_id": relay_id, "but": but}).fetchone()
    if row is None:
        return None
    key = None if row.sealing_key is None else SealingKey(row.sealing_key)
    return Standing(PartnerId(row.partner), row.is_told, row.has_webhook, key)


def has_webhook(session: Session, partner: str) -> bool:
    """Whether a partner is posted what it is told."""
    statement = """
        SELECT FROM referral.partner WHERE partner = %(partner)s AND webhook_url IS NOT NULL
    """
    return ask(session, statement, {"partner": partner}).fetchone() is not None


_HAND = """
    INSERT INTO referral.handed (reference, referral_id, partner, event_id, version)
    VALUES (%(reference)s, %(referral_id)s, %(partner)s, %(event_id)s, %(version)s)
"""


def hand(session: Session, row: HandedRow) -> None:
    """Keep what is handed to a partner."""
    names = ("reference", "referral_id", "partner", "event_id", "version")
    ask(session, _HAND, {name: getattr(row, name) for name in names})


def handed(session: Session, row: ReferralRow) -> HandedRow | None:
    """What a partner was handed of a referral, locked; None when no partner was."""
    if row.partner_reference is None:
        return None
    return session.get(HandedRow, row.partner_reference, with_for_update=True)


def referral_handed_to(session: Session, partner: str, reference: str) -> ReferralRow | None:
    """A referral by a partner's own reference, locked; another partner's is not there."""
    found = select(HandedRow).where(HandedRow.reference == reference, HandedRow.partner == partner)
    row = session.exec(found).one_or_none()
    return None if row is None else session.get(ReferralRow, row.referral_id, with_for_update=True)


def waiting_for(session: Session, partner: str) -> Iterator[ReferralId]:
    """Referrals a partner has not answered."""
    query = (
        select(ReferralRow.referral_id)
        .join(HandedRow, col(HandedRow.referral_id) == ReferralRow.referral_id)
        .where(HandedRow.partner == partner, ReferralRow.state == ReferralState.SENT.value)
        .order_by(ReferralRow.referral_id)
    )
    yield from map(ReferralId, session.exec(query))


_NOT_RECEIVED = """
    SELECT h.partner, min(o.stream_sequence) AS first
    FROM referral.handed AS h JOIN referral.outbox AS o ON o.id = h.event_id
        JOIN referral.partner AS p ON p.partner = h.partner AND p.subscribes
    WHERE h.received_at IS NULL AND o.stream_sequence IS NOT NULL
    GROUP BY h.partner ORDER BY h.partner
"""
_RECEIVED = """
    UPDATE referral.handed AS h SET received_at = public.helpline_now()
    FROM referral.outbox AS o
    WHERE h.partner = %(partner)s AND h.received_at IS NULL AND o.id = h.event_id
        AND o.stream_sequence <= %(acknowledged)s
"""


def awaited_from(session: Session) -> list[tuple[str, int]]:
    """Partners that have not acknowledged something yet, and the first sequence that is of."""
    return [(row.partner, row.first) for row in ask(session, _NOT_RECEIVED)]


def keep_received(session: Session, partner: str, acknowledged: int) -> int:
    """Keep that a partner has everything up to this sequence of the stream; how many that were."""
    return ask(session, _RECEIVED, {"partner": partner, "acknowledged": acknowledged}).rowcount


def keep_posted(session: Session, event_id: str) -> None:
    """Keep that a partner's receiver has taken what this event told, if that was a referral."""
    statement = """
        UPDATE referral.handed SET received_at = public.helpline_now()
        WHERE event_id = %(event_id)s AND received_at IS NULL
    """
    ask(session, statement, {"event_id": event_id})


@dataclass(frozen=True)
class OnDesk:
    """A referral as its partner's desk shows it; `body` is what the partner was told."""

    body: str
    state: str
    received_at: datetime | None
    outcome_given: bool


_ON_DESK = """
    SELECT o.body, r.state, h.received_at, r.outcome_given
    FROM referral.handed AS h
        JOIN referral.referral AS r ON r.referral_id = h.referral_id
        JOIN referral.outbox AS o ON o.id = h.event_id
    WHERE h.partner = %(partner)s AND r.state IN ('sent', 'expired', 'accepted')
        AND (%(only)s::text IS NULL OR h.reference = %(only)s)
    ORDER BY r.state <> 'sent', r.state = 'accepted', r.outcome_given,
        CASE r.state WHEN 'sent' THEN o.sequence ELSE -o.sequence END
    LIMIT %(most)s
"""
_OPENED = """
    UPDATE referral.handed SET received_at = coalesce(received_at, %(now)s)
    WHERE partner = %(partner)s AND reference = %(reference)s
"""


def on_desk(
    session: Session, partner: str, most: int, only: PartnerReference | None = None
) -> list[OnDesk]:
    """What waits for a partner, the first sent first; then what is late and what it has taken up,
    the newest first: what has just come or was just taken up is there, however much was left lying.

    What was declined, closed or withdrawn is not there: nobody needs it any more. With
    `only`, that one alone.
    """
    named = {"partner": partner, "most": most, "only": only}
    rows = ask(session, _ON_DESK, named)
    return [OnDesk(row.body, row.state, row.received_at, row.outcome_given) for row in rows]


def keep_opened(session: Session, partner: str, reference: str, now: datetime) -> bool:
    """Keep that somebody of a partner has a referral; whether it is one of its own."""
    named = {"partner": partner, "reference": reference, "now": now}
    return ask(session, _OPENED, named).rowcount == 1
