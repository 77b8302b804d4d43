"""Reads the streams and how they stand, as `checker`: a batch of direct gets at a time.

One request brings a thousand messages, without a consumer: the checker's key may look and leaves
no trace (provision/permissions.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamInfo

from contracts.envelope import Stream
from deploy.verify.history import DurableStanding, Message, StreamStanding
from services.bus.provision.declared import Scale
from services.bus.provision.drift import drift
from services.bus.provision.keys import CHECKER
from services.bus.provision.signed_in import signed_in
from services.bus.table import Service, Table
from services.bus.trust import NotTrusted

_BATCH = 1000
#: Silence of the server after which reading is given up.
_SILENT_SECONDS = 10.0
#: What the server sends after the last message of a batch (204), and when there is none (404).
_END = frozenset({"204", "404"})


class StreamsSilent(Exception):
    """NATS did not answer the checker: it is away, or refuses its key."""


@dataclass(frozen=True)
class Standing:
    """How streams and durables stand at one moment."""

    streams: tuple[StreamStanding, ...]
    durables: tuple[DurableStanding, ...]

    @property
    def pending(self) -> int:
        """Messages that wait or are in hand, for all durables."""
        return sum(durable.pending for durable in self.durables)


class StreamReader:
    """The streams of a running platform, over one connection."""

    def __init__(self, client: Client, tables: tuple[Table, ...], scale: Scale) -> None:
        self._client = client
        self._scale = scale
        self._js = client.jetstream(timeout=_SILENT_SECONDS)
        self._tables = tables

    async def standing(self) -> Standing:
        """Streams and durables as they are."""
        streams = [await self._js.stream_info(stream.value) for stream in Stream]
        durables = [
            await self._durable(service, stream)
            for service in self._tables
            if isinstance(service, Service)
            for stream in service.streams()
        ]
        return Standing(tuple(map(_stream, streams)), tuple(durables))

    async def after(self, before: Standing) -> Standing:
        """Streams as they are now, remembering how far they had come; durables as they were."""
        last = {stream.name: stream.last_sequence for stream in before.streams}
        now = [_stream(await self._js.stream_info(name)) for name in last]
        streams = tuple(replace(stream, last_before=last[stream.name]) for stream in now)
        return Standing(streams, before.durables)

    async def messages(self, streams: Iterable[StreamStanding]) -> tuple[Message, ...]:
        """Every message up to the last sequence of each stream."""
        return tuple([message for each in streams async for message in self._of(each)])

    async def drift(self) -> tuple[str, ...]:
        """Where the server differs from what the tables declare at its size."""
        return tuple(str(each) for each in await drift(self._js, self._tables, self._scale))

    async def _durable(self, service: Service, stream: Stream) -> DurableStanding:
        info = await self._js.consumer_info(stream.value, service.durable(stream))
        floor = 0 if info.ack_floor is None else info.ack_floor.stream_seq
        pending = (info.num_pending or 0) + (info.num_ack_pending or 0)
        return DurableStanding(service.name, stream.value, floor, pending)

    async def _of(self, stream: StreamStanding) -> AsyncIterator[Message]:
        following = stream.first_sequence
        while following <= stream.last_sequence:
            batch = await self._batch(stream.name, following)
            for message in batch:
                yield message
            if not batch:
                return
            following = batch[-1].sequence + 1

    async def _batch(self, stream: str, first: int) -> list[Message]:
        inbox = self._client.new_inbox()
        answers: list[Msg] = []
        over = asyncio.Event()

        async def keep(answer: Msg) -> None:
            # Waiting for one message at a time costs more than reading it.
            answers.append(answer)
            if _is_last(answer):
                over.set()

        hearing = await self._client.subscribe(inbox, cb=keep)
        try:
            wanted = json.dumps({"seq": first, "batch": _BATCH}).encode()
            await self._client.publish(f"$JS.API.DIRECT.GET.{stream}", wanted, reply=inbox)
            await asyncio.wait_for(over.wait(), _SILENT_SECONDS)
        finally:
            await hearing.unsubscribe()
        if _status(answers[-1]) not in _END:
            raise StreamsSilent(f"stream {stream} cannot be read: {_status(answers[-1])}")
        return [_message(stream, answer) for answer in answers[:-1]]


@asynccontextmanager
async def reading_streams(
    url: str, keys: Path, tables: tuple[Table, ...], scale: Scale
) -> AsyncIterator[StreamReader]:
    """Sign in for the length of the block; StreamsSilent when NATS does not answer."""
    try:
        async with signed_in(url, keys, CHECKER) as client:
            yield StreamReader(client, tables, scale)
    except NotTrusted as why:
        raise StreamsSilent(str(why)) from why
    except OSError as error:
        raise StreamsSilent("NATS does not answer") from error


def _stream(info: StreamInfo) -> StreamStanding:
    state, config = info.state, info.config
    return StreamStanding(
        name=str(config.name),
        first_sequence=max(1, state.first_seq),
        last_sequence=state.last_seq,
        last_before=state.last_seq,
        messages=state.messages,
        max_age=timedelta(seconds=config.max_age or 0),
    )


def _status(answer: Msg) -> str | None:
    return (answer.headers or {}).get("Status")


def _is_last(answer: Msg) -> bool:
    """The server ends a batch, or refuses it, with a message that has a status."""
    return _status(answer) is not None


def _message(stream: str, answer: Msg) -> Message:
    headers = answer.headers or {}
    place = int(headers["Nats-Sequence"])
    return Message(stream, place, headers["Nats-Subject"], headers, answer.data)
