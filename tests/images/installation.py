"""A pilot on podman: its servers up, its ground prepared, its services started and ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from deploy.handout import hand_out
from deploy.images.engine import Engine
from deploy.seeds import PROGRAMME
from tests.images.played import Cluster
from tests.images.pods import NETWORK, Pods, make_network, make_postgres
from tests.images.store import left_over, why_not
from tests.k8s.lines import open_at_every_hour
from tests.k8s.rendered import K8S, Manifest, one, rendered

SERVICES = "helpline-all"
LINE = f"deploy/programmes/{PROGRAMME}.yaml"
PROGRAMMES = "helpline-programmes-r1"
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
            container = self.pods.start(cluster, SERVICES)
            self.wait_ready(container)
        return container

    def wait_ready(self, container: str) -> None:
        """Wait until whatever runs in a container says that it is ready."""
        asked = ("python", "-c", _READY)
        self.pods.wait(lambda: self.pods.succeeds(container, *asked), container, 90)

    def leave(self, cluster: Cluster, container: str) -> None:
        """SIGTERM: gone by themselves, in less than the grace a preStop of five seconds leaves."""
        grace = cluster.workload(SERVICES).spec["terminationGracePeriodSeconds"]
        with self.pods.timed("services, SIGTERM to gone"):
            self.pods.podman("stop", f"--time={grace - 5}", container)
        assert self.pods.state(container)["ExitCode"] == 0, self.pods.engine.logs(container)


@contextmanager
def an_installation(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The ground of the pilot for the length of the block; says what each step took.

    Skips, with the reason, where no container starts.
    """
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
    manifests = at_every_hour(rendered("pilot"))
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


def at_every_hour(manifests: list[Manifest], job: str = PROGRAMMES) -> list[Manifest]:
    """The line never closes. It comes as a line of one's own does (k8s/README.md, 5): a ConfigMap,
    mounted into the Job that puts lines into force.
    """
    text = open_at_every_hour(K8S.parent / LINE)
    file = f"{PROGRAMME}.yaml"
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "lines"},
        "data": {file: text},
    }
    pod = one(manifests, f"Job/{job}")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert LINE in container["args"]
    container["args"] = [f"/lines/{file}" if each == LINE else each for each in container["args"]]
    container["volumeMounts"].append({"name": "lines", "mountPath": "/lines", "readOnly": True})
    pod["volumes"].append({"name": "lines", "configMap": {"name": "lines"}})
    return [*manifests, config]
