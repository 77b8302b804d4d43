"""What the tests of risk are about: one contact of one line, its people, an alert."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.assignment import OfferTaken
from contracts.contact import ContactEnded
from contracts.programme import ProgrammePublished, RiskPolicy
from contracts.risk import AlertId
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.vocabulary import (
    Channel,
    ContactId,
    EndedBy,
    LanguageCode,
    Nature,
    OfferId,
    Outcome,
    PersonId,
    ProgrammeId,
    Role,
    Stage,
)
from services.risk.domain import DESIGN_POLICY, Alert, Line
from tests.terms import a_line

CONTACT = ContactId("11111111-1111-4111-8111-111111111111")
ALERT = AlertId("22222222-2222-4222-8222-222222222222")
LINE = ProgrammeId("sos-crise")
NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
LISTENER, SUPERVISOR = PersonId("listener-1"), PersonId("supervisor-1")
REGULATOR, PROFESSIONAL = PersonId("regulator-1"), PersonId("professional-1")

EVERYBODY = Line(True, True, (PROFESSIONAL, PersonId("professional-2")))
NOBODY = Line(False, False, ())


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def an_alert(**changes: Any) -> Alert:
    """Raised at noon by a listener, in force the design's policy."""
    return replace(
        Alert(
            alert_id=ALERT,
            contact_id=CONTACT,
            programme=LINE,
            raised_by=LISTENER,
            raised_as=Role.LISTENER,
            raised_at=NOON,
            policy=DESIGN_POLICY,
            since=NOON,
        ),
        **changes,
    )


def a_published_programme(version: int = 1, policy: RiskPolicy | None = None) -> ProgrammePublished:
    return ProgrammePublished(
        programme=LINE,
        programme_version=version,
        effective_at=NOON,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=a_line(risk=policy or DESIGN_POLICY),
    )


def a_take(person: PersonId = LISTENER, stage: Stage = Stage.LISTENER) -> OfferTaken:
    return OfferTaken(
        offer_id=OfferId(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{person}/{stage}"))),
        contact_id=CONTACT,
        programme=LINE,
        person_id=person,
        stage=stage,
        channel=Channel.PHONE,
        taken_at=NOON,
        waiting_since=NOON,
    )


def an_ended_contact() -> ContactEnded:
    return ContactEnded(
        contact_id=CONTACT,
        programme=LINE,
        channel=Channel.PHONE,
        opened_at=NOON,
        ended_at=after(10),
        kept_until=after(10) + timedelta(days=400),
        outcome=Outcome.DROPPED,
        nature=Nature.ORDINARY,
        ended_by=EndedBy.CALLER,
        stage=Stage.LISTENER,
        person_id=LISTENER,
    )


def in_the_roster(
    person: PersonId, *roles: Role, programme: ProgrammeId = LINE
) -> EligibilityEstablished:
    forever = datetime(2100, 1, 1, tzinfo=UTC)
    return EligibilityEstablished(
        person_id=person,
        programme=programme,
        established_at=NOON,
        valid_until=forever,
        qualification=Qualification(
            roles=roles,
            languages=(LanguageCode.FR,),
            accreditations=(Accreditation(channel=Channel.PHONE, level=3, valid_until=forever),),
        ),
    )
