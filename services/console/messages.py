"""What a desk is told, in the shapes its live stream carries (`data:` lines of `/desk/live`).

Numbered messages (`offer` to `live_state`) are dense per person, so that `Last-Event-ID` resumes
without loss or repeat. `state` and `board` are whole pictures: the newest replaces all before it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from contracts.anonymity import LiftId, LiftReason
from contracts.envelope import Contract, SessionId
from contracts.privacy import ops, reference, staff
from contracts.report import ReportId
from contracts.rescue import RescueFailure, RescueId, RescueService
from contracts.risk import LEVELS, AlertId, CallWay, DutyCallId, Standing, UnreachedWhy
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    Channel,
    ContactId,
    DebriefCause,
    DebriefId,
    Hole,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Moment,
    Need,
    OfferId,
    OfferReason,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    ReferralId,
    ReferralState,
    RelayId,
    RiskSignal,
    Role,
    SealedId,
    Stage,
    TextKind,
    WithdrawalReason,
)

_UTC = "UTC, domain time"


class MessageKind(StrEnum):
    """The `event:` line of a message."""

    STATE = "state"  #: the whole desk, sent on connecting; carries the id to resume from
    OFFER = "offer"
    OFFER_OVER = "offer_over"
    CONTACT = "contact"
    CONTACT_OVER = "contact_over"
    LIVE_STATE = "live_state"
    TEXT = "text"
    SIGN = "sign"  #: not numbered: one that is missed is missed
    REFERRAL = "referral"
    NOTICE = "notice"
    RESCUE = "rescue"
    LIFT = "lift"
    REPORT = "report"
    DUTY_CALL = "duty_call"  #: what came of a call to the duty professional
    ALERT = "alert"  #: an alert this person raised, may take or has, as it is from now on
    DEBRIEF = "debrief"  #: a debrief is offered to this person
    BOARD = "board"  #: to who sees the counts of a line; no id
    WAITING = "waiting"  #: listeners: whether anybody waits for one; no id
    READING = "reading"  #: somebody reads this person's talk along, or does no more
    PRESENCE = "presence"  #: a supervisor of the line is there, or no more
    PULSE = "pulse"  #: the stream is there, and the ledger was read; no id
    SESSION_OVER = "session_over"  #: last line before the stream closes; no id


class OfferOver(StrEnum):
    """Why an offer left the desk, other than by being taken."""

    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ContactOver(StrEnum):
    """Why a contact left the desk."""

    ENDED = "ended"
    HANDED_OVER = "handed_over"  #: triaged; the regulator is free at once
    WITHDRAWN = "withdrawn"  #: the take no longer stands


class Notice(StrEnum):
    """What supervisors are told of a contact, beside its texts."""

    MESSAGE_READ = "message_read"
    MESSAGE_READ_LATE = "message_read_late"
    MESSAGE_ANSWERED = "message_answered"
    MESSAGE_ANSWERED_LATE = "message_answered_late"
    FIRST_READING_LATE = "first_reading_late"
    ANSWER_WARNED = "answer_warned"
    ANSWER_LATE = "answer_late"
    HUMAN_WANTED = "human_wanted"  #: who read it says that its writer needs a human now
    NATURE_CORRECTED = "nature_corrected"
    DESK_LOST = "desk_lost"  #: of who talks with them by telephone; they go on talking
    DESK_BACK = "desk_back"
    SAYS_URGENT = "says_urgent"  #: its caller does; shown, and ranks nobody
    URGENT = "urgent"  #: a human decided P1 or P2: supervisors are told, by the protocol
    BELOW_LEVEL = "below_level"  #: at risk, and offered to somebody below that level
    ANOTHER_LANGUAGE = "another_language"  #: offered to somebody who does not speak theirs


class DeskMessage(Contract):
    """A message of the live stream; `kind` is its `event:` line."""

    kind: ClassVar[MessageKind]


class OfferShown(DeskMessage):
    """A contact somebody may take, with all the desk needs to decide."""

    kind: ClassVar = MessageKind.OFFER

    offer_id: Annotated[OfferId, ops("The offer")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    stage: Annotated[Stage, ops("As regulator or as listener")]
    channel: Annotated[Channel, ops("How the contact reached us")]
    made_at: Annotated[Moment, ops("When", unit=_UTC)]
    expires_at: Annotated[Moment, ops("After this nobody may act on it", unit=_UTC)]
    waiting_since: Annotated[Moment, ops("Since when it waits in this line", unit=_UTC)]
    attempt: Annotated[int, ops("How many offers of it in this line", unit="count from 1", ge=1)]
    priority: Annotated[Priority | None, ops("Order of help; empty before triage")] = None
    need: Annotated[Need, ops("What the person needs")] = Need.UNKNOWN
    languages: Annotated[tuple[LanguageCode, ...], ops("Languages that will do")] = ()
    untriaged: Annotated[bool, ops("No regulator could be reached first")] = False
    reasons: Annotated[tuple[OfferReason, ...], ops("Why this person")] = ()


class OfferGone(DeskMessage):
    """The offer is off the desk and stops ringing."""

    kind: ClassVar = MessageKind.OFFER_OVER

    offer_id: Annotated[OfferId, ops("The offer")]
    contact_id: Annotated[ContactId, ops("The contact")]
    why: Annotated[OfferOver, ops("What became of it")]
    reason: Annotated[WithdrawalReason | None, ops("Why it was withdrawn, if it was")] = None
    at: Annotated[Moment, ops("When", unit=_UTC)]


class ContactShown(DeskMessage):
    """The contact this person is in."""

    kind: ClassVar = MessageKind.CONTACT

    offer_id: Annotated[OfferId, ops("The offer that was taken")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    stage: Annotated[Stage, ops("As regulator or as listener")]
    channel: Annotated[Channel, ops("How the contact reached us")]
    taken_at: Annotated[Moment, ops("When it was taken", unit=_UTC)]
    waiting_since: Annotated[Moment, ops("Since when it had waited in this line", unit=_UTC)]
    priority: Annotated[Priority | None, ops("Order of help; empty before triage")] = None
    need: Annotated[Need, ops("What the person needs")] = Need.UNKNOWN
    languages: Annotated[tuple[LanguageCode, ...], ops("Languages that will do")] = ()
    untriaged: Annotated[bool, ops("No regulator could be reached first")] = False


class ContactGone(DeskMessage):
    """The contact is no longer with this person."""

    kind: ClassVar = MessageKind.CONTACT_OVER

    offer_id: Annotated[OfferId, ops("The offer that had been taken")]
    contact_id: Annotated[ContactId, ops("The contact")]
    stage: Annotated[Stage, ops("What they were in it")]
    why: Annotated[ContactOver, ops("What became of it")]
    outcome: Annotated[Outcome | None, ops("How it ended, if it did")] = None
    at: Annotated[Moment, ops("When", unit=_UTC)]


class LiveStateShown(DeskMessage):
    """What the person does, as assignment judges it."""

    kind: ClassVar = MessageKind.LIVE_STATE

    programme: Annotated[ProgrammeId | None, ops("The line they are on duty for")] = None
    role: Annotated[Role | None, ops("As what they are on duty")] = None
    state: Annotated[LiveState, staff("What they do")] = LiveState.OFF_DUTY
    reason: Annotated[LiveStateReason | None, staff("Why")] = None
    since: Annotated[Moment | None, ops("Since when", unit=_UTC)] = None
    until: Annotated[Moment | None, staff("When it ends by itself, if it does", unit=_UTC)] = None
    contact_id: Annotated[ContactId | None, ops("The contact they are in or were offered")] = None
    missed_offers: Annotated[int, staff("Offers missed in a row", unit="count", ge=0)] = 0


class RescueShown(DeskMessage):
    """A rescue somebody has called, and what came of it."""

    kind: ClassVar = MessageKind.RESCUE

    rescue_id: Annotated[RescueId, ops("The rescue")]
    alert_id: Annotated[AlertId, ops("The alert it belongs to")]
    contact_id: Annotated[ContactId, ops("The contact")]
    service: Annotated[RescueService, ops("Whom it went to")]
    started_by: Annotated[PersonId, staff("The human who called")]
    started_at: Annotated[Moment, ops("When", unit=_UTC)]
    came_of_it: Annotated[str, ops("started, confirmed or failed", pattern="^[a-z]{3,20}$")]
    report_by: Annotated[Moment | None, ops("Until when word is awaited", unit=_UTC)] = None
    why: Annotated[RescueFailure | None, ops("Why it failed, if it did")] = None


class LiftTold(DeskMessage):
    """That anonymity is to be lifted, or was; never what it showed."""

    kind: ClassVar = MessageKind.LIFT

    lift_id: Annotated[LiftId, ops("The lift")]
    contact_id: Annotated[ContactId, ops("The contact")]
    reason: Annotated[LiftReason, ops("Why")]
    life_at_stake: Annotated[bool, ops("Then one may go alone when no second answers")]
    asked_by: Annotated[PersonId, staff("Who asked")]
    asked_at: Annotated[Moment, ops("When", unit=_UTC)]
    came_of_it: Annotated[str, ops("asked, agreed, refused, shown, reviewed or review_missed")]


class ReportMoved(DeskMessage):
    """That a report is owed, written, read, missed; proposed or decided, if it is a legal one."""

    kind: ClassVar = MessageKind.REPORT

    report_id: Annotated[ReportId, ops("The report")]
    contact_id: Annotated[ContactId, ops("The contact")]
    legal: Annotated[bool, ops("It is a legal report")]
    came_of_it: Annotated[str, ops("What happened to it")]
    at: Annotated[Moment, ops("When", unit=_UTC)]


class CallShown(DeskMessage):
    """What came of a call to the duty professional for an alert. Delivered is not taken."""

    kind: ClassVar = MessageKind.DUTY_CALL

    call_id: Annotated[DutyCallId, ops("The call")]
    alert_id: Annotated[AlertId, ops("The alert")]
    person_id: Annotated[PersonId, staff("Whom it is to")]
    way: Annotated[CallWay, ops("How")]
    came_of_it: Annotated[
        str, ops("Ordered, a receiver has it, or its time is over", pattern="^[a-z]{3,20}$")
    ]
    at: Annotated[Moment, ops("When", unit=_UTC)]


class TextWritten(DeskMessage):
    """Something was written in the contact; what it says is at the text door."""

    kind: ClassVar = MessageKind.TEXT

    contact_id: Annotated[ContactId, ops("The contact")]
    sealed_id: Annotated[SealedId, reference("The sealed text")]
    what: Annotated[TextKind, ops("What it is")]
    author: Annotated[AuthorKind, ops("Who wrote it")]
    characters: Annotated[int, ops("How long it is", unit="characters", ge=1)]
    position: Annotated[int, ops("Its place in the contact", unit="count from 1", ge=1)]
    attention: Annotated[Attention, ops("What the indicator asks for")]
    at: Annotated[Moment, ops("When", unit=_UTC)]


class CallerWrites(DeskMessage):
    """The caller of a contact this person is in was writing a moment ago; never what."""

    kind: ClassVar = MessageKind.SIGN

    contact_id: Annotated[ContactId, ops("The contact")]


class ReferralMoved(DeskMessage):
    """What became of a referral of the contact; supervisors hear when a relay will not take it."""

    kind: ClassVar = MessageKind.REFERRAL

    contact_id: Annotated[ContactId, ops("The contact")]
    referral_id: Annotated[ReferralId, ops("The referral")]
    relay_id: Annotated[RelayId, ops("The relay")]
    state: Annotated[ReferralState, ops("Where it is")]
    at: Annotated[Moment, ops("When", unit=_UTC)]


class ContactNoticed(DeskMessage):
    """Something a supervisor should know of a contact."""

    kind: ClassVar = MessageKind.NOTICE

    contact_id: Annotated[ContactId, ops("The contact")]
    what: Annotated[Notice, ops("What")]
    at: Annotated[Moment, ops("When", unit=_UTC)]


class AlertShown(DeskMessage):
    """An alert as it is: who has it, or when it goes on. The newest replaces the one before."""

    kind: ClassVar = MessageKind.ALERT

    alert_id: Annotated[AlertId, ops("The alert")]
    contact_id: Annotated[ContactId, ops("The contact it is about")]
    programme: Annotated[ProgrammeId, ops("The line")]
    raised_by: Annotated[PersonId, staff("Who pressed the key")]
    raised_as: Annotated[Role, ops("As what")]
    raised_at: Annotated[Moment, ops("When", unit=_UTC)]
    signals: Annotated[tuple[RiskSignal, ...], ops("What was noticed, if said")] = ()
    standing: Annotated[Standing, ops("Where it is; open: nobody has taken it yet")]
    level: Annotated[int, ops("How far it has gone", **LEVELS)]
    held_by: Annotated[PersonId | None, staff("Who has taken it")] = None
    held_since: Annotated[Moment | None, ops("Since when", unit=_UTC)] = None
    calls: Annotated[int, ops("Calls to the duty professional", unit="count", ge=0)] = 0
    next_at: Annotated[Moment | None, ops("When it goes on by itself", unit=_UTC)] = None
    contact_over: Annotated[bool, ops("The contact has ended, the alert has not")] = False
    unreached: Annotated[UnreachedWhy | None, ops("Why nobody can be reached, if so")] = None


class DebriefStanding(StrEnum):
    """Where a debrief is that is neither held nor turned down."""

    OFFERED = "offered"
    WANTED = "wanted"
    OVERDUE = "overdue"


class DebriefShown(DeskMessage):
    """A debrief, on the desk of the person and of supervisors."""

    kind: ClassVar = MessageKind.DEBRIEF

    debrief_id: Annotated[DebriefId, ops("The debrief")]
    person_id: Annotated[PersonId, staff("Who it is offered to")]
    cause: Annotated[DebriefCause, staff("After what")]
    standing: Annotated[DebriefStanding, staff("Where it is")]
    offered_at: Annotated[Moment, staff("Since when", unit=_UTC)]
    due_at: Annotated[Moment, staff("To be held before this", unit=_UTC)]


class DeskState(DeskMessage):
    """The whole desk: what a page shows after a reload."""

    kind: ClassVar = MessageKind.STATE

    person_id: Annotated[PersonId, staff("Whose desk")]
    role: Annotated[Role, ops("Role of the session")]
    programme: Annotated[ProgrammeId, ops("Line of the session")]
    at: Annotated[Moment, ops("When this was so", unit=_UTC)]
    live: Annotated[LiveStateShown, staff("What the person does")]
    offer: Annotated[OfferShown | None, ops("The offer still open, if any")] = None
    contact: Annotated[ContactShown | None, ops("The contact they are in, if any")] = None
    debriefs: Annotated[
        tuple[DebriefShown, ...], staff("Their own; on a supervisor's desk those to see to as well")
    ] = ()
    alerts: Annotated[
        tuple[AlertShown, ...], ops("Alerts not over that they raised, may take or have")
    ] = ()


class WaitingLine(Contract):
    """One of the two waiting lines."""

    waiting: Annotated[int, ops("Contacts waiting", unit="count", ge=0)] = 0
    longest_since: Annotated[Moment | None, ops("Since when the first one waits", unit=_UTC)] = None
    with_human: Annotated[int, ops("Contacts with such a person", unit="count", ge=0)] = 0
    on_duty: Annotated[
        dict[LiveState, int],
        ops("People on duty by live state", unit="count", default_factory=dict),
    ]


class HourFigures(Contract):
    """What quality counted for one hour."""

    hour: Annotated[Moment, ops("Start of the hour", unit=_UTC)]
    opened: Annotated[int, ops("Contacts opened", unit="count", ge=0)]
    answered: Annotated[int, ops("Contacts a human took", unit="count", ge=0)]
    answered_in_target: Annotated[int, ops("Taken within the target", unit="count", ge=0)]
    listened: Annotated[int, ops("Contacts a listener took", unit="count", ge=0)]
    abandoned: Annotated[int, ops("Left before any human", unit="count", ge=0)]
    abandoned_after_triage: Annotated[int, ops("Left between two humans", unit="count", ge=0)]
    ready_seconds: Annotated[float, ops("Listener time spent ready", unit="s", ge=0)]
    busy_seconds: Annotated[float, ops("Listener time in contacts and wrap-up", unit="s", ge=0)]
    resting_seconds: Annotated[float, ops("Listener time spent resting", unit="s", ge=0)]
    rests_given: Annotated[int, ops("Rests that were given", unit="count", ge=0)]


class HoleShown(Contract):
    """An hour of the plan that lacks somebody."""

    hour: Annotated[Moment, ops("Start of the hour", unit=_UTC)]
    missing: Annotated[tuple[Hole, ...], ops("What it lacks")]


class Board(DeskMessage):
    """One line at this moment, in counts: nobody is named on it."""

    kind: ClassVar = MessageKind.BOARD

    programme: Annotated[ProgrammeId, ops("The line")]
    at: Annotated[Moment, ops("When this was so", unit=_UTC)]
    regulators: Annotated[WaitingLine, ops("The line in front")]
    listeners: Annotated[WaitingLine, ops("The listening line")]
    hours: Annotated[tuple[HourFigures, ...], ops("Newest hours counted, newest first")] = ()
    holes: Annotated[tuple[HoleShown, ...], ops("Hours that lack somebody, the next first")] = ()


class SomebodyWaits(DeskMessage):
    """Whether anybody waits for a listener; no counts, to who is free and not offered to them."""

    kind: ClassVar = MessageKind.WAITING

    waits: Annotated[bool, ops("Somebody does")]


class ReadingShown(DeskMessage):
    """A supervisor reads the talk of this person along, from now on or no more."""

    kind: ClassVar = MessageKind.READING

    contact_id: Annotated[ContactId, ops("The contact")]
    person_id: Annotated[PersonId, staff("Who reads")]
    since: Annotated[Moment, ops("Since when", unit=_UTC)]
    over: Annotated[bool, ops("They read no more")]


class PresenceChanged(DeskMessage):
    """A supervisor of the line is there from now on, or no more: to who may ask for one."""

    kind: ClassVar = MessageKind.PRESENCE

    person_id: Annotated[PersonId, staff("Who")]
    present: Annotated[bool, ops("On duty, and their desk is heard")]
    at: Annotated[Moment, ops("Since when", unit=_UTC)]


class Pulse(DeskMessage):
    """The board was read and is still as it was told. Silence of it for 3 s is a lost stream."""

    kind: ClassVar = MessageKind.PULSE

    at: Annotated[Moment, ops("When it was read", unit=_UTC)]


class SessionOver(DeskMessage):
    """The session no longer stands; sign in again."""

    kind: ClassVar = MessageKind.SESSION_OVER

    reason: Annotated[str, ops("Code of the problem", pattern=r"^[a-z_]{3,40}$")]


class SessionOpened(Contract):
    """A session; its token is told once, by the door, and kept nowhere."""

    session_id: Annotated[SessionId, staff("The session")]
    expires_at: Annotated[Moment, ops("Until when it stands", unit=_UTC)]
