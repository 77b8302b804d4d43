"""What a desk shows, folded from facts that arrive in any order, and which sessions stand.

Publishers are not ordered among each other: an offer may be over before it is known to be made, a
contact may have ended before it is known to be taken. Every fold below only moves forward, so that
late and repeated facts change nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.synthetic import may_meet
from contracts.vocabulary import (
    Channel,
    ContactState,
    Destination,
    LanguageCode,
    LiveState,
    OfferId,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    Role,
    Stage,
)
from services.console.messages import MessageKind

# --- offers -------------------------------------------------------------------------------------


class OfferStanding(StrEnum):
    """Where an offer is, as far as this desk knows."""

    OPEN = "open"
    TAKEN = "taken"
    OVER = "over"


class OfferFact(StrEnum):
    """What assignment says about an offer."""

    MADE = "made"
    TAKEN = "taken"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class OfferStep:
    """The offer's new standing, and what the desk is told; None is nothing."""

    standing: OfferStanding
    tells: MessageKind | None


def step_offer(known: OfferStanding | None, fact: OfferFact) -> OfferStep:
    """Fold one fact into what is known of an offer (None: nothing yet).

    An offer that is over stays over: one made known after its withdrawal is never shown. That it
    was made says nothing of an offer of which anything is known.
    """
    match (known, fact):
        case (OfferStanding.OVER, _):
            return OfferStep(OfferStanding.OVER, None)
        case (None, OfferFact.MADE):
            return OfferStep(OfferStanding.OPEN, MessageKind.OFFER)
        case (None | OfferStanding.OPEN, OfferFact.TAKEN):
            return OfferStep(OfferStanding.TAKEN, MessageKind.CONTACT)
        case (None, _):
            return OfferStep(OfferStanding.OVER, None)
        case (standing, OfferFact.MADE | OfferFact.TAKEN):
            return OfferStep(standing, None)
        case (OfferStanding.OPEN, _):
            return OfferStep(OfferStanding.OVER, MessageKind.OFFER_OVER)
        case _:
            return OfferStep(OfferStanding.OVER, MessageKind.CONTACT_OVER)


# --- contacts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContactFacts:
    """What is known of a contact; every field is empty until its publisher has spoken."""

    opened_at: datetime | None = None
    first_stage: Stage | None = None
    regulator_since: datetime | None = None  #: a regulator's take that stands
    sent_on_at: datetime | None = None  #: triaged, or sent on untriaged
    destination: Destination | None = None  #: where a regulator sent it; never RESCUE, they stay
    listener_since: datetime | None = None  #: a listener's take that stands
    ended_at: datetime | None = None
    regulator_offer: OfferId | None = None  #: by which the regulator has it
    listener_offer: OfferId | None = None
    outcome: Outcome | None = None
    channel: Channel | None = None
    language: LanguageCode | None = None  #: of the door used
    priority: Priority | None = None  #: as a human decided last
    urgent_at: datetime | None = None  #: since when its caller says that it is urgent


def hold(facts: ContactFacts, stage: Stage, offer_id: OfferId, since: datetime) -> ContactFacts:
    """Return what is known once a human of this stage has taken it."""
    if stage is Stage.REGULATOR:
        return replace(facts, regulator_offer=offer_id, regulator_since=since)
    return replace(facts, listener_offer=offer_id, listener_since=since)


def release(facts: ContactFacts, offer_id: OfferId) -> ContactFacts:
    """Return what is known once a take no longer stands; a newer one does."""
    if facts.regulator_offer == offer_id:
        facts = replace(facts, regulator_offer=None, regulator_since=None)
    if facts.listener_offer == offer_id:
        facts = replace(facts, listener_offer=None, listener_since=None)
    return facts


@dataclass(frozen=True)
class Place:
    """Where a contact is, and since when (domain time)."""

    state: ContactState
    since: datetime


def place_of(facts: ContactFacts) -> Place | None:
    """Say where a contact is, for the counts of the board; None while nobody has said it opened."""
    if facts.ended_at is not None:
        return Place(ContactState.ENDED, facts.ended_at)
    if facts.listener_since is not None:
        return Place(ContactState.WITH_LISTENER, facts.listener_since)
    if facts.sent_on_at is not None:
        # Sent anywhere but to a listener, it waits for nobody: intake ends it on the same event.
        elsewhere = facts.destination not in (None, Destination.LISTENER)
        state = ContactState.ENDED if elsewhere else ContactState.WAITING_LISTENER
        return Place(state, facts.sent_on_at)
    if facts.regulator_since is not None:
        return Place(ContactState.WITH_REGULATOR, facts.regulator_since)
    if facts.opened_at is None:
        return None
    if facts.first_stage is Stage.LISTENER:
        return Place(ContactState.WAITING_LISTENER, facts.opened_at)
    return Place(ContactState.WAITING_REGULATOR, facts.opened_at)


