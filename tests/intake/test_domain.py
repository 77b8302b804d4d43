"""The life of a contact, fact by fact and in every order."""

from datetime import UTC, datetime, timedelta
from typing import assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from services.intake.domain import (
    Ended,
    Life,
    Moved,
    NotYet,
    Refused,
    Take,
    Talking,
    Triage,
    Unchanged,
    Unmoved,
    Waiting,
    Wish,
    end_by_human,
    leave,
    may_be_said,
    send_untriaged,
    state_of,
    take,
    triage,
    withdraw,
)

NOON = datetime(2020, 11, 2, 12, 0, tzinfo=UTC)
REGULATOR = PersonId("r-anna")
LISTENER = PersonId("v-bruno")
OTHER_LISTENER = PersonId("v-chloe")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_take(stage: Stage, person: PersonId, at: float = 0, offer: str = "") -> Take:
    return Take(stage, OfferId(offer or f"offer-of-{person}"), person, after(at))


REGULATED = a_take(Stage.REGULATOR, REGULATOR)
LISTENED = a_take(Stage.LISTENER, LISTENER, at=60)

WAITING_REGULATOR = Waiting(Stage.REGULATOR)
WAITING_LISTENER = Waiting(Stage.LISTENER)
WITH_REGULATOR = Talking(REGULATED)
WITH_LISTENER = Talking(LISTENED)
OVER = Ended(Outcome.ABANDONED, EndedBy.CALLER)

LIVES: dict[ContactState, Life] = {
    ContactState.WAITING_REGULATOR: WAITING_REGULATOR,
    ContactState.WITH_REGULATOR: WITH_REGULATOR,
    ContactState.WAITING_LISTENER: WAITING_LISTENER,
    ContactState.WITH_LISTENER: WITH_LISTENER,
    ContactState.ENDED: OVER,
}


def a_triage(
    destination: Destination = Destination.LISTENER, by: PersonId = REGULATOR, at: float = 30
) -> Triage:
    return Triage(destination, by, after(at))


def a_wish(
    by: PersonId = LISTENER, role: Role = Role.LISTENER, outcome: Outcome = Outcome.LISTENED
) -> Wish:
    return Wish(by, role, outcome, Nature.ORDINARY)


def moved_to(life: Life) -> Moved:
    return Moved(life)


def test_the_five_shapes_are_the_five_shared_states() -> None:
    assert {state_of(life): life for life in LIVES.values()} == LIVES


def test_a_contact_crosses_both_lines_and_both_humans() -> None:
    assert take(WAITING_REGULATOR, REGULATED) == moved_to(WITH_REGULATOR)
    assert triage(WITH_REGULATOR, a_triage()) == moved_to(WAITING_LISTENER)
    assert take(WAITING_LISTENER, LISTENED) == moved_to(WITH_LISTENER)
    assert end_by_human(WITH_LISTENER, Channel.PHONE, a_wish()) == moved_to(
        Ended(
            Outcome.LISTENED,
            EndedBy.LISTENER,
            Nature.ORDINARY,
            stage=Stage.LISTENER,
            person_id=LISTENER,
        )
    )


# --- takes ----------------------------------------------------------------------------------------


def test_a_take_after_the_end_is_ignored() -> None:
    assert take(OVER, REGULATED) == Unchanged(Unmoved.OVER)
    assert take(OVER, LISTENED) == Unchanged(Unmoved.OVER)


def test_a_take_told_twice_changes_nothing() -> None:
    assert take(WITH_LISTENER, LISTENED) == Unchanged(Unmoved.REPEATED)


def test_a_listeners_take_heard_of_before_the_triage_counts() -> None:
    assert take(WAITING_REGULATOR, LISTENED) == moved_to(WITH_LISTENER)
    assert take(WITH_REGULATOR, LISTENED) == moved_to(WITH_LISTENER)


def test_a_regulators_take_heard_of_after_the_triage_is_late() -> None:
    assert take(WAITING_LISTENER, REGULATED) == Unchanged(Unmoved.LATE)
    assert take(WITH_LISTENER, REGULATED) == Unchanged(Unmoved.LATE)


def test_between_two_takes_of_one_stage_the_later_holds() -> None:
    later = a_take(Stage.LISTENER, OTHER_LISTENER, at=90)
    earlier = a_take(Stage.LISTENER, OTHER_LISTENER, at=50)
    assert take(WITH_LISTENER, later) == moved_to(Talking(later))
    assert take(WITH_LISTENER, earlier) == Unchanged(Unmoved.LATE)


def test_a_withdrawn_take_sends_the_contact_back_to_the_same_line() -> None:
    assert withdraw(WITH_REGULATOR, REGULATED.offer_id) == moved_to(WAITING_REGULATOR)
    assert withdraw(WITH_LISTENER, LISTENED.offer_id) == moved_to(WAITING_LISTENER)


