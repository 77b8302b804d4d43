"""A door's server: it answers with the date, refuses what is not HTTP, leaves when told to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.embedded.ports import spare_port
from services.bus.http import LONGEST_HEAD_BYTES, QuietServer, server_for


async def _hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def _size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


APP = Starlette(routes=[Route("/", _hello), Route("/size", _size, methods=["POST"])])


async def started(server: QuietServer) -> "asyncio.Task[None]":
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return serving


def test_server_answers_with_the_date_until_it_is_told_to_leave() -> None:
    async def play() -> None:
        port = spare_port()
        server = server_for(APP, "127.0.0.1", port)
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


# --- what is not HTTP -----------------------------------------------------------------------------


def visit(app: ASGIApp, visiting: Callable[[int], Awaitable[None]]) -> None:
    """Serve an application, and let someone come to its port."""

    async def play() -> None:
        port = spare_port()
        server = server_for(app, "127.0.0.1", port)
        serving = await started(server)
        try:
            await asyncio.wait_for(visiting(port), 30)
        finally:
            server.leave()
            await serving

    asyncio.run(play())


async def said_to(port: int, pieces: Iterator[bytes]) -> bytes:
    """What the server answers until it hangs up; nothing when it does so under a sender."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    with suppress(ConnectionError):
        answer = await reader.read()
    writer.close()
    return answer


async def still_answers(port: int) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}/")).text == "hello"


MALFORMED: dict[str, bytes] = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    "no address": b"GET\r\n\r\n",
    "an address that is none": b"GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a proxy's verb": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
    "two lengths": b"POST /size HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a length and chunks": b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk without its size": b"POST /size HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nsome\r\n",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_http_gets_a_clean_400(sent: bytes) -> None:
    async def visiting(port: int) -> None:
        answer = await said_to(port, iter([sent]))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer
        assert b"content-length: %d" % len(body) in head
        assert b"connection: close" in head
        assert await still_answers(port)

    visit(APP, visiting)


_MEGABYTE = b"x" * 1024 * 1024
ENDLESS: dict[str, bytes] = {
    "address": b"GET /" + _MEGABYTE,
    "header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + _MEGABYTE,
    "headers": b"GET / HTTP/1.1\r\n" + b"X-One: more\r\n" * 80_000,
    "trailer": b"POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1\r\nx\r\n0\r\nX-Long: " + _MEGABYTE,
    "nothing": b"\r\n" * 512 * 1024,
}


@pytest.mark.parametrize("sent", ENDLESS.values(), ids=ENDLESS)
def test_a_head_without_end_is_hung_up_on_and_others_are_served(sent: bytes) -> None:
    """Sent without its end: only a server that stops to listen lets `said_to` return."""

    async def visiting(port: int) -> None:
        pieces = (sent[at : at + 16 * 1024] for at in range(0, len(sent), 16 * 1024))
        answer = await said_to(port, pieces)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert await still_answers(port)

    visit(APP, visiting)


def test_a_head_just_over_the_bound_reads_why() -> None:
    async def visiting(port: int) -> None:
        head = b"GET / HTTP/1.1\r\nX-Long: "
        sent = head + b"x" * (LONGEST_HEAD_BYTES + 1 - len(head))
        assert (await said_to(port, iter([sent]))).endswith(b"too long.")

    visit(APP, visiting)


def test_a_long_head_and_a_longer_body_are_read() -> None:
    async def visiting(port: int) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            sizes = [
                await client.post(
                    f"http://127.0.0.1:{port}/size",
                    content=_MEGABYTE,
                    headers={"X-Long": "x" * 32 * 1024},
                )
                for _ in range(3)
            ]
        assert [answer.text for answer in sizes] == [str(len(_MEGABYTE))] * 3

    visit(APP, visiting)


class Polite:
    """An application with words of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await APP(scope, receive, send)

    def unreadable(self) -> Response:
        return Response(b"{}", 400, {"Helpline-Notice": "nobody"}, media_type="application/json")


def test_an_application_says_in_its_own_words_that_it_cannot_read() -> None:
    async def visiting(port: int) -> None:
        head, _, body = (await said_to(port, iter([b"nonsense\r\n\r\n"]))).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"\r\nhelpline-notice: nobody\r\n" in head
        assert b"\r\nconnection: close" in head
        assert body == b"{}"

    visit(Polite(), visiting)
