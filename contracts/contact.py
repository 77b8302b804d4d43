"""A contact: one call, chat or message thread. Intake judges its life, from opened to ended."""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Event, Stream
from contracts.privacy import LARGEST_COUNT, ops, staff
from contracts.vocabulary import (
    Channel,
    ContactId,
    EndedBy,
    LanguageCode,
    Moment,
    Nature,
    Outcome,
    PersonId,
    ProgrammeId,
    Role,
    Stage,
)


class ContactOpened(Event):
    """Someone is on the line and waits for a human."""

    noun: ClassVar = "contact"
    fact: ClassVar = "opened"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line that was reached")]
    programme_version: Annotated[
        int,
        ops(
            "Version of the line the contact began with and keeps",
            unit="count from 1",
            ge=1,
            le=LARGEST_COUNT,
        ),
    ]
    channel: Annotated[Channel, ops("How the person reached us")]
    language: Annotated[LanguageCode, ops("Language of the door used; unknown by telephone")]
    first_stage: Annotated[Stage, ops("Which waiting line the contact enters first")]
    opened_at: Annotated[Moment, ops("When the door accepted it", unit="UTC, domain time")]


class ContactEnded(Event):
    """The contact reached its one terminal state."""

    noun: ClassVar = "contact"
    fact: ClassVar = "ended"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    channel: Annotated[Channel, ops("How the person reached us")]
    opened_at: Annotated[Moment, ops("When it had been opened", unit="UTC, domain time")]
    ended_at: Annotated[Moment, ops("When it ended", unit="UTC, domain time")]
    outcome: Annotated[Outcome, ops("How it ended, from the closed list")]
    nature: Annotated[Nature, ops("What kind of contact it was, said by a human")]
    ended_by: Annotated[EndedBy, ops("Whose act ended it")]
    stage: Annotated[Stage | None, ops("The human it was with; empty while it waited")] = None
    person_id: Annotated[PersonId | None, staff("Who was with the person")] = None


class EndContact(Command):
    """The human in the contact ends it, once the person has left or agreed."""

    service: ClassVar = "intake"
    verb: ClassVar = "end_contact"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]
    outcome: Annotated[Outcome, ops("How it ended, from the closed list")]
    nature: Annotated[Nature, ops("What kind of contact it was")] = Nature.ORDINARY
