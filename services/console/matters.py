"""What is to be seen to on a line, from the fact that begins it to the one that ends it.

Rescues, calls to the duty professional, reports, lifts of anonymity, messages that wait for long:
each is one row, folded from facts that may come late, so that a page reads what is open at once.
No word of a caller is here, nor of a report: those are behind the doors of who keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, DateTime, Index, Text, and_, or_, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session, col, delete, select

from contracts.anonymity import LiftAgreed, LiftAsked, LiftEvent, LiftReviewMissed, LiftShown
from contracts.contact import HumanWanted
from contracts.partner import PartnerWebhookFact, PartnerWebhookGivenUp
from contracts.referral import (
    ReferralAnswered,
    ReferralClosed,
    ReferralExpired,
    ReferralFact,
    ReferralUndelivered,
)
from contracts.report import (
    AtRiskReportEvent,
    AtRiskReportMissed,
    AtRiskReportOwed,
    AtRiskReportRead,
    AtRiskReportWritten,
    LegalReportDecided,
    LegalReportEvent,
)
from contracts.rescue import RescueConfirmed, RescueEvent, RescueFailed, RescueStarted
from contracts.risk import DutyCallDelivered, DutyCallEvent, DutyCallLapsed
from contracts.text import WrittenAnswered, WrittenClockRang, WrittenEvent, WrittenFirstRead
from contracts.vocabulary import ContactId, ProgrammeId
from services.console.store import AlertRow, Row


class MatterKind(StrEnum):
    """What it is."""

    RESCUE = "rescue"
    DUTY_CALL = "duty_call"
    AT_RISK_REPORT = "at_risk_report"
    LEGAL_REPORT = "legal_report"
    LIFT = "lift"
    WRITTEN = "written"  #: a message; its name is its contact's
    REFERRAL = "referral"  #: one that found nobody, or did not arrive
    PARTNER = "partner"  #: one whose webhook was given up


#: A referral that found nobody stays on the page so long beyond what is over.
_LEFT_OPEN_FOR = timedelta(days=6)

#: Names under which events say who did something.
_PEOPLE = ("started_by", "person_id", "written_by", "proposed_by", "asked_by", "decided_by")


def _moment(nullable: bool) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class MatterRow(Row, table=True):
    """One matter, as its newest fact left it."""

    __tablename__ = "matter"
    __table_args__ = (
        Index("matter_open", "programme", "since", postgresql_where=text("NOT over")),
        Index("matter_of_alert", "alert_id", postgresql_where=text("alert_id IS NOT NULL")),
    )

    kind: MatterKind = Field(primary_key=True, sa_type=Text)
    matter_id: str = Field(primary_key=True)
    programme: str
    contact_id: str | None = None
    alert_id: str | None = None
    state: str
    since: datetime = _moment(nullable=False)  #: of the newest fact
    due_at: datetime | None = _moment(nullable=True)
    over: bool
    #: Closed words and people, by the names they have in the events.
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))

    @property
    def people(self) -> tuple[str, ...]:
        """Who is named in it."""
        return tuple(self.said[name] for name in _PEOPLE if name in self.said)


@dataclass(frozen=True)
class Matter:
    """What one fact says of a matter."""

    kind: MatterKind
    matter_id: str
    programme: ProgrammeId
    contact_id: ContactId | None  #: none where it goes by itself
    state: str
    since: datetime
    over: bool = False
    alert_id: str | None = None
    due_at: datetime | None = None  #: None: nothing is awaited any more
    said: dict[str, Any] = field(default_factory=dict)  #: beside what earlier facts said


def keep(session: Session, matter: Matter) -> None:
    """Keep what a fact says, unless a newer one was heard before it."""
    known = session.get(MatterRow, (matter.kind, matter.matter_id), with_for_update=True)
    if known is None:
        session.add(MatterRow(**vars(matter)))
        return
    if known.since > matter.since:
        return
    known.state, known.since, known.over = matter.state, matter.since, matter.over
    known.due_at = matter.due_at
    known.said = known.said | matter.said
    if matter.state == "shown":  # a lift decided alone is still to be reviewed
        alone = bool(known.said.get("alone"))
        known.over, known.due_at = not alone, _read_moment(known.said.get("review_by"))


def open_of(session: Session, programme: str) -> Sequence[MatterRow]:
    """Every matter of a line that is not over, the oldest first."""
    asked = select(MatterRow).where(
        MatterRow.programme == programme, col(MatterRow.over).is_(False)
    )
    return session.exec(asked.order_by(col(MatterRow.since)).limit(500)).all()


def of_line(session: Session, programme: str, kind: MatterKind, matter_id: str) -> MatterRow | None:
    """One matter of a line, over or not; None when it has none of that name."""
    found = session.get(MatterRow, (kind, matter_id))
    return found if found is not None and found.programme == programme else None


def of_open_alerts(session: Session, programme: str) -> Sequence[MatterRow]:
    """Rescues and calls of the alerts of a line that are not over, the oldest first."""
    alerts = select(AlertRow.alert_id).where(
        AlertRow.programme == programme, col(AlertRow.standing).in_(("open", "taken"))
    )
    asked = select(MatterRow).where(col(MatterRow.alert_id).in_(alerts))
    return session.exec(asked.order_by(col(MatterRow.since))).all()


def forget_before(session: Session, moment: datetime) -> None:
    """Delete what has been over since before `moment`, and referrals nobody came to in a week."""
    over = and_(col(MatterRow.over).is_(True), col(MatterRow.since) < moment)
    old = and_(
        col(MatterRow.kind) == MatterKind.REFERRAL, col(MatterRow.since) < moment - _LEFT_OPEN_FOR
    )
    session.execute(delete(MatterRow).where(or_(over, old)))


# --- what each fact says --------------------------------------------------------------------------


def of_rescue(event: RescueEvent) -> Matter:
    """A rescue: until somebody has the person, or nobody does."""
    since, due_at, said = event.started_at, None, {}
    match event:
        case RescueStarted():
            due_at = event.report_by
        case RescueConfirmed():
            since = event.confirmed_at
        case RescueFailed():
            since, said = event.failed_at, {"why": event.why}
    return Matter(
        MatterKind.RESCUE, event.rescue_id, event.programme, event.contact_id, event.fact, since,
        over=not isinstance(event, RescueStarted), alert_id=event.alert_id, due_at=due_at,
        said={"service": event.service, "started_by": event.started_by,
              "started_at": event.started_at.isoformat(), **said},
    )  # fmt: skip


def of_duty_call(event: DutyCallEvent) -> Matter:
    """A call to the duty professional: until a receiver has it, or its time is over."""
    since = event.made_at
    match event:
        case DutyCallDelivered():
            since = event.delivered_at
        case DutyCallLapsed():
            since = event.lapsed_at
    return Matter(
        MatterKind.DUTY_CALL, event.call_id, event.programme, event.contact_id, event.fact, since,
        over=True, alert_id=event.alert_id,
        said={"person_id": event.person_id, "made_at": event.made_at.isoformat()},
    )  # fmt: skip


#: What is told of a report that is written; the rest is sealed.
_CLOSED_WORDS = {"written_by", "signals", "danger", "taken_over_by"}


def of_report(event: AtRiskReportEvent) -> Matter:
    """An at-risk report: until a supervisor has read it."""
    since, said = event.due_at, {}
    match event:
        case AtRiskReportOwed():
            since = event.owed_at
        case AtRiskReportWritten():
            since = event.written_at
            said = event.model_dump(mode="json", include=_CLOSED_WORDS)
        case AtRiskReportRead():
            since = event.read_at
        case AtRiskReportMissed():
            since = event.missed_at
    written = isinstance(event, AtRiskReportWritten | AtRiskReportRead)
    return Matter(
        MatterKind.AT_RISK_REPORT, event.report_id, event.programme, event.contact_id, event.fact,
        since, over=isinstance(event, AtRiskReportRead), due_at=None if written else event.due_at,
        said=said,
    )  # fmt: skip


def of_legal_report(event: LegalReportEvent) -> Matter:
    """A legal report: until a second person has decided."""
    said: dict[str, Any] = {
        "ground": event.ground,
        "report": event.kind,
        "proposed_by": event.proposed_by,
    }
    decided = isinstance(event, LegalReportDecided)
    if isinstance(event, LegalReportDecided):
        said |= {"made": event.made, "decided_by": event.decided_by}
    return Matter(
        MatterKind.LEGAL_REPORT, event.report_id, event.programme, event.contact_id, event.fact,
        event.decided_at if isinstance(event, LegalReportDecided) else event.proposed_at,
        over=decided, said=said,
    )  # fmt: skip


def of_lift(event: LiftEvent) -> Matter:
    """A lift of anonymity: until it is refused, shown, or reviewed when one decided alone."""
    said: dict[str, Any] = {
        "reason": event.reason,
        "life_at_stake": event.life_at_stake,
        "asked_by": event.asked_by,
    }
    due_at, over = None, False
    match event:
        case LiftAsked():
            due_at = event.alone_from
        case LiftAgreed():
            due_at = event.review_by
            said |= {"alone": event.alone}
            if event.review_by is not None:
                said |= {"review_by": event.review_by.isoformat()}
        case LiftReviewMissed() | LiftShown():
            pass
        case _:
            over = True
    return Matter(
        MatterKind.LIFT, event.lift_id, event.programme, event.contact_id, event.fact,
        _at(event), over=over, due_at=due_at, said=said,
    )  # fmt: skip


def _at(event: LiftEvent) -> datetime:
    """When a fact about a lift happened."""
    named = f"{event.fact}_at" if event.fact != "review_missed" else "missed_at"
    at: datetime = getattr(event, named)
    return at


def of_written(event: WrittenEvent | HumanWanted) -> Matter:
    """A message that waits for long: until it is read, or answered."""
    match event:
        case HumanWanted():
            return _written(event, event.fact, event.wanted_at)
        case WrittenClockRang():
            return _written(event, f"{event.clock}_{event.step}", event.rang_at)
        case WrittenFirstRead():
            return _written(event, event.fact, event.read_at, over=True)
        case WrittenAnswered():
            return _written(event, event.fact, event.answered_at, over=True)
        case _:
            raise ValueError(event.type_name())


def _written(
    event: WrittenEvent | HumanWanted, state: str, since: datetime, over: bool = False
) -> Matter:
    return Matter(
        MatterKind.WRITTEN, event.contact_id, event.programme, event.contact_id, state, since, over
    )


def of_referral(event: ReferralFact) -> Matter | None:
    """A referral that found nobody: until a relay takes it up, or a human closes it."""
    match event:
        case ReferralUndelivered():
            return _referral(event, event.fact, event.undelivered_at)
        case ReferralExpired():
            return _referral(event, event.fact, event.expired_at)
        case ReferralAnswered():
            state = "accepted" if event.accepted else "declined"
            return _referral(event, state, event.answered_at, over=event.accepted)
        case ReferralClosed():
            return _referral(event, event.fact, event.closed_at, over=True)
        case _:
            return None


def _referral(event: ReferralFact, state: str, since: datetime, over: bool = False) -> Matter:
    """It names no contact: what is done about it is done by its own id, and it goes by itself."""
    return Matter(
        MatterKind.REFERRAL, event.referral_id, event.programme, None, state, since,
        over, said={"relay_id": event.relay_id},
    )  # fmt: skip


def of_partner(event: PartnerWebhookFact) -> Matter:
    """A partner whose webhook takes nothing: until somebody has seen to it."""
    given_up = isinstance(event, PartnerWebhookGivenUp)
    said: dict[str, Any] = {}
    if isinstance(event, PartnerWebhookGivenUp):
        said = {"called": event.called, "why": event.why, "told_otherwise": event.told_otherwise}
    return Matter(
        MatterKind.PARTNER, f"{event.partner} {event.programme}", event.programme, None, event.fact,
        event.given_up_at if isinstance(event, PartnerWebhookGivenUp) else event.seen_to_at,
        over=not given_up, said=said,
    )  # fmt: skip


def _read_moment(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None
