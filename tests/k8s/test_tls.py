"""The permanent NATS as it is rendered, on three real servers: by TLS, to each other too."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from deploy.embedded.nats import EmbeddedNats
from deploy.embedded.ports import spare_port
from deploy.embedded.processes import spawn
from deploy.handout import hand_out
from tests.authority import Authority
from tests.k8s.rehearsal import Rehearsal, certified
from tests.k8s.rendered import Manifest, nats_confs, one, rendered

_JOB = "helpline-streams-r1"


def test_the_rendered_certificate_is_good_for_every_name_servers_are_called_by(
    tmp_path: Path,
) -> None:
    """By the rules of names and wildcards that browsers have; the servers' are no stricter."""
    manifests = rendered("permanent")
    names = one(manifests, "Certificate/helpline-nats")["spec"]["dnsNames"]
    authority = Authority(tmp_path)
    shown = x509.load_pem_x509_certificate(
        authority.shows("nats", tuple(names)).certificate.read_bytes()
    )
    called = re.findall(r'"nats://([^:"]+):6222"', nats_confs(manifests)["nats.conf"])
    assert len(called) == 3
    policy = PolicyBuilder().store(Store([authority.certificate]))
    for name in (*called, "helpline-nats-cluster", "helpline-nats"):
        policy.build_server_verifier(x509.DNSName(name)).verify(shown, [])
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("helpline-postgres")).verify(shown, [])


@pytest.mark.slow
def test_jobs_declare_streams_on_three_servers_by_tls_and_no_stranger_joins(
    tmp_path: Path,
) -> None:
    manifests = rendered("permanent")
    hand_out(tmp_path)
    certified(tmp_path)
    secret = tmp_path / "secrets/helpline-nats-tls"
    with _three(manifests, tmp_path, secret) as (servers, routes):
        url = servers[0].address.url
        assert url.startswith("tls://")
        permanent = Rehearsal(manifests, tmp_path, {"HELPLINE_NATS_URL": url})
        assert "as declared" in permanent.run_job(_JOB)
        assert {len(_peers(server)) for server in servers} == {2}

        others = Authority(tmp_path, "others").shows("stranger")
        (theirs := tmp_path / "stranger-tls").mkdir()
        for name, file in (("tls.crt", others.certificate), ("tls.key", others.key)):
            (theirs / name).write_bytes(file.read_bytes())
        # It believes ours, and is not believed.
        (theirs / "ca.crt").write_bytes((secret / "ca.crt").read_bytes())
        stranger = _server(manifests, tmp_path, theirs, "stranger", [*routes, spare_port()], 3)
        stranger.child = spawn(stranger.program())
        try:
            _wait_for(servers[0].log, "TLS route handshake error")
            assert {len(_peers(server)) for server in servers} == {2}
        finally:
            stranger.stop()

        (secret / "ca.crt").write_bytes(others.ca.read_bytes())
        with pytest.raises(AssertionError, match="its certificate is refused"):
            permanent.run_job(_JOB)


@contextmanager
def _three(
    manifests: list[Manifest], folder: Path, secret: Path
) -> Iterator[tuple[list[EmbeddedNats], list[int]]]:
    """Three servers on the rendered files, and the ports of their routes."""
    routes = [spare_port() for _ in range(3)]
    servers = [
        _server(manifests, folder, secret, f"helpline-nats-cluster-{number}", routes, number)
        for number in range(3)
    ]
    try:
        for server in servers:  # none is healthy before there is a quorum
            server.child = spawn(server.program())
        for server in servers:
            assert server.child is not None
            server.address = server.wait_ready(server.child, 0)
        yield servers, routes
    finally:
        for server in servers:
            server.stop()


def _server(
    manifests: list[Manifest], folder: Path, secret: Path, name: str, routes: list[int], own: int
) -> EmbeddedNats:
    """A server on the rendered files: only addresses and folders are this machine's."""
    (place := folder / name).mkdir()
    replaced = {
        "0.0.0.0:4222": f"127.0.0.1:{spare_port()}",
        "0.0.0.0:8222": "127.0.0.1:-1",
        "0.0.0.0:6222": f"127.0.0.1:{routes[own]}",
        "/var/run/nats": str(place),
        "/etc/nats-tls": str(secret),
        "$POD_NAME": name,
    } | {
        f"helpline-nats-cluster-{n}.helpline-nats-cluster-headless:6222": f"127.0.0.1:{routes[n]}"
        for n in range(3)
    }
    for file, conf in nats_confs(manifests).items():
        for said, here in replaced.items():
            conf = conf.replace(said, here)
        (place / file).write_text(conf)
    written = (folder / "secrets/helpline-nats-cluster-server/server.conf").read_text()
    (place / "server.conf").write_text(written.replace('"/data"', f'"{place}/data"'))
    return EmbeddedNats(place / "nats.conf", place, place / "nats.log")


def _peers(server: EmbeddedNats) -> set[str]:
    """Servers this one has a route with."""
    with urllib.request.urlopen(f"{server.address.monitoring_url}/routez", timeout=5) as answer:
        return {each["remote_name"] for each in json.load(answer)["routes"]}


def _wait_for(log: Path, words: str, seconds: float = 20) -> None:
    give_up_at = time.monotonic() + seconds
    while words not in log.read_text():
        assert time.monotonic() < give_up_at, log.read_text()
        time.sleep(0.1)
