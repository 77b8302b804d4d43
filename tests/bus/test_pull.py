"""Reading a durable by a standing request, on a real server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, StreamConfig

from deploy.embedded.nats import EmbeddedNats
from services.bus import pull as pull_module
from services.bus.pull import Durable, StandingPull

#: Long, so that what comes again in a test was given back and not forgotten.
ACK_WAIT_SECONDS = 300


class Reader:
    """A durable of its own, and what was read from it."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name
        self.read: list[bytes] = []
        self.gate = asyncio.Event()
        self.gate.set()
        durable = Durable(stream=name, name="reader", inbox=f"_INBOX_{name}", workers=2)
        self.pull = StandingPull(durable, self._handle)

    async def _handle(self, message: Msg) -> None:
        await self.gate.wait()
        self.read.append(message.data)
        await message.ack()

    async def publish(self, count: int) -> None:
        for number in range(count):
            await self.client.jetstream().publish(f"{self.name}.x", str(number).encode())

    async def has_read(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.read) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def a_reader(server: EmbeddedNats) -> AsyncIterator[Reader]:
    client = await nats.connect(server.address.url)
    name = f"S{uuid4().hex[:8]}"
    js = client.jetstream()
    await js.add_stream(StreamConfig(name=name, subjects=[f"{name}.>"]))
    await js.add_consumer(name, ConsumerConfig(durable_name="reader", ack_wait=ACK_WAIT_SECONDS))
    reader = Reader(client, name)
    await reader.pull.start(client)
    try:
        yield reader
    finally:
        reader.gate.set()
        await reader.pull.stop()
        await js.delete_stream(name)
        await client.close()


def play(server: EmbeddedNats, scene: Callable[[Reader], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        async with a_reader(server) as reader:
            await scene(reader)

    asyncio.run(whole())


def test_lone_message_is_delivered_although_more_were_asked_for(nats_server: EmbeddedNats) -> None:
    async def scene(reader: Reader) -> None:
        await reader.publish(1)
        await reader.has_read(1)

    play(nats_server, scene)


def test_more_messages_than_one_request_asks_for_all_come_once(nats_server: EmbeddedNats) -> None:
    async def scene(reader: Reader) -> None:
        await reader.publish(100)
        await reader.has_read(100)
        assert sorted(reader.read, key=int) == [str(number).encode() for number in range(100)]

    play(nats_server, scene)


def test_request_that_ran_out_is_made_again(
    nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_module, "_EXPIRES_SECONDS", 0.2)
    monkeypatch.setattr(pull_module, "_HEARTBEAT_SECONDS", 0.1)

    async def scene(reader: Reader) -> None:
        await asyncio.sleep(0.6)
        await reader.publish(1)
        await reader.has_read(1)

    play(nats_server, scene)


def test_request_that_was_lost_without_a_word_is_made_again(
    nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_module, "_HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(pull_module, "_LOST_AFTER_SECONDS", 0.3)

    async def scene(reader: Reader) -> None:
        await reader.pull.stop()
        carries, lost = reader.client.publish, 0

        async def loses_the_first(subject: str, payload: bytes, reply: str = "") -> None:
            nonlocal lost
            if not lost and "MSG.NEXT" in subject:
                lost += 1
                return
            await carries(subject, payload, reply)

        monkeypatch.setattr(reader.client, "publish", loses_the_first)
        await reader.pull.start(reader.client)
        await asyncio.sleep(0.1)
        assert lost == 1
        monkeypatch.setattr(reader.client, "publish", carries)
        await reader.publish(1)
        await reader.has_read(1)

    play(nats_server, scene)


def test_request_the_server_knows_is_not_made_again_however_long_nothing_comes(
    nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_module, "_HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(pull_module, "_LOST_AFTER_SECONDS", 0.3)

    async def scene(reader: Reader) -> None:
        await asyncio.sleep(1)
        info = await reader.client.jetstream().consumer_info(reader.name, "reader")
        assert info.num_waiting == 1

    play(nats_server, scene)


def test_no_more_is_taken_than_the_workers_will_soon_begin(nats_server: EmbeddedNats) -> None:
    async def scene(reader: Reader) -> None:
        reader.gate.clear()
        await reader.publish(60)
        await asyncio.sleep(0.3)
        info = await reader.client.jetstream().consumer_info(reader.name, "reader")
        assert 2 <= (info.num_ack_pending or 0) <= 2 + pull_module._AHEAD
        reader.gate.set()
        await reader.has_read(60)

    play(nats_server, scene)


def test_stopped_reader_gives_back_at_once_what_it_had_not_begun(
    nats_server: EmbeddedNats,
) -> None:
    async def scene(reader: Reader) -> None:
        reader.gate.clear()
        await reader.publish(6)
        await asyncio.sleep(0.3)
        stopping = asyncio.create_task(reader.pull.stop())
        await asyncio.sleep(0.1)
        assert not stopping.done(), "what is in hand is waited for"
        reader.gate.set()
        await stopping
        assert len(reader.read) == 2
        await reader.pull.start(reader.client)  # as the process that takes over
        await reader.has_read(6)

    play(nats_server, scene)


def test_durable_that_is_gone_is_asked_for_with_pauses(
    nats_server: EmbeddedNats, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(reader: Reader) -> None:
        with caplog.at_level(logging.WARNING, "services.bus.pull"):
            await reader.client.jetstream().delete_consumer(reader.name, "reader")
            await asyncio.sleep(1)
        refused = [line for line in caplog.records if "refused" in line.message]
        assert 1 <= len(refused) <= 8

    play(nats_server, scene)
