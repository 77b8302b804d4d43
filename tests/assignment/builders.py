"""A line and its people, for tests."""

from datetime import UTC, datetime

from contracts.programme import (
    ProgrammePublished,
    ProgrammeTerms,
)
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    Need,
    PersonId,
    ProgrammeId,
    Role,
)
from tests.terms import a_line

SOS = ProgrammeId("sos-crise")
MARCH = datetime(2020, 3, 1, tzinfo=UTC)
NEXT_YEAR = datetime(2021, 3, 1, tzinfo=UTC)


def terms() -> ProgrammeTerms:
    return a_line(
        languages=(LanguageCode.FR, LanguageCode.EN),
        needs=(Need.SOLITUDE, Need.ECOUTE_GENERALISTE, Need.UNKNOWN),
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
