"""The life of a contact: what each fact makes of it. Intake alone judges it, for every service.

Pure: a life and a fact in, what becomes of it out. Facts of different publishers reach us in any
order, twice or late, and each function says what it does then. The surprising thing: a human's
decision to send a contact on counts even when we have not yet heard that this human had taken it,
and a call for rescue never ends a contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from contracts.vocabulary import (
    Channel,
    ContactState,
    Destination,
    EndedBy,
    LeaveReason,
    Nature,
    OfferId,
    Outcome,
    PersonId,
    Refusal,
    Role,
    Stage,
)


@dataclass(frozen=True)
class Take:
    """One human holds the contact, by an offer that assignment says is taken."""

    stage: Stage
    offer_id: OfferId
    person_id: PersonId
    taken_at: datetime  #: UTC, domain time, by assignment


@dataclass(frozen=True)
class Waiting:
    """The contact waits in one of the two lines."""

    line: Stage


@dataclass(frozen=True)
class Talking:
    """A human is in the contact."""

    take: Take


@dataclass(frozen=True)
class Ended:
    """The one terminal state: what was recorded first stays."""

    outcome: Outcome
    ended_by: EndedBy
    nature: Nature = Nature.ORDINARY
    stage: Stage | None = None  #: the human it was with; empty while it waited
    person_id: PersonId | None = None


Life = Waiting | Talking | Ended


class Unmoved(StrEnum):
    """Why a fact leaves a contact as it is."""

    OVER = "over"  #: the contact has ended; assignment withdraws whatever it still holds
    LATE = "late"  #: the contact is already further than this fact
    REPEATED = "repeated"
    NOT_HELD = "not_held"  #: it concerns an offer that no longer holds the contact
    STAYS = "stays"  #: the decision keeps the contact with the human who has it


@dataclass(frozen=True)
class Moved:
    """The contact's life goes on as this."""

    life: Life


@dataclass(frozen=True)
class Unchanged:
    """Nothing changes."""

    why: Unmoved


@dataclass(frozen=True)
class Refused:
    """The wish of a human cannot be met; asking again will not help."""

    why: Refusal
    field: str | None = None


@dataclass(frozen=True)
class NotYet:
    """The human may well hold the contact: assignment's word of it is still on its way."""


_HELD_AS: dict[Stage, EndedBy] = {
    Stage.REGULATOR: EndedBy.REGULATOR,
    Stage.LISTENER: EndedBy.LISTENER,
}


def state_of(life: Life) -> ContactState:
    """The state in the words everyone shares."""
    match life:
        case Waiting(line=Stage.REGULATOR):
            return ContactState.WAITING_REGULATOR
        case Waiting():
            return ContactState.WAITING_LISTENER
        case Talking(take=Take(stage=Stage.REGULATOR)):
            return ContactState.WITH_REGULATOR
        case Talking():
            return ContactState.WITH_LISTENER
        case Ended():
            return ContactState.ENDED
        case _:
            assert_never(life)


def take(life: Life, took: Take) -> Moved | Unchanged:
    """A human took the contact.

    A regulator's take heard of after the contact went on to the listening line is late. Between two
    takes of one stage the later one holds: the earlier was withdrawn, and word of it is on its way.
    """
    match life:
        case Ended():
            return Unchanged(Unmoved.OVER)
        case Waiting(line=line):
            late = line is Stage.LISTENER and took.stage is Stage.REGULATOR
            return Unchanged(Unmoved.LATE) if late else Moved(Talking(took))
        case Talking(take=held):
            return _take_over(held, took)
        case _:
            assert_never(life)


def _take_over(held: Take, took: Take) -> Moved | Unchanged:
    if took.offer_id == held.offer_id:
        return Unchanged(Unmoved.REPEATED)
    if held.stage is not took.stage:
        further = took.stage is Stage.LISTENER
        return Moved(Talking(took)) if further else Unchanged(Unmoved.LATE)
    if took.taken_at < held.taken_at:
        return Unchanged(Unmoved.LATE)
    return Moved(Talking(took))


def withdraw(life: Life, offer_id: OfferId) -> Moved | Unchanged:
    """A take no longer stands (the desk fell silent): the contact waits again, in the same line."""
    match life:
        case Ended():
            return Unchanged(Unmoved.OVER)
        case Talking(take=held) if held.offer_id == offer_id:
            return Moved(Waiting(held.stage))
        case Waiting() | Talking():
            return Unchanged(Unmoved.NOT_HELD)
        case _:
            assert_never(life)


