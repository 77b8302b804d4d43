"""When the judge should wake us while all are busy."""

from services.assignment.wakes import STEP_SECONDS, STEPS, Blind, chance_all_busy, next_wake

BUSY = Blind(
    free=0, busy=2, arrivals_per_second=1 / 3600, contact_seconds=1800, patience_seconds=180
)


def test_first_moment_is_some_spans_of_patience_ahead() -> None:
    # Alone, x catches (1 - exp(-x / 180)) x P(still all busy): 180 ln(1 + 900 / 180) = 322 s.
    at = next_wake(BUSY, [])
    assert at is not None
    assert 240 <= at <= 420


def test_next_moment_keeps_away_from_those_asked_for_already() -> None:
    first = next_wake(BUSY, [])
    assert first is not None
    second = next_wake(BUSY, [first])
    assert second is not None
    assert abs(second - first) > 150


def test_nothing_is_asked_for_while_many_are_free_or_nobody_is_there() -> None:
    assert next_wake(Blind(4, 10, 0.01, 1800, 180), []) is None
    assert next_wake(Blind(0, 0, 0.01, 1800, 180), []) is None


def test_chance_that_all_are_busy_falls_from_certainty_and_rises_from_nothing() -> None:
    falling = chance_all_busy(BUSY)
    assert falling[0] == 1
    assert 0 < falling[-1] < 0.5
    assert len(falling) == STEPS + 1
    rising = chance_all_busy(Blind(1, 1, 1 / 3600, 1800, 180))
    assert rising[0] == 0 < rising[600 // STEP_SECONDS]
