"""What NATS servers tell of themselves, for Prometheus, by prometheus-nats-exporter's names.

`python -m services.bus.nats_figures --server http://127.0.0.1:8222`: every address behind that name
is a server. A program of its own: a monitoring port tells who is connected and is shown to nobody
else. `/metrics` asks at that moment, `/readyz` whether any answers, `/livez` nobody. A server that
does not answer has no figures, never old ones; where none does, the scrape fails.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from services.bus.figures import COPIED_AT, Figure

#: Everything of streams and who reads them, in one answer.
STREAMS = "jsz?accounts=true&streams=true&consumers=true&config=true"
_PATIENCE_SECONDS = 5.0  #: Prometheus itself waits ten

_ONE = ("server_id",)
_SERVER = ("server_id", "server_name", "cluster", "is_meta_leader")
_STREAM = (*_SERVER, "account", "stream_name", "stream_leader", "is_stream_leader")
_CONSUMER = (*_STREAM, "consumer_name", "consumer_leader", "is_consumer_leader")

HEALTH = Figure("gnatsd_healthz_status", "0 while the server says that it is well, 1 if not", _ONE)
#: Named as the exporter would, which tells no moments. As it was read last: it moves at a reload.
CERTIFICATE = Figure(
    "gnatsd_varz_tls_cert_not_after",
    "When the certificate shown to clients ends, Unix time; none without TLS",
    _ONE,
)
#: Field of /varz -> figure.
OF_A_SERVER: Mapping[str, Figure] = {
    "connections": Figure("gnatsd_varz_connections", "Connections now", _ONE),
    "mem": Figure("gnatsd_varz_mem", "Memory of the server", _ONE),
    "cpu": Figure("gnatsd_varz_cpu", "CPU, percent of one core", _ONE),
    "in_msgs": Figure("gnatsd_varz_in_msgs", "Messages received", _ONE, "untyped"),
    "out_msgs": Figure("gnatsd_varz_out_msgs", "Messages sent", _ONE, "untyped"),
    "in_bytes": Figure("gnatsd_varz_in_bytes", "Bytes received", _ONE, "untyped"),
    "out_bytes": Figure("gnatsd_varz_out_bytes", "Bytes sent", _ONE, "untyped"),
    "slow_consumers": Figure(
        "gnatsd_varz_slow_consumers", "Connections closed because they were slow", _ONE, "untyped"
    ),
}
#: Field of /jsz -> figure; a dot goes one deeper.
OF_JETSTREAM: Mapping[str, Figure] = {
    "disabled": Figure("jetstream_server_jetstream_disabled", "1 without streams", _SERVER),
    "streams": Figure("jetstream_server_total_streams", "Streams", _SERVER),
    "consumers": Figure("jetstream_server_total_consumers", "Durables", _SERVER),
    "bytes": Figure("jetstream_server_total_message_bytes", "Bytes kept in streams", _SERVER),
    "config.max_storage": Figure("jetstream_server_max_storage", "Bytes it may keep", _SERVER),
}
OF_A_STREAM: Mapping[str, Figure] = {
    "state.messages": Figure("jetstream_stream_total_messages", "Messages kept", _STREAM),
    "state.bytes": Figure("jetstream_stream_total_bytes", "Bytes kept", _STREAM),
    "state.last_seq": Figure(
        "jetstream_stream_last_seq", "Number of the last message", _STREAM, "untyped"
    ),
    "config.max_bytes": Figure(
        "jetstream_stream_limit_bytes", "Bytes it may keep; -1: any", _STREAM
    ),
}
OF_A_CONSUMER: Mapping[str, Figure] = {
    "num_pending": Figure(
        "jetstream_consumer_num_pending", "Messages not handed out yet", _CONSUMER
    ),
    "num_ack_pending": Figure(
        "jetstream_consumer_num_ack_pending", "Messages handed out, not acknowledged", _CONSUMER
    ),
    "num_redelivered": Figure(
        "jetstream_consumer_num_redelivered", "Of those, handed out more than once", _CONSUMER
    ),
    "num_waiting": Figure(
        "jetstream_consumer_num_waiting", "Readers that wait for a message", _CONSUMER
    ),
    "ack_floor.stream_seq": Figure(
        "jetstream_consumer_ack_floor_stream_seq",
        "Number of the message up to which all are acknowledged",
        _CONSUMER,
        "untyped",
    ),
}
#: Ours alone: no exporter knows of our copies.
COPIED = Figure(
    "helpline_bus_streams_copied_timestamp_seconds",
    "When all streams were last copied whole; before the first time, when the oldest was made",
)
FIGURES: tuple[Figure, ...] = (
    HEALTH,
    COPIED,
    CERTIFICATE,
    *OF_A_SERVER.values(),
    *OF_JETSTREAM.values(),
    *OF_A_STREAM.values(),
    *OF_A_CONSUMER.values(),
)

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What a server said of itself at one moment, as JSON."""

    varz: Mapping[str, Any]
    jsz: Mapping[str, Any]
    healthy: bool


def metrics_of(servers: Sequence[Told]) -> Iterator[Metric]:
    """Every figure of what they said; a field one does not tell has no sample."""
    yield HEALTH.told({_id(told): 0.0 if told.healthy else 1.0 for told in servers})
    ends = {_id(told): told.varz.get("tls_cert_not_after") for told in servers}
    yield CERTIFICATE.told({one: _moment(said) for one, said in ends.items() if said})
    yield from _read(OF_A_SERVER, [(_id(told), told.varz) for told in servers])
    kept = [(_server(told), {"disabled": False, **told.jsz}) for told in servers]
    yield from _read(OF_JETSTREAM, kept)
    streams = [each for server, jsz in kept for each in _streams(server, jsz)]
    yield from _read(OF_A_STREAM, streams)
    yield COPIED.told(_copied([stream for _, stream in streams]))
    consumers = [
        ((*labels, each["name"], *_leader(each, labels)), each)
        for labels, stream in streams
        for each in stream.get("consumer_detail") or ()
    ]
    yield from _read(OF_A_CONSUMER, consumers)