@pytest.mark.parametrize("life", [WAITING_REGULATOR, WAITING_LISTENER, WITH_LISTENER])
def test_the_withdrawal_of_an_offer_that_does_not_hold_the_contact_changes_nothing(
    life: Life,
) -> None:
    assert withdraw(life, REGULATED.offer_id) == Unchanged(Unmoved.NOT_HELD)


def test_a_withdrawal_after_the_end_changes_nothing() -> None:
    assert withdraw(OVER, LISTENED.offer_id) == Unchanged(Unmoved.OVER)


# --- untriaged ------------------------------------------------------------------------------------


def test_without_a_regulator_the_contact_waits_for_a_listener() -> None:
    assert send_untriaged(WAITING_REGULATOR, NOON) == moved_to(WAITING_LISTENER)


def test_sent_untriaged_after_a_take_that_was_withdrawn_meanwhile_counts() -> None:
    assert send_untriaged(WITH_REGULATOR, after(10)) == moved_to(WAITING_LISTENER)


def test_sent_untriaged_before_the_take_that_holds_is_late() -> None:
    assert send_untriaged(WITH_REGULATOR, after(-10)) == Unchanged(Unmoved.LATE)


def test_sent_untriaged_told_late_changes_nothing() -> None:
    assert send_untriaged(WAITING_LISTENER, NOON) == Unchanged(Unmoved.LATE)
    assert send_untriaged(WITH_LISTENER, NOON) == Unchanged(Unmoved.LATE)
    assert send_untriaged(OVER, NOON) == Unchanged(Unmoved.OVER)


# --- triage ---------------------------------------------------------------------------------------

ENDING_DESTINATIONS = {
    Destination.INFORMED: Outcome.INFORMED_BY_REGULATOR,
    Destination.WITHIN_FRAME: Outcome.CLOSED_WITHIN_FRAME,
    Destination.RELAY: Outcome.TRANSFERRED_TO_RELAY,
}


@pytest.mark.parametrize("destination", ENDING_DESTINATIONS)
@pytest.mark.parametrize("life", [WAITING_REGULATOR, WITH_REGULATOR])
def test_a_regulator_who_needs_nobody_else_ends_the_contact(
    life: Life, destination: Destination
) -> None:
    assert triage(life, a_triage(destination)) == moved_to(
        Ended(
            ENDING_DESTINATIONS[destination],
            EndedBy.REGULATOR,
            stage=Stage.REGULATOR,
            person_id=REGULATOR,
        )
    )


@pytest.mark.parametrize("life", LIVES.values(), ids=lambda life: state_of(life).value)
def test_calling_for_rescue_never_ends_nor_moves_a_contact(life: Life) -> None:
    assert isinstance(triage(life, a_triage(Destination.RESCUE, at=90)), Unchanged)


def test_a_triage_heard_of_before_the_regulators_take_counts() -> None:
    assert triage(WAITING_REGULATOR, a_triage()) == moved_to(WAITING_LISTENER)


def test_a_triage_older_than_the_take_that_holds_is_late() -> None:
    held = Talking(a_take(Stage.REGULATOR, PersonId("r-denis"), at=40))
    for destination in Destination:
        assert triage(held, a_triage(destination, at=30)) == Unchanged(Unmoved.LATE)


def test_only_the_listener_who_holds_an_untriaged_contact_may_end_it_by_triage() -> None:
    by_holder = a_triage(Destination.INFORMED, by=LISTENER, at=90)
    by_another = a_triage(Destination.INFORMED, by=REGULATOR, at=90)
    assert triage(WITH_LISTENER, by_holder) == moved_to(
        Ended(
            Outcome.INFORMED_BY_REGULATOR,
            EndedBy.LISTENER,
            stage=Stage.LISTENER,
            person_id=LISTENER,
        )
    )
    assert triage(WITH_LISTENER, by_another) == Unchanged(Unmoved.LATE)


def test_sending_to_a_listener_a_contact_that_has_one_leaves_it_there() -> None:
    assert triage(WITH_LISTENER, a_triage(by=LISTENER, at=90)) == Unchanged(Unmoved.STAYS)


def test_a_triage_told_twice_or_after_the_end_changes_nothing() -> None:
    assert triage(WAITING_LISTENER, a_triage()) == Unchanged(Unmoved.REPEATED)
    assert triage(OVER, a_triage()) == Unchanged(Unmoved.OVER)


# --- leaving --------------------------------------------------------------------------------------

