"""Every verb of a volunteer is a key, every key says something, and nothing is pressed blindly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from contracts.envelope import Command, done, not_yet, refused
from contracts.risk import RaiseAlert
from contracts.shift import AgreeToLastMinutes
from contracts.vocabulary import (
    ContactId,
    DebriefId,
    LiveState,
    Nature,
    OfferId,
    Outcome,
    Refusal,
)
from services.telephony.keypad import (
    KEYS,
    ContactBegan,
    ContactFinished,
    DebriefCame,
    Heard,
    Menu,
    OfferEnded,
    OfferRang,
    Question,
    StateEntered,
    Step,
    answered,
    hear,
    press,
)
from services.telephony.words import NOT_ALERTED, NOT_TAKEN, SAID

OFFER = OfferId("5c6a1d5e-2d0b-4f6f-8b1a-0e4d7c9b8a77")
OTHER = OfferId("6c6a1d5e-2d0b-4f6f-8b1a-0e4d7c9b8a77")
CONTACT = ContactId("3b241101-e2bb-4255-8caf-4136c566a962")
DEBRIEF = DebriefId("7b1d3f52-8f07-4e0a-9a55-0b6b3f1c2d4e")

OFF, READY = Menu(), Menu(LiveState.READY)
PAUSED, RESTING = Menu(LiveState.PAUSED), Menu(LiveState.RESTING)
RINGING = Menu(LiveState.OFFERED, offer_id=OFFER)
TALKING = Menu(LiveState.TALKING, contact_id=CONTACT)
FINISHING = Menu(LiveState.WRAPPING_UP)
ASKED = Menu(LiveState.RESTING, debrief_id=DEBRIEF, question=Question.DEBRIEF)


def keyed(menu: Menu, keys: str) -> Command | None:
    """The command of the last of these keys."""
    command = None
    for key in keys:
        step = press(menu, key)
        menu, command = step.menu, step.command
    return command


VERBS: dict[str, tuple[Menu, str, Command]] = {
    "start duty": (OFF, "1", StartDuty()),
    "pause": (READY, "1", Pause()),
    "pause while resting": (RESTING, "1", Pause()),
    "resume": (PAUSED, "1", Resume()),
    "take": (RINGING, "1", TakeOffer(offer_id=OFFER)),
    "decline": (RINGING, "2", DeclineOffer(offer_id=OFFER)),
    "alert": (TALKING, "9", RaiseAlert(contact_id=CONTACT)),
    "alert while asked how it ends": (TALKING, "19", RaiseAlert(contact_id=CONTACT)),
    "end, listened": (TALKING, "11", EndContact(contact_id=CONTACT, outcome=Outcome.LISTENED)),
    "end, referred": (TALKING, "12", EndContact(contact_id=CONTACT, outcome=Outcome.REFERRED)),
    "end, a silent call": (
        TALKING,
        "13",
        EndContact(contact_id=CONTACT, outcome=Outcome.LISTENED, nature=Nature.SILENT),
    ),
    "end, broken off": (TALKING, "14", EndContact(contact_id=CONTACT, outcome=Outcome.DROPPED)),
    "end, with rescue": (
        TALKING,
        "15",
        EndContact(contact_id=CONTACT, outcome=Outcome.TRANSFERRED_TO_EMERGENCY),
    ),
    "wrap-up, easy": (FINISHING, "1", FinishWrapUp()),
    "wrap-up, hard": (FINISHING, "2", FinishWrapUp(hard=True)),
    "last minutes, yes": (READY, "51", AgreeToLastMinutes(agrees=True)),
    "last minutes, no": (READY, "52", AgreeToLastMinutes(agrees=False)),
    "debrief, yes": (ASKED, "1", AnswerDebrief(debrief_id=DEBRIEF, wanted=True)),
    "debrief, no": (ASKED, "2", AnswerDebrief(debrief_id=DEBRIEF, wanted=False)),
    "end duty": (READY, "99", EndDuty()),
    "end duty from a pause": (PAUSED, "99", EndDuty()),
    "end duty while resting": (RESTING, "99", EndDuty()),
}


@pytest.mark.parametrize(("menu", "keys", "command"), VERBS.values(), ids=VERBS.keys())
def test_verb_is_a_key(menu: Menu, keys: str, command: Command) -> None:
    assert keyed(menu, keys) == command


def test_nobody_goes_home_by_one_key_or_ends_a_contact_by_one() -> None:
    assert keyed(READY, "9") is None
    assert keyed(READY, "9*") is None
    assert keyed(TALKING, "1") is None
    assert keyed(TALKING, "1*1") is None


MENUS = st.builds(
    Menu,
    state=st.sampled_from(LiveState),
    offer_id=st.sampled_from([None, OFFER]),
    contact_id=st.sampled_from([None, CONTACT]),
    debrief_id=st.sampled_from([None, DEBRIEF]),
    question=st.sampled_from([None, *Question]),
)
WORDS: st.SearchStrategy[Heard] = st.one_of(
    st.builds(StateEntered, st.sampled_from(LiveState)),
    st.builds(OfferRang, st.sampled_from([OFFER, OTHER])),
    st.builds(OfferEnded, st.sampled_from([OFFER, OTHER])),
    st.just(ContactBegan(CONTACT)),
    st.just(ContactFinished(CONTACT)),
    st.just(DebriefCame(DEBRIEF)),
)


@given(MENUS, st.sampled_from(KEYS))
def test_every_key_everywhere_sends_something_or_says_something(menu: Menu, key: str) -> None:
    step = press(menu, key)
    assert step.command is not None or step.says
    assert step.menu.state is menu.state  # a key asks; the platform says what is so


@given(MENUS, st.sampled_from("0*#"))
def test_asking_again_and_going_back_send_nothing(menu: Menu, key: str) -> None:
    assert press(menu, key).command is None


@given(st.lists(st.one_of(WORDS, st.sampled_from(KEYS)), max_size=30))
def test_no_command_names_what_is_not_there(steps: list[Heard | str]) -> None:
    menu = Menu()
    for each in steps:
        step = press(menu, each) if isinstance(each, str) else hear(menu, each)
        match step.command:
            case TakeOffer() | DeclineOffer():
                assert step.command.offer_id == menu.offer_id is not None
            case EndContact() | RaiseAlert():
                assert step.command.contact_id == menu.contact_id is not None
            case AnswerDebrief():
                assert step.command.debrief_id == menu.debrief_id is not None
        menu = step.menu


def test_debrief_is_spoken_of_once_nobody_waits_on_the_line() -> None:
    step = hear(FINISHING, DebriefCame(DEBRIEF))
    assert step.says == ""
    then = hear(step.menu, StateEntered(LiveState.RESTING))
    assert then.says == SAID["debrief"]
    over = press(then.menu, "2")
    assert over.menu == RESTING
    assert SAID["resting"] in over.says


def test_late_word_about_another_offer_changes_nothing() -> None:
    assert hear(RINGING, OfferEnded(OTHER)).menu == RINGING
    assert press(hear(RINGING, OfferEnded(OFFER)).menu, "1").command is None


@pytest.mark.parametrize(
    ("state", "named", "key"),
    [(LiveState.OFFERED, OfferRang(OFFER), "1"), (LiveState.TALKING, ContactBegan(CONTACT), "9")],
)
def test_nothing_rings_or_begins_before_its_keys_can_act(
    state: LiveState, named: Heard, key: str
) -> None:
    early = hear(READY, StateEntered(state))
    assert early.menu == READY
    assert early.says == ""
    step = hear(early.menu, named)
    assert step.menu.state is state
    assert step.says == SAID[state]
    assert press(step.menu, key).command is not None
    assert hear(step.menu, StateEntered(state)) == Step(step.menu)


def test_refusal_is_said_so_that_a_person_can_use_it() -> None:
    assert answered(StartDuty(), done()) == ""
    assert "échue" in answered(StartDuty(), refused(Refusal.ACCREDITATION_LAPSED))
    assert answered(StartDuty(), refused(Refusal.UNKNOWN_PERSON)) == NOT_TAKEN
    assert answered(StartDuty(), not_yet()) == NOT_TAKEN


def test_alert_is_said_to_be_sent_once_it_is_and_never_before() -> None:
    step = press(TALKING, "9")
    assert step.command is not None
    assert step.says == ""
    assert answered(step.command, done()) == SAID["alert_sent"]
    for reply in (not_yet(), refused(Refusal.PLATFORM_FAULT), refused(Refusal.CONTACT_OVER)):
        assert answered(step.command, reply) == NOT_ALERTED
