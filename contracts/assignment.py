"""Assignment: who is offered which contact, and what each person on duty is doing."""

from typing import Annotated, ClassVar

from contracts.envelope import Command, Event, Stream
from contracts.privacy import LARGEST_COUNT, ops, staff
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Moment,
    Need,
    OfferId,
    OfferReason,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    RulesVersion,
    Stage,
    WayOut,
    WithdrawalReason,
)


class OfferEvent(Event):
    """What every fact about an offer says: which offer, of which contact, to whom."""

    noun: ClassVar = "offer"
    publisher: ClassVar = "assignment"
    stream: ClassVar = Stream.ASSIGNMENT
    subject_field: ClassVar = "offer_id"

    offer_id: Annotated[OfferId, ops("The offer")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    person_id: Annotated[PersonId, staff("Who it was offered to")]
    stage: Annotated[Stage, ops("As regulator or as listener")]
    channel: Annotated[Channel, ops("How the contact reached us")]


class OfferMade(OfferEvent):
    """A person's desk shows, or their telephone rings for, a contact."""

    fact: ClassVar = "made"

    made_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    expires_at: Annotated[Moment, ops("After this nobody may act on it", unit="UTC, domain time")]
    waiting_since: Annotated[
        Moment, ops("Since when the contact waits in this line", unit="UTC, domain time")
    ]
    attempt: Annotated[
        int,
        ops(
            "How many offers of this contact in this line",
            unit="count from 1",
            ge=1,
            le=LARGEST_COUNT,
        ),
    ]
    priority: Annotated[Priority | None, ops("Order of help; empty before triage")] = None
    need: Annotated[Need, ops("What the person needs")] = Need.UNKNOWN
    languages: Annotated[
        tuple[LanguageCode, ...], ops("Languages that will do; empty is unknown", max_length=9)
    ] = ()
    untriaged: Annotated[bool, ops("No regulator could be reached first")] = False
    reasons: Annotated[tuple[OfferReason, ...], ops("Why this person", max_length=12)]
    rules_version: Annotated[RulesVersion, ops("Version of the rules that chose")]
    eligibility_version: Annotated[
        int,
        staff(
            "Version of the person's eligibility the choice rests on",
            unit="count",
            ge=1,
            le=LARGEST_COUNT,
        ),
    ]


class OfferTaken(OfferEvent):
    """The person has taken the contact; they talk."""

    fact: ClassVar = "taken"

    taken_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    waiting_since: Annotated[
        Moment, ops("Since when the contact waited in this line", unit="UTC, domain time")
    ]
    priority: Annotated[Priority | None, ops("Order of help; empty before triage")] = None
    untriaged: Annotated[bool, ops("No regulator could be reached first")] = False


class OfferDeclined(OfferEvent):
    """The person said no; the contact goes to the next one, in front."""

    fact: ClassVar = "declined"

    declined_at: Annotated[Moment, ops("When", unit="UTC, domain time")]


class OfferExpired(OfferEvent):
    """Nobody answered in time; the contact goes to the next one, in front."""

    fact: ClassVar = "expired"

    expired_at: Annotated[Moment, ops("When", unit="UTC, domain time")]


class OfferWithdrawn(OfferEvent):
    """The offer, or the take, no longer stands: it stops ringing and the person is free."""

    fact: ClassVar = "withdrawn"

    withdrawn_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    reason: Annotated[WithdrawalReason, ops("Why")]
    was_taken: Annotated[bool, ops("The person had already taken it")] = False


class ContactSentUntriaged(Event):
    """No regulator could be reached in time: the contact waits for a listener, as P3 at least."""

    noun: ClassVar = "contact"
    fact: ClassVar = "sent_untriaged"
    publisher: ClassVar = "assignment"
    stream: ClassVar = Stream.ASSIGNMENT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    sent_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    priority: Annotated[Priority, ops("Served as, until a human has heard the person")]


class WayOutOffered(Event):
    """Somebody who waits for a listener may leave by a way out if they say yes; they wait on.

    Once for a contact, and only where a human has heard the person and never found them at risk.
    """

    noun: ClassVar = "way_out"
    fact: ClassVar = "offered"
    publisher: ClassVar = "assignment"
    stream: ClassVar = Stream.ASSIGNMENT
    subject_field: ClassVar = "contact_id"

    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    way_out: Annotated[WayOut, ops("A return pass, or another line")]
    offered_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    valid_until: Annotated[Moment, ops("A yes counts until then", unit="UTC, domain time")]
    rules_version: Annotated[RulesVersion, ops("Version of the rules that offer it")]


class LineStaffed(Event):
    """The first person has come on duty for a line, or the last has left; said at each change."""

    noun: ClassVar = "line"
    fact: ClassVar = "staffed"
    publisher: ClassVar = "assignment"
    stream: ClassVar = Stream.ASSIGNMENT
    subject_field: ClassVar = "programme"

    programme: Annotated[ProgrammeId, ops("The line")]
    staffed: Annotated[bool, ops("Whether anybody at all is on duty from now on")]
    since: Annotated[Moment, ops("Since when", unit="UTC, domain time")]


class LiveStateEntered(Event):
    """A person on duty does something else from now on."""

    noun: ClassVar = "live_state"
    fact: ClassVar = "entered"
    publisher: ClassVar = "assignment"
    stream: ClassVar = Stream.ASSIGNMENT
    subject_field: ClassVar = "person_id"

    person_id: Annotated[PersonId, staff("The person on duty")]
    programme: Annotated[ProgrammeId, ops("The line they are on duty for")]
    role: Annotated[Role, ops("As what they are on duty")]
    state: Annotated[LiveState, staff("What they do from now on")]
    reason: Annotated[LiveStateReason, staff("Why")]
    entered_at: Annotated[Moment, ops("Since when", unit="UTC, domain time")]
    previous: Annotated[LiveState, staff("What they did before")]
    previous_since: Annotated[Moment, ops("Since when they had", unit="UTC, domain time")]
    until: Annotated[
        Moment | None, staff("When it ends by itself, if it does", unit="UTC, domain time")
    ] = None
    contact_id: Annotated[ContactId | None, ops("The contact they are in or were offered")] = None
    missed_offers: Annotated[
        int, staff("Offers missed in a row", unit="count", ge=0, le=LARGEST_COUNT)
    ] = 0


class HardContactNoted(Event):
    """A person says, finishing, that a contact was hard; which one, is not said."""

    noun: ClassVar = "hard_contact"
    fact: ClassVar = "noted"
    publisher: ClassVar = "assignment"
    stream: ClassVar = Stream.ASSIGNMENT
    subject_field: ClassVar = "person_id"

    person_id: Annotated[PersonId, staff("The person")]
    programme: Annotated[ProgrammeId, ops("The line they are on duty for")]
    noted_at: Annotated[Moment, ops("When", unit="UTC, domain time")]


_ON_DUTY = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

#: People one heartbeat may speak for, beside who sends it.
MOST_OTHERS = 1000


class StartDuty(Command):
    """I am here and can be offered contacts."""

    service: ClassVar = "assignment"
    verb: ClassVar = "start_duty"
    roles: ClassVar = _ON_DUTY


class EndDuty(Command):
    """I go. A contact I am in goes on to its end."""

    service: ClassVar = "assignment"
    verb: ClassVar = "end_duty"
    roles: ClassVar = _ON_DUTY


class Pause(Command):
    """Offer me nothing for now."""

    service: ClassVar = "assignment"
    verb: ClassVar = "pause"
    roles: ClassVar = _ON_DUTY


class Resume(Command):
    """I am ready again."""

    service: ClassVar = "assignment"
    verb: ClassVar = "resume"
    roles: ClassVar = _ON_DUTY


class TakeOffer(Command):
    """I take this contact."""

    service: ClassVar = "assignment"
    verb: ClassVar = "take_offer"
    roles: ClassVar = _ON_DUTY

    offer_id: Annotated[OfferId, ops("The offer on my desk")]


class DeclineOffer(Command):
    """Not this one; no reason is asked."""

    service: ClassVar = "assignment"
    verb: ClassVar = "decline_offer"
    roles: ClassVar = _ON_DUTY

    offer_id: Annotated[OfferId, ops("The offer on my desk")]


class FinishWrapUp(Command):
    """I have finished after the last contact; rest follows where it is due."""

    service: ClassVar = "assignment"
    verb: ClassVar = "finish_wrap_up"
    roles: ClassVar = _ON_DUTY

    hard: Annotated[bool, staff("It was a hard one: rest follows, a debrief is offered")] = False


class BeatHeart(Command):
    """My desk is still there. A desk says so every few seconds, its console for all of them."""

    service: ClassVar = "assignment"
    verb: ClassVar = "beat_heart"
    roles: ClassVar = _ON_DUTY

    others: Annotated[
        tuple[PersonId, ...],
        staff(
            "Other people whose desks the same console has heard from since its last beat; the "
            "console has authenticated each of their sessions",
            max_length=MOST_OTHERS,
        ),
    ] = ()
