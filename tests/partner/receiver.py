"""A partner's receiver of webhooks, whole: what to take, verify and answer. HTTPS on this machine.

It is the example of docs/webhooks.md. It verifies with the official package of Standard Webhooks,
keeps each event once whatever comes twice, and answers before it does anything else with it.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

LONGEST_BODY = 256 * 1024


@dataclass
class Receiver:
    """What came: `events` by their id in the order of arrival, each once; `seen` with repeats."""

    secret: str
    port: int = 0
    statuses: list[int] = field(default_factory=list)  #: answers before all is well: 503, 410 ...
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0

    @property
    def url(self) -> str:
        return f"https://receiver.localhost:{self.port}/webhooks/helpline"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer: 204 once it is kept, 400 when it is not from where it says."""
        self.headers.append(headers)
        if self.statuses:
            self.seen.append(headers.get("webhook-id", ""))
            return self.statuses.pop(0)
        try:
            Webhook(self.secret).verify(body, headers, json_parse=False)
        except WebhookVerificationError:
            self.refused += 1
            return 400
        event = json.loads(body)
        self.seen.append(event["id"])
        self.events.setdefault(event["id"], event)
        return 204


@contextmanager
def a_receiver(
    shown: ssl.SSLContext, secret: str, statuses: Sequence[int] = ()
) -> Iterator[Receiver]:
    """A receiver that listens on a port of 127.0.0.1 and shows this certificate."""
    receiver = Receiver(secret, statuses=list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > LONGEST_BODY:
                self.send_error(413)
                return
            body = self.rfile.read(length)
            status = receiver.take({k.lower(): v for k, v in self.headers.items()}, body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = shown.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    receiver.port = server.server_port
    listening = threading.Thread(target=server.serve_forever, daemon=True)
    listening.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        listening.join(5)
