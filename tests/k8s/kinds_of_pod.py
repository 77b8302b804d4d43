"""Which pods are which: those we write, those that serve, those everything stands on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.registry import SERVICES
from tests.k8s.rendered import Manifest, Workload, of_kind, workloads

#: Between a caller and a human: never one alone where there are several nodes, never none.
VITAL = frozenset({"intake", "triage", "assignment", "risk", "console"})
#: What only counts.
REPORTING = frozenset({"quality"})


def templated(manifests: list[Manifest]) -> tuple[Workload, ...]:
    """Pods we write ourselves."""
    return tuple(pod for pod in workloads(manifests) if pod.spec)


def serving(manifests: list[Manifest]) -> tuple[Workload, ...]:
    """Pods that stay, of those we write."""
    return tuple(pod for pod in templated(manifests) if pod.kind in ("Deployment", "StatefulSet"))


def services_named(names: tuple[str, ...]) -> tuple[Any, ...]:
    """The tables of these services."""
    return tuple(service for service in SERVICES if service.name in names)


def is_database(pod: Workload) -> bool:
    """Whether it is Postgres."""
    return pod.labels.get("helpline/postgres") == "yes"


def is_ground(pod: Workload) -> bool:
    """Whether everything stands on it: Postgres or NATS."""
    return is_database(pod) or is_bus(pod)


def is_bus(pod: Workload) -> bool:
    """Whether it is NATS, alone or one of several."""
    return pod.labels.get("app.kubernetes.io/name") == "nats"


def bus_of(manifests: list[Manifest]) -> Workload:
    """NATS: there is one set of servers in each overlay."""
    (found,) = (pod for pod in workloads(manifests) if is_bus(pod))
    return found


def scaling(pod: Workload, manifests: list[Manifest]) -> Iterator[tuple[int, int]]:
    """The fewest and the most pods each thing that scales this one may make."""
    for each in of_kind(manifests, "ScaledObject", "HorizontalPodAutoscaler"):
        spec = each["spec"]
        if spec["scaleTargetRef"]["name"] == pod.name:
            fewest = spec.get("minReplicaCount", spec.get("minReplicas", 0))
            yield fewest, spec.get("maxReplicaCount", spec.get("maxReplicas", 0))


def fewest_of(pod: Workload, manifests: list[Manifest]) -> int:
    """How many pods there are at the least."""
    scaled = [fewest for fewest, _ in scaling(pod, manifests)]
    return min(scaled, default=int(pod.manifest["spec"].get("replicas", 1)))


def most_of(pod: Workload, manifests: list[Manifest]) -> int:
    """How many pods there may be."""
    scaled = [most for _, most in scaling(pod, manifests)]
    return max(scaled, default=int(pod.manifest["spec"].get("replicas", 1)))


def is_several(pod: Workload, manifests: list[Manifest]) -> bool:
    """Whether there may be more than one pod."""
    return most_of(pod, manifests) > 1