LEAVING: dict[str, tuple[Life, LeaveReason, Outcome]] = {
    "waits for a regulator, hangs up": (
        WAITING_REGULATOR,
        LeaveReason.HUNG_UP,
        Outcome.ABANDONED,
    ),
    "waits for a regulator, cut off": (WAITING_REGULATOR, LeaveReason.CUT_OFF, Outcome.ABANDONED),
    "with a regulator, hangs up": (WITH_REGULATOR, LeaveReason.HUNG_UP, Outcome.DROPPED),
    "with a regulator, cut off": (WITH_REGULATOR, LeaveReason.CUT_OFF, Outcome.DROPPED),
    "waits for a listener, hangs up": (WAITING_LISTENER, LeaveReason.HUNG_UP, Outcome.ABANDONED),
    "waits for a listener, cut off": (WAITING_LISTENER, LeaveReason.CUT_OFF, Outcome.ABANDONED),
    "with a listener, hangs up": (WITH_LISTENER, LeaveReason.HUNG_UP, Outcome.LISTENED),
    "with a listener, cut off": (WITH_LISTENER, LeaveReason.CUT_OFF, Outcome.DROPPED),
}


@pytest.mark.parametrize("case", LEAVING.values(), ids=LEAVING)
def test_leaving_says_how_it_ended(case: tuple[Life, LeaveReason, Outcome]) -> None:
    life, reason, outcome = case
    result = leave(life, reason)
    assert isinstance(result, Moved)
    assert isinstance(result.life, Ended)
    assert result.life.outcome is outcome
    assert result.life.ended_by is EndedBy.CALLER


def test_leaving_after_the_end_keeps_what_was_recorded_first() -> None:
    assert leave(OVER, LeaveReason.HUNG_UP) == Unchanged(Unmoved.OVER)


# --- ended by a human -----------------------------------------------------------------------------


def test_another_persons_contact_cannot_be_ended() -> None:
    wish = a_wish(by=OTHER_LISTENER)
    assert end_by_human(WITH_LISTENER, Channel.PHONE, wish) == Refused(Refusal.NOT_YOURS)


def test_a_supervisor_may_end_any_talk_and_it_is_said_so() -> None:
    wish = a_wish(PersonId("s-eva"), Role.SUPERVISOR, Outcome.DROPPED)
    for life in (WITH_REGULATOR, WITH_LISTENER):
        result = end_by_human(life, Channel.PHONE, wish)
        assert isinstance(result, Moved)
        assert isinstance(result.life, Ended)
        assert result.life.ended_by is EndedBy.SUPERVISOR
        assert result.life.person_id == life.take.person_id


def test_a_supervisor_clears_a_contact_nobody_is_in_as_abandoned_only() -> None:
    supervisor = PersonId("s-eva")
    clear = a_wish(supervisor, Role.SUPERVISOR, Outcome.ABANDONED)
    assert end_by_human(WAITING_LISTENER, Channel.PHONE, clear) == moved_to(
        Ended(Outcome.ABANDONED, EndedBy.SUPERVISOR)
    )
    other = a_wish(supervisor, Role.SUPERVISOR, Outcome.CLOSED_WITHIN_FRAME)
    assert end_by_human(WAITING_LISTENER, Channel.PHONE, other) == NotYet()


def test_a_human_whose_take_is_still_on_its_way_is_asked_to_wait() -> None:
    assert end_by_human(WAITING_LISTENER, Channel.PHONE, a_wish()) == NotYet()
    assert end_by_human(WITH_REGULATOR, Channel.PHONE, a_wish()) == NotYet()
    wish = a_wish(REGULATOR, Role.REGULATOR, Outcome.INFORMED_BY_REGULATOR)
    assert end_by_human(WAITING_REGULATOR, Channel.PHONE, wish) == NotYet()


def test_a_contact_that_is_over_is_not_ended_again() -> None:
    assert end_by_human(OVER, Channel.PHONE, a_wish()) == Refused(Refusal.CONTACT_OVER)


def test_a_regulator_does_not_say_listened_nor_a_listener_informed() -> None:
    listened = a_wish(REGULATOR, Role.REGULATOR, Outcome.LISTENED)
    informed = a_wish(LISTENER, Role.LISTENER, Outcome.INFORMED_BY_REGULATOR)
    wrong = Refused(Refusal.INVALID_FIELD, "outcome")
    assert end_by_human(WITH_REGULATOR, Channel.PHONE, listened) == wrong
    assert end_by_human(WITH_LISTENER, Channel.PHONE, informed) == wrong


