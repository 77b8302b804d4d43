"""The figures of an hour, and when it is counted."""

from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.assignment import LiveStateEntered
from contracts.vocabulary import (
    LiveState,
    LiveStateReason,
    Outcome,
    Priority,
    Role,
    Stage,
    TallyKind,
    WayOut,
    WithdrawalReason,
)
from services.quality.domain import (
    Duty,
    HourFigures,
    WaitCount,
    count_at,
    count_hour,
    duty_of,
    hour_of,
    look_at,
    split_by_hour,
    upper_bound,
)
from services.quality.facts import ContactFact, ContactFacts, learn
from tests.quality.builders import LINE, NOON, SECONDS, AContact, a_change, at

REGULATOR, LISTENER = Stage.REGULATOR, Stage.LISTENER
TARGETS = {1: timedelta(seconds=20)}
FIVE_MINUTES = timedelta(minutes=5)


def known(*events: ContactFact) -> ContactFacts:
    return reduce(learn, events, ContactFacts(LINE))


def counted(*contacts: ContactFacts) -> HourFigures:
    return count_hour(contacts, TARGETS, Duty())


def an_answered(name: str, seconds: float) -> ContactFacts:
    contact = AContact(name)
    return known(contact.opened(), contact.taken(REGULATOR, seconds))


def test_contacts_are_opened_answered_and_listened_to() -> None:
    a, b, c = AContact("a"), AContact("b"), AContact("c")
    figures = counted(
        known(a.opened(), a.taken(REGULATOR, 12), a.triaged(60), a.taken(LISTENER, 90, 60)),
        known(b.opened(), b.taken(REGULATOR, 12)),
        known(c.opened()),
    )
    assert (figures.opened, figures.answered, figures.listened) == (3, 2, 1)


@pytest.mark.parametrize(("seconds", "expected"), [(0, 1), (20, 1), (20.000001, 0)])
def test_answered_within_the_target_to_the_microsecond(seconds: float, expected: int) -> None:
    assert counted(an_answered("a", seconds)).answered_in_target == expected


def test_target_not_known_yet_is_no_target_met() -> None:
    figures = count_hour([an_answered("a", 1)], {}, Duty())
    assert (figures.answered, figures.answered_in_target) == (1, 0)


def test_leaving_before_any_human_and_after_are_told_apart() -> None:
    a, b, c = AContact("a"), AContact("b"), AContact("c")
    left = Outcome.ABANDONED
    figures = counted(
        known(a.opened(), a.ended(30, left)),
        known(b.opened(), b.taken(REGULATOR, 12), b.triaged(60), b.ended(300, left)),
        known(
            c.opened(),
            c.taken(REGULATOR, 12),
            c.withdrawn(REGULATOR, 13, WithdrawalReason.CONTACT_ENDED),
            c.ended(12, left),
        ),
    )
    assert (figures.abandoned, figures.abandoned_after_triage, figures.answered) == (2, 1, 1)
    assert figures.outcomes == ((left, 3),)


def test_waits_are_counted_by_stage_and_priority() -> None:
    a, b, c = AContact("a"), AContact("b"), AContact("c")
    figures = counted(
        known(a.taken(REGULATOR, 12), a.triaged(60, Priority.P2), a.taken(LISTENER, 240, 60)),
        known(b.taken(REGULATOR, 18), b.triaged(60, Priority.P2)),
        known(c.taken(REGULATOR, 12)),
    )
    assert figures.waits == (
        WaitCount(LISTENER, "P2", 180, 1, timedelta(seconds=180)),
        WaitCount(REGULATOR, "P2", 20, 2, timedelta(seconds=30)),
        WaitCount(REGULATOR, "untriaged", 20, 1, timedelta(seconds=12)),
    )


@pytest.mark.parametrize(
    ("seconds", "bound"), [(0, 5), (5, 5), (5.000001, 10), (1200, 1200), (1201, float("inf"))]
)
def test_bar_of_a_wait(seconds: float, bound: float) -> None:
    assert upper_bound(timedelta(seconds=seconds)) == bound


def test_ways_out_are_counted_as_offered_and_as_taken_by_callers_alone() -> None:
    took, stayed, by_human = AContact("a"), AContact("b"), AContact("c")
    hour = [
        known(took.opened(), took.offered_way_out(60), took.ended(90, Outcome.RETURN_PASS_GIVEN)),
        known(stayed.opened(), stayed.offered_way_out(60, WayOut.ANOTHER_LINE)),
        known(by_human.opened(), by_human.ended(90, Outcome.RETURN_PASS_GIVEN, LISTENER)),
    ]
    counted = count_hour(hour, {}, Duty()).tallies
    assert [(word, count) for kind, word, count in counted if kind is TallyKind.WAY_OUT] == [
        ("another_line_offered", 1),
        ("return_pass_offered", 1),
        ("return_pass_taken", 1),
    ]


