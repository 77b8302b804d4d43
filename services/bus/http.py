"""Serves an ASGI application on a port of this process, without taking over its signals."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, runtime_checkable

import uvicorn
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

#: Bytes read of a request before its body, or between two parts of one, before it is refused.
LONGEST_HEAD_BYTES = 64 * 1024
#: A connection nothing is asked over is closed after so long (machine time). Who asks from here
#: lets go of theirs well before: a request sent into a closing door is lost.
KEPT_OPEN_SECONDS = 5


class PortTaken(Exception):
    """A door or the health port cannot listen where it was told to."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {error.strerror or 'address in use'}")


class QuietServer(uvicorn.Server):
    """uvicorn inside a process that handles its own signals, on a socket bound beforehand."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket) -> None:
        super().__init__(config)
        self._bound = bound
        self._leaving = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `leave` is called; on the bound socket unless told otherwise."""
        await super().serve(sockets=sockets or [self._bound])

    def leave(self) -> None:
        """Take no more requests, finish those in hand, stop serving."""
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        """Look once a second, for the date in the answers, and at once when told to leave.

        uvicorn looks ten times a second, for each door: most of what an idle process did.
        """
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 1)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGTERM and SIGINT to the process."""
        yield


@runtime_checkable
class SpeaksOfUnreadable(Protocol):
    """An application with words of its own for bytes that are not HTTP and never reach it."""

    def unreadable(self) -> Response:
        """The answer to them, a 4xx."""
        ...


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's reader of HTTP with the bound that httptools lacks: it keeps a line of headers, or
    of trailers after a body, for as long as it does not end.
    """

    _bytes_since_part = 0

    def data_received(self, data: bytes) -> None:
        """Read on; a client that sends and sends and comes to no part of a request is refused."""
        self._bytes_since_part += len(data)
        super().data_received(data)
        if self._bytes_since_part > LONGEST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """The head is whole: begin to answer."""
        self._bytes_since_part = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body is there: hand it over."""
        self._bytes_since_part = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, in the words of the application if it has some, and hang up."""
        if not self._in_an_answer():
            app: object = self.config.app
            own = app.unreadable() if isinstance(app, SpeaksOfUnreadable) else None
            self._say(own or PlainTextResponse(msg, 400))
        self.transport.close()  # in the middle of an answer there is no other way to say it

    def _in_an_answer(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        answering = cycle is not None and cycle.response_started and not cycle.response_complete
        return answering or bool(self.pipeline)

    def _say(self, answer: Response) -> None:
        headers = [*self.server_state.default_headers, *answer.raw_headers]
        lines = [b"%b: %b\r\n" % header for header in [*headers, (b"connection", b"close")]]
        head = [STATUS_LINE[answer.status_code], *lines, b"\r\n"]
        self.transport.write(b"".join([*head, bytes(answer.body)]))


def server_for(app: ASGIApp, host: str, port: int) -> QuietServer:
    """A server, not yet serving: no access log (it holds addresses), two seconds to say goodbye.

    Raises PortTaken: left to itself, uvicorn says so in a log line and the process goes on.
    """
    try:
        bound = socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise PortTaken(host, port, error) from error
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        proxy_headers=False,  # nothing here asks where a request comes from
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEPT_OPEN_SECONDS,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        limit_concurrency=2000,
    )
    return QuietServer(config, bound)
