"""Sealed texts: intake keeps them, the bus carries that they exist.

The text door speaks HTTP, between an edge and intake. Who may use it is shown by a capability: the
caller's own token, or for people at desks one that the console signs.
"""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import LARGEST_COUNT, ops, reference, staff
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    Channel,
    Clock,
    ClockStep,
    ContactId,
    FlagOutcome,
    Moment,
    PersonId,
    ProgrammeId,
    Role,
    RuleCode,
    SealedId,
    TextKind,
)

_UTC = "UTC, domain time"

#: A text is this long at most; a longer one is refused and stays with who wrote it.
LONGEST_TEXT_CHARACTERS = 10_000


class TextSealed(Event):
    """Something was written; where it is, and never what it says."""

    noun: ClassVar = "text"
    fact: ClassVar = "sealed"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "sealed_id"

    sealed_id: Annotated[SealedId, reference("The sealed text")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    channel: Annotated[Channel, ops("How the person reached us")]
    kind: Annotated[TextKind, ops("What it is")]
    author: Annotated[AuthorKind, ops("Who wrote it")]
    characters: Annotated[
        int, ops("How long it is", unit="characters", ge=1, le=LONGEST_TEXT_CHARACTERS)
    ]
    position: Annotated[
        int, ops("Its place in the contact", unit="count from 1", ge=1, le=LARGEST_COUNT)
    ]
    sealed_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    attention: Annotated[Attention, ops("What the indicator asks for; none when it is off")] = (
        Attention.NONE
    )
    rule_ids: Annotated[
        tuple[RuleCode, ...], ops("Rules of the indicator that spoke", max_length=32)
    ] = ()


class WrittenEvent(Event):
    """What every fact about the clocks of a message says."""

    noun: ClassVar = "written"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    asked_at: Annotated[
        Moment, ops("When the newest message came; it restarts both clocks", unit=_UTC)
    ]


class WrittenFirstRead(WrittenEvent):
    """A human has read the newest message for the first time."""

    fact: ClassVar = "first_read"

    read_at: Annotated[Moment, ops("When", unit=_UTC)]
    late: Annotated[bool, ops("After the line's own time for a first reading")] = False


class WrittenAnswered(WrittenEvent):
    """A human has answered in writing."""

    fact: ClassVar = "answered"

    answered_at: Annotated[Moment, ops("When", unit=_UTC)]
    late: Annotated[bool, ops("After the line's own time for an answer")] = False


class WrittenClockRang(WrittenEvent):
    """A message waits for long, or for too long: its line is warned, or a supervisor hears."""

    fact: ClassVar = "clock_rang"

    clock: Annotated[Clock, ops("What it waits for")]
    step: Annotated[ClockStep, ops("Whether there is still time")]
    rang_at: Annotated[Moment, ops("When", unit=_UTC)]


class WantHumanNow(Command):
    """Who reads a message finds that its writer needs a human now: it goes up in its line."""

    service: ClassVar = "intake"
    verb: ClassVar = "want_human_now"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]


class TextCapability(Contract):
    """Who is at a desk, for the text door of one contact; signed by the console.

    It says who asks and nothing of what they may do: whether the person is in the contact, intake
    knows.
    """

    contact_id: Annotated[ContactId, ops("The contact")]
    person_id: Annotated[PersonId, staff("Who asks")]
    role: Annotated[Role, staff("In which role")]
    programme: Annotated[ProgrammeId, ops("The line of their session")]
    expires_at: Annotated[Moment, ops("Until when it stands", unit="UTC, domain time")]
    offered: Annotated[
        bool, ops("The contact is on their desk as an offer: its capsule may be read, nothing else")
    ] = False


#: What a capability of texts is signed for: one signed for anything else opens none.
TEXT_PURPOSE = "texts"


class SignsCapability(Contract):
    """A console, at the text door: it may ask who is writing, and nothing else."""

    expires_at: Annotated[Moment, ops("Until when it stands", unit="UTC, domain time")]


SIGNS_PURPOSE = "signs"

#: Who may be given one; whether they may read a contact is decided at each reading.
TEXT_ROLES = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})


class JudgeFlag(Command):
    """Who has read a flagged text says what the flag was worth; rules are judged by this later."""

    service: ClassVar = "intake"
    verb: ClassVar = "judge_flag"
    roles: ClassVar = TEXT_ROLES

    contact_id: Annotated[ContactId, ops("The contact")]
    sealed_id: Annotated[SealedId, reference("The flagged text")]
    outcome: Annotated[FlagOutcome, ops("What the human found")]


class EraseTexts(Command):
    """Everything written in a contact is erased, its key first; who asked need say no reason."""

    service: ClassVar = "intake"
    verb: ClassVar = "erase_texts"
    roles: ClassVar = frozenset({Role.SUPERVISOR})

    contact_id: Annotated[ContactId, ops("The contact")]


class Erasure(Contract):
    """What an erasure has reached. Asking again tells how it stands then."""

    sealed: Annotated[int, ops("Texts erased", unit="count", ge=0, le=LARGEST_COUNT)]
    erased_at: Annotated[Moment, ops("When, from the platform", unit="UTC, domain time")]
    in_backups_until: Annotated[
        Moment | None,
        ops(
            "Until then a backup and a copy of its day key can still be read; empty: none can",
            unit="UTC, domain time",
        ),
    ]
