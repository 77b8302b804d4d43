"""What a key means where a volunteer with a telephone alone is: a command, or words.

Pure: the edge tells what it hears from the platform (`hear`) and from the keys (`press`), sends the
command it is given, and says what came of it (`answered`). The surprising thing: where the person
is follows the platform's word alone. A key asks; the state changes when the platform says so,
and an offer or a contact begins with the word that names it: a key pressed at the first ring acts.
0 says it again everywhere, star goes back. An alert is one key, and asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from contracts.assignment import (
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.care import AnswerDebrief
from contracts.contact import EndContact
from contracts.envelope import Command, Reply, ReplyStatus
from contracts.risk import RaiseAlert
from contracts.shift import AgreeToLastMinutes
from contracts.vocabulary import (
    ContactId,
    DebriefId,
    LiveState,
    Nature,
    OfferId,
    Outcome,
)
from services.telephony.words import NOT_ALERTED, NOT_TAKEN, REFUSED, SAID


class Question(StrEnum):
    """What the person is being asked, over and above where they are."""

    OUTCOME = "outcome"
    LAST_MINUTES = "last_minutes"
    LEAVING = "leaving"
    DEBRIEF = "debrief"


@dataclass(frozen=True)
class Menu:
    """Where a person with a telephone is, as the platform says, and what they are being asked."""

    state: LiveState = LiveState.OFF_DUTY
    offer_id: OfferId | None = None  #: that rings
    contact_id: ContactId | None = None  #: that they are in
    debrief_id: DebriefId | None = None  #: that waits for an answer
    question: Question | None = None


@dataclass(frozen=True)
class Step:
    """What follows: the menu from now on, what to send, what to say."""

    menu: Menu
    command: Command | None = None
    says: str = ""


# --- what the platform says -----------------------------------------------------------------------


@dataclass(frozen=True)
class StateEntered:
    """The person does something else from now on."""

    state: LiveState


@dataclass(frozen=True)
class OfferRang:
    """A contact is offered."""

    offer_id: OfferId


@dataclass(frozen=True)
class OfferEnded:
    """The offer no longer stands."""

    offer_id: OfferId


@dataclass(frozen=True)
class ContactBegan:
    """The person is in a contact."""

    contact_id: ContactId


@dataclass(frozen=True)
class ContactFinished:
    """The person is in this contact no more."""

    contact_id: ContactId


@dataclass(frozen=True)
class DebriefCame:
    """A debrief is offered."""

    debrief_id: DebriefId


Heard = StateEntered | OfferRang | OfferEnded | ContactBegan | ContactFinished | DebriefCame


def hear(menu: Menu, heard: Heard) -> Step:
    """What a word of the platform changes; a late one about something else changes nothing."""
    match heard:
        case StateEntered(state):
            if state is menu.state or _unnamed(menu, state):
                return Step(menu)
            known = _settled(replace(menu, state=state, question=None))
            return Step(known, says=_where(known))
        case OfferRang(offer_id):
            ringing = replace(menu, state=LiveState.OFFERED, offer_id=offer_id, question=None)
            return Step(ringing, says=_where(ringing))
        case OfferEnded(offer_id):
            if menu.offer_id != offer_id:
                return Step(menu)
            return Step(replace(menu, offer_id=None), says=SAID["offer_over"])
        case ContactBegan(contact_id):
            talking = Menu(LiveState.TALKING, None, contact_id, menu.debrief_id)
            return Step(talking, says="" if menu.contact_id == contact_id else _where(talking))
        case ContactFinished(contact_id):
            if menu.contact_id != contact_id:
                return Step(menu)
            return Step(replace(menu, contact_id=None, question=None))
        case DebriefCame(debrief_id):
            known = _settled(replace(menu, debrief_id=debrief_id))
            return Step(known, says=SAID["debrief"] if known.question else "")


def _unnamed(menu: Menu, state: LiveState) -> bool:
    """Whether the word that names the offer or the contact of this state is not here (yet)."""
    match state:
        case LiveState.OFFERED:
            return menu.offer_id is None
        case LiveState.TALKING:
            return menu.contact_id is None
        case _:
            return False


#: Where nobody waits on the line: a debrief is spoken of here and not before.
_AT_EASE = frozenset({LiveState.READY, LiveState.RESTING, LiveState.PAUSED, LiveState.OFF_DUTY})


def _settled(menu: Menu) -> Menu:
    """Ask about a debrief that waits, where there is time for it."""
    if menu.debrief_id is not None and menu.state in _AT_EASE:
        return replace(menu, question=Question.DEBRIEF)
    return menu


def _where(menu: Menu) -> str:
    return SAID[menu.question or menu.state]


# --- what the person presses ----------------------------------------------------------------------

#: How a contact ends, by key; a silent call is a call that was listened to.
OUTCOMES: Mapping[str, tuple[Outcome, Nature]] = {
    "1": (Outcome.LISTENED, Nature.ORDINARY),
    "2": (Outcome.REFERRED, Nature.ORDINARY),
    "3": (Outcome.LISTENED, Nature.SILENT),
    "4": (Outcome.DROPPED, Nature.ORDINARY),
    "5": (Outcome.TRANSFERRED_TO_EMERGENCY, Nature.ORDINARY),
}
KEYS = "0123456789*#"


def press(menu: Menu, key: str) -> Step:
    """What a key does (one of `KEYS`); one that means nothing here says so, and where they are."""
    if key == "0":
        return Step(menu, says=_where(menu))
    if key == "*":
        back = replace(menu, question=None)
        return Step(back, says=_where(back))
    place: Question | LiveState = menu.question or menu.state
    meant = _MEANS.get(place, {}).get(key)
    step = meant(menu) if meant else None
    return step or Step(menu, says=f"{SAID['unknown_key']} {_where(menu)}")


def _send(command: Command) -> Callable[[Menu], Step | None]:
    return lambda menu: Step(replace(menu, question=None), command)


def _ask(question: Question) -> Callable[[Menu], Step | None]:
    return lambda menu: Step(replace(menu, question=question), says=SAID[question])


def _take(menu: Menu) -> Step | None:
    return None if menu.offer_id is None else Step(menu, TakeOffer(offer_id=menu.offer_id))


def _decline(menu: Menu) -> Step | None:
    return None if menu.offer_id is None else Step(menu, DeclineOffer(offer_id=menu.offer_id))


def _alert(menu: Menu) -> Step | None:
    if menu.contact_id is None:
        return None
    return Step(menu, RaiseAlert(contact_id=menu.contact_id))


def _end(key: str) -> Callable[[Menu], Step | None]:
    def end(menu: Menu) -> Step | None:
        if menu.contact_id is None:
            return None
        outcome, nature = OUTCOMES[key]
        command = EndContact(contact_id=menu.contact_id, outcome=outcome, nature=nature)
        return Step(replace(menu, question=None), command)

    return end


def _debrief(wanted: bool) -> Callable[[Menu], Step | None]:
    def answer(menu: Menu) -> Step | None:
        if menu.debrief_id is None:
            return None
        command = AnswerDebrief(debrief_id=menu.debrief_id, wanted=wanted)
        after = replace(menu, debrief_id=None, question=None)
        return Step(after, command, _where(after))

    return answer


Keys = Mapping[str, Callable[[Menu], Step | None]]
_MEANS: Mapping[Question | LiveState, Keys] = {
    LiveState.OFF_DUTY: {"1": _send(StartDuty())},
    LiveState.READY: {
        "1": _send(Pause()),
        "5": _ask(Question.LAST_MINUTES),
        "9": _ask(Question.LEAVING),
    },
    LiveState.PAUSED: {"1": _send(Resume()), "9": _ask(Question.LEAVING)},
    LiveState.RESTING: {"1": _send(Pause()), "9": _ask(Question.LEAVING)},
    LiveState.OFFERED: {"1": _take, "2": _decline},
    LiveState.TALKING: {"1": _ask(Question.OUTCOME), "9": _alert},
    LiveState.WRAPPING_UP: {
        "1": _send(FinishWrapUp()),
        "2": _send(FinishWrapUp(hard=True)),
    },
    Question.OUTCOME: {**{key: _end(key) for key in OUTCOMES}, "9": _alert},
    Question.LAST_MINUTES: {
        "1": _send(AgreeToLastMinutes(agrees=True)),
        "2": _send(AgreeToLastMinutes(agrees=False)),
    },
    Question.LEAVING: {"9": _send(EndDuty())},
    Question.DEBRIEF: {"1": _debrief(True), "2": _debrief(False)},
}


#: Commands after which the platform says nothing more to the person.
_SAID_WHEN_DONE: Mapping[type[Command], str] = {
    RaiseAlert: SAID["alert_sent"],
    AgreeToLastMinutes: SAID["done"],
    AnswerDebrief: SAID["done"],
}


def answered(command: Command, reply: Reply) -> str:
    """What is said once the platform has answered; nothing where its next word says it.

    Nothing is said to be sent before it is: an alert above all.
    """
    if reply.status is ReplyStatus.DONE:
        return _SAID_WHEN_DONE.get(type(command), "")
    if isinstance(command, RaiseAlert):
        return NOT_ALERTED
    return (REFUSED.get(reply.refusal) if reply.refusal else None) or NOT_TAKEN
