"""The lean client against a real server: kept connections, streams, what is lost is said."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from contracts.vocabulary import PersonId, ProgrammeId, Role
from deploy.day.wire import ConnectionLost, LeanDoors
from deploy.desk import Desk, DoorRefused


class Door:
    """A door that remembers who came through it."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.asked: list[tuple[str, bytes, str]] = []
        self.break_at: int | None = None

    def app(self) -> Starlette:
        """Its routes."""
        return Starlette(
            routes=[
                Route("/desk/live", self.live),
                Route("/{path:path}", self.answer, methods=["GET", "POST"]),
            ]
        )

    async def answer(self, request: Request) -> Response:
        """Say what was asked, after refusing what is wrong."""
        assert request.client is not None
        self.ports.append(request.client.port)
        body = await request.body()
        self.asked.append((request.url.path, body, request.headers.get("idempotency-key", "")))
        if request.url.path == "/desk/offers/over/take":
            return JSONResponse({"code": "offer_over"}, 410)
        if self.break_at == len(self.asked):
            return Response("later", 503)
        return JSONResponse({"version": 1, "result": None})

    async def live(self, request: Request) -> Response:
        """Three messages, the second in two pieces."""

        async def lines() -> AsyncIterator[bytes]:
            yield b'id: 4\nevent: state\ndata: {"x": 1}\n\n'
            yield b"id: 5\nevent: off"
            await asyncio.sleep(0.01)
            yield b'er\ndata: {"x": 2}\n\n: still here\n\n'
            yield b'event: board\ndata: {"x": 3}\n\n'

        after = request.headers.get("last-event-id")
        if after is not None:
            return JSONResponse({"code": f"resumed after {after}"}, 401)
        return StreamingResponse(lines(), media_type="text/event-stream")


@asynccontextmanager
async def served(door: Door, keep_alive_seconds: int = 5) -> AsyncIterator[LeanDoors]:
    """The door on a port of its own, and a client of it."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        door.app(), log_level="error", timeout_keep_alive=keep_alive_seconds, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        async with LeanDoors(url, url, "key", patience_seconds=2.0) as doors:
            yield doors
    finally:
        server.should_exit = True
        await serving


def a_desk(doors: LeanDoors) -> Desk:
    """A listener's desk."""
    return Desk(doors, "token", PersonId("v1"), Role.LISTENER, ProgrammeId("sos-crise"))


def test_requests_one_after_the_other_share_a_connection() -> None:
    async def walk() -> Door:
        door = Door()
        async with served(door) as doors:
            for _ in range(3):
                await a_desk(doors).take("one")
        return door

    door = asyncio.run(walk())
    assert len(door.asked) == 3
    assert len(set(door.ports)) == 1


def test_connection_the_server_has_closed_is_not_used_again() -> None:
    async def walk() -> Door:
        door = Door()
        async with served(door, keep_alive_seconds=1) as doors:
            await a_desk(doors).take("one")
            await asyncio.sleep(1.5)
            await a_desk(doors).take("two")
        return door

    door = asyncio.run(walk())
    assert [path for path, *_ in door.asked] == ["/desk/offers/one/take", "/desk/offers/two/take"]
    assert len(set(door.ports)) == 2


def test_unanswered_act_is_asked_again_with_the_same_key() -> None:
    async def walk() -> Door:
        door = Door()
        door.break_at = 1
        async with served(door) as doors:
            await a_desk(doors).take("one")
        return door

    first, second = asyncio.run(walk()).asked
    assert first == second
    assert first[2] != ""


def test_refusal_is_told_with_its_code() -> None:
    async def walk() -> None:
        async with served(Door()) as doors:
            await a_desk(doors).take("over")

    with pytest.raises(DoorRefused, match="offer_over"):
        asyncio.run(walk())


def test_stream_is_read_message_by_message_and_resumed() -> None:
    heard: list[tuple[str, int | None, int]] = []

    async def walk() -> None:
        async with served(Door()) as doors:
            with suppress(DoorRefused):
                async for message in a_desk(doors).live():
                    heard.append((message.kind, message.number, message.body["x"]))

    asyncio.run(walk())
    assert heard == [("state", 4, 1), ("offer", 5, 2), ("board", None, 3)]


def test_no_server_is_a_connection_lost() -> None:
    async def walk() -> None:
        async with LeanDoors("http://127.0.0.1:9", "http://127.0.0.1:9") as doors:
            await doors.send("GET", "http://127.0.0.1:9/x", None, {})

    with pytest.raises(ConnectionLost):
        asyncio.run(walk())
