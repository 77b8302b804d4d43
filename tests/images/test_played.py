"""The rendered pilot by `podman play kube`: from its Jobs to an answered contact and out again.

First as it is, in production, where a contact waits: without an issuer over https nobody can sign
in. Then, on the same ground, as the demonstration, where people come by the development key: a
regulator answers, hands over, a listener answers. Needs root and podman; skipped with the reason
where no container starts.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.handout import hand_out
from deploy.images.engine import Engine
from deploy.seeds import PROGRAMME
from tests.images.played import Cluster
from tests.images.pods import NETWORK, Pods, make_network, make_postgres
from tests.images.store import left_over, why_not
from tests.k8s.lines import open_at_every_hour
from tests.k8s.rendered import K8S, Manifest, one, rendered

#: The first of them waits until images are built.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_SERVICES = "helpline-all"
_LINE = f"deploy/programmes/{PROGRAMME}.yaml"
_PROGRAMMES = "helpline-programmes-r1"
#: Secrets that are not handed out: the issuer's (never asked here), and the key that is anybody.
_OF_OTHERS = {
    ("helpline-issuer", "client-secret"): "x" * 40,
    ("helpline-key-development", "development.key"): "y" * 64,
}
#: Fails while any service is not ready: there are no probes here.
_READY = "from urllib.request import urlopen as ask; ask('http://127.0.0.1:9100/readyz', timeout=3)"


@dataclass
class Installation:
    """The pilot with its servers up and what its Jobs prepare, before any service."""

    pods: Pods
    cluster: Cluster

    def serve(self, cluster: Cluster) -> str:
        """Start the services and wait until all are ready; the name of their container."""
        with self.pods.timed("services to ready"):
            container = self.pods.start(cluster, _SERVICES)
            asked = ("python", "-c", _READY)
            self.pods.wait(lambda: self.pods.succeeds(container, *asked), container, 90)
        return container

    def leave(self, cluster: Cluster, container: str) -> None:
        """SIGTERM: gone by themselves, in less than the grace a preStop of five seconds leaves."""
        grace = cluster.workload(_SERVICES).spec["terminationGracePeriodSeconds"]
        with self.pods.timed("services, SIGTERM to gone"):
            self.pods.podman("stop", f"--time={grace - 5}", container)
        assert self.pods.state(container)["ExitCode"] == 0, self.pods.engine.logs(container)


@pytest.fixture(scope="module")
def installation(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The ground of the pilot."""
    folder = tmp_path_factory.mktemp("played")
    assert left_over(engine) == []
    network = make_network(engine)
    reason = why_not(engine, tmp_path_factory.mktemp("trial"), f"--network={NETWORK}")
    if reason is not None:
        pytest.skip(reason)
    pods = Pods(engine, folder)
    with pods.timed("image of Postgres"):
        make_postgres(engine, folder / "postgres")
    yield Installation(pods, _prepared(pods, network, folder))
    for step, seconds in pods.seconds.items():
        print(f"{step:<34}            {seconds:6.1f} s")


def _prepared(pods: Pods, network: IPv4Network, folder: Path) -> Cluster:
    hand_out(folder)
    for (secret, name), content in _OF_OTHERS.items():
        (folder / "secrets" / secret).mkdir()
        (folder / "secrets" / secret / name).write_text(content)
    manifests = _at_every_hour(rendered("pilot"))
    cluster = Cluster(manifests, network, folder / "secrets", folder / "mounted")
    with pods.timed("Postgres and NATS to ready"):
        postgres = pods.start(cluster, "helpline-postgres")
        nats = pods.start(cluster, "helpline-nats")
        asked = ("pg_isready", "-q", "-h", "127.0.0.1", "-d", "helpline")
        pods.wait(lambda: pods.succeeds(postgres, *asked), postgres, 60)
        pods.wait(lambda: "Server is ready" in pods.engine.logs(nats), nats, 30)
    for job in ("helpline-database-r1", "helpline-streams-r1"):
        assert "as declared" in pods.run_job(cluster, job)
    return cluster


def _at_every_hour(manifests: list[Manifest]) -> list[Manifest]:
    """The line never closes. It comes as a line of one's own does (k8s/README.md, 5): a ConfigMap,
    mounted into the Job that puts lines into force.
    """
    text = open_at_every_hour(K8S.parent / _LINE)
    file = f"{PROGRAMME}.yaml"
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "lines"},
        "data": {file: text},
    }
    pod = one(manifests, f"Job/{_PROGRAMMES}")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert _LINE in container["args"]
    container["args"] = [f"/lines/{file}" if each == _LINE else each for each in container["args"]]
    container["volumeMounts"].append({"name": "lines", "mountPath": "/lines", "readOnly": True})
    pod["volumes"].append({"name": "lines", "configMap": {"name": "lines"}})
    return [*manifests, config]


def test_pilot_takes_a_contact_and_leaves_in_time(installation: Installation) -> None:
    pods, cluster = installation.pods, installation.cluster
    services = installation.serve(cluster)
    assert "version 1 is in force" in pods.run_job(cluster, _PROGRAMMES)
    door = f"http://{cluster.address(_SERVICES)}:8100"
    opened = _post(f"{door}/contacts", programme=PROGRAMME, channel="phone", language="fr")
    assert opened["state"] == "waiting_regulator"
    left = _post(f"{door}/contacts/{opened['contact_id']}/leave", opened["token"], reason="hung_up")
    assert left["state"] == "ended"
    assert pods.podman("port", "--all") == "", "a door is open on this machine"
    assert pods.told(services, "id", "-u") == "10001"
    assert not pods.succeeds(services, "touch", "/srv/helpline/trial")
    assert pods.succeeds(services, "touch", "/tmp/trial", "/var/lib/helpline/days/trial")
    installation.leave(cluster, services)


def _post(url: str, token: str | None = None, **asked: str) -> dict[str, str]:
    """Ask a door from outside the pod."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        told: dict[str, str] = json.load(answer)
    return told


def test_demonstration_is_answered_as_the_readme_says(installation: Installation) -> None:
    pods = installation.pods
    manifests = _at_every_hour(rendered("demonstration"))
    shown = replace(installation.cluster, manifests=manifests)
    services = installation.serve(shown)
    assert pods.run_job(shown, _PROGRAMMES).count("is in force") == 3
    with pods.timed("a contact, from call to figures"):
        told = pods.told(services, "python", "-m", "deploy.call", "--here")
    print(told)
    steps = (
        "Proposée à la régulation",
        "La régulation décide",
        "Proposée à l'écoute",
        "L'écoute se termine : listened.",
    )
    assert [told.find(step) for step in steps] == sorted(told.index(step) for step in steps)
    assert told.count("Prise ; les deux sont en ligne.") == 2
    seeds = pods.told(services, "python", "-m", "deploy.seeds", "--here")
    assert "Authorization" in seeds
    installation.leave(shown, services)
