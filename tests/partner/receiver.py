"""The receiver that partners are shown, on a port of this machine; and what it may do wrong.

It verifies with the official package of Standard Webhooks: what we sign is not judged by ourselves.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

from contracts.receiver import LONGEST_BODY, Take, answering
from contracts.receiver import Receiver as Shown


@dataclass
class Receiver(Shown):
    """It may answer otherwise before all is well: 503, 410 ..."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://receiver.localhost:{self.port}/webhooks/helpline"

    def verify(self, headers: dict[str, str], body: bytes) -> bool:
        try:
            Webhook(self.secret).verify(body, headers, json_parse=False)
        except WebhookVerificationError:
            return False
        return True

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.headers.append(headers)
        if self.statuses:
            self.seen.append(headers.get("webhook-id", ""))
            return self.statuses.pop(0)
        return super().take(headers, body)


@contextmanager
def a_receiver(
    shown: ssl.SSLContext, secret: str, statuses: Sequence[int] = ()
) -> Iterator[Receiver]:
    """A receiver that listens on a port of 127.0.0.1 and shows this certificate."""
    receiver = Receiver(secret, statuses=list(statuses))
    with listening(receiver.take, shown) as receiver.port:
        yield receiver


@contextmanager
def listening(
    take: Take, shown: ssl.SSLContext | None = None, longest: int = LONGEST_BODY
) -> Iterator[int]:
    """Answer what `take` says until the end; the port. What points elsewhere points inside."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), pointing_inside(answering(take, longest)))
    if shown is not None:
        server.socket = shown.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        serving.join(5)


def pointing_inside(handler: type[BaseHTTPRequestHandler]) -> type[BaseHTTPRequestHandler]:
    class Handler(handler):  # type: ignore[valid-type,misc]
        def send_response(self, code: int, message: str | None = None) -> None:
            super().send_response(code, message)
            if 300 <= code < 400:
                self.send_header("location", "http://169.254.169.254/latest/meta-data/")

    return Handler
