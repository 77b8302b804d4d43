"""Roster: who may do what, in which language, on which channel, until when."""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, staff
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    Moment,
    Need,
    PersonId,
    ProgrammeId,
    Role,
    SkillCode,
)


class Accreditation(Contract):
    """What a person is accredited for on one channel."""

    channel: Annotated[Channel, staff("The channel")]
    level: Annotated[
        int, staff("0 none, 1 listening, 2 crisis, 3 vital risk", unit="level", ge=0, le=3)
    ]
    valid_until: Annotated[Moment, staff("Lapses at this moment", unit="UTC, domain time")]


class Qualification(Contract):
    """What a volunteer brings: the part of the roster that assignment needs."""

    roles: Annotated[
        tuple[Role, ...], staff("What the person may do; empty is nothing", max_length=5)
    ]
    languages: Annotated[
        tuple[LanguageCode, ...],
        staff("Languages the person listens in", min_length=1, max_length=9),
    ]
    topics: Annotated[
        tuple[Need, ...], staff("Needs the person is trained for", max_length=40)
    ] = ()
    skills: Annotated[
        tuple[SkillCode, ...], staff("Skills of the shared catalogue", max_length=30)
    ] = ()
    declines: Annotated[
        tuple[Need, ...], staff("Needs the person has said they do not take", max_length=40)
    ] = ()
    accreditations: Annotated[
        tuple[Accreditation, ...], staff("One for each channel", min_length=1, max_length=3)
    ]


class EligibilityEstablished(Event):
    """What a person may be offered, as of now; replaces what was known before."""

    noun: ClassVar = "eligibility"
    fact: ClassVar = "established"
    publisher: ClassVar = "roster"
    stream: ClassVar = Stream.ROSTER
    subject_field: ClassVar = "person_id"

    person_id: Annotated[PersonId, staff("The person")]
    programme: Annotated[ProgrammeId, ops("The line")]
    established_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    valid_until: Annotated[
        Moment, staff("First moment at which something in it lapses", unit="UTC, domain time")
    ]
    qualification: Annotated[Qualification, staff("What the person may be offered")]


class Volunteer(Contract):
    """One row of an import."""

    person_id: Annotated[PersonId, staff("Identifier the organisation chose; never a name")]
    qualification: Annotated[Qualification, staff("What the volunteer brings")]


class ImportVolunteers(Command):
    """The coordinator adds volunteers, or replaces what was known of them."""

    service: ClassVar = "roster"
    verb: ClassVar = "import_volunteers"
    roles: ClassVar = frozenset({Role.COORDINATOR})

    volunteers: Annotated[
        tuple[Volunteer, ...],
        staff("The rows; all or none are taken", min_length=1, max_length=200),
    ]


class VolunteersImported(Contract):
    """What became of the rows of an import; every row was taken."""

    established: Annotated[
        int, ops("People whose eligibility was established anew", unit="count", ge=0, le=200)
    ]
    unchanged: Annotated[int, ops("People of whom the same was known", unit="count", ge=0, le=200)]
    not_eligible: Annotated[
        int,
        ops("Of all rows, people without one accreditation in date", unit="count", ge=0, le=200),
    ]
