"""I19, I20 and I21 catch an alert left alone, one that goes down, and a rescue that is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.envelope import Event
from contracts.rescue import RescueFailed, RescueStarted
from contracts.risk import (
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertRaised,
    EscalationReason,
    Standing,
)
from contracts.vocabulary import Role
from deploy.verify.alarms import check_i19, check_i20, check_i21, check_i22
from deploy.verify.history import Fact, History
from deploy.verify.machines import check_i04
from tests.verify.a_run import ARun
from tests.verify.plants import fact_of, said_otherwise, unsaid

Check = Callable[[History], Any]


def an_alarm() -> History:
    run = ARun()
    run.line()
    run.alarms("ana")
    return run.history()


def first(history: History, kind: type[Event]) -> Fact:
    return fact_of(history, lambda event: type(event) is kind)


def later(history: History, kind: type[Event], field: str, seconds: float) -> History:
    event = first(history, kind).event
    moment: datetime = getattr(event, field)
    return said_otherwise(history, kind, **{field: moment + timedelta(seconds=seconds)})


def never_answered(history: History) -> History:
    """Raised, and nothing was ever heard of it again."""
    only = first(history, AlertRaised)
    return replace(history, facts=(only,))


def by_a_clock(history: History) -> History:
    """What failed by a human's command was started by a deadline."""
    started = first(history, RescueStarted)
    rows = tuple(
        row._replace(kind="deadline") if row.id == started.caused_by else row
        for row in history.handled
    )
    return replace(history, handled=rows)


def in_silence(history: History) -> History:
    """The rescue failed, and the alert did not come up again."""
    again = fact_of(
        history,
        lambda event: (
            isinstance(event, AlertEscalated) and event.reason is EscalationReason.RESCUE_FAILED
        ),
    )
    return unsaid(history, again)


def heard_late(history: History) -> History:
    """The console took the alert up eleven seconds after it was written."""
    raised = first(history, AlertRaised)
    rows = tuple(
        row._replace(handled_at=raised.committed_at + timedelta(seconds=11))
        if (row.service, row.id) == ("console", raised.id)
        else row
        for row in history.handled
    )
    return replace(history, handled=rows)


PLANTED: dict[str, tuple[Check, Callable[[History], History], list[str]]] = {
    "left with nobody": (check_i19, never_answered, ["nobody has it, and its deadline has passed"]),
    "went on two seconds late": (
        check_i19,
        lambda history: later(history, AlertEscalated, "escalated_at", 2),
        ["went on after its deadline"],
    ),
    "open without a clock": (
        check_i19,
        lambda history: said_otherwise(history, AlertRaised, next_at=None),
        ["open, and nothing says when it goes on"],
    ),
    "a level goes down": (
        check_i20,
        lambda history: said_otherwise(history, AlertAcknowledged, level=1),
        ["a level went down"],
    ),
    "a clock takes it from who has it": (
        check_i20,
        lambda history: said_otherwise(history, AlertRaised, standing=Standing.TAKEN),
        ["a clock took it from who has it"],
    ),
    "ended by a listener": (
        check_i20,
        lambda history: said_otherwise(history, AlertClosed, closed_as=Role.LISTENER),
        ["ended by whose role may not"],
    ),
    "no word of a rescue": (
        check_i21,
        lambda history: later(
            unsaid(history, first(history, RescueFailed)), RescueStarted, "report_by", -100
        ),
        ["nobody said what became of it"],
    ),
    "a rescue that fails too late": (
        check_i21,
        lambda history: later(history, RescueStarted, "report_by", -90),
        ["failed after its deadline"],
    ),
    "a rescue no human started": (check_i21, by_a_clock, ["no human started it"]),
    "an alert the console heard too late": (check_i22, heard_late, ["99 of 100 took longer"]),
    "a failed rescue that alarms nobody": (
        check_i21, in_silence, ["failed, and alarmed nobody again"],
    ),
    "a failed rescue that alarms too late": (
        check_i21,
        lambda history: later(history, RescueFailed, "failed_at", -11),
        ["failed, and alarmed nobody again"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("check", [check_i19, check_i20, check_i21, check_i22, check_i04])
def test_alert_that_was_looked_after_breaks_nothing(check: Check) -> None:
    checked = check(an_alarm())
    assert (checked.violations, checked.count > 0) == ((), True)


@pytest.mark.parametrize(("check", "plant", "found"), PLANTED.values(), ids=PLANTED.keys())
def test_planted_violation_is_found(
    check: Check, plant: Callable[[History], History], found: list[str]
) -> None:
    assert [each.what for each in check(plant(an_alarm())).violations] == found


def test_run_that_goes_on_may_have_an_alert_whose_time_has_not_come() -> None:
    history = an_alarm()
    raised = first(history, AlertRaised)
    assert isinstance(raised.event, AlertRaised)
    clock = replace(history.clock, domain=raised.event.raised_at + timedelta(seconds=29))
    early = replace(history, facts=(raised,), clock=clock)
    assert check_i19(early).violations == ()
