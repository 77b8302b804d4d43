"""One clock for the day: trace seconds, machine time and the platform's domain time, one line.

Read once from the platform's own clock (an anchor, a start and a rate, kept in its database), then
counted by the machine's monotonic clock: both run on one machine, so nothing has to be estimated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import psycopg

from deploy.day.line import PlayedLine

_READINGS = 20
_ASK = "SELECT extract(epoch FROM public.helpline_now()), rate FROM public.clock"


@dataclass(frozen=True)
class TraceClock:
    """Trace seconds from `time.monotonic()`."""

    line: PlayedLine
    speed: float  #: trace seconds per second
    zero: float  #: `time.monotonic()` at the trace's midnight; usually long before the machine was

    def now(self) -> float:
        """The trace second it is."""
        return self.at(time.monotonic())

    def at(self, monotonic: float) -> float:
        """The trace second of a reading of `time.monotonic()`."""
        return (monotonic - self.zero) * self.speed

    def of(self, moment: datetime) -> float:
        """The trace second of a moment of domain time."""
        return self.line.seconds_of(moment)


def read_clock(owner_dsn: str, line: PlayedLine) -> TraceClock:
    """Read the clock of a running platform; psycopg.Error when its database cannot be reached.

    Of several readings the one that took the shortest counts: it can be wrong by half of that.
    """
    with psycopg.connect(owner_dsn) as connection:
        readings = [_read(connection, line) for _ in range(_READINGS)]
    return min(readings, key=lambda reading: reading[0])[1]


def _read(connection: psycopg.Connection, line: PlayedLine) -> tuple[float, TraceClock]:
    """Seconds a reading took, and the clock it gives."""
    asked = time.monotonic()
    row = connection.execute(_ASK).fetchone()
    answered = time.monotonic()
    assert row is not None
    domain_seconds, speed = float(row[0]), float(row[1])
    since_midnight = domain_seconds - line.midnight.timestamp()
    zero = (asked + answered) / 2 - since_midnight / speed
    return answered - asked, TraceClock(line, speed, zero)