def _copied(streams: Sequence[Mapping[str, Any]]) -> dict[Labels, float]:
    """The last copy that is noted; without one, nothing was saved since streams were made."""
    configs = [stream.get("config") or {} for stream in streams]
    noted = [(config.get("metadata") or {}).get(COPIED_AT) for config in configs]
    copies = [_moment(each) for each in noted if each is not None]
    made = [_moment(stream["created"]) for stream in streams if "created" in stream]
    if not copies and not made:
        return {}
    return {(): max(copies) if copies else min(made)}


def _moment(said: str) -> float:
    """Unix time of RFC 3339, as Go writes it."""
    return datetime.fromisoformat(said).timestamp()


def _id(told: Told) -> Labels:
    return (str(told.varz["server_id"]),)


def _server(told: Told) -> Labels:
    """The labels of a server; alone, it leads."""
    name = str(told.varz.get("server_name", ""))
    meta = told.jsz.get("meta_cluster")
    if meta is None:
        return (*_id(told), name, "", "true")
    return (*_id(told), name, str(meta.get("name", "")), _said(meta.get("leader") == name))


def _streams(server: Labels, jsz: Mapping[str, Any]) -> Iterator[tuple[Labels, Mapping[str, Any]]]:
    for account in jsz.get("account_details") or ():
        for stream in account.get("stream_detail") or ():
            yield (*server, account["name"], stream["name"], *_leader(stream, server)), stream


def _leader(kept: Mapping[str, Any], server: Labels) -> tuple[str, str]:
    """Who leads a stream or a durable, and whether it is who says so; alone, it does."""
    cluster = kept.get("cluster")
    if cluster is None:
        return "", "true"
    leader = str(cluster.get("leader", ""))
    return leader, _said(leader == server[1])


def _said(true: bool) -> str:
    return str(true).lower()


def _read(
    figures: Mapping[str, Figure], things: Sequence[tuple[Labels, Mapping[str, Any]]]
) -> Iterator[Metric]:
    for path, figure in figures.items():
        found = {labels: _at(path, thing) for labels, thing in things}
        yield figure.told({labels: value for labels, value in found.items() if value is not None})


def _at(path: str, thing: Mapping[str, Any]) -> float | None:
    found: Any = thing
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def asked(url: str) -> list[Told]:
    """Ask the monitoring port of every server behind a name, once; who is silent is left out."""
    return asked_at(_addresses(url))


def asked_at(addresses: Sequence[str]) -> list[Told]:
    """Ask at each address; a server that has two is told once."""
    told = {}
    for address in addresses:
        with suppress(OSError, ValueError):
            one = _asked(address)
            told[one.varz["server_id"]] = one
    return list(told.values())


def _addresses(url: str) -> list[str]:
    """An address for each server: a headless Service's name stands for all of its pods."""
    door = urlsplit(url)
    try:
        found = socket.getaddrinfo(door.hostname, door.port or 80, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    hosts = [f"[{to[0]}]" if family is socket.AF_INET6 else to[0] for family, *_, to in found]
    return [f"http://{host}:{door.port or 80}" for host in dict.fromkeys(hosts)]


def _asked(server: str) -> Told:
    return Told(
        varz=orjson.loads(_page(f"{server}/varz")),
        jsz=orjson.loads(_page(f"{server}/{STREAMS}")),
        healthy=_is_healthy(server),
    )


def _page(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - as told
        body: bytes = answer.read()
        return body


def _is_healthy(server: str) -> bool:
    try:
        return bool(orjson.loads(_page(f"{server}/healthz"))["status"] == "ok")
    except urllib.error.HTTPError:
        return False  # it answers, and says that it is not well


class _At(Collector):
    """What servers said, for one answer."""

    def __init__(self, told: Sequence[Told]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        return metrics_of(self._told)


def text_of(told: Sequence[Told]) -> bytes:
    """As Prometheus reads it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_At(told))
    return generate_latest(registry)


def server_at(host: str, port: int, ask: Callable[[], Sequence[Told]]) -> ThreadingHTTPServer:
    """The HTTP server of these figures, not yet serving; `ask` is called at each scrape."""

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/livez":
                self._say(200, b"alive\n")
            elif self.path in ("/metrics", "/readyz"):
                self._tell()
            else:
                self._say(404, b"")

        def _tell(self) -> None:
            told = ask()
            if not told:
                self._say(503, b"no server answers\n")
            else:
                self._say(200, text_of(told) if self.path == "/metrics" else b"ready\n")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A scrape is no event."""

    return ThreadingHTTPServer((host, port), Asked)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 2 when the port is taken."""
    parser = argparse.ArgumentParser(description="Figures of NATS servers, for Prometheus.")
    parser.add_argument(
        "--server",
        default=os.environ.get("HELPLINE_NATS_MONITORING_URL", ""),
        help="their monitoring port, http://host:port (HELPLINE_NATS_MONITORING_URL)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="on which figures are told")
    parser.add_argument("--port", type=int, default=7777)
    read = parser.parse_args(arguments)
    if urlsplit(read.server).scheme != "http":
        parser.error("--server is an address that begins with http")
    try:
        serving = server_at(read.host, read.port, lambda: asked(read.server))
    except OSError as taken:
        print(f"cannot listen on {read.host}:{read.port}: {taken.strerror}", file=sys.stderr)  # noqa: T201 - to whoever started it
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=serving.shutdown).start())
    with serving:
        serving.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
