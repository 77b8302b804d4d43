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
    Priority,
    ProgrammeId,
    Role,
    SlowReason,
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
    priority: Annotated[
        Priority | None,
        ops("Served as, until a human has heard or read the person; empty: as the line says"),
    ] = None
    in_front: Annotated[
        bool, ops("Goes to the head of its line: back after a cut-off, or with a return pass")
    ] = False
    waiting_since: Annotated[
        Moment | None,
        ops("Since when the wait counts, if a return pass restores it", unit="UTC, to the minute"),
    ] = None
    sought: Annotated[
        PersonId | None, staff("Who is offered it first if free: they were cut off from each other")
    ] = None
    slowed: Annotated[
        bool, ops("A supervisor has them slowed: served after others of their class, and served")
    ] = False


class UrgencyDeclared(Event):
    """A caller has said that it is urgent for them. It is shown and ranks nobody: a human does."""

    noun: ClassVar = "urgency"
    fact: ClassVar = "declared"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    channel: Annotated[Channel, ops("How the person reached us")]
    declared_at: Annotated[Moment, ops("When they said so", unit="UTC, domain time")]


class HumanWanted(Event):
    """Who read a message found that its writer needs a human now."""

    noun: ClassVar = "contact"
    fact: ClassVar = "human_wanted"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    priority: Annotated[Priority, ops("Served as, until a human decides")]
    wanted_by: Annotated[PersonId, staff("Who read it")]
    wanted_at: Annotated[Moment, ops("When", unit="UTC, domain time")]


class NatureCorrected(Event):
    """The human who was in the contact says again what kind of contact it was."""

    noun: ClassVar = "contact"
    fact: ClassVar = "nature_corrected"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    nature: Annotated[Nature, ops("What kind of contact it was")]
    previous: Annotated[Nature, ops("What had been said before")]
    corrected_at: Annotated[Moment, ops("When", unit="UTC, domain time")]


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
    kept_until: Annotated[
        Moment,
        ops("When whoever knows of it forgets it, by the line's terms", unit="UTC, domain time"),
    ]
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


class CorrectNature(Command):
    """What kind of contact it was, put right while the wrap-up lasts."""

    service: ClassVar = "intake"
    verb: ClassVar = "correct_nature"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]
    nature: Annotated[Nature, ops("What kind of contact it was")]


class GiveReturnPass(Command):
    """The human in the contact gives its caller a pass: ring again later, first in line."""

    service: ClassVar = "intake"
    verb: ClassVar = "give_return_pass"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER})

    contact_id: Annotated[ContactId, ops("The contact")]


class SlowReturns(Command):
    """A supervisor has who was in this contact slowed for a while when they come back.

    They still reach a human, or hear the emergency words; nobody is ever refused.
    """

    service: ClassVar = "intake"
    verb: ClassVar = "slow_returns"
    roles: ClassVar = frozenset({Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]
    reason: Annotated[SlowReason, ops("Why")]
    hours: Annotated[int, ops("For how long", unit="h", ge=1, le=24)]
