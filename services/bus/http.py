"""Serves an ASGI application on a port of this process, without taking over its signals."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp


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
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        limit_concurrency=2000,
    )
    return QuietServer(config, bound)
