"""The doors by a lean client: HTTP/1.1 on kept connections, as much of it as our doors speak.

Why not httpx, which `deploy.desk` uses: a request through it costs 1.8 to 2.9 ms of processor, here
0.1 ms (measured). A day asks 40,000 times on the machine it measures, and an act waits for the acts
before it. Verbs, keys and retries are those of `deploy.desk`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploy.desk import Doors

#: Shorter than the server's five seconds, so that we do not write into a connection it just closed.
_KEPT_SECONDS = 3.0
_ANSWER_WITHIN_SECONDS = 10.0
#: A stream says something every ten seconds.
_STREAM_SILENCE_SECONDS = 35.0
_LONGEST_LINE_BYTES = 1 << 20

_LOST = (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError, TimeoutError)


class ConnectionLost(httpx.TransportError):
    """The connection broke, or nothing came, before the answer was whole."""


@dataclass
class Connection:
    """One connection to a door."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0

    async def send(self, request: bytes) -> tuple[int, dict[bytes, bytes]]:
        """Send a request; status and headers of its answer."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        fields = (line.split(b":", 1) for line in lines)
        headers = {name.lower(): text.strip() for name, text in fields}
        return int(first.split(b" ", 2)[1]), headers

    async def body(self, headers: Mapping[bytes, bytes]) -> bytes:
        """The whole body."""
        if b"content-length" in headers:
            return await self.reader.readexactly(int(headers[b"content-length"]))
        return b"".join([chunk async for chunk in self.chunks(headers)])

    async def chunks(self, headers: Mapping[bytes, bytes]) -> AsyncIterator[bytes]:
        """The body as it comes; ends at its end."""
        if headers.get(b"transfer-encoding") != b"chunked":
            return
        while True:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            chunk = await self.reader.readexactly(size + 2)
            if size == 0:
                return
            yield chunk[:-2]

    def close(self) -> None:
        """Close it."""
        self.writer.close()


@dataclass
class LeanDoors(Doors):
    """`deploy.desk.Doors` on this client."""

    _idle: dict[str, list[Connection]] = field(default_factory=dict, repr=False)

    async def send(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """See Doors.send."""
        host, path = _split(url)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_SECONDS):
                status, body = await self._exchange(
                    host, _request(method, url, content or b"", headers)
                )
        except _LOST as lost:
            raise ConnectionLost(f"{method} {path}: {type(lost).__name__}") from lost
        return httpx.Response(status, content=body)

    async def _exchange(self, host: str, request: bytes) -> tuple[int, bytes]:
        connection = self._kept(host) or await _connect(host)
        try:
            status, headers = await connection.send(request)
            body = await connection.body(headers)
        except BaseException:
            connection.close()
            raise
        if headers.get(b"connection") == b"close":
            connection.close()
        else:
            connection.idle_since = time.monotonic()
            self._idle.setdefault(host, []).append(connection)
        return status, body

    def _kept(self, host: str) -> Connection | None:
        """The connection used last, if it is fresh; the others age and are closed."""
        idle = self._idle.get(host, [])
        oldest = time.monotonic() - _KEPT_SECONDS
        while idle and idle[0].idle_since < oldest:
            idle.pop(0).close()
        while idle:
            connection = idle.pop()
            if not connection.reader.at_eof():
                return connection
            connection.close()
        return None

    def stream(self, headers: Mapping[str, str]) -> AbstractAsyncContextManager[LeanStream]:
        """See Doors.stream."""
        return _stream(f"{self.console_url}/desk/live", headers)


class LeanStream:
    """The part of a streamed httpx.Response that a desk reads."""

    def __init__(
        self, connection: Connection, status_code: int, headers: Mapping[bytes, bytes]
    ) -> None:
        self.status_code = status_code
        self.content = b""
        self._connection = connection
        self._headers = headers

    async def aread(self) -> bytes:
        """Read what is no stream to its end."""
        self.content = await self._connection.body(self._headers)
        return self.content

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """The stream as it comes; ConnectionLost when it breaks or falls silent."""
        chunks = self._connection.chunks(self._headers)
        while True:
            try:
                async with asyncio.timeout(_STREAM_SILENCE_SECONDS):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except _LOST as lost:
                raise ConnectionLost(f"stream: {type(lost).__name__}") from lost
            yield chunk


@asynccontextmanager
async def _stream(url: str, headers: Mapping[str, str]) -> AsyncIterator[LeanStream]:
    host, _ = _split(url)
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_SECONDS):
            connection = await _connect(host)
            status, told = await connection.send(_request("GET", url, b"", headers))
    except _LOST as lost:
        raise ConnectionLost(f"stream: {type(lost).__name__}") from lost
    try:
        yield LeanStream(connection, status, told)
    finally:
        connection.close()


async def _connect(host: str) -> Connection:
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port), limit=_LONGEST_LINE_BYTES)
    return Connection(reader, writer)


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path


def _request(method: str, url: str, content: bytes, headers: Mapping[str, Any]) -> bytes:
    host, path = _split(url)
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: {host}",
        f"content-length: {len(content)}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + content
