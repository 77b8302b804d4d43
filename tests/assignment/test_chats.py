"""Several chats at once, on a real database: a voice and nothing else, or what the line allows.

The line of these tests lets a listener hold two written contacts.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.assignment import (
    BeatHeart,
    DeclineOffer,
    FinishWrapUp,
    LiveStateEntered,
    OfferMade,
    OfferWithdrawn,
    Pause,
    Resume,
    TakeOffer,
)
from contracts.contact import ContactOpened
from contracts.envelope import ReplyStatus
from contracts.frame import FrameTerms
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LiveState,
    LiveStateReason,
    OfferReason,
    Role,
    Stage,
    WithdrawalReason,
)
from services.assignment import store
from services.assignment.app import SERVICE
from services.assignment.store import OfferRow
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from tests.assignment.builders import SOS, an_eligibility, published_terms, terms
from tests.assignment.test_handlers import (
    LISTENER,
    NOON,
    OTHER,
    ended,
    on_duty,
    silence,
    state_of,
    take,
)
from tests.assignment.test_soft_live import later, the_offer

TWO_CHATS = FrameTerms(**terms().frame.model_dump() | {"chats_at_once": 2})


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(published_terms(3, frame=TWO_CHATS))
        for person in (LISTENER, OTHER):
            writes = an_eligibility(person, Role.LISTENER)
            (phone,) = writes.qualification.accreditations
            all_three = tuple(phone.model_copy(update={"channel": each}) for each in Channel)
            brings = writes.qualification.model_copy(update={"accreditations": all_three})
            under_test.deliver(writes.model_copy(update={"qualification": brings}))
        yield under_test


def somebody(floor: ServiceUnderTest, channel: Channel = Channel.CHAT) -> ContactId:
    """Somebody writes, or calls."""
    opened = ContactOpened(
        contact_id=ContactId(new_id()),
        programme=SOS,
        programme_version=3,
        channel=channel,
        language=LanguageCode.FR,
        first_stage=Stage.LISTENER,
        opened_at=floor.now(),
    )
    floor.deliver(opened)
    floor.settle()
    return opened.contact_id


def talking(floor: ServiceUnderTest, *channels: Channel) -> list[ContactId]:
    """The listener has taken contacts of these channels, one after the other."""
    on_duty(floor, LISTENER, Role.LISTENER)
    contacts = []
    for channel in channels:
        contacts.append(somebody(floor, channel))
        assert take(floor).contact_id == contacts[-1]
        floor.settle()
    return contacts


def offered(floor: ServiceUnderTest, contact_id: ContactId) -> list[str]:
    return [o.person_id for o in floor.announced(OfferMade) if o.contact_id == contact_id]


def last_entered(floor: ServiceUnderTest) -> LiveStateEntered:
    return [e for e in floor.announced(LiveStateEntered) if e.person_id == LISTENER][-1]


BOTH = (Channel.CHAT, Channel.CHAT)


def test_who_chats_is_offered_a_second_chat_and_no_third(floor: ServiceUnderTest) -> None:
    talking(floor, *BOTH)
    assert state_of(floor, LISTENER) is LiveState.TALKING
    assert offered(floor, somebody(floor)) == []


def test_who_chats_is_offered_a_message_beside_it(floor: ServiceUnderTest) -> None:
    talking(floor, Channel.CHAT)
    assert offered(floor, somebody(floor, Channel.MESSAGE)) == [LISTENER]


BESIDE_NOTHING: dict[str, tuple[Channel, Channel]] = {
    "a call beside a chat": (Channel.CHAT, Channel.PHONE),
    "a chat beside a call": (Channel.PHONE, Channel.CHAT),
    "a call beside a call": (Channel.PHONE, Channel.PHONE),
    "a message beside a call": (Channel.PHONE, Channel.MESSAGE),
}


@pytest.mark.parametrize("case", BESIDE_NOTHING)
def test_voice_excludes_all_else(floor: ServiceUnderTest, case: str) -> None:
    has, asks = BESIDE_NOTHING[case]
    talking(floor, has)
    assert offered(floor, somebody(floor, asks)) == []


def test_one_of_two_chats_ends_and_the_other_goes_on(floor: ServiceUnderTest) -> None:
    first, second = talking(floor, *BOTH)
    ended(floor, second)
    entered = last_entered(floor)
    assert (entered.state, entered.reason) == (LiveState.TALKING, LiveStateReason.CONTACT_ENDED)
    assert entered.contact_id == first
    third = somebody(floor)
    assert offered(floor, third) == [LISTENER]
    take(floor)
    ended(floor, first)
    ended(floor, third)
    assert state_of(floor, LISTENER) is LiveState.WRAPPING_UP
    floor.ask(FinishWrapUp(), LISTENER, Role.LISTENER)
    assert state_of(floor, LISTENER) is LiveState.READY


def test_second_chat_declined_or_left_goes_to_another_and_the_first_goes_on(
    floor: ServiceUnderTest,
) -> None:
    (first,) = talking(floor, Channel.CHAT)
    second = somebody(floor)
    decline = DeclineOffer(offer_id=the_offer(floor, second).offer_id)
    assert floor.ask(decline, LISTENER, Role.LISTENER).status is ReplyStatus.DONE
    assert (last_entered(floor).state, last_entered(floor).contact_id) == (
        LiveState.TALKING,
        first,
    )
    on_duty(floor, OTHER, Role.LISTENER)
    assert offered(floor, second) == [LISTENER, OTHER]
    third = somebody(floor)
    ended(floor, third)
    assert last_entered(floor).reason is LiveStateReason.OFFER_WITHDRAWN
    assert last_entered(floor).state is LiveState.TALKING


def test_two_missed_offers_beside_a_chat_pause_once_it_is_over(floor: ServiceUnderTest) -> None:
    (first,) = talking(floor, Channel.CHAT)
    somebody(floor)
    later(floor, 21)
    later(floor, 21)
    assert last_entered(floor).missed_offers == 2
    assert state_of(floor, LISTENER) is LiveState.TALKING
    offers = len(floor.announced(OfferMade))
    later(floor, 21)
    assert len(floor.announced(OfferMade)) == offers, "not asked any more"
    ended(floor, first)
    floor.ask(FinishWrapUp(), LISTENER, Role.LISTENER)
    assert state_of(floor, LISTENER) is LiveState.PAUSED


def test_end_of_the_last_chat_takes_back_what_is_asked_beside_it(floor: ServiceUnderTest) -> None:
    (first,) = talking(floor, Channel.CHAT)
    second = somebody(floor)
    ended(floor, first)
    assert state_of(floor, LISTENER) is LiveState.WRAPPING_UP
    (withdrawn,) = floor.announced(OfferWithdrawn)
    assert (withdrawn.contact_id, withdrawn.reason, withdrawn.was_taken) == (
        second,
        WithdrawalReason.PERSON_WRAPS_UP,
        False,
    )
    on_duty(floor, OTHER, Role.LISTENER)
    again = floor.announced(OfferMade)[-1]
    assert (again.contact_id, again.person_id) == (second, OTHER)
    assert OfferReason.RE_OFFERED_IN_FRONT in again.reasons


def test_end_of_one_of_two_chats_leaves_standing_what_is_asked_beside_them(
    floor: ServiceUnderTest,
) -> None:
    three = FrameTerms(**terms().frame.model_dump() | {"chats_at_once": 3})
    floor.deliver(published_terms(4, frame=three), version=2)
    first, _ = talking(floor, *BOTH)
    third = somebody(floor)
    ended(floor, first)
    assert state_of(floor, LISTENER) is LiveState.TALKING
    assert offered(floor, somebody(floor)) == [], "asked one at a time"
    assert floor.announced(OfferWithdrawn) == []
    answer = TakeOffer(offer_id=the_offer(floor, third).offer_id)
    assert floor.ask(answer, LISTENER, Role.LISTENER).status is ReplyStatus.DONE


def test_pause_beside_a_chat_asks_for_nothing_more(floor: ServiceUnderTest) -> None:
    (first,) = talking(floor, Channel.CHAT)
    second = somebody(floor)
    assert floor.ask(Pause(), LISTENER, Role.LISTENER).status is ReplyStatus.DONE
    floor.settle()
    (withdrawn,) = floor.announced(OfferWithdrawn)
    assert (withdrawn.contact_id, withdrawn.reason) == (
        second,
        WithdrawalReason.PERSON_LEFT_DUTY,
    )
    assert offered(floor, second) == [LISTENER]
    assert last_entered(floor).contact_id == first


def test_no_more_chats_are_begun_than_before_a_break(floor: ServiceUnderTest) -> None:
    contacts = talking(floor, *BOTH)
    for _ in range(2):
        ended(floor, contacts.pop(0))
        contacts.append(somebody(floor))
        take(floor)
    ended(floor, contacts.pop(0))
    assert offered(floor, somebody(floor)) == [], "four were begun"


# --- a desk that is not heard any more (I18) ------------------------------------------------------


def test_chat_of_a_lost_desk_goes_back_to_the_head_of_its_line_and_its_wait_is_kept(
    floor: ServiceUnderTest,
) -> None:
    (chat,) = talking(floor, Channel.CHAT)
    floor.at(NOON + timedelta(minutes=5))
    silence(floor)
    floor.settle()
    (withdrawn,) = floor.announced(OfferWithdrawn)
    assert (withdrawn.contact_id, withdrawn.reason) == (chat, WithdrawalReason.PERSON_UNREACHABLE)
    assert withdrawn.was_taken
    entered = last_entered(floor)
    assert (entered.state, entered.reason) == (LiveState.PAUSED, LiveStateReason.HEARTBEAT_LOST)
    assert entered.contact_id is None
    on_duty(floor, OTHER, Role.LISTENER)
    again = floor.announced(OfferMade)[-1]
    assert (again.contact_id, again.person_id, again.waiting_since) == (chat, OTHER, NOON)
    assert OfferReason.RE_OFFERED_IN_FRONT in again.reasons


def test_all_that_a_lost_desk_held_or_was_asked_goes_back(floor: ServiceUnderTest) -> None:
    three = FrameTerms(**terms().frame.model_dump() | {"chats_at_once": 3})
    floor.deliver(published_terms(4, frame=three), version=2)
    contacts = {*talking(floor, *BOTH), somebody(floor)}
    silence(floor)
    floor.settle()
    gone = floor.announced(OfferWithdrawn)
    assert {each.contact_id for each in gone} == contacts
    assert sorted(each.was_taken for each in gone) == [False, True, True]
    reply = floor.ask(Resume(), LISTENER, Role.LISTENER)
    assert reply.status is ReplyStatus.DONE
    floor.settle()
    assert state_of(floor, LISTENER) is LiveState.OFFERED, "the desk is back, and asked anew"


def test_talk_by_telephone_goes_on_while_the_desk_is_lost_and_it_is_said_once(
    floor: ServiceUnderTest,
) -> None:
    (call,) = talking(floor, Channel.PHONE)
    silence(floor)
    floor.settle()
    floor.settle()
    reasons = [e.reason for e in floor.announced(LiveStateEntered) if e.person_id == LISTENER]
    assert reasons.count(LiveStateReason.HEARTBEAT_LOST) == 1
    assert (last_entered(floor).state, last_entered(floor).contact_id) == (LiveState.TALKING, call)
    assert floor.announced(OfferWithdrawn) == []
    floor.ask(BeatHeart(), LISTENER, Role.LISTENER)
    floor.settle()
    floor.settle()
    entered = last_entered(floor)
    assert (entered.state, entered.reason) == (LiveState.TALKING, LiveStateReason.HEARTBEAT_BACK)
    reasons = [e.reason for e in floor.announced(LiveStateEntered) if e.person_id == LISTENER]
    assert reasons.count(LiveStateReason.HEARTBEAT_BACK) == 1
    ended(floor, call)
    assert state_of(floor, LISTENER) is LiveState.WRAPPING_UP


def test_end_of_a_talk_forgets_that_the_desk_was_lost(floor: ServiceUnderTest) -> None:
    (call,) = talking(floor, Channel.PHONE)
    silence(floor)
    floor.settle()
    ended(floor, call)
    floor.ask(BeatHeart(), LISTENER, Role.LISTENER)
    floor.settle()
    assert state_of(floor, LISTENER) is LiveState.WRAPPING_UP


# --- the last judge -------------------------------------------------------------------------------

PLACES: dict[str, tuple[list[tuple[Channel, int]], bool]] = {
    "two chats in two places": ([(Channel.CHAT, 0), (Channel.CHAT, 1)], True),
    "a chat and a message": ([(Channel.CHAT, 0), (Channel.MESSAGE, 3)], True),
    "two chats in one place": ([(Channel.CHAT, 0), (Channel.CHAT, 0)], False),
    "two calls": ([(Channel.PHONE, 0), (Channel.PHONE, 0)], False),
    "a call in another place": ([(Channel.PHONE, 1)], False),
    "a chat beside a call": ([(Channel.PHONE, 0), (Channel.CHAT, 1)], False),
    "a call beside a chat that is not in the first place": (
        [(Channel.CHAT, 1), (Channel.PHONE, 0)],
        False,
    ),
    "a fifth place": ([(Channel.CHAT, 4)], False),
}


def a_row(channel: Channel, place: int, **changes: Any) -> OfferRow:
    usual: dict[str, Any] = {
        "offer_id": new_id(),
        "contact_id": new_id(),
        "person_id": LISTENER,
        "programme": SOS,
        "channel": channel,
        "stage": Stage.LISTENER,
        "state": store.TAKEN,
        "made_at": NOON,
        "expires_at": NOON + timedelta(seconds=20),
        "rules_version": "assignment-2026.1",
        "eligibility_version": 1,
        "place": place,
    }
    return OfferRow(**usual | changes)


@pytest.mark.parametrize("case", PLACES)
def test_ledger_itself_refuses_who_would_hold_too_much(floor: ServiceUnderTest, case: str) -> None:
    rows, accepted = PLACES[case]
    with floor.session() as session:
        session.add_all([a_row(channel, place) for channel, place in rows])
        if accepted:
            session.commit()
            return
        with pytest.raises(IntegrityError):
            session.commit()


def test_offers_that_are_over_take_no_place(floor: ServiceUnderTest) -> None:
    with floor.session() as session, session.begin():
        session.add_all([a_row(Channel.PHONE, 0, state=store.OVER), a_row(Channel.CHAT, 0)])
    with floor.session() as session:
        assert store.free_place(session, LISTENER) == 1
        assert session.execute(text("SELECT count(*) FROM assignment.offer")).scalar_one() == 2
