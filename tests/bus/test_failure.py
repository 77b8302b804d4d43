"""What a failure is about, and what is done with its message."""

from datetime import timedelta

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from services.bus.failure import (
    Failing,
    Park,
    TryAgain,
    answer_to_failure,
    is_ground_away,
    may_pass,
)

LONGEST = timedelta(seconds=5)


@pytest.mark.parametrize(
    ("error", "away", "passes"),
    [
        (psycopg.OperationalError(), True, True),
        (errors.AdminShutdown(), True, True),
        (errors.LockNotAvailable(), False, True),
        (errors.QueryCanceled(), False, True),
        (errors.DeadlockDetected(), False, True),
        (OperationalError("SELECT", {}, errors.LockNotAvailable()), False, True),
        (errors.UniqueViolation(), False, False),
        (ZeroDivisionError(), False, False),
    ],
)
def test_who_may_ask_again_is_told_so_and_a_slow_message_is_still_at_fault(
    error: Exception, away: bool, passes: bool
) -> None:
    assert (is_ground_away(error), may_pass(error)) == (away, passes)


@pytest.mark.parametrize(
    ("failures", "seconds", "parked"),
    [(8, 59, False), (8, 60, True), (7, 600, False), (30, 59, False)],
)
def test_a_message_is_parked_after_eight_failures_and_a_minute(
    failures: int, seconds: float, parked: bool
) -> None:
    answer = answer_to_failure(Failing(failures, timedelta(seconds=seconds)), LONGEST)
    assert isinstance(answer, Park if parked else TryAgain)
