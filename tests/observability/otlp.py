"""A collector that keeps what it is sent: an OTLP receiver on loopback, over HTTP."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Received:
    """A span, and the service that sent it."""

    service: str
    span: Span

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self.span.trace_id.hex()


@contextmanager
def a_collector() -> Iterator[tuple[str, list[Received]]]:
    """Its endpoint, and the list that grows with every span it gets."""
    received: list[Received] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Received]:
    for group in request.resource_spans:
        service = _text(group.resource.attributes, "service.name")
        for scope in group.scope_spans:
            yield from (Received(service, span) for span in scope.spans)


def _text(attributes: Iterable[KeyValue], key: str) -> str:

    return next((each.value.string_value for each in attributes if each.key == key), "")
