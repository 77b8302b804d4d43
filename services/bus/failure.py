"""What to do with a message that could not be handled: three failures, three answers.

*Unreadable*: parked at once. *Ground away* (Postgres, NATS, the disk): not the message's fault, so
not counted; stop fetching, give back what is in hand, go on when the ground is back. *Handler
failed*: given back with growing pauses, parked after eight failures and a minute, so that a release
that is no good can be taken back before anything is put aside (DECISIONS 81).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from sqlalchemy.exc import DBAPIError, TimeoutError

ATTEMPTS = 8
TRIED_FOR = timedelta(minutes=1)
_PAUSES_SECONDS = (0.1, 0.5, 2.0, 8.0, 30.0)
#: SQLSTATE classes that mean the server is not there for us: connection, resources, operator
#: intervention, system error. https://www.postgresql.org/docs/18/errcodes-appendix.html
_GROUND_CLASSES = ("08", "53", "57P", "58")
#: A statement took too long, or waited too long for a lock; two waited for each other.
_TOO_SLOW = frozenset({"57014", "55P03", "40P01", "40001"})


@dataclass(frozen=True)
class TryAgain:
    """Give the message back; it comes again after the pause."""

    after: timedelta


@dataclass(frozen=True)
class Park:
    """Take the message out of the way and say so loudly."""


@dataclass(frozen=True)
class Failing:
    """How often (1 and up) and for how long, machine time, a handler has failed on one message."""

    failures: int
    tried_for: timedelta


def answer_to_failure(failing: Failing, longest: timedelta) -> TryAgain | Park:
    """What to do after a handler failed; `longest` pause between two attempts."""
    failures = failing.failures
    if failures >= ATTEMPTS and failing.tried_for >= TRIED_FOR:
        return Park()
    pause = _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS)) - 1]
    pause = min(pause, longest.total_seconds())
    return TryAgain(timedelta(seconds=pause * random.uniform(0.8, 1.2)))


def is_ground_away(error: BaseException) -> bool:
    """Whether this failure is about the ground, not about the message."""
    if isinstance(error, TimeoutError):  # no connection became free in the pool
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = _of_the_driver(error)
    if cause is None:
        return False
    if cause.sqlstate is None:  # the driver could not even ask
        return isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
    return cause.sqlstate.startswith(_GROUND_CLASSES)


def may_pass(error: BaseException) -> bool:
    """Whether the same may go through a moment later: the ground is away, or was too slow for it.

    For whoever is asked and can say "not yet"; a message that is too slow each time is at fault.
    """
    cause = _of_the_driver(error)
    return is_ground_away(error) or (cause is not None and cause.sqlstate in _TOO_SLOW)


def _of_the_driver(error: BaseException) -> psycopg.Error | None:
    """The ledger asks the driver itself, everybody else by SQLAlchemy, which wraps its errors."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause if isinstance(cause, psycopg.Error) else None