def send_untriaged(life: Life, sent_at: datetime) -> Moved | Unchanged:
    """No regulator could be reached: the contact waits for a listener.

    With a regulator whose take is older, that take must have been withdrawn since; with a regulator
    who took it afterwards, or already in the listening line, the fact is late.
    """
    match life:
        case Ended():
            return Unchanged(Unmoved.OVER)
        case Waiting(line=Stage.REGULATOR):
            return Moved(Waiting(Stage.LISTENER))
        case Talking(take=Take(stage=Stage.REGULATOR, taken_at=taken_at)) if taken_at <= sent_at:
            return Moved(Waiting(Stage.LISTENER))
        case Waiting() | Talking():
            return Unchanged(Unmoved.LATE)
        case _:
            assert_never(life)


@dataclass(frozen=True)
class Triage:
    """A human's decision where the contact goes, as triage announced it."""

    destination: Destination
    decided_by: PersonId
    decided_at: datetime  #: UTC, domain time, by triage


#: How a decision that needs nobody else ends the contact (DESIGN 2). RESCUE is not here on purpose:
#: rescue is an act during the contact, the human stays with the person until rescue has them, and
#: ends the contact themselves as `transferred_to_emergency` (DESIGN 8: "the listener leaves last").
ENDINGS_BY_TRIAGE: dict[Destination, Outcome] = {
    Destination.INFORMED: Outcome.INFORMED_BY_REGULATOR,
    Destination.WITHIN_FRAME: Outcome.CLOSED_WITHIN_FRAME,
    Destination.RELAY: Outcome.TRANSFERRED_TO_RELAY,
}


def triage(life: Life, decision: Triage) -> Moved | Unchanged:
    """A human decided where the contact goes.

    While it waits, or is with a regulator, the decision counts whoever took it: triage has checked
    who may. A decision older than the take that holds the contact is late. With a listener it ends
    the contact only when that listener decided (an untriaged contact, sorted out in the talk).
    """
    ending = ENDINGS_BY_TRIAGE.get(decision.destination)
    match life:
        case Ended():
            return Unchanged(Unmoved.OVER)
        case Talking(take=held) if decision.decided_at < held.taken_at:
            return Unchanged(Unmoved.LATE)
        case Talking(take=held) if held.stage is Stage.LISTENER:
            if ending is None:
                return Unchanged(Unmoved.STAYS)
            if decision.decided_by != held.person_id:
                return Unchanged(Unmoved.LATE)
            return Moved(
                Ended(ending, EndedBy.LISTENER, stage=held.stage, person_id=held.person_id)
            )
        case Waiting() | Talking():
            return _send_on(life, decision, ending)
        case _:
            assert_never(life)


def _send_on(
    life: Waiting | Talking, decision: Triage, ending: Outcome | None
) -> Moved | Unchanged:
    """Apply a decision to a contact that no listener is known to hold.

    Who decided was in the contact: while it seems to wait, word of their take is on its way.
    """
    if ending is not None:
        stage = life.line if isinstance(life, Waiting) else life.take.stage
        return Moved(Ended(ending, _HELD_AS[stage], stage=stage, person_id=decision.decided_by))
    if decision.destination is Destination.RESCUE:
        return Unchanged(Unmoved.STAYS)
    if life == Waiting(Stage.LISTENER):
        return Unchanged(Unmoved.REPEATED)
    return Moved(Waiting(Stage.LISTENER))


def leave(life: Life, reason: LeaveReason) -> Moved | Unchanged:
    """The caller's side of the line ended.

    Nobody has listened yet: abandoned while waiting, dropped while with a regulator. With a
    listener, hanging up is how most talks end (listened); a cut line is not an ending (dropped).
    A take recorded before makes it an end, never an abandonment.
    """
    match life:
        case Ended():
            return Unchanged(Unmoved.OVER)
        case Waiting():
            return Moved(Ended(Outcome.ABANDONED, EndedBy.CALLER))
        case Talking(take=held):
            listened = held.stage is Stage.LISTENER and reason is LeaveReason.HUNG_UP
            outcome = Outcome.LISTENED if listened else Outcome.DROPPED
            return Moved(Ended(outcome, EndedBy.CALLER, stage=held.stage, person_id=held.person_id))
        case _:
            assert_never(life)


