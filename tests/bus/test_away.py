"""A ground that is not there, at the start or later: a service waits, says so, and then works; it
leaves for a fresh process only when waiting would not help.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from contracts.envelope import CommandId, Stream
from contracts.risk import RaiseAlert
from contracts.vocabulary import ContactId
from services.bus import runner
from services.bus.door import GroundAway, ReplyUnknown
from services.bus.logs import JsonLines
from services.bus.runner import RunningService
from tests.bus.live import LiveGround, a_live_ground, running, until
from tests.bus.tally import TALLY
from tests.bus.test_runner import handled
from tests.bus.test_side_by_side import Somebody
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


def test_who_asks_before_nats_was_there_is_asked_to_wait_not_told_of_a_fault(
    fresh_database: str, tmp_path: Path
) -> None:
    """A door opens before its service is connected: what is sent through it must not fail."""
    command, command_id = RaiseAlert(contact_id=ContactId(str(uuid4()))), CommandId(str(uuid4()))

    async def scene() -> None:
        async with a_live_ground((TALLY,), fresh_database, tmp_path) as ground:
            service = RunningService(TALLY, ground.settings)
            with pytest.raises(ReplyUnknown):
                await service.send(command, Somebody(), command_id, timedelta(seconds=0.2))
            with pytest.raises(GroundAway):
                await service.acknowledged(Stream.CONTACT, TALLY.durable(Stream.CONTACT))

    asyncio.run(scene())


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


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why a service would have left, looked after more often than usual."""
    reasons: list[str] = []
    monkeypatch.setattr(runner, "exit_now", lambda reason, _: reasons.append(reason))
    monkeypatch.setattr(runner, "_LOOK_EVERY_SECONDS", 0.2)
    return reasons


Play = Callable[[Callable[[LiveGround, RunningService], Awaitable[None]]], None]


@pytest.fixture
def play(fresh_database: str, tmp_path: Path) -> Play:
    """Play a scene on a ground of its own, with the tally at work."""

    def playing(scene: Callable[[LiveGround, RunningService], Awaitable[None]]) -> None:
        async def on_ground() -> None:
            async with (
                a_live_ground((TALLY,), fresh_database, tmp_path) as ground,
                running(ground, TALLY) as service,
            ):
                await scene(ground, service)

        asyncio.run(on_ground())

    return playing


def test_service_does_not_leave_because_nats_was_away_for_longer_than_a_delivery_may_take(
    play: Play, left: list[str]
) -> None:
    async def scene(ground: LiveGround, service: RunningService) -> None:
        ground.nats.kill_immediately()
        await until(lambda: not service.healthy)
        consumer = service._consumers[Stream.CONTACT]
        consumer.last_delivery = time.monotonic() - 3600
        await until(lambda: time.monotonic() - consumer.last_delivery < 60)
        ground.nats.start()
        await until(lambda: service.healthy)

    play(scene)
    assert left == []


def test_service_leaves_when_the_client_no_longer_tries_to_connect(
    play: Play, left: list[str]
) -> None:
    async def scene(ground: LiveGround, service: RunningService) -> None:
        ground.nats.kill_immediately()
        await until(lambda: not service.healthy)
        await asyncio.sleep(1)
        assert left == [], "it tries"
        trying = service._connection._client._reconnection_task
        assert trying is not None
        trying.cancel()
        await until(lambda: left != [])

    play(scene)
    assert set(left) == {"connection to NATS given up"}


def test_service_leaves_when_its_durable_is_gone_and_not_when_it_was_missed_once(
    play: Play, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(ground: LiveGround, service: RunningService) -> None:
        look, looks = service._connection.durable, [0]

        async def misses_it_once(stream: Stream) -> ConsumerInfo:
            looks[0] += 1
            if looks[0] == 1:
                raise NotFoundError
            return await look(stream)

        monkeypatch.setattr(service._connection, "durable", misses_it_once)
        await until(lambda: looks[0] > 4)
        assert left == []
        await ground.js.delete_consumer(Stream.CONTACT.value, TALLY.durable(Stream.CONTACT))
        await until(lambda: left != [])

    play(scene)
    assert set(left) == {"durable missing"}
