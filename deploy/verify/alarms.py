"""I19, I20, I21: no alert is left with nobody, none goes down by itself, no rescue is lost.

Judged from what the events say alone: each carries the alert as it is and when it goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar, assert_never

from contracts.envelope import Event
from contracts.programme import RiskPolicy
from contracts.rescue import RescueConfirmed, RescueFailed, RescueStarted
from contracts.risk import (
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertEvent,
    AlertRaised,
    AlertStoodDown,
    AlertUnreached,
    EscalationReason,
    Standing,
)
from contracts.vocabulary import Role
from deploy.verify.history import Fact, History
from deploy.verify.verdict import Checked, Violation, violation

E = TypeVar("E", bound=Event)

#: Machine time a deadline may be late.
LATE_SECONDS = 1.0
#: Machine time in which a failed rescue alarms again.
ALARMS_AGAIN_SECONDS = 10.0
#: Machine time from an alert to the console, at the loss of a NATS leader (I22).
CONSOLE_WITHIN_SECONDS = 10.0
_MAY_END = frozenset({Role.SUPERVISOR, Role.REGULATOR, Role.DUTY_PROFESSIONAL})


# --- I19 ------------------------------------------------------------------------------------------


def check_i19(history: History) -> Checked:
    """By when an alert said it goes on it has, or somebody has taken or ended it."""
    alerts = _by_alert(history)
    found: list[Violation] = []
    for alert_id, events in alerts.items():
        found.extend(_left_alone(history, alert_id, events))
    return Checked(len(alerts), tuple(found))


def _left_alone(
    history: History, alert_id: str, events: Sequence[AlertEvent]
) -> Iterator[Violation]:
    late = history.domain(LATE_SECONDS)
    for place, event in enumerate(events):
        if event.standing is not Standing.OPEN:
            continue
        if event.next_at is None:
            yield violation("open, and nothing says when it goes on", alert=alert_id)
            return
        followed_at = next((at for at in map(_answered_at, events[place + 1 :]) if at), None)
        if followed_at is None and history.clock.domain > event.next_at + late:
            yield violation("nobody has it, and its deadline has passed", alert=alert_id)
            return
        if followed_at is not None and followed_at > event.next_at + late:
            yield violation("went on after its deadline", alert=alert_id, type=event.type_name())
            return


def _answered_at(event: AlertEvent) -> datetime | None:
    """When this was an answer to an alert that was open; None when it was none."""
    match event:
        case AlertAcknowledged():
            return event.acknowledged_at
        case AlertEscalated():
            return event.escalated_at
        case AlertStoodDown():
            return event.stood_down_at
        case AlertClosed():
            return event.closed_at
        case AlertRaised() | AlertUnreached():
            return None
        case _:
            raise TypeError(event.type_name())


# --- I20 ------------------------------------------------------------------------------------------


def check_i20(history: History) -> Checked:
    """No level goes down, no clock takes an alert from who has it, and a human ends each."""
    alerts = _by_alert(history)
    found: list[Violation] = []
    for alert_id, events in alerts.items():
        for before, after in pairwise(events):
            found.extend(_went_down(alert_id, before, after))
        found.extend(_ended_by_nobody(alert_id, events))
    return Checked(len(alerts), tuple(found))


def _went_down(alert_id: str, before: AlertEvent, after: AlertEvent) -> Iterator[Violation]:
    if after.level < before.level or after.calls < before.calls:
        yield violation("a level went down", alert=alert_id, type=after.type_name())
    if isinstance(after, AlertRaised) and after.policy != _policy_of(before, after):
        yield violation("its policy changed", alert=alert_id)
    by_clock = (
        isinstance(after, AlertEscalated)
        and after.reason is EscalationReason.UNANSWERED
        and before.standing is Standing.TAKEN
    )
    if by_clock:
        yield violation("a clock took it from who has it", alert=alert_id)


def _policy_of(before: AlertEvent, after: AlertRaised) -> RiskPolicy:
    """The policy an alert was said to keep before; the same, where it was not said."""
    return before.policy if isinstance(before, AlertRaised) else after.policy


def _ended_by_nobody(alert_id: str, events: Sequence[AlertEvent]) -> Iterator[Violation]:
    for event in events:
        match event:
            case AlertStoodDown():
                ended_as = event.stood_down_as
            case AlertClosed():
                ended_as = event.closed_as
            case _:
                continue
        if ended_as not in _MAY_END:
            yield violation("ended by whose role may not", alert=alert_id, role=ended_as)


# --- I21 ------------------------------------------------------------------------------------------


def check_i21(history: History) -> Checked:
    """Each rescue was started by a human's command and has an end; a failed one alarmed again."""
    started = list(_facts(history, RescueStarted))
    ended: dict[str, RescueConfirmed | RescueFailed] = {}
    ended.update({event.rescue_id: event for _, event in _facts(history, RescueConfirmed)})
    ended.update({event.rescue_id: event for _, event in _facts(history, RescueFailed)})
    found: list[Violation] = []
    for fact, event in started:
        found.extend(_unended(history, event, ended.get(event.rescue_id)))
        found.extend(_by_no_human(history, fact, event))
    found.extend(_unheard(history))
    return Checked(len(started), tuple(found))


