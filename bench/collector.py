"""A collector that takes every trace and keeps none, so that exporting costs what it costs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Discarding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read it, say thank you."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.taken += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Collector(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1; `taken` counts the exports."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Discarding)
        self.taken = 0

    @property
    def environment(self) -> dict[str, str]:
        """What makes a service process trace one contact in ten and export to us."""
        return {
            "HELPLINE_TRACE_EXPORTER": "otlp",
            "HELPLINE_TRACE_RATIO": "0.1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server_port}",
        }


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector for the length of the block."""
    collector = Collector()
    listening = threading.Thread(target=collector.serve_forever, daemon=True)
    listening.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        collector.server_close()
