"""Roster: who may do what, in which language, on which channel, until when."""

from enum import StrEnum
from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, staff
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    Moment,
    Need,
    OrganisationId,
    PersonId,
    ProgrammeId,
    Reach,
    Region,
    Role,
    SkillCode,
    SupervisionKind,
)

#: A day of the calendar, in the zone of the line; whether it exists is looked at on arrival.
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Accreditation(Contract):
    """What a person is accredited for on one channel."""

    channel: Annotated[Channel, staff("The channel")]
    level: Annotated[
        int, staff("0 none, 1 listening, 2 crisis, 3 vital risk", unit="level", ge=0, le=3)
    ]
    valid_until: Annotated[Moment, staff("Lapses at this moment", unit="UTC, domain time")]
    since: Annotated[
        Moment | None,
        staff("Accredited since, for channels that ask for experience", unit="UTC, domain time"),
    ] = None


class Qualification(Contract):
    """What a volunteer brings: the part of the roster that assignment needs."""

    roles: Annotated[
        tuple[Role, ...], staff("What the person may do; empty is nothing", max_length=12)
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
    reach: Annotated[Reach, staff("How the person is reached")] = Reach.CONSOLE
    organisation: Annotated[
        OrganisationId | None, staff("The organisation they listen for, under a federation")
    ] = None
    region: Annotated[Region | None, staff("Where they listen from")] = None


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
    shift_ends_at: Annotated[
        Moment | None,
        staff("End of the shift they are in, next shifts without a gap included", unit="UTC"),
    ] = None
    accepts_last_minutes: Annotated[
        bool, staff("Agrees to new contacts in the last minutes of that shift")
    ] = False


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


_KEEPS_TRAININGS = frozenset({Role.TRAINER, Role.COORDINATOR})


class RecordTraining(Command):
    """A volunteer has followed a module of the shared catalogue, here or elsewhere."""

    service: ClassVar = "roster"
    verb: ClassVar = "record_training"
    roles: ClassVar = _KEEPS_TRAININGS

    person_id: Annotated[PersonId, staff("The volunteer")]
    skill: Annotated[SkillCode, staff("The module")]
    organisation: Annotated[OrganisationId, staff("Who gave it")]
    obtained_on: Annotated[str, staff("Day of the calendar", unit="YYYY-MM-DD", pattern=DAY)]
    valid_until: Annotated[
        str, staff("Last day on which it counts", unit="YYYY-MM-DD", pattern=DAY)
    ]


class RecordSupervision(Command):
    """A volunteer has been to a supervision."""

    service: ClassVar = "roster"
    verb: ClassVar = "record_supervision"
    roles: ClassVar = _KEEPS_TRAININGS | {Role.SUPERVISOR}

    person_id: Annotated[PersonId, staff("The volunteer")]
    kind: Annotated[SupervisionKind, staff("With whom")]
    held_on: Annotated[str, staff("Day of the calendar", unit="YYYY-MM-DD", pattern=DAY)]


#: Volunteers in one answer.
MOST_VOLUNTEERS = 200


class DueKind(StrEnum):
    """What of a volunteer comes to its end."""

    ACCREDITATION = "accreditation"
    TRAINING = "training"
    SUPERVISION = "supervision"


class Due(Contract):
    """Something a volunteer has to renew, and until when it counts without."""

    kind: Annotated[DueKind, staff("What")]
    channel: Annotated[Channel | None, staff("The channel, of an accreditation")] = None
    skill: Annotated[SkillCode | None, staff("The module, of a training")] = None
    supervision: Annotated[SupervisionKind | None, staff("With whom, of a supervision")] = None
    due_at: Annotated[Moment, staff("To be renewed before this", unit="UTC, domain time")]
    lapses_at: Annotated[Moment, staff("Counts until then, grace included", unit="UTC")]


class VolunteerSeen(Contract):
    """One volunteer, as the roster knows them."""

    person_id: Annotated[PersonId, staff("The volunteer")]
    qualification: Annotated[Qualification, staff("What they bring, as imported")]
    dues: Annotated[tuple[Due, ...], staff("The first one first", max_length=40)] = ()


class SeeVolunteers(Command):
    """Who is on the line, and what of each comes to its end; what comes first is told first."""

    service: ClassVar = "roster"
    verb: ClassVar = "see_volunteers"
    roles: ClassVar = _KEEPS_TRAININGS

    person_id: Annotated[PersonId | None, staff("This one alone; empty: everybody")] = None


class VolunteersSeen(Contract):
    """The volunteers asked for; more than fit are left out and said to be."""

    volunteers: Annotated[
        tuple[VolunteerSeen, ...], staff("The volunteers", max_length=MOST_VOLUNTEERS)
    ]
    more: Annotated[bool, ops("There are more")] = False


class DeclareLimits(Command):
    """What I do not take, and when I do not come; no reason is asked. Replaces what I said."""

    service: ClassVar = "roster"
    verb: ClassVar = "declare_limits"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    declines: Annotated[tuple[Need, ...], staff("Needs I do not take", max_length=40)] = ()
    no_nights: Annotated[bool, staff("I take no night")] = False
    reach: Annotated[Reach | None, staff("How I am reached; empty: as before")] = None
