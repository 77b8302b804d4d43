"""Rescue: a human in the contact calls it with what the person said, and never waits for another.

What was said is on the emergency card, sealed at risk's own door: nothing of it is here.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, NewType

from pydantic import StringConstraints

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, public, staff
from contracts.risk import AlertId
from contracts.vocabulary import ContactId, Moment, PersonId, ProgrammeId, Role

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_UTC = "UTC, domain time"
RescueId = NewType("RescueId", Annotated[str, StringConstraints(pattern=_UUID)])

_CALLS_RESCUE = frozenset({Role.LISTENER, Role.REGULATOR, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


class RescueService(StrEnum):
    """Whom to call; which number that is depends on the caller's country."""

    EUROPEAN = "european"  #: 112, wherever one is in the Union
    MEDICAL = "medical"
    POLICE = "police"
    FIRE = "fire"
    IN_WRITING = "in_writing"  #: for those who cannot hear or speak; never by a voice transfer


class Arrival(StrEnum):
    """What became of the transfer, said by who made it."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class RescueFailure(StrEnum):
    """Why a transfer failed."""

    REFUSED = "refused"
    UNKNOWN = "unknown"  #: who made it cannot say whether anybody has the person
    NO_WORD = "no_word"  #: nobody said in time


class RescueEvent(Event):
    """What every fact about a rescue says of it."""

    noun: ClassVar = "rescue"
    publisher: ClassVar = "risk"
    stream: ClassVar = Stream.RISK
    subject_field: ClassVar = "rescue_id"

    rescue_id: Annotated[RescueId, ops("The rescue")]
    alert_id: Annotated[AlertId, ops("The alert it belongs to")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    service: Annotated[RescueService, ops("Whom it went to")]
    started_by: Annotated[PersonId, staff("The human who called")]
    started_as: Annotated[Role, ops("As what")]
    started_at: Annotated[Moment, ops("When", unit=_UTC)]


class RescueStarted(RescueEvent):
    """A human has called rescue; they stay until somebody has the person."""

    fact: ClassVar = "started"

    report_by: Annotated[Moment, ops("Without word of arrival until then it failed", unit=_UTC)]


class RescueConfirmed(RescueEvent):
    """Somebody has the person."""

    fact: ClassVar = "confirmed"

    confirmed_by: Annotated[PersonId, staff("Who said so")]
    confirmed_as: Annotated[Role, ops("As what")]
    confirmed_at: Annotated[Moment, ops("When", unit=_UTC)]


class RescueFailed(RescueEvent):
    """Nobody has the person, or nobody knows: the alert comes up again with it."""

    fact: ClassVar = "failed"

    why: Annotated[RescueFailure, ops("Why")]
    failed_at: Annotated[Moment, ops("When", unit=_UTC)]
    reported_by: Annotated[PersonId | None, staff("Who said so; empty: a clock did")] = None
    reported_as: Annotated[Role | None, ops("As what")] = None


class StartRescue(Command):
    """I call rescue for this person, now."""

    service: ClassVar = "risk"
    verb: ClassVar = "start_rescue"
    roles: ClassVar = _CALLS_RESCUE

    contact_id: Annotated[ContactId, ops("The contact")]
    whom: Annotated[RescueService, ops("Whom to call")]
    confirmed: Annotated[Literal[True], ops("A human means it: nothing else starts a rescue")]


class RescueNamed(Contract):
    """What was started, and which number it is in the caller's country."""

    rescue_id: Annotated[RescueId, ops("The rescue")]
    alert_id: Annotated[AlertId, ops("The alert it belongs to")]
    number: Annotated[str, public("To be called", pattern=r"^[0-9]{2,3}$")]
    in_writing: Annotated[bool, ops("By text only: never transfer a voice to it")] = False


class ReportArrival(Command):
    """What became of the rescue I called."""

    service: ClassVar = "risk"
    verb: ClassVar = "report_arrival"
    roles: ClassVar = _CALLS_RESCUE

    rescue_id: Annotated[RescueId, ops("The rescue")]
    arrival: Annotated[Arrival, ops("What became of it")]
