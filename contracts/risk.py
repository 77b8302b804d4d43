"""Risk: an alert, from the one key that raises it to the human who closes it.

Every event about an alert carries the whole alert, so the newest version suffices.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, NewType

from pydantic import StringConstraints

from contracts.envelope import Command, Contract, Event, SessionId, Stream
from contracts.privacy import LARGEST_COUNT, ops, staff
from contracts.programme import RiskPolicy
from contracts.vocabulary import ContactId, Moment, PersonId, ProgrammeId, RiskSignal, Role

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_UTC = "UTC, domain time"
AlertId = NewType("AlertId", Annotated[str, StringConstraints(pattern=_UUID)])
DutyCallId = NewType("DutyCallId", Annotated[str, StringConstraints(pattern=_UUID)])

#: Who hears the person and may need help at once.
_IN_CONTACT = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})
#: Who may take an alert over from whoever raised it.
_TAKES = frozenset({Role.SUPERVISOR, Role.REGULATOR, Role.DUTY_PROFESSIONAL})


class Standing(StrEnum):
    """Where an alert is."""

    OPEN = "open"  #: nobody has taken it, or somebody more is wanted
    TAKEN = "taken"  #: a named human has it
    STOOD_DOWN = "stood_down"
    CLOSED = "closed"


class EscalationReason(StrEnum):
    """Why an alert went on to the next people."""

    UNANSWERED = "unanswered"  #: nobody took it in time
    BY_HAND = "by_hand"
    RESCUE_FAILED = "rescue_failed"


class StandDownReason(StrEnum):
    """Why an alert is no alert any more."""

    FALSE_ALERT = "false_alert"  #: fausse alerte
    PRESSED_BY_MISTAKE = "pressed_by_mistake"
    DANGER_PASSED = "danger_passed"
    SAME_AS_ANOTHER = "same_as_another"


class AlertOutcome(StrEnum):
    """What came of an alert that was one."""

    RESCUE_CAME = "rescue_came"
    RELAY_TOOK_OVER = "relay_took_over"
    CALMED = "calmed"
    CALLER_LOST = "caller_lost"  #: the contact broke off and nobody could be reached
    FOLLOWED_UP = "followed_up"  #: a professional goes on with it


class UnreachedWhy(StrEnum):
    """Why nobody can be reached on a rung."""

    NO_SUPERVISOR = "no_supervisor"  #: the roster has none for the line
    NO_DUTY_PROFESSIONAL = "no_duty_professional"  #: the duty list is empty
    NO_WAY_TO_CALL = "no_way_to_call"  #: the duty professional left no address that works
    NOT_ANSWERED = "not_answered"  #: no address took the call before it lapsed


class CallWay(StrEnum):
    """How a duty professional is called outside."""

    WEBHOOK = "webhook"
    PUSH = "push"


#: 1: the supervisors of the line; 2: the next people, its regulators; 3: the duty professional.
LEVELS = {"unit": "level", "ge": 1, "le": 3}


class AlertEvent(Event):
    """What every fact about an alert says: the alert as it is from now on."""

    noun: ClassVar = "alert"
    publisher: ClassVar = "risk"
    stream: ClassVar = Stream.RISK
    subject_field: ClassVar = "alert_id"

    alert_id: Annotated[AlertId, ops("The alert")]
    contact_id: Annotated[ContactId, ops("The contact it is about")]
    programme: Annotated[ProgrammeId, ops("The line")]
    raised_by: Annotated[PersonId, staff("Who pressed the key")]
    raised_as: Annotated[Role, ops("As what")]
    raised_at: Annotated[Moment, ops("When", unit=_UTC)]
    signals: Annotated[tuple[RiskSignal, ...], ops("What was noticed, if said", max_length=12)] = ()
    standing: Annotated[Standing, ops("Where it is from now on")]
    level: Annotated[int, ops("How far it has gone; never back without a human", **LEVELS)]
    held_by: Annotated[PersonId | None, staff("Who has taken it")] = None
    held_since: Annotated[Moment | None, ops("Since when", unit=_UTC)] = None
    calls: Annotated[
        int, ops("Calls to the duty professional so far", unit="count", ge=0, le=LARGEST_COUNT)
    ] = 0
    next_at: Annotated[
        Moment | None, ops("When it goes on by itself unless somebody takes it", unit=_UTC)
    ] = None
    contact_over: Annotated[bool, ops("The contact had ended; the alert goes on")] = False


class AlertRaised(AlertEvent):
    """One key was pressed: somebody may be in danger. Again, with more signals, if need be."""

    fact: ClassVar = "raised"

    policy: Annotated[RiskPolicy, ops("The escalation in force, kept by this alert to its end")]
    policy_version: Annotated[
        int | None,
        ops("Version of the line it is from; empty: none known, so the design's", unit="count",
            ge=1, le=LARGEST_COUNT),
    ] = None  # fmt: skip
    confirmed_in_contact: Annotated[
        bool, ops("It was known that who raised it is in the contact; else their word was taken")
    ]


class AlertAcknowledged(AlertEvent):
    """A named human has it from now on."""

    fact: ClassVar = "acknowledged"

    acknowledged_by: Annotated[PersonId, staff("Who")]
    acknowledged_as: Annotated[Role, ops("As what")]
    acknowledged_at: Annotated[Moment, ops("When", unit=_UTC)]
    taken_over_from: Annotated[PersonId | None, staff("Who had it before, if anybody")] = None


class AlertEscalated(AlertEvent):
    """It goes on to the next people, or the duty professional is called once more."""

    fact: ClassVar = "escalated"

    reason: Annotated[EscalationReason, ops("Why")]
    escalated_at: Annotated[Moment, ops("When", unit=_UTC)]
    due_at: Annotated[Moment | None, ops("When it had been due, if a clock did it", unit=_UTC)] = (
        None
    )
    escalated_by: Annotated[PersonId | None, staff("Who did, if a human")] = None
    escalated_as: Annotated[Role | None, ops("As what")] = None


class AlertUnreached(AlertEvent):
    """On this rung nobody can be reached: an alarm of its own."""

    fact: ClassVar = "unreached"

    why: Annotated[UnreachedWhy, ops("Why")]
    unreached_at: Annotated[Moment, ops("When it was found", unit=_UTC)]


class AlertStoodDown(AlertEvent):
    """A named human says it is no alert."""

    fact: ClassVar = "stood_down"

    reason: Annotated[StandDownReason, ops("Why, from the closed list")]
    stood_down_by: Annotated[PersonId, staff("Who")]
    stood_down_as: Annotated[Role, ops("As what")]
    stood_down_at: Annotated[Moment, ops("When", unit=_UTC)]


class AlertClosed(AlertEvent):
    """A named human has seen it to its end."""

    fact: ClassVar = "closed"

    outcome: Annotated[AlertOutcome, ops("What came of it, from the closed list")]
    closed_by: Annotated[PersonId, staff("Who")]
    closed_as: Annotated[Role, ops("As what")]
    closed_at: Annotated[Moment, ops("When", unit=_UTC)]


# --- calls to the duty professional ---------------------------------------------------------------


class DutyCallEvent(Event):
    """What every fact about a call to the duty professional says. Delivered is not taken."""

    noun: ClassVar = "duty_call"
    publisher: ClassVar = "risk"
    stream: ClassVar = Stream.RISK
    subject_field: ClassVar = "call_id"

    call_id: Annotated[DutyCallId, ops("The call; its receiver sees the same id at every attempt")]
    alert_id: Annotated[AlertId, ops("The alert")]
    contact_id: Annotated[ContactId, ops("The contact it is about")]
    programme: Annotated[ProgrammeId, ops("The line")]
    person_id: Annotated[PersonId, staff("The duty professional called")]
    way: Annotated[CallWay, ops("How")]
    made_at: Annotated[Moment, ops("When the call was ordered", unit=_UTC)]
    expires_at: Annotated[Moment, ops("After this it is not carried out any more", unit=_UTC)]


_ATTEMPTS = {"unit": "count", "ge": 0, "le": LARGEST_COUNT}


class DutyCalled(DutyCallEvent):
    """The call was ordered."""

    fact: ClassVar = "called"


class DutyCallDelivered(DutyCallEvent):
    """The receiver has it. Whether a human takes the alert is another fact."""

    fact: ClassVar = "delivered"

    delivered_at: Annotated[Moment, ops("When", unit=_UTC)]
    attempts: Annotated[int, ops("Attempts it took", **_ATTEMPTS)]


class DutyCallLapsed(DutyCallEvent):
    """Its time is over and no receiver has it."""

    fact: ClassVar = "lapsed"

    lapsed_at: Annotated[Moment, ops("When", unit=_UTC)]
    attempts: Annotated[int, ops("Attempts made", **_ATTEMPTS)]


# --- risk's own door ------------------------------------------------------------------------------

#: What a capability of risk's door is signed for: one signed for anything else opens nothing.
RISK_PURPOSE = "risk"

#: Who may be given one; what they may do is decided at each request.
RISK_ROLES = _IN_CONTACT | _TAKES


class RiskCapability(Contract):
    """Who is at a desk, for risk's own door, which must open when nothing else answers.

    Signed by the console; risk holds the role against the roster as it knows it.
    """

    session_id: Annotated[SessionId, staff("The desk's session")]
    person_id: Annotated[PersonId, staff("Who asks")]
    role: Annotated[Role, staff("In which role")]
    programme: Annotated[ProgrammeId, ops("The line of their session")]
    expires_at: Annotated[Moment, ops("Until when it stands", unit=_UTC)]


# --- commands -------------------------------------------------------------------------------------


class RaiseAlert(Command):
    """Somebody may be in danger in the contact I am in. One key; the rest may follow, or not."""

    service: ClassVar = "risk"
    verb: ClassVar = "raise_alert"
    roles: ClassVar = _IN_CONTACT

    contact_id: Annotated[ContactId, ops("The contact")]
    signals: Annotated[tuple[RiskSignal, ...], ops("What was noticed", max_length=12)] = ()


class AlertNamed(Contract):
    """Which alert a command has led to."""

    alert_id: Annotated[AlertId, ops("The alert")]


class AcknowledgeAlert(Command):
    """I have it."""

    service: ClassVar = "risk"
    verb: ClassVar = "acknowledge"
    roles: ClassVar = _TAKES

    alert_id: Annotated[AlertId, ops("The alert")]
    take_over: Annotated[bool, ops("Also from somebody who has it already")] = False


class EscalateAlert(Command):
    """The next people, now."""

    service: ClassVar = "risk"
    verb: ClassVar = "escalate"
    roles: ClassVar = _IN_CONTACT | _TAKES

    alert_id: Annotated[AlertId, ops("The alert")]


class StandDownAlert(Command):
    """It is no alert."""

    service: ClassVar = "risk"
    verb: ClassVar = "stand_down"
    roles: ClassVar = _TAKES

    alert_id: Annotated[AlertId, ops("The alert")]
    reason: Annotated[StandDownReason, ops("Why, from the closed list")]


class CloseAlert(Command):
    """It is over, and this came of it."""

    service: ClassVar = "risk"
    verb: ClassVar = "close"
    roles: ClassVar = _TAKES

    alert_id: Annotated[AlertId, ops("The alert")]
    outcome: Annotated[AlertOutcome, ops("What came of it, from the closed list")]