# --- what listeners did ---------------------------------------------------------------------------


def test_time_is_split_at_the_border_of_an_hour() -> None:
    talk = a_change(LiveState.TALKING, -600, 1200)
    assert duty_of(talk) == {
        NOON - timedelta(hours=1): Duty(busy=timedelta(minutes=10)),
        NOON: Duty(busy=timedelta(minutes=20)),
    }


SPENT = {
    LiveState.READY: Duty(ready=timedelta(minutes=1)),
    LiveState.OFFERED: Duty(ready=timedelta(minutes=1)),
    LiveState.TALKING: Duty(busy=timedelta(minutes=1)),
    LiveState.WRAPPING_UP: Duty(busy=timedelta(minutes=1)),
    LiveState.RESTING: Duty(resting=timedelta(minutes=1)),
    LiveState.PAUSED: Duty(paused=timedelta(minutes=1)),
}


@pytest.mark.parametrize("state", LiveState)
def test_minute_of_each_state(state: LiveState) -> None:
    expected = {NOON: SPENT[state]} if state in SPENT else {}
    assert duty_of(a_change(state, 0, 60)) == expected


def test_only_listeners_time_is_counted() -> None:
    for role in Role:
        counted_time = duty_of(a_change(LiveState.READY, 0, 60, role=role))
        assert bool(counted_time) == (role is Role.LISTENER)


RESTS: dict[str, tuple[LiveStateEntered, int]] = {
    "after a hard contact": (
        a_change(LiveState.WRAPPING_UP, 0, 60, LiveState.RESTING, LiveStateReason.REST_AFTER_HARD),
        1,
    ),
    "after several": (
        a_change(
            LiveState.WRAPPING_UP, 0, 60, LiveState.RESTING, LiveStateReason.REST_AFTER_SEVERAL
        ),
        1,
    ),
    "going on after a pause": (
        a_change(LiveState.PAUSED, 0, 60, LiveState.RESTING, LiveStateReason.ASKED),
        0,
    ),
    "its end": (a_change(LiveState.RESTING, 0, 60, LiveState.READY, LiveStateReason.RESTED), 0),
}


@pytest.mark.parametrize("name", RESTS)
def test_rest_is_given_once(name: str) -> None:
    event, rests = RESTS[name]
    assert duty_of(event)[NOON].rests_given == rests


@given(SECONDS, SECONDS)
def test_no_time_is_lost_or_made_at_a_border(begin: float, end: float) -> None:
    parts = list(split_by_hour(at(begin), at(end)))
    assert sum((length for _, length in parts), timedelta()) == max(
        at(end) - at(begin), timedelta()
    )
    assert all(timedelta() < length <= timedelta(hours=1) for _, length in parts)
    assert [hour for hour, _ in parts] == sorted({hour for hour, _ in parts})


# --- when to count --------------------------------------------------------------------------------


def test_hour_is_counted_five_minutes_after_its_end() -> None:
    assert count_at(NOON, at(30), FIVE_MINUTES) == at(3900)
    assert count_at(NOON, at(3899), FIVE_MINUTES) == at(3900)


def test_late_fact_is_counted_at_the_next_five_minutes() -> None:
    assert count_at(NOON, at(3900), FIVE_MINUTES) == at(4200)
    assert count_at(NOON, at(4199), FIVE_MINUTES) == at(4200)


@given(st.floats(0, 7200).map(lambda s: round(s, 6)))
def test_hour_is_never_counted_before_its_end_nor_put_off_for_long(seconds: float) -> None:
    now = at(seconds)
    due = count_at(NOON, now, FIVE_MINUTES)
    assert due >= max(at(3900), now)
    assert due - max(at(3900), now) <= FIVE_MINUTES + timedelta(seconds=1)


def test_two_facts_of_one_moment_apart_never_ask_for_the_same_count() -> None:
    one, other = at(3000.000001), at(3000.000002)
    assert count_at(NOON, one, FIVE_MINUTES) != count_at(NOON, other, FIVE_MINUTES)
    assert look_at(one, FIVE_MINUTES) != look_at(other, FIVE_MINUTES)


def test_limbo_is_looked_for_at_whole_minutes() -> None:
    assert look_at(at(61), timedelta(minutes=1)) == at(120)


@given(SECONDS)
def test_hour_of_a_moment_holds_it(seconds: float) -> None:
    hour = hour_of(at(seconds))
    assert hour <= at(seconds) < hour + timedelta(hours=1)
    assert (hour - NOON) % timedelta(hours=1) == timedelta()
