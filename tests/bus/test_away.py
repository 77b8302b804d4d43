"""A ground that is not there when a service starts: it waits, says so, and then works."""

import asyncio
import logging
from pathlib import Path

import pytest

from services.bus.logs import JsonLines
from services.bus.runner import RunningService
from tests.bus.live import a_live_ground, until
from tests.bus.tally import TALLY
from tests.bus.test_runner import handled
from tests.bus.test_transact import an_opened_contact


def test_service_waits_for_nats_and_then_works(
    fresh_database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def scene() -> None:
        async with a_live_ground((TALLY,), fresh_database, tmp_path) as ground:
            ground.nats.kill_immediately()
            service = RunningService(TALLY, ground.settings)
            starting = asyncio.create_task(service.start())
            await asyncio.sleep(2)
            assert not starting.done()
            assert not service.healthy
            ground.nats.start()
            await asyncio.wait_for(starting, 20)
            async with ground.signed_in_again() as back:
                await back.publish(an_opened_contact())
                await until(lambda: handled(back) == 1)
            await service.stop()

    asyncio.run(scene())
    lines = [JsonLines().format(record) for record in caplog.records]
    assert any("NATS" in line for line in lines), "an engineer reads what it waits for"


def test_service_waits_for_postgres_and_loses_nothing(fresh_database: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with a_live_ground((TALLY,), fresh_database, tmp_path) as ground:
            there = ground.settings
            away = there.model_copy(update={"postgres_port": 1})
            service = RunningService(TALLY, away)
            starting = asyncio.create_task(service.start())
            await ground.publish(an_opened_contact())
            await asyncio.sleep(1.5)
            assert not starting.done(), "whether its tables will do, it cannot know yet"
            assert not service.healthy
            starting.cancel()
            again = RunningService(TALLY, there)
            await again.start()
            await until(lambda: handled(ground) == 1)
            await again.stop()

    asyncio.run(scene())
