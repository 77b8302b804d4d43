"""Facts the console hears, about one contact, one regulator and one listener."""

from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from contracts.anonymity import LiftAsked
from contracts.assignment import (
    ContactSentUntriaged,
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
)
from contracts.contact import ContactEnded, ContactOpened, UrgencyDeclared
from contracts.programme import ProgrammePublished, RiskPolicy
from contracts.quality import HourCounted
from contracts.report import AtRiskReportOwed
from contracts.rescue import RescueFailed, RescueStarted
from contracts.risk import (
    AlertAcknowledged,
    AlertEscalated,
    AlertId,
    AlertRaised,
    AlertUnreached,
    EscalationReason,
    Standing,
    UnreachedWhy,
)
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.text import TextSealed
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    Channel,
    ContactId,
    Destination,
    EndedBy,
    ForWhom,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Nature,
    Need,
    OfferId,
    OfferReason,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    SealedId,
    Stage,
    TextKind,
    WithdrawalReason,
)
from services.bus.testing import ServiceUnderTest
from services.console.domain import SessionAsked
from services.console.handlers import open_session
from tests.terms import a_line

NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
LINE = ProgrammeId("sos-crise")
CONTACT = ContactId("11111111-1111-4111-8111-111111111111")
ALERT = AlertId("44444444-4444-4444-8444-444444444444")
OFFER = OfferId("22222222-2222-4222-8222-222222222222")
SECOND_OFFER = OfferId("33333333-3333-4333-8333-333333333333")
REGULATOR = PersonId("regulator-1")
LISTENER = PersonId("listener-1")


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _offer(stage: Stage, offer_id: OfferId, person_id: PersonId | None) -> dict[str, Any]:
    holder = REGULATOR if stage is Stage.REGULATOR else LISTENER
    return {
        "offer_id": offer_id,
        "contact_id": CONTACT,
        "programme": LINE,
        "person_id": person_id or holder,
        "stage": stage,
        "channel": Channel.PHONE,
    }


def made(
    stage: Stage = Stage.LISTENER, offer_id: OfferId = OFFER, person_id: PersonId | None = None
) -> OfferMade:
    return OfferMade(
        **_offer(stage, offer_id, person_id),
        made_at=later(5),
        expires_at=later(30),
        waiting_since=later(1),
        attempt=1,
        need=Need.SOLITUDE,
        languages=(LanguageCode.FR,),
        reasons=(OfferReason.WAITED_LONGEST,),
        rules_version="assignment-2026.1",
        eligibility_version=1,
    )


def taken(
    stage: Stage = Stage.LISTENER, offer_id: OfferId = OFFER, person_id: PersonId | None = None
) -> OfferTaken:
    return OfferTaken(
        **_offer(stage, offer_id, person_id), taken_at=later(8), waiting_since=later(1)
    )


def declined(offer_id: OfferId = OFFER, stage: Stage = Stage.LISTENER) -> OfferDeclined:
    return OfferDeclined(**_offer(stage, offer_id, None), declined_at=later(8))


def expired(offer_id: OfferId = OFFER, stage: Stage = Stage.LISTENER) -> OfferExpired:
    return OfferExpired(**_offer(stage, offer_id, None), expired_at=later(30))


def withdrawn(
    offer_id: OfferId = OFFER, stage: Stage = Stage.LISTENER, was_taken: bool = False
) -> OfferWithdrawn:
    return OfferWithdrawn(
        **_offer(stage, offer_id, None),
        withdrawn_at=later(9),
        reason=WithdrawalReason.CONTACT_ENDED,
        was_taken=was_taken,
    )


def opened(contact_id: ContactId = CONTACT, first_stage: Stage = Stage.REGULATOR) -> ContactOpened:
    return ContactOpened(
        contact_id=contact_id,
        programme=LINE,
        programme_version=1,
        channel=Channel.PHONE,
        language=LanguageCode.UNKNOWN,
        first_stage=first_stage,
        opened_at=NOON,
    )


def triaged(destination: Destination = Destination.LISTENER) -> ContactTriaged:
    return ContactTriaged(
        contact_id=CONTACT,
        programme=LINE,
        programme_version=1,
        channel=Channel.PHONE,
        opened_at=NOON,
        priority=Priority.P3,
        destination=destination,
        need=Need.SOLITUDE,
        languages=(LanguageCode.FR,),
        for_whom=ForWhom.SELF,
        decided_by=REGULATOR,
        decided_at=later(60),
        proposed_priority=Priority.P3,
        rules_version="triage-2026.1",
    )


def says_urgent() -> UrgencyDeclared:
    return UrgencyDeclared(
        contact_id=CONTACT, programme=LINE, channel=Channel.CHAT, declared_at=later(3)
    )


def sent_untriaged() -> ContactSentUntriaged:
    return ContactSentUntriaged(
        contact_id=CONTACT, programme=LINE, sent_at=later(40), priority=Priority.P3
    )


def ended(outcome: Outcome = Outcome.LISTENED) -> ContactEnded:
    return ContactEnded(
        contact_id=CONTACT,
        programme=LINE,
        channel=Channel.PHONE,
        opened_at=NOON,
        ended_at=later(900),
        kept_until=later(900) + timedelta(days=400),
        outcome=outcome,
        nature=Nature.ORDINARY,
        ended_by=EndedBy.LISTENER,
    )


