"""Risk on a real database: what it keeps, answers and announces, and what its clock does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from contracts.envelope import Reply, ReplyStatus
from contracts.programme import RiskPolicy
from contracts.risk import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertEvent,
    AlertId,
    AlertOutcome,
    AlertRaised,
    AlertStoodDown,
    AlertUnreached,
    CloseAlert,
    EscalateAlert,
    EscalationReason,
    RaiseAlert,
    StandDownAlert,
    StandDownReason,
    Standing,
    UnreachedWhy,
)
from contracts.vocabulary import Refusal, RiskSignal, Role
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from tests.risk.builders import (
    CONTACT,
    LISTENER,
    NOON,
    PROFESSIONAL,
    REGULATOR,
    SUPERVISOR,
    a_published_programme,
    after,
    an_ended_contact,
    in_the_roster,
)


def status(reply: Reply) -> ReplyStatus | Refusal | None:
    return reply.refusal if reply.status is ReplyStatus.REFUSED else reply.status


def raised(risk: ServiceUnderTest, *signals: RiskSignal, command_id: str | None = None) -> AlertId:
    wish = RaiseAlert(contact_id=CONTACT, signals=signals)
    reply = risk.ask(wish, LISTENER, Role.LISTENER, command_id=command_id)
    assert reply.result is not None
    return AlertId(reply.result["alert_id"])


def clocks(risk: ServiceUnderTest) -> dict[tuple[str, str], datetime]:
    """The clocks of alerts; that of the report which is owed is not looked at here."""
    return {name: at for name, at in risk.deadlines().items() if name[0] != "report"}


def levels(risk: ServiceUnderTest) -> list[int]:
    return [event.level for event in risk.announced(AlertEscalated)]


def test_one_key_announces_the_alert_with_the_policy_it_keeps(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk)
    (event,) = risk.announced(AlertRaised)
    assert (event.alert_id, event.raised_by, event.raised_at) == (alert_id, LISTENER, NOON)
    assert (event.level, event.standing, event.next_at) == (1, Standing.OPEN, after(30))
    assert (event.policy, event.policy_version) == (RiskPolicy(), 1)
    assert event.confirmed_in_contact
    assert clocks(risk) == {("escalation", alert_id): after(30)}


def test_alert_nobody_takes_goes_up_at_its_deadlines_and_calls_for_ever(
    risk: ServiceUnderTest,
) -> None:
    alert_id = raised(risk)
    for seconds in (29, 30, 89, 90, 149, 150, 210):
        risk.at(after(seconds))
        risk.fire_deadlines()
    events = risk.announced(AlertEscalated)
    assert [(e.level, e.calls, e.due_at) for e in events] == [
        (2, 0, after(30)),
        (3, 1, after(90)),
        (3, 2, after(150)),
        (3, 3, after(210)),
    ]
    assert all(event.reason is EscalationReason.UNANSWERED for event in events)
    assert clocks(risk) == {("escalation", alert_id): after(270)}


def test_terms_published_later_change_nothing_for_an_alert_that_is_open(
    risk: ServiceUnderTest,
) -> None:
    alert_id = raised(risk)
    quick = RiskPolicy(next_person_seconds=5, duty_seconds=10, call_again_seconds=10)
    risk.deliver(a_published_programme(2, quick), version=2)
    risk.at(after(30))
    risk.fire_deadlines()
    assert clocks(risk) == {("escalation", alert_id): after(90)}


def test_policy_in_force_is_the_one_of_the_version_in_effect(empty: ServiceUnderTest) -> None:
    quick = RiskPolicy(next_person_seconds=5, duty_seconds=10, call_again_seconds=10)
    empty.deliver(a_published_programme(1, quick))
    later = a_published_programme(2).model_copy(update={"effective_at": after(60)})
    empty.deliver(later, version=2)
    raised(empty)
    event = empty.announced(AlertRaised)[0]
    assert (event.policy, event.policy_version) == (quick, 1)


def test_contact_never_heard_of_is_an_alert_all_the_same(empty: ServiceUnderTest) -> None:
    raised(empty)
    event = empty.announced(AlertRaised)[0]
    assert not event.confirmed_in_contact
    assert (event.policy, event.policy_version) == (RiskPolicy(), None)


def test_alert_taken_stops_its_clock_and_says_who_has_it(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk)
    risk.at(after(12))
    reply = risk.ask(AcknowledgeAlert(alert_id=alert_id), SUPERVISOR, Role.SUPERVISOR)
    assert (status(reply), reply.version) == (ReplyStatus.DONE, 2)
    (event,) = risk.announced(AlertAcknowledged)
    assert (event.held_by, event.held_since, event.next_at) == (SUPERVISOR, after(12), None)
    assert clocks(risk) == {}
    risk.at(after(1000))
    assert risk.fire_deadlines() == 0


def test_two_who_take_it_at_once_are_one_who_has_it(risk: ServiceUnderTest) -> None:
    risk.deliver(in_the_roster(REGULATOR, Role.REGULATOR, Role.SUPERVISOR), version=2)
    alert_id = raised(risk)

    def take(person: str) -> ReplyStatus | Refusal | None:
        return status(risk.ask(AcknowledgeAlert(alert_id=alert_id), person, Role.SUPERVISOR))

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(str(each) for each in threads.map(take, (SUPERVISOR, REGULATOR)))
    assert answers == ["done", "wrong_state"]
    assert len(risk.announced(AlertAcknowledged)) == 1


def test_key_pressed_twice_at_once_is_one_alert(risk: ServiceUnderTest) -> None:
    with ThreadPoolExecutor(4) as threads:
        ids = set(threads.map(lambda _: raised(risk), range(24)))
    assert len(ids) == 1
    assert len(risk.announced(AlertRaised)) == 1


def test_command_sent_again_is_the_same_alert(risk: ServiceUnderTest) -> None:
    key = new_id()
    assert raised(risk, command_id=key) == raised(risk, command_id=key)
    assert len(risk.announced(AlertRaised)) == 1


def test_more_signals_are_told_with_the_alert_that_is_open(risk: ServiceUnderTest) -> None:
    first = raised(risk, RiskSignal.SEUL)
    assert raised(risk, RiskSignal.MORT) == first
    told = [event.signals for event in risk.announced(AlertRaised)]
    assert told == [(RiskSignal.SEUL,), (RiskSignal.MORT, RiskSignal.SEUL)]


def test_contact_that_ends_leaves_its_alert_open_until_a_human_closes_it(
    risk: ServiceUnderTest,
) -> None:
    alert_id = raised(risk)
    risk.deliver(an_ended_contact(), version=2)
    risk.at(after(30))
    risk.fire_deadlines()
    (event,) = risk.announced(AlertEscalated)
    assert (event.level, event.contact_over) == (2, True)
    risk.ask(AcknowledgeAlert(alert_id=alert_id), SUPERVISOR, Role.SUPERVISOR)
    close = CloseAlert(alert_id=alert_id, outcome=AlertOutcome.CALLER_LOST)
    assert status(risk.ask(close, SUPERVISOR, Role.SUPERVISOR)) is ReplyStatus.DONE
    (closed,) = risk.announced(AlertClosed)
    assert (closed.closed_by, closed.outcome) == (SUPERVISOR, AlertOutcome.CALLER_LOST)


def test_contact_over_can_have_a_new_alert_once_the_first_is_closed(
    risk: ServiceUnderTest,
) -> None:
    first = raised(risk)
    stand_down = StandDownAlert(alert_id=first, reason=StandDownReason.FALSE_ALERT)
    assert status(risk.ask(stand_down, SUPERVISOR, Role.SUPERVISOR)) is ReplyStatus.DONE
    assert clocks(risk) == {}
    (event,) = risk.announced(AlertStoodDown)
    assert (event.reason, event.stood_down_by) == (StandDownReason.FALSE_ALERT, SUPERVISOR)
    assert raised(risk) != first


def test_human_who_wants_the_next_people_gets_them_at_once(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk)
    risk.at(after(3))
    risk.ask(EscalateAlert(alert_id=alert_id), LISTENER, Role.LISTENER)
    (event,) = risk.announced(AlertEscalated)
    assert (event.level, event.reason) == (2, EscalationReason.BY_HAND)
    assert (event.escalated_by, event.due_at) == (LISTENER, None)
    assert clocks(risk) == {("escalation", alert_id): after(90)}


def test_stale_version_and_unknown_alert_are_refused(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk)
    take = AcknowledgeAlert(alert_id=alert_id)
    stale = risk.ask(take, SUPERVISOR, Role.SUPERVISOR, expected_version=7)
    assert status(stale) is Refusal.STALE_VERSION
    unknown = AcknowledgeAlert(alert_id=AlertId(new_id()))
    assert status(risk.ask(unknown, SUPERVISOR, Role.SUPERVISOR)) is Refusal.UNKNOWN_ALERT


def test_roles_that_may_not_are_refused(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk)
    take = AcknowledgeAlert(alert_id=alert_id)
    assert status(risk.ask(take, "listener-2", Role.LISTENER)) is Refusal.ROLE_NOT_PERMITTED
    wish = RaiseAlert(contact_id=CONTACT)
    refused = risk.ask(wish, "coordinator-1", Role.COORDINATOR)
    assert status(refused) is Refusal.ROLE_NOT_PERMITTED


def test_empty_supervisor_roster_is_said_and_the_regulators_come_first(
    empty: ServiceUnderTest,
) -> None:
    empty.deliver(in_the_roster(REGULATOR, Role.REGULATOR))
    empty.deliver(in_the_roster(PROFESSIONAL, Role.DUTY_PROFESSIONAL))
    raised(empty)
    (event,) = empty.announced(AlertUnreached)
    assert (event.why, event.level, event.next_at) == (UnreachedWhy.NO_SUPERVISOR, 2, after(90))


def test_empty_duty_list_alarms_at_every_call(empty: ServiceUnderTest) -> None:
    raised(empty)
    for seconds in (60, 120):
        empty.at(after(seconds))
        empty.fire_deadlines()
    why = [event.why for event in empty.announced(AlertUnreached)]
    assert why == [UnreachedWhy.NO_DUTY_PROFESSIONAL] * 3
    assert levels(empty) == [3, 3]


def test_every_event_counts_its_alert_and_says_it_whole(risk: ServiceUnderTest) -> None:
    alert_id = raised(risk, RiskSignal.PLAN)
    risk.at(after(90))
    risk.fire_deadlines()
    risk.ask(AcknowledgeAlert(alert_id=alert_id), PROFESSIONAL, Role.DUTY_PROFESSIONAL)
    events = risk.announced(AlertEvent)
    assert {event.signals for event in events} == {(RiskSignal.PLAN,)}
    assert [event.level for event in events] == [1, 2, 3, 3, 3]  # unreached too
