"""Quality on a real database: it counts what the events say, in any order, and announces it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import sleep

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import text

from contracts.assignment import LiveStateEntered, OfferTaken
from contracts.envelope import Event
from contracts.quality import HourCounted, Tally
from contracts.vocabulary import (
    Channel,
    LiveState,
    LiveStateReason,
    Outcome,
    ProgrammeId,
    ReferralClosing,
    RelayOutcome,
    Role,
    Stage,
    TallyKind,
    WithdrawalReason,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.traces import Step
from services.bus.transact import Verdict
from services.bus.work import Work, new_id
from services.quality import handlers, store
from services.quality.app import SERVICE
from services.quality.domain import Duty, HourFigures
from services.quality.recount import Figures, recount
from tests.quality.builders import (
    LINE,
    NOON,
    AContact,
    a_change,
    a_history,
    a_published_programme,
    a_relay_outcome,
    at,
)

REGULATOR, LISTENER = Stage.REGULATOR, Stage.LISTENER
HOUR_OF_NOON = ("hour", f"{LINE}/{NOON.isoformat()}")
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def quality(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def figures_of(quality: ServiceUnderTest, programme: ProgrammeId) -> Figures:
    """Figures of each hour, derived at this moment."""
    with quality.session() as session:
        return {
            hour: store.figures_now(session, *hour)
            for hour in store.hours_known(session)
            if hour[0] == programme
        }


def last_counted(quality: ServiceUnderTest, programme: ProgrammeId) -> dict[object, HourCounted]:
    events = quality.announced(HourCounted)
    return {event.hour: event for event in events if event.programme == programme}


def gauge(name: str, programme: ProgrammeId) -> float | None:
    return REGISTRY.get_sample_value(name, {"programme": programme})


A = AContact()
PLAIN_HOUR: tuple[Event, ...] = (
    a_published_programme(),
    A.opened(),
    A.made(REGULATOR, 1),
    A.taken(REGULATOR, 12),
    A.triaged(60),
    A.made(LISTENER, 61),
    A.taken(LISTENER, 90, since=60),
    A.ended(700, stage=LISTENER),
    a_change(LiveState.TALKING, 90, 700, LiveState.WRAPPING_UP, LiveStateReason.CONTACT_ENDED),
    a_change(LiveState.WRAPPING_UP, 700, 760, LiveState.RESTING, LiveStateReason.REST_AFTER_HARD),
    a_change(LiveState.RESTING, 760, 1360, LiveState.READY, LiveStateReason.RESTED),
    a_change(LiveState.READY, 1360, 3700, LiveState.OFF_DUTY),
)


def test_hour_is_counted_five_minutes_after_its_end(quality: ServiceUnderTest) -> None:
    for event in PLAIN_HOUR:
        quality.deliver(event)
    quality.at(at(3899))
    assert quality.fire_deadlines() == 1  # the look for limbo
    assert quality.announced() == []
    quality.at(at(3900))
    quality.fire_deadlines()
    (counted,) = quality.announced(HourCounted)
    assert counted == HourCounted(
        programme=LINE,
        hour=NOON,
        opened=1,
        answered=1,
        answered_in_target=1,
        listened=1,
        abandoned=0,
        abandoned_after_triage=0,
        ready_seconds=3600 - 1360,
        busy_seconds=670,
        resting_seconds=600,
        rests_given=1,
        tallies=(
            Tally(kind=TallyKind.NATURE, word="ordinary", count=1),
            Tally(kind=TallyKind.TALK, word="below", count=1),
            Tally(kind=TallyKind.OUTCOME, word="listened", count=1),
        ),
    )


def test_hour_is_counted_again_only_when_late_facts_change_it(quality: ServiceUnderTest) -> None:
    for event in PLAIN_HOUR:
        quality.deliver(event)
    quality.at(at(3900))
    quality.fire_deadlines()
    late = AContact("late", opened=3599)
    quality.deliver(late.opened())
    quality.deliver(A.expired(REGULATOR, 11, offer="2"))  # a sign of life, no figure
    quality.at(at(4200))
    quality.fire_deadlines()
    late_again = quality.deliver(late.opened())
    assert late_again.verdict is Verdict.DUPLICATE
    quality.at(at(4500))
    quality.fire_deadlines()
    of_noon = [event for event in quality.announced(HourCounted) if event.hour == NOON]
    assert [event.opened for event in of_noon] == [1, 2]


def test_what_became_of_people_at_relays_is_counted_in_the_hour_it_was_told(
    quality: ServiceUnderTest,
) -> None:
    """Two are told in the very same words; one of the next hour is none of this one's."""
    told = (RelayOutcome.HELPED, RelayOutcome.HELPED, RelayOutcome.NOT_REACHED)
    events = [a_relay_outcome(each) for each in told]
    for number, event in enumerate((*events, a_relay_outcome(RelayOutcome.WAITING, hour=1))):
        quality.deliver(event, id=new_id(), version=number + 1)
    assert figures_of(quality, LINE)[LINE, NOON] == recount(events)[LINE, NOON]
    quality.at(at(3900))
    quality.fire_deadlines()
    (counted,) = (each for each in quality.announced(HourCounted) if each.hour == NOON)
    assert [(each.kind, each.word, each.count) for each in counted.tallies] == [
        (TallyKind.RELAY_OUTCOME, "helped", 2),
        (TallyKind.RELAY_OUTCOME, "not_reached", 1),
    ]


