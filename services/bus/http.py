"""Serves an ASGI application on a port of this process, without taking over its signals."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

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

    async def serve_here(self) -> None:
        """Serve until `should_exit`."""
        await self.serve(sockets=[self._bound])

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
