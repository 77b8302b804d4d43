"""Domain time at the edge of a command, also while Postgres is away."""

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from services.bus import clock as clock_module
from services.bus.clock import DomainClock
from services.bus.lane import Lane

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)


class Postgres:
    """A lane whose Postgres says it is noon, at sixty times real speed, unless it is away."""

    def __init__(self) -> None:
        self.away = False

    async def run(self, call: Callable[[], Any]) -> Any:
        if self.away:
            raise OperationalError("SELECT", {}, psycopg.OperationalError("gone"))
        return call()

    @contextmanager
    def autocommit(self) -> Any:
        yield self

    def execute(self, _: object) -> Any:
        return self

    def one(self) -> tuple[datetime, float]:
        return NOON, 60.0


def test_clock_counts_on_while_postgres_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "_ASK_AGAIN_SECONDS", 0.0)
    postgres = Postgres()
    clock = DomainClock(cast(Lane, postgres))

    async def scene() -> datetime:
        await clock.in_machine_seconds(0)
        postgres.away = True
        return await clock.in_machine_seconds(5)

    told = asyncio.run(scene())
    assert timedelta(minutes=5) <= told - NOON < timedelta(minutes=15)


def test_clock_that_never_heard_postgres_says_so() -> None:
    postgres = Postgres()
    postgres.away = True
    with pytest.raises(OperationalError):
        asyncio.run(DomainClock(cast(Lane, postgres)).in_machine_seconds(0))
