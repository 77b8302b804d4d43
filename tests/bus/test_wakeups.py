"""What wakes the sweep of deadlines: a nearer one, and nothing else that is set."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.bus.ledger import NextDue
from services.bus.wakeups import Sleep

NOON = datetime(2020, 4, 6, 12, 0, tzinfo=UTC)
#: Far beyond the longest sleep: only a deadline that is set can end it early.
IN_AN_HOUR = NextDue("rest_over", NOON + timedelta(hours=1), 3600)


async def a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_deadline_later_than_the_next_one_lets_the_sweep_sleep() -> None:
    async def play() -> None:
        sleep = Sleep()
        sleep.begin()
        sleeping = asyncio.create_task(sleep.until(IN_AN_HOUR))
        await a_few_turns()
        sleep.note(IN_AN_HOUR.due_at + timedelta(seconds=1))
        sleep.note(IN_AN_HOUR.due_at)
        sleep.note(None)
        await a_few_turns()
        assert not sleeping.done()
        sleep.note(IN_AN_HOUR.due_at - timedelta(seconds=1))
        await a_few_turns()
        assert sleeping.done()

    asyncio.run(play())


def test_any_deadline_wakes_a_sweep_that_knows_of_none() -> None:
    async def play() -> None:
        sleep = Sleep()
        sleep.begin()
        sleeping = asyncio.create_task(sleep.until(None))
        await a_few_turns()
        sleep.note(IN_AN_HOUR.due_at)
        await a_few_turns()
        assert sleeping.done()

    asyncio.run(play())


def test_deadline_set_while_the_next_one_is_looked_for_is_not_missed() -> None:
    async def play() -> None:
        sleep = Sleep()
        sleep.begin()
        sleep.note(IN_AN_HOUR.due_at + timedelta(hours=1))  # before it is known what comes next
        sleeping = asyncio.create_task(sleep.until(IN_AN_HOUR))
        await a_few_turns()
        assert sleeping.done()

    asyncio.run(play())
