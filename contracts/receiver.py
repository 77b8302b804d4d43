"""A partner's receiver of webhooks, whole: what to take, verify and answer. An example to copy.

    HELPLINE_WEBHOOK_SECRET=whsec_... python -m contracts.receiver 8000

It verifies, keeps each event once whatever comes twice, and answers before it does anything else
with it. It listens on this machine alone: what brings TLS stands before it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from contracts.webhooks import verified

LONGEST_BODY = 256 * 1024


@dataclass
class Receiver:
    """What came: `events` by their id, each once; `seen` with repeats."""

    secret: str
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    refused: int = 0

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer: 204 once it is kept, 400 when it is not from where it says."""
        if not self.verify(headers, body):
            self.refused += 1
            return 400
        event = json.loads(body)
        self.seen.append(event["id"])
        if event["id"] not in self.events:
            self.events[event["id"]] = event
            self.work_on(event)
        return 204

    def verify(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether it is signed by the secret, and not of another time."""
        return verified(self.secret, headers, body, time.time())

    def work_on(self, event: dict[str, Any]) -> None:
        """Where your organisation begins: have it done elsewhere, the answer does not wait."""


Take = Callable[[dict[str, str], bytes], int]


def answering(take: Take, longest: int = LONGEST_BODY) -> type[BaseHTTPRequestHandler]:
    """A handler of requests that answers what `take` says; a longer body is not read."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > longest:
                self.send_error(413)
                return
            self.answer(
                take({k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
            )

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what comes is nobody else's."""

    return Handler


class _Telling(Receiver):
    def work_on(self, event: dict[str, Any]) -> None:
        print(event["type"], event["data"]["reference"], flush=True)  # noqa: T201


def main() -> str | None:
    """Listen until somebody stops it; what is wrong when it cannot."""
    parser = argparse.ArgumentParser(
        prog="python -m contracts.receiver",
        description="Receive webhooks signed by the secret in HELPLINE_WEBHOOK_SECRET.",
    )
    parser.add_argument("port", type=int, help="on 127.0.0.1; 0: any")
    port = parser.parse_args().port
    receiver = _Telling(os.environ.get("HELPLINE_WEBHOOK_SECRET", "").strip())
    if not receiver.secret.startswith("whsec_"):
        return "HELPLINE_WEBHOOK_SECRET: no secret is there. It begins with whsec_."
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), answering(receiver.take))
    except (OSError, OverflowError) as error:
        return f"port {port}: {error}"
    print(f"listening on {server.server_port}", flush=True)  # noqa: T201
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    return None


if __name__ == "__main__":
    sys.exit(main())