def test_a_referral_counts_in_the_hour_of_its_contact(quality: ServiceUnderTest) -> None:
    for event in (*PLAIN_HOUR, A.referral_closed(90_000, ReferralClosing.TAKEN_UP)):
        quality.deliver(event)
    figures = figures_of(quality, LINE)[LINE, NOON]
    assert (TallyKind.REFERRAL, "taken_up", 1) in figures.tallies


def test_what_was_counted_of_contacts_outlives_them(quality: ServiceUnderTest) -> None:
    for event in PLAIN_HOUR:
        quality.deliver(event)
    quality.at(at(3900))
    quality.fire_deadlines()
    quality.at(at(700) + timedelta(days=400))
    quality.fire_deadlines()
    assert quality.read(lambda session: store.contacts_of(session, LINE, NOON)) == []
    late = a_change(LiveState.READY, 1360, 3600, LiveState.OFF_DUTY)
    quality.deliver(late, version=99)
    quality.at(quality.deadlines()[HOUR_OF_NOON])
    quality.fire_deadlines()
    assert [each.opened for each in quality.announced(HourCounted) if each.hour == NOON] == [1]
    row = quality.read(lambda session: session.get(store.HourRow, (LINE, NOON)))
    assert row is not None
    assert (row.opened, row.version) == (1, 1)


def test_a_contact_and_the_duty_of_an_hour_ask_for_its_count_once(
    quality: ServiceUnderTest,
) -> None:
    asked = []
    for number, event in enumerate(PLAIN_HOUR[1:]):
        quality.at(at(0.000001 * number))  # each would ask for a moment of its own
        quality.deliver(event)
        asked.append((quality.deadlines()[HOUR_OF_NOON] - at(3900)).microseconds)
    of_contact = [event for event in PLAIN_HOUR[1:] if not isinstance(event, LiveStateEntered)]
    first_of_duty = len(of_contact)
    assert asked == [0] * first_of_duty + [first_of_duty] * (len(asked) - first_of_duty)


def test_what_is_told_while_its_hour_is_counted_is_counted_next(
    quality: ServiceUnderTest,
) -> None:
    quality.deliver(A.opened())
    quality.deliver(a_change(LiveState.TALKING, 0, 60))
    quality.at(at(3901))
    talk = a_change(LiveState.TALKING, 60, 90)
    with ThreadPoolExecutor(2) as workers, quality.session() as counting:
        store.hour_to_count(counting, LINE, NOON)
        told = [workers.submit(quality.deliver, event) for event in (A.taken(REGULATOR, 12), talk)]
        wait_until(quality, waiting=2)
        assert store.figures_now(counting, LINE, NOON).answered == 0
        counting.commit()
    assert [each.result().verdict for each in told] == [Verdict.HANDLED] * 2
    assert quality.deadlines()[HOUR_OF_NOON] == at(4200)


