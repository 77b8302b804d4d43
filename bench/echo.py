"""The peer of a desk's page: a server that sends what it is told to an open page; no more."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

_PAGE = """<!doctype html><title>echo</title><p id="said"></p><script>
new EventSource("/live").onmessage = (event) => {
  document.getElementById("said").textContent = event.data;
  window.seenAt = performance.timeOrigin + performance.now();
};
</script>"""


class Echo:
    """What was said last, for whoever listens."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[str] = asyncio.Queue()

    async def page(self, _: Request) -> Response:
        """The page that listens."""
        return HTMLResponse(_PAGE)

    async def say(self, request: Request) -> Response:
        """Say something."""
        await self._said.put((await request.body()).decode())
        return Response(status_code=204)

    async def live(self, _: Request) -> Response:
        """The stream of one listener."""
        return StreamingResponse(self._lines(), media_type="text/event-stream")

    async def _lines(self) -> AsyncIterator[bytes]:
        yield b": here\n\n"
        while True:
            yield f"data: {await self._said.get()}\n\n".encode()


@contextmanager
def an_echo() -> Iterator[str]:
    """Serve it for the length of the block: its address."""
    echo = Echo()
    app = Starlette(
        routes=[
            Route("/", echo.page),
            Route("/say", echo.say, methods=["POST"]),
            Route("/live", echo.live),
        ]
    )
    bound = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.join(5)
