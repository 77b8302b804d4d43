"""What a price, a preference or a clock of the line decides between callers and people; pure.

Order between telephone, chat and message, last minutes of a shift, the language ladder, who is
sought again and who is slowed.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import Channel, LiveState, OfferReason, Priority, Role
from contracts.vocabulary import Stage as Line
from services.assignment.domain import NobodyReason, PersonOnDuty, Rules, WaitingContact
from services.assignment.floor import Floor
from tests.assignment.test_domain import (
    NOW,
    RULES,
    a_listener,
    a_waiting_contact,
    ago,
    decide,
    pairs,
    reasons_of,
)

ALL = frozenset(Channel)


def a_writer(person_id: str = "l1", **changes: Any) -> PersonOnDuty:
    return a_listener(person_id, channels=ALL, **changes)


def a_message(contact_id: str = "m1", waited: float = 3600, **changes: Any) -> WaitingContact:
    return a_waiting_contact(
        contact_id,
        channel=Channel.MESSAGE,
        waiting_since=ago(waited),
        joined_at=ago(waited),
        **changes,
    )


def a_chat(contact_id: str = "h1", waited: float = 200, **changes: Any) -> WaitingContact:
    return a_waiting_contact(
        contact_id,
        channel=Channel.CHAT,
        waiting_since=ago(waited),
        joined_at=ago(waited),
        **changes,
    )


# --- telephone, chat, message ---------------------------------------------------------------------


def test_caller_on_the_telephone_goes_before_a_chat_and_a_chat_before_a_message() -> None:
    line = [a_message("m1", priority=Priority.P3), a_chat("h1"), a_waiting_contact("c1")]
    served = []
    while line:
        ((contact_id, _),) = pairs(decide(line, [a_writer()]))
        served.append(contact_id)
        line = [contact for contact in line if contact.contact_id != contact_id]
    assert served == ["c1", "h1", "m1"]


def test_telephone_goes_first_even_to_who_does_not_fit_while_a_message_does() -> None:
    off_topic = a_waiting_contact("c1", need="violences", joined_at=ago(40), priority=Priority.P5)
    fits = a_message(priority=Priority.P3, risk_band=1)
    assert pairs(decide([fits, off_topic], [a_writer()])) == [("c1", "l1")]


@pytest.mark.parametrize("risk", [Priority.P1, Priority.P2])
def test_message_at_risk_goes_before_a_caller_who_is_not(risk: Priority) -> None:
    band = {Priority.P1: 3, Priority.P2: 2}[risk]
    at_risk = a_message(priority=risk, risk_band=band)
    decision = decide([at_risk, a_waiting_contact("c1")], [a_writer(level=3)])
    assert pairs(decision) == [("m1", "l1")]


def test_message_waits_while_a_caller_waits_for_the_fallback_to_this_person() -> None:
    off_topic = a_waiting_contact("c1", need="violences")
    decision = decide([a_message(), off_topic], [a_writer()])
    assert pairs(decision) == []
    assert reasons_of(decision, "m1") == (NobodyReason.HELD_BACK,)


def test_message_waits_for_no_caller_who_shares_no_language_with_the_person() -> None:
    elsewhere = a_waiting_contact("c1", languages=frozenset({"ar"}))
    assert pairs(decide([a_message(), elsewhere], [a_writer()])) == [("m1", "l1")]


def test_message_is_not_held_back_beyond_its_own_patience() -> None:
    off_topic = a_waiting_contact("c1", need="violences")
    old = a_message(waited=RULES.held_back_at_most_seconds / RULES.channel_pace[2])
    assert pairs(decide([old, off_topic], [a_writer()])) == [("m1", "l1")]


def test_caller_before_a_regulator_counts_as_waiting_on_the_telephone_too() -> None:
    before_regulator = a_waiting_contact("c1", stage=Line.REGULATOR)
    assert pairs(decide([a_message(), before_regulator], [a_writer()])) == []


def test_nobody_begins_more_chats_beside_each_other_than_before_a_break() -> None:
    rules = replace(RULES, chats_at_once=3)
    writing = a_writer(
        state=LiveState.TALKING,
        live=(Channel.CHAT,),
        consecutive_contacts=rules.consecutive_contacts_max,
        wrapped_up_at=ago(60),
    )
    assert pairs(decide([a_chat()], [writing], rules)) == []


def test_only_who_listens_holds_several_chats() -> None:
    regulating = a_writer(
        roles=frozenset({Role.REGULATOR}), state=LiveState.TALKING, live=(Channel.CHAT,)
    )
    chat = a_chat(stage=Line.REGULATOR)
    assert pairs(decide([chat], [regulating], replace(RULES, chats_at_once=3))) == []


# --- last minutes ---------------------------------------------------------------------------------

LAST_MINUTES: dict[str, tuple[float, bool, bool]] = {
    "before the last minutes": (1201, False, True),
    "at their first moment": (1200, False, False),
    "for who agrees": (1200, True, True),
    "one second before the end, for who agrees": (1, True, True),
    "at the end, even for who agreed": (0, True, False),
    "after the end": (-60, False, False),
}


@pytest.mark.parametrize("case", LAST_MINUTES)
def test_last_minutes_of_a_shift_bring_contacts_only_to_who_agrees(case: str) -> None:
    left, agrees, offered = LAST_MINUTES[case]
    person = a_listener(shift_ends_at=NOW + timedelta(seconds=left), accepts_last_minutes=agrees)
    decision = decide([a_waiting_contact()], [person])
    assert bool(decision.proposals) is offered
    if not offered:
        assert reasons_of(decision, "c1") == (NobodyReason.LAST_MINUTES,)


def test_who_writes_is_offered_no_second_chat_in_the_last_minutes() -> None:
    person = a_writer(
        state=LiveState.TALKING, live=(Channel.CHAT,), shift_ends_at=NOW + timedelta(seconds=60)
    )
    assert pairs(decide([a_chat()], [person], replace(RULES, chats_at_once=2))) == []


def test_kept_floor_notices_by_itself_that_the_last_minutes_have_begun() -> None:
    floor = Floor(RULES)
    floor.person(a_listener(shift_ends_at=NOW + timedelta(seconds=1230)))
    floor.decide_all(NOW)
    floor.join(a_waiting_contact())
    assert floor.decide_all(NOW + timedelta(seconds=30)).proposals == ()


# --- language -------------------------------------------------------------------------------------

FOREIGN: dict[str, Any] = {"languages": frozenset({"ar"}), "need": "unknown"}


def test_who_speaks_only_the_lines_own_language_answers_after_the_delay_and_says_so() -> None:
    rules = replace(RULES, language_fallback_seconds=60)
    early = decide([a_waiting_contact(joined_at=ago(59), **FOREIGN)], [a_listener()], rules)
    assert reasons_of(early, "c1") == (NobodyReason.NO_SHARED_LANGUAGE,)
    assert early.next_look_at == NOW + timedelta(seconds=1)
    late = decide([a_waiting_contact(joined_at=ago(60), **FOREIGN)], [a_listener()], rules)
    assert OfferReason.FALLBACK_LANGUAGE in reasons_of(late, "c1")
    assert OfferReason.LANGUAGE_SHARED not in reasons_of(late, "c1")


def test_who_speaks_neither_the_callers_language_nor_the_lines_own_never_answers() -> None:
    contact = a_waiting_contact(joined_at=ago(9000), **FOREIGN)
    rules = replace(RULES, language_fallback_seconds=60)
    assert pairs(decide([contact], [a_listener(languages=frozenset({"pt"}))], rules)) == []


def test_line_that_says_never_lets_nobody_answer_in_another_language() -> None:
    contact = a_waiting_contact(joined_at=ago(9000), **FOREIGN)
    rules = replace(RULES, language_fallback_seconds=0)
    assert pairs(decide([contact], [a_listener()], rules)) == []


def test_listener_with_the_language_is_preferred_after_the_delay_too() -> None:
    contact = a_waiting_contact(joined_at=ago(900), **FOREIGN)
    both = a_listener("l2", languages=frozenset({"ar", "fr"}), ready_since=ago(1))
    rules = replace(RULES, language_fallback_seconds=60)
    assert pairs(decide([contact], [a_listener("l1"), both], rules)) == [("c1", "l2")]


# --- sought again, slowed -------------------------------------------------------------------------


def test_who_they_were_cut_off_from_is_offered_the_caller_first_and_it_says_why() -> None:
    people = [a_listener("l1"), a_listener("l2", topics=frozenset(), ready_since=ago(1))]
    contact = a_waiting_contact(sought="l2", joined_at=ago(15))
    decision = decide([contact], people)
    assert pairs(decision) == [("c1", "l2")]
    assert OfferReason.SOUGHT_AGAIN in reasons_of(decision, "c1")


SOUGHT_NO_MORE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "busy": ({}, {"state": LiveState.WRAPPING_UP}),
    "has said no": ({"declined_by": frozenset({"l2"})}, {}),
    "too long ago": ({"joined_at": ago(60)}, {}),
    "off duty": ({"sought": "l9"}, {}),
}


@pytest.mark.parametrize("case", SOUGHT_NO_MORE)
def test_anybody_answers_when_who_is_sought_cannot_or_it_is_too_long_ago(case: str) -> None:
    contact, sought = SOUGHT_NO_MORE[case]
    people = [a_listener("l1"), a_listener("l2", ready_since=ago(1), **sought)]
    decision = decide([a_waiting_contact(**{"sought": "l2", **contact})], people)
    assert pairs(decision) == [("c1", "l1")]
    assert OfferReason.SOUGHT_AGAIN not in reasons_of(decision, "c1")


def test_preference_buys_no_hard_rule() -> None:
    people = [a_listener("l1"), a_listener("l2", declined_needs=frozenset({"deuil"}))]
    assert pairs(decide([a_waiting_contact(sought="l2")], people)) == [("c1", "l1")]


def a_slowed_contact(waited: float, **changes: Any) -> WaitingContact:
    return a_waiting_contact(
        "c0", slowed=True, waiting_since=ago(waited), joined_at=ago(waited), **changes
    )


def test_slowed_caller_goes_after_others_and_is_served() -> None:
    others = a_waiting_contact("c1", priority=Priority.P5)
    slowed = a_slowed_contact(300, priority=Priority.P3)
    assert pairs(decide([slowed, others], [a_listener("l1")])) == [("c1", "l1")]
    both = decide([slowed, others], [a_listener("l1"), a_listener("l2")])
    assert {contact_id for contact_id, _ in pairs(both)} == {"c0", "c1"}


def test_slowed_caller_is_slowed_for_so_long_and_no_longer() -> None:
    slowed = a_slowed_contact(RULES.slowed_at_most_seconds, priority=Priority.P4)
    assert pairs(decide([slowed, a_waiting_contact("c1")], [a_listener()])) == [("c0", "l1")]


def test_nobody_at_risk_is_slowed() -> None:
    slowed = a_slowed_contact(30, priority=Priority.P2, risk_band=2)
    assert pairs(decide([slowed, a_waiting_contact("c1")], [a_listener(level=2)])) == [("c0", "l1")]


CLOCKS: dict[str, tuple[dict[str, Any], float]] = {
    "no longer slowed": ({"slowed": True, "joined_at": ago(301)}, 299),
    "no longer sought": ({"sought": "l9"}, 55),
    "language": ({**FOREIGN, "joined_at": ago(20)}, 100),
    "message no longer held back": (
        {"channel": Channel.MESSAGE, "joined_at": ago(20)},
        11980,
    ),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_next_look_is_when_a_clock_of_the_line_runs_out(case: str) -> None:
    contact, after = CLOCKS[case]
    contact = {"need": "unknown", **contact}
    expected = NOW + timedelta(seconds=after)
    rules = replace(RULES, language_fallback_seconds=120)
    assert decide([a_waiting_contact(**contact)], [], rules).next_look_at == expected


def test_rules_of_the_line_are_the_only_numbers_here() -> None:
    """A line that puts chat beside voice is obeyed."""
    equal = replace(RULES, channel_pace=(1, 1, 1), channel_back=(0, 0, 0))
    line = [a_chat(priority=Priority.P3, risk_band=1), a_waiting_contact("c1")]
    assert pairs(decide(line, [a_writer()], equal)) == [("h1", "l1")]
    assert isinstance(equal, Rules)
