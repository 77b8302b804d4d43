"""Who may reach whom in a rendered overlay, and who must: two sets that have to be the same.

A flow is (from, to, port). Outside are the names of `OUTSIDE`. What is allowed is read from the
policies as the cluster would (both ends must say yes); what must be, from the services' tables.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from services.bus.settings import BusSettings
from services.console.settings import Settings as ConsoleSettings
from services.registry import SERVICES
from tests.k8s.rendered import Manifest, Workload, of_kind, selects, workloads

Flow = tuple[str, str, int]

#: Namespaces beside ours by their labels, with the labels of the pods in them that matter.
_NAMESPACES: dict[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "gateway": ({"helpline/gateway": "yes"}, {}),
    "monitoring": ({"helpline/monitoring": "yes"}, {}),
    "tracing": ({"helpline/tracing": "yes"}, {}),
    "dns": ({"kubernetes.io/metadata.name": "kube-system"}, {"k8s-app": "kube-dns"}),
    "kube-system": ({"kubernetes.io/metadata.name": "kube-system"}, {}),
    "keda": ({"kubernetes.io/metadata.name": "keda"}, {"app": "keda-operator"}),
    "cnpg": ({"kubernetes.io/metadata.name": "cnpg-system"}, {}),
    "stranger": ({"kubernetes.io/metadata.name": "default"}, {}),
}
#: An address anywhere, and those that stand for networks of the cluster and around it.
_ADDRESSES = {
    "world": "203.0.113.7",
    "metadata": "169.254.169.254",
    "cluster": "10.96.0.1",
    "nodes": "192.168.1.10",
    "neighbours": "172.20.0.1",
    "carrier": "100.64.0.1",
}
OUTSIDE = (*_NAMESPACES, *_ADDRESSES)
#: Ports tried at whoever is outside.
_PORTS_OUTSIDE = (22, 53, 80, 443, 4318, 5432, 6443)
_TLS, _DNS, _API, _OTLP = 443, 53, 6443, 4318
_NATS, _ROUTES, _MONITOR, _POSTGRES, _STATUS = 4222, 6222, 8222, 5432, 8000


# --- allowed --------------------------------------------------------------------------------------


def allowed_flows(manifests: list[Manifest]) -> frozenset[Flow]:
    """Every flow no policy stands in the way of."""
    pods = workloads(manifests)
    policies = tuple(of_kind(manifests, "NetworkPolicy"))
    inside = (
        (a.name, b.name, port)
        for a, b in product(pods, pods)
        for port in b.ports.values()
        if _may_leave(a, b, port, policies) and _may_enter(b, a, port, policies)
    )
    leaving = (
        (a.name, b, port)
        for a, b, port in product(pods, OUTSIDE, _PORTS_OUTSIDE)
        if _may_leave(a, b, port, policies)
    )
    entering = (
        (a, b.name, port)
        for a, b in product(OUTSIDE, pods)
        for port in b.ports.values()
        if _may_enter(b, a, port, policies)
    )
    return frozenset((*inside, *leaving, *entering))


def _may_leave(
    pod: Workload, other: Workload | str, port: int, policies: Iterable[Manifest]
) -> bool:
    return _may(pod, "Egress", other, port, policies)


def _may_enter(
    pod: Workload, other: Workload | str, port: int, policies: Iterable[Manifest]
) -> bool:
    return _may(pod, "Ingress", other, port, policies)


def _may(
    pod: Workload, way: str, other: Workload | str, port: int, policies: Iterable[Manifest]
) -> bool:
    """Kubernetes' rule: allowed when no policy of this way selects the pod, or one allows."""
    mine = [
        policy["spec"]
        for policy in policies
        if way in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"], pod.labels)
    ]
    if not mine:
        return True
    rules, peers = ("egress", "to") if way == "Egress" else ("ingress", "from")
    # A named port is looked up at whoever is reached.
    reached = other if way == "Egress" else pod
    names = reached.ports if isinstance(reached, Workload) else {}
    return any(
        _is_port(rule, port, names) and _is_peer(rule.get(peers), other)
        for spec in mine
        for rule in spec.get(rules, ())
    )


def _is_port(rule: Mapping[str, Any], port: int, names: Mapping[str, int]) -> bool:
    if "ports" not in rule:
        return True
    said = [each["port"] for each in rule["ports"]]
    return port in said or any(names.get(each) == port for each in said)


def _is_peer(peers: Iterable[Mapping[str, Any]] | None, other: Workload | str) -> bool:
    return peers is None or any(_is_one(peer, other) for peer in peers)


def _is_one(peer: Mapping[str, Any], other: Workload | str) -> bool:
    if "ipBlock" in peer:
        return isinstance(other, str) and other in _ADDRESSES and _in_block(peer["ipBlock"], other)
    if isinstance(other, Workload):
        # Our own namespace bears none of the labels that are asked for here.
        return "namespaceSelector" not in peer and selects(peer["podSelector"], other.labels)
    if other not in _NAMESPACES or "namespaceSelector" not in peer:
        return False
    namespace, labels = _NAMESPACES[other]
    return selects(peer["namespaceSelector"], namespace) and selects(
        peer.get("podSelector", {}), labels
    )


def _in_block(block: Mapping[str, Any], name: str) -> bool:
    address = ipaddress.ip_address(_ADDRESSES[name])
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in ipaddress.ip_network(each) for each in block.get("except", ())
    )


# --- required -------------------------------------------------------------------------------------


