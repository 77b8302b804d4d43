"""Serves an ASGI application on a port of this process, without taking over its signals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


class QuietServer(uvicorn.Server):
    """uvicorn inside a process that handles its own signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGTERM and SIGINT to the process."""
        yield


def server_for(app: ASGIApp, host: str, port: int) -> QuietServer:
    """A server, not yet serving: no access log (it holds addresses), two seconds to say goodbye."""
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
    return QuietServer(config)
