"""A stand-in for the edge of telephony, for tests alone: it holds numbers of fiction in memory.

It does what the edge will have to do: show what it holds to nobody but who shows a decided lift for
exactly this contact, and nothing to anybody of a contact it does not know.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson

from services.bus import capability
from services.risk.edge import EDGE_PURPOSE, EdgeAsked

#: Reserved for fiction by ARCEP.
A_NUMBER = "0639980012"


@dataclass
class StandInEdge:
    """Numbers by contact; `asked` counts the questions."""

    url: str
    numbers: dict[str, str]
    asked: list[str] = field(default_factory=list)
    broken: bool = False


@contextmanager
def a_stand_in_edge(keys: Path, numbers: dict[str, str]) -> Iterator[StandInEdge]:
    """An edge, listening on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            contact_id = self.path.split("/")[2]
            token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
            shown = capability.read(capability.key_in(keys), EDGE_PURPOSE, token, EdgeAsked)
            edge.asked.append(contact_id)
            if edge.broken:
                self._say(500, {})
            elif shown is None or shown.contact_id != contact_id:
                self._say(403, {})
            elif contact_id not in edge.numbers:
                self._say(404, {})
            else:
                self._say(200, {"number": edge.numbers[contact_id]})

        def _say(self, status: int, said: object) -> None:
            body = orjson.dumps(said)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    edge = StandInEdge(f"http://127.0.0.1:{server.server_port}", numbers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield edge
    finally:
        server.shutdown()
        server.server_close()