@pytest.mark.parametrize("told", [A.taken(REGULATOR, 12), a_change(LiveState.TALKING, 60, 90)])
def test_count_waits_for_what_is_being_told_as_asked_for(
    quality: ServiceUnderTest, told: OfferTaken | LiveStateEntered
) -> None:
    quality.deliver(A.opened())
    quality.deliver(a_change(LiveState.TALKING, 0, 60))
    quality.at(at(3900))
    with ThreadPoolExecutor(1) as workers, quality.session() as telling:
        work = Work(telling, at(3900), "quality", new_id(), Step("quality", "tell", None))
        if isinstance(told, OfferTaken):
            handlers.on_contact_fact(told, work)
        else:
            handlers.on_live_state_entered(told, work)
        assert work.moved_deadlines() == ({}, [])  # the count that stands will do
        fired = workers.submit(quality.fire_deadlines)
        wait_until(quality, waiting=1)
        telling.commit()
    assert fired.result() == 2  # the other is the look for limbo
    (counted,) = quality.announced(HourCounted)
    assert (counted.answered, counted.busy_seconds) in {(1, 60), (0, 90)}


def wait_until(quality: ServiceUnderTest, waiting: int) -> None:
    """Return once so many transactions wait for a lock; raises AssertionError if they never do."""
    for _ in range(90):  # less than the second after which the lock is given up
        with quality.session() as session:
            if session.execute(_WAITING).scalar_one() == waiting:
                return
        sleep(0.01)
    raise AssertionError("nobody waits")


_WAITING = text(
    "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN "
    "(SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
)


def test_count_that_finds_nothing_new_is_not_announced(quality: ServiceUnderTest) -> None:
    for event in PLAIN_HOUR:
        quality.deliver(event)
    quality.at(at(3900))
    quality.fire_deadlines()
    before = len(quality.announced(HourCounted))
    # The same line published again under another id: every hour of it is looked at again.
    quality.deliver(a_published_programme(), version=2)
    quality.at(at(4200))
    assert quality.fire_deadlines() >= 1
    assert len(quality.announced(HourCounted)) == before


def test_what_was_counted_is_kept_with_its_bars_and_outcomes(quality: ServiceUnderTest) -> None:
    for event in PLAIN_HOUR:
        quality.deliver(event)
    quality.at(at(3900))
    quality.fire_deadlines()
    with quality.session() as session:
        row = session.get_one(store.HourRow, (LINE, NOON))
        kept = store.figures_kept(session, row)
    assert kept == recount(PLAIN_HOUR)[LINE, NOON]
    assert kept.outcomes == ((Outcome.LISTENED, 1),)
    assert len(kept.waits) == 2


def test_target_that_comes_late_is_counted_in(quality: ServiceUnderTest) -> None:
    for event in PLAIN_HOUR[1:]:
        quality.deliver(event)
    quality.at(at(3900))
    quality.fire_deadlines()
    quality.deliver(a_published_programme())
    quality.at(at(4200))
    quality.fire_deadlines()
    of_noon = [event for event in quality.announced(HourCounted) if event.hour == NOON]
    assert [event.answered_in_target for event in of_noon] == [0, 1]


def test_take_that_is_taken_back_is_counted_out_again(quality: ServiceUnderTest) -> None:
    for event in (A.opened(), A.taken(REGULATOR, 12), A.ended(12, Outcome.ABANDONED)):
        quality.deliver(event)
    assert figures_of(quality, LINE)[LINE, NOON].abandoned_after_triage == 1
    back = A.withdrawn(REGULATOR, 13, WithdrawalReason.CONTACT_ENDED)
    quality.deliver(back, version=2)
    figures = figures_of(quality, LINE)[LINE, NOON]
    assert (figures.answered, figures.abandoned, figures.abandoned_after_triage) == (0, 1, 0)


def test_event_delivered_twice_adds_no_time(quality: ServiceUnderTest) -> None:
    talk = a_change(LiveState.TALKING, 0, 60)
    assert quality.deliver(talk).verdict is Verdict.HANDLED
    assert quality.deliver(talk).verdict is Verdict.DUPLICATE
    assert figures_of(quality, LINE)[LINE, NOON].duty == Duty(busy=timedelta(minutes=1))


def test_time_of_others_than_listeners_is_not_counted(quality: ServiceUnderTest) -> None:
    quality.deliver(a_change(LiveState.TALKING, 0, 60, role=Role.REGULATOR))
    assert figures_of(quality, LINE) == {}
    assert quality.deadlines() == {}


def limbo(line: ProgrammeId, kind: str = "talk") -> float | None:
    labels = {"programme": line, "kind": kind}
    return REGISTRY.get_sample_value("helpline_quality_limbo_contacts", labels)


