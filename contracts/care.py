"""Care: a debrief is offered after what weighs, to the person; supervisors see to it.

Wellbeing is seen by the person and by supervisors only: nobody but the console reads these.
"""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Event, Stream
from contracts.privacy import ops, staff
from contracts.vocabulary import (
    DebriefCause,
    DebriefClosing,
    DebriefId,
    Moment,
    PersonId,
    ProgrammeId,
    Role,
)


class DebriefEvent(Event):
    """What every fact about a debrief says: whose, why, who sees to it, until when."""

    noun: ClassVar = "debrief"
    publisher: ClassVar = "roster"
    stream: ClassVar = Stream.ROSTER
    subject_field: ClassVar = "debrief_id"

    debrief_id: Annotated[DebriefId, ops("The debrief")]
    programme: Annotated[ProgrammeId, ops("The line")]
    person_id: Annotated[PersonId, staff("Who it is offered to")]
    cause: Annotated[DebriefCause, staff("After what")]
    owner: Annotated[
        PersonId | None, staff("The supervisor on shift then; empty: any supervisor of the line")
    ] = None
    offered_at: Annotated[Moment, staff("Since when", unit="UTC, domain time")]
    due_at: Annotated[Moment, staff("To be held before this", unit="UTC, domain time")]


class DebriefOffered(DebriefEvent):
    """A debrief is offered; nothing is asked of who does not want it."""

    fact: ClassVar = "offered"


class DebriefWanted(DebriefEvent):
    """The person would like it."""

    fact: ClassVar = "wanted"


class DebriefOverdue(DebriefEvent):
    """It has neither been held nor turned down in time: any supervisor of the line sees to it."""

    fact: ClassVar = "overdue"


class DebriefClosed(DebriefEvent):
    """It was held, or is not wanted."""

    fact: ClassVar = "closed"

    how: Annotated[DebriefClosing, staff("Which of the two")]


class AnswerDebrief(Command):
    """I would like the debrief I was offered, or not; no reason is asked."""

    service: ClassVar = "roster"
    verb: ClassVar = "answer_debrief"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

    debrief_id: Annotated[DebriefId, ops("The debrief")]
    wanted: Annotated[bool, staff("Yes or no")]


class CloseDebrief(Command):
    """A supervisor has held the debrief."""

    service: ClassVar = "roster"
    verb: ClassVar = "close_debrief"
    roles: ClassVar = frozenset({Role.SUPERVISOR})

    debrief_id: Annotated[DebriefId, ops("The debrief")]
