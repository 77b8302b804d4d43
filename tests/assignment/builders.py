"""A line and its people, for tests."""

from datetime import UTC, datetime

from contracts.programme import (
    OpeningRule,
    ProgrammePublished,
    ProgrammeTerms,
    RestRules,
    ServiceTimes,
    WaitPrices,
)
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    Need,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    Stage,
)

SOS = ProgrammeId("sos-crise")
MARCH = datetime(2020, 3, 1, tzinfo=UTC)
NEXT_YEAR = datetime(2021, 3, 1, tzinfo=UTC)


def terms() -> ProgrammeTerms:
    return ProgrammeTerms(
        name="SOS CRISE",
        country="FR",
        timezone="Europe/Paris",
        opening=(
            OpeningRule(
                channel=Channel.PHONE,
                days=(1, 2, 3, 4, 5, 6, 7),
                opens_at="09:00",
                closes_at="21:00",
            ),
        ),
        channels=(Channel.PHONE,),
        languages=(LanguageCode.FR, LanguageCode.EN),
        needs=(Need.SOLITUDE, Need.ECOUTE_GENERALISTE, Need.UNKNOWN),
        first_stage=Stage.REGULATOR,
        untriaged_priority=Priority.P3,
        answer_target_seconds=20,
        times=ServiceTimes(
            regulator_answer_seconds=20,
            untriaged_after_seconds=60,
            regulator_offer_seconds=15,
            listener_offer_seconds=20,
            topic_fallback_seconds=30,
            level_fallback_seconds=45,
            heartbeat_lost_seconds=15,
        ),
        rest=RestRules(
            after_hard_seconds=600,
            max_consecutive_contacts=4,
            break_seconds=600,
            missed_offers_before_pause=2,
        ),
        prices=WaitPrices(
            wait_per_minute=(1, 2, 6, 10),
            abandoned=(10, 20, 60, 100),
            topic_mismatch=2,
            level_mismatch=10,
        ),
        emergency_numbers=("15", "17", "18", "112", "114"),
    )


def published_terms() -> ProgrammePublished:
    return ProgrammePublished(
        programme=SOS,
        programme_version=1,
        effective_at=MARCH,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=terms(),
    )


def an_eligibility(
    person: str, role: Role, valid_until: datetime = NEXT_YEAR
) -> EligibilityEstablished:
    return EligibilityEstablished(
        person_id=PersonId(person),
        programme=SOS,
        established_at=MARCH,
        valid_until=valid_until,
        qualification=Qualification(
            roles=(role,),
            languages=(LanguageCode.FR,),
            topics=(Need.SOLITUDE, Need.ECOUTE_GENERALISTE),
            accreditations=(
                Accreditation(channel=Channel.PHONE, level=1, valid_until=valid_until),
            ),
        ),
    )
