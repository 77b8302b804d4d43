"""A receiver on this machine: stands in for a duty professional's webhook or a push service."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request; `at` is `time.monotonic()`."""

    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Receiver:
    """Answers each request with the next of `statuses`, the last of them for ever."""

    origin: str
    statuses: list[int]
    received: list[Received] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.origin}/calls/very-private-path"


@contextmanager
def a_receiver(*statuses: int) -> Iterator[Receiver]:
    """A receiver, listening."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(headers, body, time.monotonic()))
            left = receiver.statuses
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}", list(statuses) or [204])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
