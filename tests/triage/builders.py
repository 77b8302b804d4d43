"""What the tests of triage are about: one contact of one line."""

import uuid
from datetime import UTC, datetime, timedelta

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import CommandEnvelope, CommandId, SessionId
from contracts.programme import (
    ProgrammePublished,
)
from contracts.triage import DecideTriage, TriageNotes
from contracts.vocabulary import (
    Channel,
    ContactId,
    Destination,
    EndedBy,
    LanguageCode,
    Nature,
    Need,
    OfferId,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    Stage,
    WithdrawalReason,
)
from tests.terms import a_line

CONTACT = ContactId("11111111-1111-4111-8111-111111111111")
LINE = ProgrammeId("sos-crise")
NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)


def an_asker(
    actor: str = "regulator-1",
    role: Role = Role.REGULATOR,
    programme: str = "sos-crise",
    expected_version: int | None = None,
) -> CommandEnvelope:
    return CommandEnvelope(
        command_id=CommandId(str(uuid.uuid4())),
        session_id=SessionId(str(uuid.uuid4())),
        actor=PersonId(actor),
        role=role,
        programme=ProgrammeId(programme),
        deadline=NOON + timedelta(days=36_500),
        expected_version=expected_version,
    )


def a_command(
    priority: Priority = Priority.P3,
    destination: Destination = Destination.LISTENER,
    need: Need = Need.UNKNOWN,
) -> DecideTriage:
    return DecideTriage(
        contact_id=CONTACT,
        priority=priority,
        destination=destination,
        notes=TriageNotes(need=need),
    )


def a_published_programme(version: int = 1, *needs: Need) -> ProgrammePublished:
    return ProgrammePublished(
        programme=LINE,
        programme_version=version,
        effective_at=NOON,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=a_line(needs=needs or (Need.SOLITUDE, Need.CRISE_SUICIDAIRE)),
    )


def an_opened_contact(programme_version: int = 1) -> ContactOpened:
    return ContactOpened(
        contact_id=CONTACT,
        programme=LINE,
        programme_version=programme_version,
        channel=Channel.PHONE,
        language=LanguageCode.UNKNOWN,
        first_stage=Stage.REGULATOR,
        opened_at=NOON,
    )


def a_take(
    person: str = "regulator-1", stage: Stage = Stage.REGULATOR, after_seconds: float = 5
) -> OfferTaken:
    return OfferTaken(
        offer_id=_offer(person, stage),
        contact_id=CONTACT,
        programme=LINE,
        person_id=PersonId(person),
        stage=stage,
        channel=Channel.PHONE,
        taken_at=NOON + timedelta(seconds=after_seconds),
        waiting_since=NOON,
    )


def a_withdrawal(
    person: str = "regulator-1", stage: Stage = Stage.REGULATOR, after_seconds: float = 8
) -> OfferWithdrawn:
    return OfferWithdrawn(
        offer_id=_offer(person, stage),
        contact_id=CONTACT,
        programme=LINE,
        person_id=PersonId(person),
        stage=stage,
        channel=Channel.PHONE,
        withdrawn_at=NOON + timedelta(seconds=after_seconds),
        reason=WithdrawalReason.PERSON_UNREACHABLE,
        was_taken=True,
    )


def a_contact_sent_untriaged() -> ContactSentUntriaged:
    return ContactSentUntriaged(
        contact_id=CONTACT,
        programme=LINE,
        sent_at=NOON + timedelta(seconds=60),
        priority=Priority.P3,
    )


def an_ended_contact() -> ContactEnded:
    return ContactEnded(
        contact_id=CONTACT,
        programme=LINE,
        channel=Channel.PHONE,
        opened_at=NOON,
        ended_at=NOON + timedelta(seconds=90),
        kept_until=NOON + timedelta(days=400),
        outcome=Outcome.ABANDONED,
        nature=Nature.ORDINARY,
        ended_by=EndedBy.CALLER,
    )


def _offer(person: str, stage: Stage) -> OfferId:
    return OfferId(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{person}/{stage}")))
