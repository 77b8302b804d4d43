"""What is known of one contact, in whatever order it was told."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Event
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    Clock,
    Destination,
    Outcome,
    Priority,
    ReferralClosing,
    Stage,
    WithdrawalReason,
)
from services.quality.facts import (
    Clocks,
    ContactFact,
    ContactFacts,
    in_limbo,
    is_mere_sign,
    is_with_human,
    learn,
    priority_of,
    sign_of,
    taken_at,
    wait_of,
)
from services.quality.settings import SETTINGS
from tests.quality.builders import LINE, AContact, a_contact_history, at

REGULATOR, LISTENER = Stage.REGULATOR, Stage.LISTENER
A = AContact()


def known(*events: ContactFact) -> ContactFacts:
    return reduce(learn, events, ContactFacts(LINE))


@given(a_contact_history("a", LINE), st.randoms(use_true_random=False))
def test_order_and_repeats_do_not_matter(history: list[ContactFact], random: Random) -> None:
    told = [*history, *random.sample(history, len(history) // 2)]
    random.shuffle(told)
    assert known(*told) == known(*history)


#: Every kind of event about a contact, and whether it says more than that somebody did something.
SAYS_MORE: dict[str, tuple[ContactFact, bool]] = {
    "opened": (A.opened(), True),
    "triaged": (A.triaged(60), True),
    "sent untriaged": (A.sent_untriaged(60), True),
    "ended": (A.ended(60), True),
    "made": (A.made(REGULATOR, 60), False),
    "made again": (A.made(REGULATOR, 60, attempt=2), True),
    "alert raised": (A.alert_raised(60), True),
    "alert taken": (A.alert_taken(70, 60), True),
    "first read": (A.first_read(70, 60), True),
    "answered": (A.answered(70, 60), True),
    "rang": (A.rang(70, 60, Clock.FIRST_READING), False),
    "written": (A.asks(60), True),
    "referral closed": (A.referral_closed(60, ReferralClosing.TAKEN_UP), True),
    "taken": (A.taken(REGULATOR, 60), True),
    "declined": (A.declined(REGULATOR, 60), False),
    "expired": (A.expired(REGULATOR, 60), False),
    "withdrawn": (
        A.withdrawn(REGULATOR, 60, WithdrawalReason.CONTACT_ENDED, was_taken=False),
        False,
    ),
    "offered a way out": (A.offered_way_out(60), True),
    "declared urgent": (A.declared_urgent(60), True),
    "taken back": (A.withdrawn(REGULATOR, 60, WithdrawalReason.CONTACT_ENDED), True),
}


@pytest.mark.parametrize("name", SAYS_MORE)
def test_mere_sign_changes_nothing_but_the_last_sign(name: str) -> None:
    """Quality keeps such an event without looking at what it knows."""
    event, says_more = SAYS_MORE[name]
    assert is_mere_sign(event) is not says_more
    assert (replace(known(event), last_sign_at=None) != ContactFacts(LINE)) is says_more
    assert known(event).last_sign_at == sign_of(event)


def test_every_kind_of_event_is_a_sign_or_says_more() -> None:
    assert {type(event) for event, _ in SAYS_MORE.values()} == set(get_args(ContactFact))


def test_first_human_is_the_earliest_take_of_any_stage() -> None:
    facts = known(A.taken(LISTENER, 90), A.taken(REGULATOR, 12), A.taken(REGULATOR, 40, offer="2"))
    assert taken_at(facts) == at(12)
    assert taken_at(facts, LISTENER) == at(90)


def test_take_of_a_contact_that_had_ended_is_no_answer() -> None:
    back = A.withdrawn(REGULATOR, 13, WithdrawalReason.CONTACT_ENDED)
    assert taken_at(known(A.taken(REGULATOR, 12), back)) is None
    assert taken_at(known(back, A.taken(REGULATOR, 12))) is None


def test_desk_that_falls_silent_has_answered_all_the_same() -> None:
    gone = A.withdrawn(REGULATOR, 60, WithdrawalReason.PERSON_UNREACHABLE)
    facts = known(A.taken(REGULATOR, 12), gone)
    assert taken_at(facts) == at(12)
    assert not is_with_human(facts)


def test_wait_is_counted_in_each_line_from_when_it_began_there() -> None:
    facts = known(A.taken(REGULATOR, 12), A.triaged(80), A.taken(LISTENER, 200, since=80))
    waits = [wait_of(facts, stage) for stage in (REGULATOR, LISTENER)]
    assert [wait.total_seconds() for wait in waits if wait] == [12, 120]


def test_newest_decision_sets_the_priority_under_which_it_is_counted() -> None:
    assert priority_of(known(A.opened())) == "untriaged"
    assert priority_of(known(A.sent_untriaged(60))) == "P3"
    later = A.triaged(90, Priority.P1)
    assert priority_of(known(later, A.triaged(80, Priority.P4))) == "P1"


WITH_HUMAN: dict[str, tuple[list[ContactFact], bool]] = {
    "nobody yet": ([A.opened(), A.made(REGULATOR, 1)], False),
    "a regulator": ([A.taken(REGULATOR, 12)], True),
    "a regulator who called for rescue": (
        [A.taken(REGULATOR, 12), A.triaged(60, Priority.P1, Destination.RESCUE)],
        True,
    ),
    "sent on": ([A.taken(REGULATOR, 12), A.triaged(60)], False),
    "a regulator once more": ([A.triaged(60), A.taken(REGULATOR, 90, offer="2")], True),
    "a listener": ([A.taken(REGULATOR, 12), A.triaged(60), A.taken(LISTENER, 90, 60)], True),
    "a listener who fell silent": (
        [
            A.taken(LISTENER, 90, 60),
            A.withdrawn(LISTENER, 99, WithdrawalReason.PERSON_UNREACHABLE),
        ],
        False,
    ),
}


@pytest.mark.parametrize("name", WITH_HUMAN)
def test_somebody_is_in_the_contact(name: str) -> None:
    events, expected = WITH_HUMAN[name]
    assert is_with_human(known(*events)) is expected


LIMBO_AT_NOON_PLUS_700: dict[str, tuple[list[ContactFact], bool]] = {
    "nobody has done anything": ([A.opened()], True),
    "an offer not long ago": ([A.opened(), A.made(REGULATOR, 600)], False),
    "the last offer long ago": ([A.opened(), A.made(REGULATOR, 20)], True),
    "an offer turned down not long ago": ([A.opened(), A.declined(REGULATOR, 650)], False),
    "somebody is in it": ([A.opened(), A.taken(REGULATOR, 12)], False),
    "sent on and nobody since": ([A.opened(), A.taken(REGULATOR, 12), A.triaged(60)], True),
    "it has ended": ([A.opened(), A.ended(30, Outcome.ABANDONED)], False),
    "its opening has not been told": ([A.made(REGULATOR, 20)], True),
}


@pytest.mark.parametrize("name", LIMBO_AT_NOON_PLUS_700)
def test_contact_is_in_limbo(name: str) -> None:
    events, expected = LIMBO_AT_NOON_PLUS_700[name]
    assert in_limbo(known(*events), at(700), SETTINGS.limbo_after) is expected


M = AContact("m", channel=Channel.MESSAGE)
HOUR, MINUTE = 3600.0, 60.0
CLOCKS = {1: Clocks(timedelta(hours=4), timedelta(hours=48))}
READ, RANG = M.first_read(3 * HOUR, 0), M.rang(4 * HOUR, 0, Clock.FIRST_READING)
LATE = M.rang(48 * HOUR, 0, Clock.ANSWER)

#: When it is looked at, what was told until then, whether it is in limbo.
MESSAGE_LIMBO: dict[str, tuple[float, list[ContactFact], bool]] = {
    "nobody has come yet": (3 * HOUR, [M.opened()], False),
    "nobody has read it, and no clock rang": (4 * HOUR + 11 * MINUTE, [M.opened()], True),
    "nobody has read it, and a supervisor has heard": (20 * HOUR, [M.opened(), RANG], False),
    "somebody has read it": (47 * HOUR, [M.opened(), READ], False),
    "it was read, and its last clock never rang": (49 * HOUR, [M.opened(), READ], True),
    "its last clock has rung, and nobody came": (49 * HOUR, [M.opened(), RANG, LATE], True),
    "its last clock has just rung": (48 * HOUR + 9 * MINUTE, [M.opened(), RANG, LATE], False),
    "somebody came after the last clock": (
        49 * HOUR,
        [M.opened(), RANG, LATE, M.made(LISTENER, 48.9 * HOUR)],
        False,
    ),
    "another message came": (50 * HOUR, [M.opened(), READ, M.asks(47 * HOUR)], False),
    "an answer is no message": (
        50 * HOUR,
        [M.opened(), READ, M.asks(47 * HOUR, AuthorKind.LISTENER)],
        True,
    ),
    "it was answered and waits again": (
        20 * HOUR,
        [M.opened(), READ, M.answered(3 * HOUR, 0)],
        True,
    ),
    "a talk waits by no such clock": (HOUR, [A.opened(), A.asks(0)], True),
}


@pytest.mark.parametrize("name", MESSAGE_LIMBO)
def test_a_message_waits_by_its_own_clocks(name: str) -> None:
    seconds, events, expected = MESSAGE_LIMBO[name]
    assert in_limbo(known(*events), at(seconds), SETTINGS.limbo_after, CLOCKS) is expected


def test_no_identifier_of_a_person_is_learnt() -> None:
    history: list[Event] = [A.taken(REGULATOR, 1), A.triaged(2), A.ended(3, stage=REGULATOR)]
    assert "canary" in "".join(event.model_dump_json() for event in history)
    assert "canary" not in repr(known(*history))  # type: ignore[arg-type]