def required_flows(manifests: list[Manifest]) -> frozenset[Flow]:
    """Every flow the platform needs in this shape: nothing else may be allowed."""
    pods = workloads(manifests)
    kinds = {each["kind"] for each in manifests}
    traced = _is_traced(manifests)
    flows = {(pod.name, "dns", _DNS) for pod in pods}
    for pod in pods:
        flows |= set(_of_services(pod, pods, kinds))
        if traced and services_in(pod):
            flows.add((pod.name, "tracing", _OTLP))
        flows |= set(_of_job(pod, pods))
        flows |= set(_of_synthetic_caller(pod, pods, kinds))
        flows |= set(_of_nats_figures(pod, pods))
    flows |= set(_of_nats(pods, kinds))
    flows |= set(_of_database(pods, kinds))
    return frozenset(flows)


def services_in(pod: Workload) -> tuple[str, ...]:
    """Names of the services that run in a pod: all when its program is told none."""
    for container in pod.containers():
        if container.get("command") == ["python", "-m", "services.run"]:
            return tuple(container.get("args", ())) or tuple(each.name for each in SERVICES)
    return ()


def _of_services(pod: Workload, pods: tuple[Workload, ...], kinds: set[str]) -> Iterator[Flow]:
    names = services_in(pod)
    if not names:
        return
    yield from ((pod.name, each, _NATS) for each in _running(pods, "nats"))
    yield from ((pod.name, each, _POSTGRES) for each in _running(pods, "postgres"))
    if "PodMonitor" in kinds:
        yield "monitoring", pod.name, _port("ops_port")
    for service in (each for each in SERVICES if each.name in names):
        if service.door is not None:
            yield "gateway", pod.name, _port(f"{service.name}_port")
        # It carries out what it has ordered outside, or asks the issuer who somebody is.
        if service.errands or service.name == "console":
            yield pod.name, "world", _TLS
    if "console" in names:
        yield from _of_console(pod, pods)


def _is_traced(manifests: list[Manifest]) -> bool:
    settings = (each["data"] for each in of_kind(manifests, "ConfigMap"))
    return any(each.get("HELPLINE_TRACE_EXPORTER") == "otlp" for each in settings)


def _of_console(pod: Workload, pods: tuple[Workload, ...]) -> Iterator[Flow]:
    """The console asks the doors its settings name, unless they are in its own pod."""
    for neighbour in ("intake", "risk"):
        assert f"{neighbour}_url" in ConsoleSettings.model_fields
        yield from (
            (pod.name, other.name, _port(f"{neighbour}_port"))
            for other in pods
            if neighbour in services_in(other) and other.name != pod.name
        )


def _of_job(pod: Workload, pods: tuple[Workload, ...]) -> Iterator[Flow]:
    reaches = {
        "deploy.tables": ("postgres", _POSTGRES),
        "services.bus.provision": ("nats", _NATS),
        "deploy.release": ("nats", _NATS),
        "deploy.streams": ("nats", _NATS),
        "pg_dump": ("postgres", _POSTGRES),
    }
    for container in pod.containers():
        words = " ".join(container.get("command", ())).split()
        for program, (server, port) in reaches.items():
            if program in words and pod.kind in ("Job", "CronJob"):
                yield from ((pod.name, each, port) for each in _running(pods, server))


def _of_synthetic_caller(
    pod: Workload, pods: tuple[Workload, ...], kinds: set[str]
) -> Iterator[Flow]:
    """The two doors that a caller and a listener reach: no bus, no database."""
    if not any(c.get("command") == ["python", "-m", "deploy.synthetic"] for c in pod.containers()):
        return
    if "PodMonitor" in kinds:
        yield "monitoring", pod.name, _port("ops_port")
    for service in ("intake", "console"):
        behind = [each.name for each in pods if service in services_in(each)]
        yield from ((pod.name, each, _port(f"{service}_port")) for each in behind)


def _of_nats_figures(pod: Workload, pods: tuple[Workload, ...]) -> Iterator[Flow]:
    """It reads what every server tells, and is read by Prometheus alone."""
    program = ["python", "-m", "services.bus.nats_figures"]
    if any(each.get("command") == program for each in pod.containers()):
        yield "monitoring", pod.name, _port("ops_port")
        yield from ((pod.name, each, _MONITOR) for each in _running(pods, "nats"))


def _of_nats(pods: tuple[Workload, ...], kinds: set[str]) -> Iterator[Flow]:
    for pod in pods:
        if pod.labels.get("app.kubernetes.io/name") != "nats":
            continue
        if pod.manifest["spec"]["replicas"] > 1:
            yield pod.name, pod.name, _ROUTES
        if "ScaledObject" in kinds:
            yield "keda", pod.name, _MONITOR


def _of_database(pods: tuple[Workload, ...], kinds: set[str]) -> Iterator[Flow]:
    for pod in (each for each in pods if each.kind == "Cluster"):
        if "PodMonitor" in kinds:
            yield "monitoring", pod.name, pod.ports["metrics"]
        for port in (_POSTGRES, _STATUS):
            yield pod.name, pod.name, port
            yield "cnpg", pod.name, port
        # The API server and the store of backups: at addresses only the cluster knows.
        for outside, port in product(_ADDRESSES, (_TLS, _API)):
            yield pod.name, outside, port


def _running(pods: tuple[Workload, ...], server: str) -> list[str]:
    labels = {"nats": ("app.kubernetes.io/name", "nats"), "postgres": ("helpline/postgres", "yes")}
    return [pod.name for pod in pods if labels[server] in pod.labels.items()]


def _port(field: str) -> int:
    return int(BusSettings.model_fields[field].default)