def _unended(
    history: History, started: RescueStarted, end: RescueConfirmed | RescueFailed | None
) -> Iterator[Violation]:
    by = started.report_by + history.domain(LATE_SECONDS)
    match end:
        case None if history.clock.domain > by:
            yield violation("nobody said what became of it", rescue=started.rescue_id)
        case RescueFailed() if end.failed_at > by:
            yield violation("failed after its deadline", rescue=started.rescue_id)
        case None | RescueFailed() | RescueConfirmed():
            return
        case unexpected:
            assert_never(unexpected)


def _by_no_human(history: History, fact: Fact, started: RescueStarted) -> Iterator[Violation]:
    cause = history.handled_by.get("risk", {}).get(fact.caused_by or "")
    if cause is None or cause.kind != "command":
        yield violation("no human started it", rescue=started.rescue_id, event=fact.id)


def _unheard(history: History) -> Iterator[Violation]:
    """A rescue failed, and its contact's alert did not come up again in time."""
    alarms: dict[str, list[datetime]] = defaultdict(list)
    for _, escalated in _facts(history, AlertEscalated):
        if escalated.reason is EscalationReason.RESCUE_FAILED:
            alarms[escalated.contact_id].append(escalated.escalated_at)
    within = history.domain(ALARMS_AGAIN_SECONDS)
    for _, failed in _facts(history, RescueFailed):
        if not any(
            timedelta() <= at - failed.failed_at <= within for at in alarms[failed.contact_id]
        ):
            yield violation("failed, and alarmed nobody again", rescue=failed.rescue_id)


# --- I22 ------------------------------------------------------------------------------------------


def check_i22(history: History) -> Checked:
    """Raised to the console's hands: 99 of 100 within what the loss of a NATS leader may cost.

    As far as ledgers tell: what a screen shows then is measured (`just bench alert`), and what is
    read at risk's own door while NATS is away leaves no row.
    """
    told = history.handled_by.get("console", {})
    waits = sorted(
        (told[fact.id].handled_at - fact.committed_at, fact.id)
        for fact, event in _facts(history, AlertRaised)
        if fact.id in told
    )
    if not waits:
        return Checked(0)
    wait, event_id = waits[min(len(waits) - 1, int(len(waits) * 0.99))]
    late = wait > timedelta(seconds=CONSOLE_WITHIN_SECONDS)
    found = (violation("99 of 100 took longer", event=event_id),) if late else ()
    return Checked(len(waits), found)


# --- what was said --------------------------------------------------------------------------------


def _by_alert(history: History) -> dict[str, list[AlertEvent]]:
    """The events of each alert, by version."""
    facts = sorted(_facts(history, AlertEvent), key=lambda each: each[0].version)
    by_alert: dict[str, list[AlertEvent]] = defaultdict(list)
    for _, event in facts:
        by_alert[event.alert_id].append(event)
    return by_alert


def _facts(history: History, kind: type[E]) -> Iterator[tuple[Fact, E]]:
    for fact in history.facts:
        if isinstance(fact.event, kind):
            yield fact, fact.event
