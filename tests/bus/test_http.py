"""A door's server: it answers with the date, and leaves when told to."""

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.embedded.ports import spare_port
from services.bus.http import QuietServer, server_for


async def _hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def started(server: QuietServer) -> "asyncio.Task[None]":
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return serving


def test_server_answers_with_the_date_until_it_is_told_to_leave() -> None:
    async def play() -> None:
        port = spare_port()
        server = server_for(Starlette(routes=[Route("/", _hello)]), "127.0.0.1", port)
        serving = await started(server)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/")
        assert answer.text == "hello"
        assert answer.headers["date"].endswith("GMT")
        server.leave()
        await asyncio.wait_for(serving, 30)
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                await client.get(f"http://127.0.0.1:{port}/")
            except httpx.ConnectError:
                return
        raise AssertionError("the door still answers")

    asyncio.run(play())
