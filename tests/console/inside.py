"""The doors inside the platform that the console asks on a desk's behalf, as a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    body: Any
    key: str  #: Idempotency-Key
    bearer: str


@dataclass
class Inside:
    """Answers by method and path; 404 `unknown_contact` where the script says nothing."""

    url: str = ""
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """What is said to a request."""
        self.asked.append(asked)
        nothing = (404, {"code": "unknown_contact"})
        return self.answers.get((asked.method, asked.path.partition("?")[0]), nothing)


@contextmanager
def inside_door() -> Iterator[Inside]:
    """A door on a free port, for as long as a test lasts."""
    inside = Inside()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = Asked(
                method=self.command,
                path=self.path,
                body=json.loads(sent) if sent else None,
                key=self.headers.get("idempotency-key", ""),
                bearer=self.headers.get("authorization", "").removeprefix("Bearer "),
            )
            status, body = inside.answer(asked)
            said = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the server's names

        def log_message(self, *_: object) -> None:
            """Nothing of a request is written anywhere."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inside.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield inside
    finally:
        server.shutdown()
        server.server_close()
