"""What the tests of the roster are about: volunteers and their accreditations."""

from datetime import UTC, datetime, timedelta

from contracts.roster import Accreditation, ImportVolunteers, Qualification, Volunteer
from contracts.vocabulary import Channel, LanguageCode, Need, PersonId, Role

NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)


def in_days(days: float) -> datetime:
    return NOON + timedelta(days=days)


def an_accreditation(
    channel: Channel = Channel.PHONE, days: float = 100, level: int = 1
) -> Accreditation:
    return Accreditation(channel=channel, level=level, valid_until=in_days(days))


def a_qualification(
    *accreditations: Accreditation,
    roles: tuple[Role, ...] = (Role.LISTENER,),
    languages: tuple[LanguageCode, ...] = (LanguageCode.FR,),
    topics: tuple[Need, ...] = (),
) -> Qualification:
    return Qualification(
        roles=roles,
        languages=languages,
        topics=topics,
        accreditations=accreditations or (an_accreditation(),),
    )


def a_volunteer(person: str, qualification: Qualification | None = None) -> Volunteer:
    return Volunteer(person_id=PersonId(person), qualification=qualification or a_qualification())


def an_import(*volunteers: Volunteer) -> ImportVolunteers:
    return ImportVolunteers(volunteers=volunteers)
