"""What is expected of callers from what is remembered of them."""

import pytest

from services.assignment.domain import CallerKind, Rules
from services.assignment.memory import Memory

RULES = Rules(rules_version="assignment-2026.1")
FRENCH = CallerKind(frozenset({"fr"}), 0, "deuil")
EITHER = CallerKind(frozenset({"ar", "fr"}), 3, "deuil")


def a_quiet_line(hours: int) -> Memory:
    memory = Memory()
    for _ in range(hours):
        memory.staffed(1800)
        memory.called(FRENCH)
        memory.staffed(1800)
    return memory


def test_hour_without_callers_does_not_make_a_quiet_line_dead() -> None:
    memory = a_quiet_line(100)
    memory.staffed(3600)
    assert memory.per_second() == pytest.approx(1 / 3600, rel=0.15)


def test_surge_is_believed_within_the_hour() -> None:
    memory = a_quiet_line(100)
    for _ in range(600):
        memory.staffed(3)
        memory.called(FRENCH)
    assert memory.per_second() > 50 / 3600


def test_time_with_nobody_on_duty_does_not_count() -> None:
    # Nothing is told of the night: only `staffed` moves the clock.
    memory = a_quiet_line(10)
    assert memory.per_second() == pytest.approx(1 / 3600, rel=0.15)


def test_caller_of_two_languages_counts_for_the_one_most_asked_for() -> None:
    memory = Memory()
    memory.staffed(3600)
    for kind in (FRENCH, FRENCH, EITHER):
        memory.called(kind)
    forecast = memory.forecast(RULES)
    assert set(forecast.arrivals_per_second) == {("fr", 0), ("fr", 3)}
    assert dict(forecast.callers).keys() == {FRENCH, EITHER}


def test_nothing_is_expected_where_nobody_has_called() -> None:
    assert not Memory().forecast(RULES).callers
