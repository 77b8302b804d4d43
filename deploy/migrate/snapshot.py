"""Copies one stream to another server by JetStream's snapshot: messages, sequences, durables.

The snapshot is handed on piece by piece and kept nowhere: each piece is acknowledged to its source
once the target has taken it, which is the flow control of both. Nothing is there before the last
piece, so that a copy that breaks off leaves no stream behind. Subjects and replies: ADR-1 and
`jetstream_api.go` of nats-server 2.15.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

PIECE_BYTES = 128 * 1024
#: Pieces on the way at once: 1 MiB, well below what a connection may hold back.
_WINDOW_BYTES = 8 * PIECE_BYTES
_ANSWER_SECONDS = 10.0
#: After the last piece the target reads the whole stream through.
_FINISH_SECONDS = 600.0

#: A subject is known to every server of a cluster within milliseconds; five seconds are plenty.
_OFFERED_AGAIN, _OFFERED_AGAIN_SECONDS = 50, 0.1
_ASKED_AGAIN = 2


class NotCopied(Exception):
    """A stream could not be copied: the message names the stream, the server and the reason."""


class Stalled(NotCopied):
    """The server that was to restore it saw no piece for too long."""


async def copy_stream(source: Client, target: Client, config: StreamConfig) -> int:
    """Copy the stream `config` names; it stands under `config` there. Return the bytes carried.

    Both are signed in as `provisioner`. Raises NotCopied; the target then holds no such stream.
    """
    async with a_snapshot(source, str(config.name)) as taken:
        return await restore(target, config.as_dict(), taken.told["state"], taken.pieces())


async def names(client: Client) -> frozenset[str]:
    """Every name a stream has or shall have: also those of restores that broke off, which hold
    theirs for good though no server shows a stream there.
    """
    told = await _ask(client, "$JS.API.STREAM.NAMES", {}, "names")
    return frozenset(told["streams"] or ())


@dataclass(frozen=True)
class Snapshot:
    """One stream as it is read. `told`: its `config` and its `state`, as the server says them."""

    name: str
    told: dict[str, Any]
    coming: asyncio.Queue[Msg]

    async def pieces(self) -> AsyncIterator[bytes]:
        """Every piece, once; the next comes when this one is done with. Raises NotCopied.

        The empty one is the last, and says whether the snapshot is whole.
        """
        while True:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    piece = await self.coming.get()
            except TimeoutError:
                raise NotCopied(f"{self.name}: the server fell silent half-way.") from None
            if not piece.data:
                status = (piece.headers or {}).get("Status", "204")
                if status != "204":
                    raise NotCopied(f"{self.name}: the server broke off its snapshot ({status}).")
                return
            yield piece.data
            if piece.reply:
                await piece.respond(b"")


@asynccontextmanager
async def a_snapshot(source: Client, name: str) -> AsyncIterator[Snapshot]:
    """Begin to read a stream; raises NotCopied."""
    coming: asyncio.Queue[Msg] = asyncio.Queue()
    inbox = source.new_inbox()
    hearing = await source.subscribe(inbox, cb=coming.put)
    asked = {
        "deliver_subject": inbox,
        "jsck": True,
        "chunk_size": PIECE_BYTES,
        "window_size": _WINDOW_BYTES,
    }
    try:
        told = await _ask(source, f"$JS.API.STREAM.SNAPSHOT.{name}", asked, name)
        yield Snapshot(name, told, coming)
    except (nats.errors.Error, OSError) as error:
        raise NotCopied(f"{name}: broke off on the way ({type(error).__name__}).") from error
    finally:
        await hearing.unsubscribe()


async def restore(
    target: Client, config: dict[str, Any], state: dict[str, Any], pieces: AsyncIterator[bytes]
) -> int:
    """Make a stream of its pieces, under `config`; return their bytes. Raises NotCopied: there is
    no such stream then, and its name may be taken all the same (`names`).
    """
    name = str(config["name"])
    carried = 0
    try:
        wanted = {"config": config, "state": state}
        place = await _place_for_pieces(target, name, wanted)
        async for piece in pieces:
            taken = await _hand_on(target, place, piece, _ANSWER_SECONDS)
            if taken.data:
                _refuse(json.loads(taken.data), target, name)
            carried += len(piece)
        await _finish(target, place, name)
        return carried
    except (nats.errors.Error, OSError) as error:
        raise NotCopied(f"{name}: broke off on the way ({type(error).__name__}).") from error


async def _place_for_pieces(target: Client, name: str, wanted: dict[str, Any]) -> str:
    """Where the target takes the pieces. A server that restores may have waited in vain, its answer
    having gone before it had heard of who asks: it says that it stalled, and is asked again once
    the name it still holds is free.
    """
    for _ in range(_ASKED_AGAIN):
        with suppress(Stalled):
            return await _asked_for_place(target, name, wanted)
        with suppress(NotFoundError):
            await target.jetstream().delete_stream(name)
    return await _asked_for_place(target, name, wanted)


async def _asked_for_place(target: Client, name: str, wanted: dict[str, Any]) -> str:
    told = await _ask(target, f"$JS.API.STREAM.RESTORE.{name}", wanted, name)
    return str(told["deliver_subject"])


async def _hand_on(target: Client, place: str, piece: bytes, within_seconds: float) -> Msg:
    """Give the target a piece. The server that restores is another than ours, and ours hears of the
    subject a moment later: what nobody has taken is offered again.
    """
    for _ in range(_OFFERED_AGAIN):
        try:
            return await target.request(place, piece, within_seconds)
        except nats.errors.NoRespondersError:
            await asyncio.sleep(_OFFERED_AGAIN_SECONDS)
    return await target.request(place, piece, within_seconds)


async def _finish(target: Client, place: str, name: str) -> None:
    """Say that it was the last piece. The answer may be long in coming, or lost: then the stream
    says whether it is there.
    """
    try:
        last = await _hand_on(target, place, b"", _ANSWER_SECONDS)
    except nats.errors.TimeoutError:
        give_up_at = time.monotonic() + _FINISH_SECONDS
        while not await _stands(target, name):
            if time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(_OFFERED_AGAIN_SECONDS)
    else:
        _refuse(json.loads(last.data), target, name)


async def _stands(target: Client, name: str) -> bool:
    shown = await target.jetstream(timeout=_ANSWER_SECONDS).streams_info()
    return name in {info.config.name for info in shown}


async def _ask(client: Client, subject: str, asked: dict[str, Any], name: str) -> dict[str, Any]:
    answer = await client.request(subject, json.dumps(asked).encode(), _ANSWER_SECONDS)
    told: dict[str, Any] = json.loads(answer.data)
    _refuse(told, client, name)
    return told


def _refuse(told: dict[str, Any], client: Client, name: str) -> None:
    if "error" in told:
        server = client.connected_url.netloc if client.connected_url else "a server"
        reason = str(told["error"].get("description"))
        kind = Stalled if reason.endswith("is stalled") else NotCopied
        raise kind(f"{name}: {server} refuses: {reason}.")
