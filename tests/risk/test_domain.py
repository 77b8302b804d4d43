"""The escalation of an alert: up by the clock, down by nobody, over by a human."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.programme import RiskPolicy
from contracts.risk import EscalationReason, Standing, UnreachedWhy
from contracts.vocabulary import PersonId, ProgrammeId, Refusal, RiskSignal, Role
from services.risk.domain import (
    DUTY,
    NEXT_PEOPLE,
    SUPERVISORS,
    Alert,
    AlreadySo,
    Asker,
    Changed,
    ContactKnown,
    Escalated,
    Line,
    MayNot,
    NotDue,
    Raised,
    first_level,
    judge_ending,
    judge_escalation,
    judge_raising,
    judge_taking,
    judge_time,
    next_at,
    unreached_on,
    whom_to_call,
)
from tests.risk.builders import (
    EVERYBODY,
    LINE,
    LISTENER,
    NOBODY,
    NOON,
    PROFESSIONAL,
    REGULATOR,
    SUPERVISOR,
    after,
    an_alert,
)

IN_CONTACT = ContactKnown(LINE, (LISTENER,))
THE_SUPERVISOR = Asker(SUPERVISOR, Role.SUPERVISOR, LINE)
THE_LISTENER = Asker(LISTENER, Role.LISTENER, LINE)
THE_PROFESSIONAL = Asker(PROFESSIONAL, Role.DUTY_PROFESSIONAL, LINE)


def escalated(outcome: object) -> Alert:
    assert isinstance(outcome, Escalated)
    return outcome.alert


def changed(outcome: object) -> Alert:
    assert isinstance(outcome, Changed)
    return outcome.alert


# --- the clock ------------------------------------------------------------------------------------


def test_alert_goes_on_at_30_s_at_90_s_and_then_every_minute() -> None:
    alert, moments = an_alert(), []
    for _ in range(4):
        at = next_at(alert)
        assert at is not None
        assert judge_time(alert, at - timedelta(milliseconds=1)) == NotDue()
        alert = escalated(judge_time(alert, at))
        moments.append(((at - NOON).total_seconds(), alert.level, alert.calls))
    assert moments == [(30, NEXT_PEOPLE, 0), (90, DUTY, 1), (150, DUTY, 2), (210, DUTY, 3)]


def test_policy_it_was_raised_with_is_the_one_it_keeps() -> None:
    slow = RiskPolicy(next_person_seconds=45, duty_seconds=300, call_again_seconds=120)
    alert = an_alert(policy=slow)
    assert next_at(alert) == after(45)
    alert = escalated(judge_time(alert, after(45)))
    assert next_at(alert) == after(300)
    alert = escalated(judge_time(alert, after(300)))
    assert next_at(alert) == after(420)


def test_late_clock_sends_it_up_one_rung_at_a_time() -> None:
    alert = escalated(judge_time(an_alert(), after(500)))
    assert (alert.level, next_at(alert)) == (NEXT_PEOPLE, after(90))
    alert = escalated(judge_time(alert, after(500)))
    assert (alert.level, next_at(alert)) == (DUTY, after(560))


def test_escalation_says_when_it_had_been_due() -> None:
    outcome = judge_time(an_alert(), after(31))
    assert isinstance(outcome, Escalated)
    assert (outcome.due_at, outcome.reason) == (after(30), EscalationReason.UNANSWERED)


@pytest.mark.parametrize("standing", [Standing.TAKEN, Standing.STOOD_DOWN, Standing.CLOSED])
def test_clock_of_an_alert_that_is_taken_or_over_stands_still(standing: Standing) -> None:
    alert = an_alert(standing=standing, held_by=SUPERVISOR)
    assert next_at(alert) is None
    assert judge_time(alert, after(10_000)) == NotDue()


# --- raising --------------------------------------------------------------------------------------


def test_alert_begins_with_the_supervisors() -> None:
    outcome = judge_raising(an_alert(), IN_CONTACT, None, EVERYBODY)
    assert outcome == Raised(an_alert(), confirmed=True)


FIRST_LEVELS = {
    "everybody": (EVERYBODY, SUPERVISORS),
    "no supervisor in the roster": (replace(EVERYBODY, supervisors=False), NEXT_PEOPLE),
    "nobody but the duty list": (replace(NOBODY, duty_list=(PROFESSIONAL,)), DUTY),
    "nobody at all": (NOBODY, DUTY),
}


@pytest.mark.parametrize(("line", "level"), FIRST_LEVELS.values(), ids=FIRST_LEVELS.keys())
def test_rung_the_roster_has_nobody_for_is_not_waited_for(line: Line, level: int) -> None:
    assert first_level(line) == level
    outcome = judge_raising(an_alert(), IN_CONTACT, None, line)
    assert isinstance(outcome, Raised)
    called = 1 if level == DUTY else 0
    assert (outcome.alert.level, outcome.alert.calls) == (level, called)


def test_contact_we_have_not_heard_of_is_no_reason_to_refuse() -> None:
    outcome = judge_raising(an_alert(), ContactKnown(), None, EVERYBODY)
    assert outcome == Raised(an_alert(), confirmed=False)


def test_contact_that_is_over_may_still_be_somebody_in_danger() -> None:
    over = replace(IN_CONTACT, ended=True)
    outcome = judge_raising(an_alert(), over, None, EVERYBODY)
    assert outcome == Raised(an_alert(contact_over=True), confirmed=True)


def test_somebody_known_not_to_be_in_the_contact_is_refused_unless_a_supervisor() -> None:
    others = replace(IN_CONTACT, holders=(PersonId("listener-2"),))
    assert judge_raising(an_alert(), others, None, EVERYBODY) == MayNot(
        Refusal.NOT_YOURS, "contact_id"
    )
    beside = an_alert(raised_by=SUPERVISOR, raised_as=Role.SUPERVISOR)
    assert judge_raising(beside, others, None, EVERYBODY) == Raised(beside, confirmed=False)


def test_contact_of_another_line_is_refused() -> None:
    elsewhere = replace(IN_CONTACT, programme=ProgrammeId("sos-amitie"))
    outcome = judge_raising(an_alert(), elsewhere, None, EVERYBODY)
    assert outcome == MayNot(Refusal.NOT_IN_PROGRAMME, "contact_id")


def test_second_press_adds_its_signals_in_the_order_of_the_protocol() -> None:
    standing = an_alert(signals=(RiskSignal.SEUL,), level=NEXT_PEOPLE)
    again = an_alert(signals=(RiskSignal.PLAN, RiskSignal.SEUL), raised_by=REGULATOR)
    known = replace(IN_CONTACT, holders=(LISTENER, REGULATOR))
    alert = changed(judge_raising(again, known, standing, EVERYBODY))
    assert alert == replace(standing, signals=(RiskSignal.PLAN, RiskSignal.SEUL))
    assert judge_raising(again, known, alert, EVERYBODY) == AlreadySo()


# --- nobody reachable -----------------------------------------------------------------------------

UNREACHED = {
    "everybody, first rung": (SUPERVISORS, EVERYBODY, None),
    "no supervisor, second rung": (
        NEXT_PEOPLE,
        replace(EVERYBODY, supervisors=False),
        UnreachedWhy.NO_SUPERVISOR,
    ),
    "duty list": (DUTY, replace(NOBODY, duty_list=(PROFESSIONAL,)), None),
    "empty duty list": (DUTY, replace(EVERYBODY, duty_list=()), UnreachedWhy.NO_DUTY_PROFESSIONAL),
}


@pytest.mark.parametrize(("level", "line", "why"), UNREACHED.values(), ids=UNREACHED.keys())
def test_rung_that_reaches_nobody_says_why(
    level: int, line: Line, why: UnreachedWhy | None
) -> None:
    assert unreached_on(level, line) is why


def test_duty_list_is_called_in_turn_and_round_again() -> None:
    called = [whom_to_call(an_alert(level=DUTY, calls=calls), EVERYBODY) for calls in (1, 2, 3)]
    assert called == ["professional-1", "professional-2", "professional-1"]


def test_nobody_is_called_below_the_last_rung_or_from_an_empty_list() -> None:
    assert whom_to_call(an_alert(level=NEXT_PEOPLE), EVERYBODY) is None
    assert whom_to_call(an_alert(level=DUTY, calls=1), NOBODY) is None


# --- by hand --------------------------------------------------------------------------------------


def test_by_hand_it_goes_on_at_once_and_its_next_clock_stays_where_it_was() -> None:
    alert = escalated(judge_escalation(an_alert(), THE_LISTENER, after(5)))
    assert (alert.level, next_at(alert)) == (NEXT_PEOPLE, after(90))


def test_who_has_it_may_want_the_duty_professional_and_keeps_it_meanwhile() -> None:
    held = an_alert(standing=Standing.TAKEN, held_by=SUPERVISOR, level=NEXT_PEOPLE)
    alert = escalated(judge_escalation(held, THE_SUPERVISOR, after(200)))
    assert (alert.standing, alert.level, alert.held_by) == (Standing.OPEN, DUTY, SUPERVISOR)
    assert next_at(alert) == after(260)


def test_alert_that_was_taken_long_ago_comes_up_again_with_its_clock_anew() -> None:
    held = an_alert(standing=Standing.TAKEN, held_by=SUPERVISOR)
    alert = escalated(judge_escalation(held, THE_LISTENER, after(200)))
    assert (alert.level, next_at(alert)) == (NEXT_PEOPLE, after(290))


def test_key_pressed_again_right_after_a_call_calls_nobody_twice() -> None:
    called = an_alert(level=DUTY, calls=1, called_at=after(90))
    assert judge_escalation(called, THE_LISTENER, after(95)) == AlreadySo()
    assert escalated(judge_escalation(called, THE_LISTENER, after(101))).calls == 2


def test_listener_sends_on_their_own_alert_only() -> None:
    stranger = Asker(PersonId("listener-2"), Role.LISTENER, LINE)
    assert judge_escalation(an_alert(), stranger, after(1)) == MayNot(Refusal.NOT_YOURS)


# --- taking and ending ----------------------------------------------------------------------------


def test_supervisor_who_takes_it_has_it() -> None:
    alert = changed(judge_taking(an_alert(), THE_SUPERVISOR, after(7), take_over=False))
    expected = an_alert(standing=Standing.TAKEN, held_by=SUPERVISOR, held_since=after(7))
    assert alert == expected


def test_who_raised_it_is_not_the_second_human() -> None:
    raised = an_alert(raised_by=SUPERVISOR, raised_as=Role.SUPERVISOR)
    refusal = MayNot(Refusal.SECOND_PERSON_NEEDED)
    assert judge_taking(raised, THE_SUPERVISOR, after(7), take_over=True) == refusal
    assert judge_ending(raised, THE_SUPERVISOR, Standing.STOOD_DOWN) == refusal


def test_alert_somebody_has_is_taken_over_only_on_purpose() -> None:
    held = an_alert(standing=Standing.TAKEN, held_by=SUPERVISOR)
    outcome = judge_taking(held, THE_PROFESSIONAL, after(9), take_over=False)
    assert outcome == MayNot(Refusal.WRONG_STATE)
    taken = changed(judge_taking(held, THE_PROFESSIONAL, after(9), take_over=True))
    assert taken.held_by == PROFESSIONAL
    assert judge_taking(held, THE_SUPERVISOR, after(9), take_over=False) == AlreadySo()


def test_only_what_somebody_had_can_be_closed_but_a_false_alert_needs_no_taking() -> None:
    assert judge_ending(an_alert(), THE_SUPERVISOR, Standing.CLOSED) == MayNot(Refusal.WRONG_STATE)
    alert = changed(judge_ending(an_alert(), THE_SUPERVISOR, Standing.STOOD_DOWN))
    assert alert.standing is Standing.STOOD_DOWN


def test_alert_that_is_over_stays_over() -> None:
    over = an_alert(standing=Standing.CLOSED, held_by=SUPERVISOR)
    refusal = MayNot(Refusal.ALERT_OVER)
    assert judge_taking(over, THE_PROFESSIONAL, after(9), take_over=True) == refusal
    assert judge_escalation(over, THE_SUPERVISOR, after(9)) == refusal
    assert judge_ending(over, THE_SUPERVISOR, Standing.STOOD_DOWN) == refusal
    assert judge_ending(over, THE_SUPERVISOR, Standing.CLOSED) == AlreadySo()


def test_people_of_another_line_may_do_nothing() -> None:
    other = Asker(SUPERVISOR, Role.SUPERVISOR, ProgrammeId("sos-amitie"))
    refusal = MayNot(Refusal.NOT_IN_PROGRAMME)
    assert judge_taking(an_alert(), other, after(1), take_over=True) == refusal
    assert judge_escalation(an_alert(), other, after(1)) == refusal
    over = an_alert(standing=Standing.CLOSED)
    assert judge_ending(over, other, Standing.CLOSED) == refusal


# --- any history ----------------------------------------------------------------------------------

_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["time", "take", "take over", "by hand", "close", "stand down"]),
        st.floats(min_value=0, max_value=120),
        st.sampled_from([THE_SUPERVISOR, THE_LISTENER, THE_PROFESSIONAL]),
    ),
    max_size=25,
)


def act(alert: Alert, what: str, by: Asker, now: datetime) -> object:
    match what:
        case "time":
            return judge_time(alert, now)
        case "take" | "take over":
            return judge_taking(alert, by, now, take_over=what == "take over")
        case "by hand":
            return judge_escalation(alert, by, now)
        case "close":
            return judge_ending(alert, by, Standing.CLOSED)
        case _:
            return judge_ending(alert, by, Standing.STOOD_DOWN)


@given(_ACTS)
def test_whatever_happens_no_level_goes_down_and_none_is_open_without_a_clock(
    acts: list[tuple[str, float, Asker]],
) -> None:
    alert, now = an_alert(), NOON
    for what, seconds, by in acts:
        now += timedelta(seconds=seconds)
        outcome = act(alert, what, by, now)
        after_it = outcome.alert if isinstance(outcome, Changed | Escalated) else alert
        assert after_it.level >= alert.level
        assert after_it.calls >= alert.calls
        assert (next_at(after_it) is None) is (after_it.standing is not Standing.OPEN)
        assert not alert.over or after_it == alert
        alert = after_it