def test_a_voice_is_listened_to_and_a_message_answered_in_writing() -> None:
    assert may_be_said(Outcome.LISTENED, Stage.LISTENER, Channel.PHONE)
    assert may_be_said(Outcome.LISTENED, Stage.LISTENER, Channel.CHAT)
    assert not may_be_said(Outcome.LISTENED, Stage.LISTENER, Channel.MESSAGE)
    assert may_be_said(Outcome.ANSWERED_IN_WRITING, Stage.LISTENER, Channel.MESSAGE)
    assert not may_be_said(Outcome.ANSWERED_IN_WRITING, Stage.LISTENER, Channel.PHONE)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("channel", Channel)
def test_nobody_in_a_talk_may_call_it_abandoned_or_out_of_hours(
    stage: Stage, channel: Channel
) -> None:
    assert not may_be_said(Outcome.ABANDONED, stage, channel)
    assert not may_be_said(Outcome.CLOSED_HOURS, stage, channel)


# --- every order ----------------------------------------------------------------------------------

PEOPLE = (REGULATOR, LISTENER, OTHER_LISTENER)
moments = st.integers(min_value=0, max_value=5).map(after)
takes = st.builds(
    lambda stage, person, at: Take(stage, OfferId(f"{stage}-{person}-{at}"), person, at),
    st.sampled_from(Stage),
    st.sampled_from(PEOPLE),
    moments,
)
triages = st.builds(Triage, st.sampled_from(Destination), st.sampled_from(PEOPLE), moments)
wishes = st.builds(
    Wish,
    st.sampled_from((*PEOPLE, PersonId("s-eva"))),
    st.sampled_from((Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR)),
    st.sampled_from(Outcome),
    st.sampled_from(Nature),
)
offers = takes.map(lambda took: took.offer_id)
Fact = Take | OfferId | datetime | Triage | LeaveReason | Wish
facts: st.SearchStrategy[Fact] = st.one_of(
    takes, offers, moments, triages, st.sampled_from(LeaveReason), wishes
)


def apply(life: Life, fact: Fact) -> Life:
    """What the handlers do, without a database."""
    match fact:
        case Take():
            step: object = take(life, fact)
        case datetime():
            step = send_untriaged(life, fact)
        case Triage():
            step = triage(life, fact)
        case LeaveReason():
            step = leave(life, fact)
        case Wish():
            step = end_by_human(life, Channel.PHONE, fact)
        case str():
            step = withdraw(life, OfferId(fact))
        case _:
            assert_never(fact)
    return step.life if isinstance(step, Moved) else life


@given(st.sampled_from(Stage), st.lists(facts, max_size=12))
def test_in_any_order_a_contact_has_one_terminal_state_and_stays_there(
    first_stage: Stage, told: list[Fact]
) -> None:
    life: Life = Waiting(first_stage)
    terminal: list[Ended] = []
    for fact in told:
        life = apply(life, fact)
        if isinstance(life, Ended):
            terminal.append(life)
    assert len(set(terminal)) <= 1
    if terminal:
        assert life == terminal[0]


@given(st.sampled_from(Stage), st.lists(facts, max_size=12), st.sampled_from(LeaveReason))
def test_whatever_was_told_a_caller_who_leaves_ends_the_contact(
    first_stage: Stage, told: list[Fact], reason: LeaveReason
) -> None:
    life: Life = Waiting(first_stage)
    for fact in told:
        life = apply(life, fact)
    assert isinstance(apply(life, reason), Ended)


@given(st.sampled_from(Stage), st.lists(facts, max_size=12))
def test_a_contact_someone_holds_is_never_called_abandoned(
    first_stage: Stage, told: list[Fact]
) -> None:
    life: Life = Waiting(first_stage)
    for fact in told:
        before, life = life, apply(life, fact)
        if isinstance(before, Talking) and isinstance(life, Ended):
            assert life.outcome is not Outcome.ABANDONED
            assert life.person_id is not None


@given(st.sampled_from(Stage), st.lists(facts, max_size=12))
def test_no_contact_goes_back_from_the_listening_line_to_a_regulator(
    first_stage: Stage, told: list[Fact]
) -> None:
    life: Life = Waiting(first_stage)
    listening = (ContactState.WAITING_LISTENER, ContactState.WITH_LISTENER, ContactState.ENDED)
    reached = False
    for fact in told:
        life = apply(life, fact)
        reached = reached or state_of(life) in listening
        if reached:
            assert state_of(life) in listening


@given(st.permutations(["taken", "triaged", "listened"]))
def test_the_three_facts_of_an_ordinary_contact_give_one_state_in_any_order(
    order: list[str],
) -> None:
    ordinary: dict[str, Fact] = {
        "taken": REGULATED,
        "triaged": a_triage(),
        "listened": LISTENED,
    }
    life: Life = WAITING_REGULATOR
    for name in order:
        life = apply(life, ordinary[name])
    assert life == WITH_LISTENER
