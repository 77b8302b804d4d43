"""Figures of this moment for the dashboards. Labels are line, stage and priority, never a person.

Counted as facts arrive, so a take that is taken back later stays counted here, and a transaction
that is tried again counts twice; what is reported is `HourCounted`, which corrects itself.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from contracts.vocabulary import Channel, Outcome, ProgrammeId, RelayOutcome, Stage
from services.quality.domain import WAIT_BOUNDS_SECONDS, Duty
from services.quality.facts import ContactFacts, priority_of, taken_at, wait_of

opened = Counter("helpline_quality_opened_total", "Contacts opened", ["programme"])
answered = Counter("helpline_quality_answered_total", "Contacts a human took", ["programme"])
answered_in_target = Counter(
    "helpline_quality_answered_in_target_total",
    "Contacts a first human took within the target",
    ["programme"],
)
abandoned = Counter(
    "helpline_quality_abandoned_total",
    "Contacts that left, by the line they waited in",
    ["programme", "stage"],
)
waits = Histogram(
    "helpline_quality_wait_seconds",
    "Wait in a line until a human took the contact",
    ["programme", "stage", "priority"],
    buckets=WAIT_BOUNDS_SECONDS,
)
ready = Counter("helpline_quality_ready_seconds_total", "Listener time ready", ["programme"])
busy = Counter(
    "helpline_quality_busy_seconds_total", "Listener time in contacts and wrap-up", ["programme"]
)
resting = Counter("helpline_quality_resting_seconds_total", "Listener time resting", ["programme"])
rests_given = Counter("helpline_quality_rests_given_total", "Rests given", ["programme"])
limbo = Gauge(
    "helpline_quality_limbo_contacts",
    "Contacts that wait and for which nobody has done anything for too long",
    ["programme", "kind"],
)
hours_counted = Counter(
    "helpline_quality_hours_counted_total", "Counts of an hour that were announced", ["programme"]
)


def expect(programme: str) -> None:
    """Let everything of a line that is counted be there, at 0; its waits from the first one on."""
    for counter in (opened, answered, answered_in_target, ready, busy, resting, rests_given):
        counter.labels(programme)
    for stage in Stage:
        abandoned.labels(programme, stage.value)


def record_learnt(before: ContactFacts, after: ContactFacts, in_target: bool) -> None:
    """Something new is known of a contact; `in_target` of `after`.

    Of callers who are there: who wrote a message has gone, and has clocks of their own.
    """
    if after.channel is Channel.MESSAGE:
        return
    line = after.programme
    if before.opened_at is None and after.opened_at is not None:
        opened.labels(line).inc()
    if taken_at(before) is None and taken_at(after) is not None:
        answered.labels(line).inc()
        if in_target:
            answered_in_target.labels(line).inc()
    for stage in Stage:
        wait = wait_of(after, stage)
        if wait is not None and wait_of(before, stage) is None:
            waits.labels(line, stage.value, priority_of(after)).observe(wait.total_seconds())
    if after.outcome is Outcome.ABANDONED and before.outcome is None:
        line_left = Stage.REGULATOR if taken_at(after) is None else Stage.LISTENER
        abandoned.labels(line, line_left.value).inc()


def record_duty(programme: ProgrammeId, duty: Duty) -> None:
    """A listener has done something for so long."""
    ready.labels(programme).inc(duty.ready.total_seconds())
    busy.labels(programme).inc(duty.busy.total_seconds())
    resting.labels(programme).inc(duty.resting.total_seconds())
    rests_given.labels(programme).inc(duty.rests_given)


def record_limbo(programme: ProgrammeId, talks: int, messages: int) -> None:
    """Contacts for which nobody did a thing for too long, at the last look.

    Of talks, those are among them who wait in a line of which everybody is busy: whether a contact
    is in none, intake and assignment tell together (alert ContactInLimbo).
    """
    limbo.labels(programme, "talk").set(talks)
    limbo.labels(programme, "message").set(messages)


def record_hour_counted(programme: ProgrammeId) -> None:
    """The figures of an hour were announced, or announced anew."""
    hours_counted.labels(programme).inc()


relay_outcomes = Counter(
    "helpline_quality_relay_outcomes_total",
    "What became of people at relays",
    ["programme", "outcome"],
)


def record_relay_outcome(programme: str, outcome: RelayOutcome) -> None:
    """A relay was heard of, by a blind token."""
    relay_outcomes.labels(programme, outcome.value).inc()
