"""Two ways of counting say the same, whatever the history."""

from collections import defaultdict
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.assignment import LiveStateEntered
from contracts.envelope import Event
from contracts.programme import ProgrammePublished
from contracts.vocabulary import ContactId, Nature, Outcome, Stage
from services.quality.domain import Duty, HourFigures, count_hour, duty_of, hour_of
from services.quality.facts import Clocks, ContactFacts, in_limbo, learn
from services.quality.recount import recount, recount_limbo
from services.quality.settings import SETTINGS
from tests.quality.builders import LINE, NOON, AContact, a_history, a_published_programme, at


def count_by_learning(events: list[Event]) -> dict[datetime, HourFigures]:
    """Count as the handlers do, without a database; duty is not idempotent, the inbox is."""
    facts = facts_of(events)
    duty: dict[datetime, Duty] = defaultdict(Duty)
    for event in dict.fromkeys(events):
        if isinstance(event, LiveStateEntered):
            for hour, part in duty_of(event).items():
                duty[hour] += part
    targets = {
        event.programme_version: timedelta(seconds=event.terms.answer_target_seconds)
        for event in events
        if isinstance(event, ProgrammePublished)
    }
    guidance = {
        event.programme_version: (timedelta(minutes=band[0]), timedelta(minutes=band[1]))
        for event in events
        if isinstance(event, ProgrammePublished) and (band := event.terms.talk_guidance_minutes)
    }
    opened: dict[datetime, list[ContactFacts]] = defaultdict(list)
    for each in facts.values():
        if each.opened_at is not None:
            opened[hour_of(each.opened_at)].append(each)
    return {
        hour: count_hour(opened[hour], targets, duty[hour], guidance)
        for hour in opened.keys() | duty.keys()
    }


def facts_of(events: list[Event]) -> dict[ContactId, ContactFacts]:
    facts: dict[ContactId, ContactFacts] = defaultdict(lambda: ContactFacts(LINE))
    for event in events:
        if not isinstance(event, (LiveStateEntered, ProgrammePublished)):
            facts[event.contact_id] = learn(facts[event.contact_id], event)  # type: ignore[attr-defined, arg-type]
    return facts


@given(a_history())
def test_counting_by_learning_equals_the_recount(events: list[Event]) -> None:
    recounted = {hour: figures for (_, hour), figures in recount(events).items()}
    assert count_by_learning(events) == recounted


@given(a_history(), st.sampled_from((0.25, 3, 4.5, 24.5, 47, 48.3, 50, 60)))
def test_limbo_by_learning_equals_the_recount(events: list[Event], hours: float) -> None:
    now, bound = at(hours * 3600), SETTINGS.limbo_after
    clocks = {
        event.programme_version: Clocks(
            timedelta(minutes=event.terms.writing.first_reading_minutes),
            timedelta(hours=event.terms.writing.answered_within_hours),
        )
        for event in events
        if isinstance(event, ProgrammePublished)
    }
    lost = sum(in_limbo(facts, now, bound, clocks) for facts in facts_of(events).values())
    assert recount_limbo(events, now, bound).get(LINE, 0) == lost


@given(a_history())
def test_no_contact_is_counted_as_both_answered_and_abandoned(events: list[Event]) -> None:
    for figures in recount(events).values():
        assert figures.answered + figures.abandoned <= figures.opened
        assert figures.answered_in_target <= figures.answered
        assert figures.listened <= figures.answered
        assert sum(count for _, count in figures.outcomes) <= figures.opened


def test_plain_hour_is_counted_as_one_would_by_hand() -> None:
    a, b = AContact("a"), AContact("b", opened=100)
    figures = recount(
        [
            a_published_programme(),
            a.opened(),
            a.taken(Stage.REGULATOR, 12),
            a.triaged(60),
            a.taken(Stage.LISTENER, 90, since=60),
            a.ended(700, stage=Stage.LISTENER),
            b.opened(),
            b.ended(130, Outcome.ABANDONED),
        ]
    )[LINE, NOON]
    assert (figures.opened, figures.answered, figures.answered_in_target) == (2, 1, 1)
    assert (figures.listened, figures.abandoned) == (1, 1)
    assert [(bar.stage, bar.priority, bar.upper_seconds) for bar in figures.waits] == [
        ("listener", "P3", 30),
        ("regulator", "P3", 20),
    ]


def test_plain_hour_tallies_what_one_would_by_hand() -> None:
    a, b = AContact("a"), AContact("b", opened=100)
    figures = recount(
        [
            a_published_programme(),
            a.opened(),
            a.made(Stage.LISTENER, 5),
            a.made(Stage.LISTENER, 25, "2", attempt=2),
            a.taken(Stage.LISTENER, 30, offer="2"),
            a.alert_raised(60),
            a.alert_taken(85, 60),
            a.ended(30 + 20 * 60, nature=Nature.SILENT),
            b.opened(),
            b.alert_raised(130),
            b.first_read(200, 100),
            b.answered(300, 100, late=True),
        ]
    )[LINE, NOON]
    assert figures.tallies == (
        ("alert", "in_30_s", 1),
        ("alert", "not_yet", 1),
        ("answer", "late", 1),
        ("first_reading", "on_time", 1),
        ("nature", "silent", 1),
        ("re_offer", "listener", 1),
        ("talk", "within", 1),
    )
