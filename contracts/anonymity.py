"""Lifting anonymity: the one thing the edge holds, asked for by two people, shown once.

The number itself is never here, on the bus or in a ledger: these are the facts that it was asked
for, by whom and why.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, NewType

from pydantic import StringConstraints

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, staff
from contracts.vocabulary import ContactId, Moment, PersonId, ProgrammeId, Role

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_UTC = "UTC, domain time"
LiftId = NewType("LiftId", Annotated[str, StringConstraints(pattern=_UUID)])

_ASKS = frozenset({Role.LISTENER, Role.REGULATOR, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})
_DECIDES = frozenset({Role.REGULATOR, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


class LiftReason(StrEnum):
    """Why anonymity is to be lifted, from the closed list."""

    CANNOT_SAY_WHERE = "cannot_say_where"
    NO_LONGER_ANSWERS = "no_longer_answers"
    VIOLENCE_GOING_ON = "violence_going_on"
    CHILD_IN_DANGER = "child_in_danger"


class LiftVerdict(StrEnum):
    """What the review found."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"
    TO_BE_DISCUSSED = "to_be_discussed"  #: goes to the expert committee


class LiftEvent(Event):
    """What every fact about a lift says of it."""

    noun: ClassVar = "lift"
    publisher: ClassVar = "risk"
    stream: ClassVar = Stream.RISK
    subject_field: ClassVar = "lift_id"

    lift_id: Annotated[LiftId, ops("The lift")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    reason: Annotated[LiftReason, ops("Why, from the closed list")]
    life_at_stake: Annotated[bool, ops("Then one may go alone when no second answers")]
    asked_by: Annotated[PersonId, staff("Who asked")]
    asked_as: Annotated[Role, ops("As what")]
    asked_at: Annotated[Moment, ops("When", unit=_UTC)]


class LiftAsked(LiftEvent):
    """Somebody asks for it; a second person is wanted."""

    fact: ClassVar = "asked"

    alone_from: Annotated[
        Moment | None, ops("From when who asked may go alone, if at all", unit=_UTC)
    ] = None


class LiftAgreed(LiftEvent):
    """Two people have decided, or one alone with a life at stake: reviewed within a day."""

    fact: ClassVar = "agreed"

    agreed_by: Annotated[PersonId, staff("The second person; alone: who asked")]
    agreed_as: Annotated[Role, ops("As what")]
    agreed_at: Annotated[Moment, ops("When", unit=_UTC)]
    alone: Annotated[bool, ops("Nobody answered in time, and a life was at stake")] = False
    review_by: Annotated[Moment | None, ops("Until when it is reviewed, if alone", unit=_UTC)] = (
        None
    )


class LiftRefused(LiftEvent):
    """The second person said no."""

    fact: ClassVar = "refused"

    refused_by: Annotated[PersonId, staff("The second person")]
    refused_as: Annotated[Role, ops("As what")]
    refused_at: Annotated[Moment, ops("When", unit=_UTC)]


class LiftShown(LiftEvent):
    """What the edge held was shown, once, to who calls rescue; or there was nothing."""

    fact: ClassVar = "shown"

    shown_to: Annotated[PersonId, staff("Who saw it")]
    shown_at: Annotated[Moment, ops("When", unit=_UTC)]
    found: Annotated[bool, ops("The edge held something; for chat it never does")]


class LiftReviewed(LiftEvent):
    """A third person has looked at a lift that one decided alone."""

    fact: ClassVar = "reviewed"

    verdict: Annotated[LiftVerdict, ops("What they found")]
    reviewed_by: Annotated[PersonId, staff("Who")]
    reviewed_as: Annotated[Role, ops("As what")]
    reviewed_at: Annotated[Moment, ops("When", unit=_UTC)]


class LiftReviewMissed(LiftEvent):
    """A day has gone by without the review: the committee asks why."""

    fact: ClassVar = "review_missed"

    missed_at: Annotated[Moment, ops("When it had been due", unit=_UTC)]


class AskLift(Command):
    """I need to know where this person can be found."""

    service: ClassVar = "risk"
    verb: ClassVar = "ask_lift"
    roles: ClassVar = _ASKS

    contact_id: Annotated[ContactId, ops("The contact")]
    reason: Annotated[LiftReason, ops("Why, from the closed list")]
    life_at_stake: Annotated[bool, ops("A life is at stake now")] = False


class LiftNamed(Contract):
    """What was asked for, and from when one may go alone."""

    lift_id: Annotated[LiftId, ops("The lift")]
    alone_from: Annotated[Moment | None, ops("If at all", unit=_UTC)] = None


class DecideLift(Command):
    """The second person's yes or no; from who asked, after a minute without one: alone."""

    service: ClassVar = "risk"
    verb: ClassVar = "decide_lift"
    roles: ClassVar = _DECIDES

    lift_id: Annotated[LiftId, ops("The lift")]
    agree: Annotated[bool, ops("Yes or no")]


class ReviewLift(Command):
    """I have looked at a lift that somebody decided alone."""

    service: ClassVar = "risk"
    verb: ClassVar = "review_lift"
    roles: ClassVar = frozenset({Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})

    lift_id: Annotated[LiftId, ops("The lift")]
    verdict: Annotated[LiftVerdict, ops("What I found")]