def test_message_that_no_clock_rang_for_is_told_apart_from_talks(
    quality: ServiceUnderTest,
) -> None:
    line = ProgrammeId("line-of-silent-clocks")
    quality.deliver(AContact("written", 0, line, channel=Channel.MESSAGE).opened())
    quality.at(at(11 * 60))
    quality.fire_deadlines()
    assert (limbo(line, "message"), limbo(line)) == (1, 0)


def test_limbo_shows_on_the_gauge_and_is_looked_for_while_there_are_contacts(
    quality: ServiceUnderTest,
) -> None:
    line = ProgrammeId("line-of-limbo")
    lost, cared_for = AContact("lost", 0, line), AContact("cared-for", 0, line)
    quality.deliver(lost.opened())
    quality.deliver(cared_for.opened())
    quality.deliver(cared_for.taken(REGULATOR, 12))
    seen = {}
    for minute in (10, 11):
        quality.at(at(60 * minute))
        quality.fire_deadlines()
        seen[minute] = limbo(line)
    assert seen == {10: 0, 11: 1}
    for contact in (lost, cared_for):
        quality.deliver(contact.ended(665, Outcome.ABANDONED), version=2)
    quality.at(at(720))
    quality.fire_deadlines()
    assert limbo(line) == 0
    assert ("limbo", line) not in quality.deadlines()


def test_dashboards_see_answers_as_they_happen(quality: ServiceUnderTest) -> None:
    line = ProgrammeId("line-of-dashboards")
    a, b = AContact("a", 0, line), AContact("b", 0, line)
    for event in (
        a_published_programme(programme=line),
        a.opened(),
        a.taken(REGULATOR, 12),
        a.triaged(60),
        a.taken(LISTENER, 90, since=60),
        b.opened(),
        b.ended(30, Outcome.ABANDONED),
    ):
        quality.deliver(event)
    for name in ("opened", "answered", "answered_in_target"):
        expected = 2 if name == "opened" else 1
        assert gauge(f"helpline_quality_{name}_total", line) == expected
    labels = {"programme": line, "stage": "listener", "priority": "P3"}
    assert REGISTRY.get_sample_value("helpline_quality_wait_seconds_sum", labels) == 30
    left = {"programme": line, "stage": "regulator"}
    assert REGISTRY.get_sample_value("helpline_quality_abandoned_total", left) == 1


def test_two_workers_at_once_neither_lose_nor_block(quality: ServiceUnderTest) -> None:
    events: list[Event] = [a_published_programme()]
    for number in range(8):
        contact = AContact(str(number), opened=number)
        events += [
            contact.opened(),
            contact.taken(REGULATOR, 12),
            contact.triaged(60),
            contact.taken(LISTENER, 90, since=60),
            contact.ended(700, stage=LISTENER),
            a_change(LiveState.TALKING, 90 - number, 3700),
        ]
    with ThreadPoolExecutor(2) as workers:
        verdicts = [each.verdict for each in workers.map(quality.deliver, events)]
    assert set(verdicts) == {Verdict.HANDLED}
    assert figures_of(quality, LINE) == recount(events)


# --- any history, any order, twice ----------------------------------------------------------------

_numbers = count()


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
@pytest.mark.slow
def test_tables_say_what_the_events_say(quality: ServiceUnderTest, data: st.DataObject) -> None:
    """One database for all examples: each has a line, contacts and offers of its own."""
    line = ProgrammeId(f"line-{next(_numbers):03}")
    events = data.draw(a_history(line))
    quality.at(NOON)
    for event in events:
        quality.deliver(event)
    recounted = recount(events)
    assert figures_of(quality, line) == recounted
    quality.at(TOMORROW)
    quality.fire_deadlines()
    counted = last_counted(quality, line)
    assert counted.keys() == {hour for _, hour in recounted}
    for (_, hour), figures in recounted.items():
        assert shown(counted[hour]) == said(figures)


def shown(event: HourCounted) -> tuple[float, ...]:
    return (
        event.opened,
        event.answered,
        event.answered_in_target,
        event.listened,
        event.abandoned,
        event.abandoned_after_triage,
        event.ready_seconds,
        event.busy_seconds,
        event.resting_seconds,
        event.rests_given,
    )


def said(figures: HourFigures) -> tuple[float, ...]:
    duty = figures.duty
    return (
        figures.opened,
        figures.answered,
        figures.answered_in_target,
        figures.listened,
        figures.abandoned,
        figures.abandoned_after_triage,
        duty.ready.total_seconds(),
        duty.busy.total_seconds(),
        duty.resting.total_seconds(),
        duty.rests_given,
    )
