"""What servers say of themselves, as prometheus-nats-exporter would tell it."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig
from prometheus_client.parser import text_string_to_metric_families

from deploy.embedded.nats import EmbeddedNats
from services.bus.figures import COPIED_AT
from services.bus.nats_figures import (
    CERTIFICATE,
    COPIED,
    FIGURES,
    Told,
    asked,
    asked_at,
    metrics_of,
    server_at,
)

#: Behind its address nobody listens.
NOBODY = "http://127.0.0.1:1"


def a_server(name: str, leader: str, pending: int) -> Told:
    """One of three, as it tells of one stream and one durable, led by `leader`."""
    cluster = {"leader": leader}
    consumer = {"name": "quality-contact", "cluster": cluster, "num_pending": pending}
    stream = {
        "name": "CONTACT",
        "cluster": cluster,
        "state": {"messages": 7, "bytes": 700, "last_seq": 9},
        "config": {"max_bytes": -1},
        "consumer_detail": [consumer],
    }
    return Told(
        varz={"server_id": name.upper(), "server_name": name, "connections": 3},
        jsz={
            "meta_cluster": {"name": "helpline", "leader": "n2"},
            "account_details": [{"name": "HELPLINE", "stream_detail": [stream]}],
        },
        healthy=name != "n3",
    )


def samples(servers: Sequence[Told], name: str) -> dict[str, tuple[Mapping[str, str], float]]:
    """Labels and value of each sample of a figure, by the server that told it."""
    (metric,) = (each for each in metrics_of(servers) if each.name == name)
    return {each.labels["server_id"]: (each.labels, each.value) for each in metric.samples}


THREE = [a_server("n1", "n1", 4), a_server("n2", "n1", 0), a_server("n3", "n1", 0)]


def test_each_server_tells_whether_it_leads() -> None:
    pending = samples(THREE, "jetstream_consumer_num_pending")
    labels, value = pending["N1"]
    assert value == 4
    assert labels == {
        "server_id": "N1",
        "server_name": "n1",
        "cluster": "helpline",
        "is_meta_leader": "false",
        "account": "HELPLINE",
        "stream_name": "CONTACT",
        "stream_leader": "n1",
        "is_stream_leader": "true",
        "consumer_name": "quality-contact",
        "consumer_leader": "n1",
        "is_consumer_leader": "true",
    }
    led = {name: labels["is_consumer_leader"] for name, (labels, _) in pending.items()}
    assert led == {"N1": "true", "N2": "false", "N3": "false"}
    meta = {name: labels["is_meta_leader"] for name, (labels, _) in pending.items()}
    assert meta == {"N1": "false", "N2": "true", "N3": "false"}


def test_server_that_is_not_well_says_so_and_is_told() -> None:
    health = samples(THREE, "gnatsd_healthz_status")
    assert {name: value for name, (_, value) in health.items()} == {"N1": 0, "N2": 0, "N3": 1}


def test_what_a_server_does_not_tell_has_no_sample() -> None:
    assert samples(THREE, "gnatsd_varz_mem") == {}
    assert samples(THREE, "gnatsd_varz_connections")["N1"][1] == 3


def test_a_server_with_tls_tells_when_its_certificate_ends_and_one_without_nothing() -> None:
    shown = a_server("n1", "n1", 0)
    shown = replace(shown, varz={**shown.varz, "tls_cert_not_after": "2026-12-01T12:00:00Z"})
    assert {
        one: value for one, (_, value) in samples([shown, THREE[1]], CERTIFICATE.name).items()
    } == {"N1": 1796126400}


def test_without_a_cluster_a_server_leads_everything() -> None:
    alone = a_server("n1", "n1", 2)
    jsz: dict[str, Any] = {**alone.jsz, "meta_cluster": None}
    del jsz["account_details"][0]["stream_detail"][0]["cluster"]
    labels, _ = samples([Told(alone.varz, jsz, True)], "jetstream_stream_total_messages")["N1"]
    assert (labels["is_meta_leader"], labels["is_stream_leader"]) == ("true", "true")


def test_last_copy_that_is_noted_is_told_and_without_one_the_age_of_the_streams() -> None:
    def told(*streams: dict[str, Any]) -> float | None:
        jsz = {"account_details": [{"name": "HELPLINE", "stream_detail": list(streams)}]}
        said = Told({"server_id": "N1"}, jsz, True)
        (metric,) = (each for each in metrics_of([said, said]) if each.name == COPIED.name)
        return metric.samples[0].value if metric.samples else None

    def stream(name: str, second: int, **metadata: str) -> dict[str, Any]:
        created = f"1970-01-01T00:00:{second:02d}.123456789Z"
        return {"name": name, "created": created, "config": {"metadata": metadata}}

    old, new = stream("CONTACT", 7), stream("NEW", 40)
    assert told() is None
    assert told(new, old) == pytest.approx(7.12, abs=0.01)
    noted = stream("ADVISORY", 7, **{COPIED_AT: "1970-01-01T00:01:00+00:00"})
    assert told(old, noted, new) == 60


@contextmanager
def at_work(server: ThreadingHTTPServer) -> Iterator[str]:
    """Its address, while it serves."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(url: str) -> Iterator[httpx.Client]:
    """The program's own door, asking the servers behind a name."""
    with (
        at_work(server_at("127.0.0.1", 0, lambda: asked(url))) as door,
        httpx.Client(base_url=door, trust_env=False) as client,
    ):
        yield client