@dataclass(frozen=True)
class Wish:
    """A human at a desk wants to end the contact."""

    person_id: PersonId
    role: Role
    outcome: Outcome
    nature: Nature


#: What the human in the contact may say it came to. A regulator hears and sends on: "listened" and
#: "referred" are a listener's words.
OUTCOMES_WITH: dict[Stage, frozenset[Outcome]] = {
    Stage.REGULATOR: frozenset(
        {
            Outcome.INFORMED_BY_REGULATOR,
            Outcome.TRANSFERRED_TO_RELAY,
            Outcome.TRANSFERRED_TO_EMERGENCY,
            Outcome.CLOSED_WITHIN_FRAME,
            Outcome.RETURN_PASS_GIVEN,
            Outcome.DROPPED,
        }
    ),
    Stage.LISTENER: frozenset(
        {
            Outcome.LISTENED,
            Outcome.REFERRED,
            Outcome.ANSWERED_IN_WRITING,
            Outcome.TRANSFERRED_TO_RELAY,
            Outcome.TRANSFERRED_TO_EMERGENCY,
            Outcome.CLOSED_WITHIN_FRAME,
            Outcome.RETURN_PASS_GIVEN,
            Outcome.DROPPED,
        }
    ),
}

#: Words that only fit some channels: a voice is listened to, a message is answered in writing.
_ONLY_ON: dict[Outcome, frozenset[Channel]] = {
    Outcome.LISTENED: frozenset({Channel.PHONE, Channel.CHAT}),
    Outcome.ANSWERED_IN_WRITING: frozenset({Channel.MESSAGE}),
}


def may_be_said(outcome: Outcome, stage: Stage, channel: Channel) -> bool:
    """Whether the human of this stage may end a contact of this channel so."""
    return outcome in OUTCOMES_WITH[stage] and channel in _ONLY_ON.get(outcome, frozenset(Channel))


def end_by_human(life: Life, channel: Channel, wish: Wish) -> Moved | Refused | NotYet:
    """The person who holds the contact ends it, or a supervisor does.

    A supervisor may also clear a contact that nobody is in any more (its edge died before saying
    so): as abandoned, nothing else, since nobody has heard it.
    """
    match life:
        case Ended():
            return Refused(Refusal.CONTACT_OVER)
        case Waiting():
            if wish.role is Role.SUPERVISOR and wish.outcome is Outcome.ABANDONED:
                return Moved(Ended(wish.outcome, EndedBy.SUPERVISOR, wish.nature))
            return NotYet()
        case Talking(take=held):
            return _end_talk(held, channel, wish)
        case _:
            assert_never(life)


def _end_talk(held: Take, channel: Channel, wish: Wish) -> Moved | Refused | NotYet:
    holds = wish.person_id == held.person_id
    if not holds and wish.role is not Role.SUPERVISOR:
        on_its_way = held.stage is Stage.REGULATOR and wish.role is Role.LISTENER
        return NotYet() if on_its_way else Refused(Refusal.NOT_YOURS)
    if not may_be_said(wish.outcome, held.stage, channel):
        return Refused(Refusal.INVALID_FIELD, "outcome")
    ended_by = _HELD_AS[held.stage] if holds else EndedBy.SUPERVISOR
    return Moved(
        Ended(wish.outcome, ended_by, wish.nature, stage=held.stage, person_id=held.person_id)
    )


@dataclass(frozen=True)
class Corrected:
    """The nature is this from now on."""

    nature: Nature
    previous: Nature


def correct_nature(
    life: Life, wish_nature: Nature, who: tuple[PersonId, Role], *, wrapping_up: bool
) -> Corrected | Unchanged | Refused:
    """Say again what kind of contact it was: who was in it, or a supervisor, until the wrap-up is
    over. Before the end it is said with the end.
    """
    person_id, role = who
    match life:
        case Waiting() | Talking():
            return Refused(Refusal.WRONG_STATE)
        case Ended():
            if person_id != life.person_id and role is not Role.SUPERVISOR:
                return Refused(Refusal.NOT_YOURS)
            if not wrapping_up:
                return Refused(Refusal.CONTACT_OVER)
            if wish_nature is life.nature:
                return Unchanged(Unmoved.REPEATED)
            return Corrected(wish_nature, life.nature)
        case _:
            assert_never(life)