def left_stage(facts: ContactFacts, stage: Stage) -> bool:
    """Say whether a contact has already left the human of this stage.

    The regulator is free as soon as the contact is on its way to a listener, the listener when it
    has ended. Any other decision of the regulator ends the contact: intake says so in a moment.
    """
    if facts.ended_at is not None:
        return True
    return stage is Stage.REGULATOR and facts.destination is Destination.LISTENER


def stages_left(facts: ContactFacts) -> tuple[Stage, ...]:
    """Return the stages whose human the contact has left."""
    return tuple(stage for stage in Stage if left_stage(facts, stage))


#: Supervisors are told of these.
SUPERVISED = frozenset({Priority.P1, Priority.P2})


# --- sessions -----------------------------------------------------------------------------------

#: Roles the roster gives. Coordinators and operators are vouched for by whoever signs them in:
#: before the first import there is no roster to ask.
ROSTER_ROLES = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})

#: Roles that see the counts of a line; regulators, so that who waits stands beside their work.
BOARD_ROLES = frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.REGULATOR})

#: Roles whose desk must know within seconds that its stream is silent: they read alerts elsewhere.
PULSE_ROLES = frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.DUTY_PROFESSIONAL})

#: Roles with a live desk. The operator sees no contact.
DESK_ROLES = ROSTER_ROLES | BOARD_ROLES

#: While a person is in one of these, a contact is theirs.
_IN_A_CONTACT = frozenset({LiveState.TALKING, LiveState.WRAPPING_UP})

#: Domain time a session outlives the shift it was for: to hand over, to go without haste.
SHIFT_GRACE = timedelta(minutes=30)


@dataclass(frozen=True)
class SessionAsked:
    """Who wants a session, as what, for which line."""

    person_id: PersonId
    role: Role
    programme: ProgrammeId
    name: str | None = None  #: as told by whoever signed them in; of no weight


def refuse_session(
    asked: SessionAsked, held: Collection[Role] | None, line_known: bool
) -> Refusal | None:
    """Say why a session cannot be opened; None when it can.

    `held` are the person's roles in the line by the roster, None when it does not know them there.
    The operator may come before the line is known: somebody has to apply it.
    """
    if not line_known and asked.role is not Role.OPERATOR:
        return Refusal.UNKNOWN_PROGRAMME
    if asked.role not in ROSTER_ROLES:
        return None
    if not may_meet(asked.person_id, asked.programme):
        return Refusal.ROLE_NOT_PERMITTED
    if held is None:
        return Refusal.UNKNOWN_PERSON
    return None if asked.role in held else Refusal.ROLE_NOT_PERMITTED


class SessionEnd(StrEnum):
    """Why a session no longer stands; a code of its problem."""

    UNKNOWN = "session_unknown"
    EXPIRED = "session_expired"
    SHIFT_OVER = "shift_over"  #: and its grace
    ROLE_LOST = "role_lost"  #: the roster no longer gives the role


@dataclass(frozen=True)
class SessionFacts:
    """What is known of a session and its person; moments are domain time."""

    role: Role
    opened_at: datetime
    expires_at: datetime
    held: Collection[Role] | None  #: by the roster; None when it does not know them there
    shift_ends_at: datetime | None = None  #: of the shift they are in, or were in last
    live: LiveState = LiveState.OFF_DUTY
    has_contact: bool = False  #: a take of theirs stands
    has_alert: bool = False  #: they raised or hold one that is not over


def end_of_session(facts: SessionFacts, now: datetime) -> SessionEnd | None:
    """Say why a session no longer stands; None when it does.

    While a contact, a wrap-up or an alert is theirs nothing ends it: neither time, nor a shift, nor
    the roster (DESIGN 2). A shift that was over before the session began is none of its business:
    who comes after it came by themselves.
    """
    if facts.has_contact or facts.has_alert or facts.live in _IN_A_CONTACT:
        return None
    if facts.expires_at <= now:
        return SessionEnd.EXPIRED
    if facts.role not in ROSTER_ROLES:
        return None
    if facts.role not in (facts.held or ()):
        return SessionEnd.ROLE_LOST
    ends_at = facts.shift_ends_at
    if ends_at is not None and facts.opened_at < ends_at and ends_at + SHIFT_GRACE <= now:
        return SessionEnd.SHIFT_OVER
    return None