def sealed(
    author: AuthorKind = AuthorKind.CALLER,
    attention: Attention = Attention.NONE,
    kind: TextKind = TextKind.LINE,
    sealed_at: datetime = NOON,
) -> TextSealed:
    return TextSealed(
        sealed_id=SealedId("66666666-6666-4666-8666-666666666666"),
        contact_id=CONTACT,
        programme=LINE,
        channel=Channel.CHAT,
        kind=kind,
        author=author,
        characters=12,
        position=2,
        sealed_at=sealed_at,
        attention=attention,
    )


def entered(
    state: LiveState = LiveState.READY,
    person_id: PersonId = LISTENER,
    role: Role = Role.LISTENER,
    **changes: Any,
) -> LiveStateEntered:
    said = {
        "person_id": person_id,
        "programme": LINE,
        "role": role,
        "state": state,
        "reason": LiveStateReason.ASKED,
        "entered_at": later(2),
        "previous": LiveState.OFF_DUTY,
        "previous_since": NOON,
    }
    return LiveStateEntered.model_validate(said | changes)


def established(
    person_id: PersonId,
    *roles: Role,
    at: datetime = NOON,
    shift_ends_at: datetime | None = None,
) -> EligibilityEstablished:
    return EligibilityEstablished(
        person_id=person_id,
        programme=LINE,
        established_at=at,
        shift_ends_at=shift_ends_at,
        valid_until=NOON + timedelta(days=300),
        qualification=Qualification(
            roles=roles,
            languages=(LanguageCode.FR,),
            accreditations=(
                Accreditation(
                    channel=Channel.PHONE, level=3, valid_until=NOON + timedelta(days=300)
                ),
            ),
        ),
    )


def hour_counted(opened_count: int = 3) -> HourCounted:
    counts: dict[str, object] = dict.fromkeys(set(HourCounted.model_fields) - {"tallies"}, 0)
    said = {"programme": LINE, "hour": NOON, "opened": opened_count}
    return HourCounted.model_validate(counts | said)


def published() -> ProgrammePublished:
    return ProgrammePublished(
        programme=LINE,
        programme_version=1,
        effective_at=NOON,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=a_line(),
    )


def _alert(**changes: Any) -> dict[str, Any]:
    said = {
        "alert_id": ALERT,
        "contact_id": CONTACT,
        "programme": LINE,
        "raised_by": LISTENER,
        "raised_as": Role.LISTENER,
        "raised_at": NOON,
        "standing": Standing.OPEN,
        "level": 1,
    }
    return said | changes


def alert_raised(**changes: Any) -> AlertRaised:
    said = {"policy": RiskPolicy(), "confirmed_in_contact": True}
    return AlertRaised(**_alert(next_at=later(30), **said) | changes)


def alert_escalated(level: int = 2) -> AlertEscalated:
    reason = EscalationReason.UNANSWERED
    return AlertEscalated(**_alert(level=level), reason=reason, escalated_at=later(30))


def alert_unreached(level: int = 2) -> AlertUnreached:
    why = UnreachedWhy.NO_DUTY_PROFESSIONAL
    return AlertUnreached(**_alert(level=level), why=why, unreached_at=later(30))


def alert_taken(person_id: PersonId, role: Role = Role.SUPERVISOR) -> AlertAcknowledged:
    return AlertAcknowledged(
        **_alert(standing=Standing.TAKEN, held_by=person_id, held_since=later(12)),
        acknowledged_by=person_id,
        acknowledged_as=role,
        acknowledged_at=later(12),
    )


def _rescue() -> dict[str, Any]:
    return {
        "rescue_id": "55555555-5555-4555-8555-555555555555",
        "alert_id": ALERT,
        "contact_id": CONTACT,
        "programme": LINE,
        "service": "medical",
        "started_by": LISTENER,
        "started_as": Role.LISTENER,
        "started_at": NOON,
    }


def rescue_started() -> RescueStarted:
    return RescueStarted.model_validate(_rescue() | {"report_by": later(120)})


def rescue_failed() -> RescueFailed:
    return RescueFailed.model_validate(_rescue() | {"why": "refused", "failed_at": later(40)})


def lift_asked() -> LiftAsked:
    said = {"contact_id": CONTACT, "programme": LINE, "reason": "no_longer_answers"}
    who = {"asked_by": LISTENER, "asked_as": Role.LISTENER, "asked_at": NOON}
    lift = {"lift_id": "66666666-6666-4666-8666-666666666666", "life_at_stake": True}
    return LiftAsked.model_validate(said | who | lift)


def report_owed() -> AtRiskReportOwed:
    said = {"contact_id": CONTACT, "programme": LINE, "due_at": later(86_400), "owed_at": NOON}
    report = {"report_id": "77777777-7777-4777-8777-777777777777"}
    return AtRiskReportOwed.model_validate(said | report)


def session_of(console: ServiceUnderTest, person_id: PersonId, role: Role) -> None:
    """Somebody signs in."""
    asked = SessionAsked(person_id, role, LINE)
    token = sha256(person_id.encode()).hexdigest()
    reply = console.request(partial(open_session, asked, token, timedelta(hours=1)))
    assert reply.refusal is None