class Unwell(BaseHTTPRequestHandler):
    """A monitoring port as nats-server has it when its streams are not there: 503, and the rest."""

    def do_GET(self) -> None:
        told = b'{"server_id": "N9"}' if self.path == "/varz" else b'{"status": "unavailable"}'
        self.send_response(503 if self.path == "/healthz" else 200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Said to nobody."""


async def _leave_behind(url: str) -> None:
    """A stream of three, of which a durable was handed out one."""
    client = await nats.connect(url)
    js = client.jetstream()
    await js.add_stream(StreamConfig(name="FIGURES", subjects=["figures.>"], max_bytes=1_000_000))
    await js.add_consumer("FIGURES", ConsumerConfig(durable_name="reader"))
    for number in range(3):
        await js.publish("figures.x", str(number).encode())
    subscription = await js.pull_subscribe("figures.>", "reader", stream="FIGURES")
    await subscription.fetch(1)
    await client.close()


def test_every_figure_comes_from_a_real_server_and_says_how_far_behind_a_durable_is(
    nats_server: EmbeddedNats,
) -> None:
    asyncio.run(_leave_behind(nats_server.address.url))
    # A name with two addresses, behind one of which nobody may listen.
    with serving(nats_server.address.monitoring_url.replace("127.0.0.1", "localhost")) as door:
        assert door.get("/readyz").status_code == 200
        answer = door.get("/metrics")
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    assert families.keys() == {each.name for each in FIGURES}
    # It speaks plain text.
    assert [name for name, each in families.items() if not each.samples] == [CERTIFICATE.name]
    behind = {
        name: sample.value
        for name in ("jetstream_consumer_num_pending", "jetstream_consumer_num_ack_pending")
        for sample in families[name].samples
        if sample.labels["stream_name"] == "FIGURES"
    }
    assert behind == {
        "jetstream_consumer_num_pending": 2,
        "jetstream_consumer_num_ack_pending": 1,
    }


def test_server_that_has_two_addresses_is_told_once(nats_server: EmbeddedNats) -> None:
    here = nats_server.address.monitoring_url
    assert len(asked_at([here, here.replace("127.0.0.1", "localhost")])) == 1


def test_server_that_answers_that_it_is_not_well_is_told_as_such() -> None:
    with at_work(ThreadingHTTPServer(("127.0.0.1", 0), Unwell)) as unwell:
        (told,) = asked_at([unwell])
    assert (told.varz["server_id"], told.healthy) == ("N9", False)


def test_scrape_fails_where_no_server_answers_and_the_program_lives() -> None:
    with serving(NOBODY) as door:
        assert door.get("/metrics").status_code == 503
        assert door.get("/readyz").status_code == 503
        assert door.get("/livez").status_code == 200
        assert door.get("/varz").status_code == 404
