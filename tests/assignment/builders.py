"""A line and its people, for tests."""

from datetime import UTC, datetime
from typing import Any

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


def terms(**changes: Any) -> ProgrammeTerms:
    usual = {
        "languages": (LanguageCode.FR, LanguageCode.EN),
        "needs": (Need.SOLITUDE, Need.ECOUTE_GENERALISTE, Need.UNKNOWN),
    }
    return a_line(**usual | changes)


def published_terms(programme_version: int = 1, **changes: Any) -> ProgrammePublished:
    """The line; `changes` replace whole fields of its terms.

    A version never changes, so what is read of it is kept: other terms want another version.
    """
    return ProgrammePublished(
        programme=SOS,
        programme_version=programme_version,
        effective_at=MARCH,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=terms(**changes),
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
