"""What refers to nothing in a rendered overlay: pure, tried on the real ones and on spoiled copies.

No static tool sees these: an object that is valid by itself and points nowhere.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.envelope import Stream
from deploy.handout import BY_HAND, FROM_OTHERS, PARTNERS, secrets_of
from services.bus.table import Service
from services.registry import SERVICES
from tests.k8s.environment import read_by_code
from tests.k8s.rendered import (
    Manifest,
    Workload,
    name_of,
    of_kind,
    selects,
    workloads,
)

#: Secrets nobody renders: `deploy.handout` makes most, others give the rest.
HANDED_OUT: dict[str, set[str]] = {
    name: set(files) for name, files in secrets_of(SERVICES).items()
} | {name: set(files) for name, files in FROM_OTHERS.items()}
_CLAIMED = "persistentVolumeClaim"
#: A host of ours in an address, or alone.
_ADDRESS = re.compile(r"(?:^|//)(helpline-[a-z-]+)(?=[:./]|$)")
_WAYS = ("rw", "ro", "r")
#: Classes every cluster has.
_SYSTEM_CLASSES = {"system-cluster-critical", "system-node-critical"}


def broken_references(manifests: list[Manifest]) -> tuple[str, ...]:
    """One line for each reference that leads nowhere."""
    known = _Known(manifests)
    pods = workloads(manifests)
    return (
        *(line for each in pods for line in _of_pod(each, known)),
        *_of_selectors(manifests, pods),
        *_of_scaled(manifests),
        *_of_operators(manifests),
        *_of_programs(pods),
        *_of_hosts(pods, known),
    )


class _Known:
    """Names there are, by kind."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self.config = {each["metadata"]["name"]: each for each in of_kind(manifests, "ConfigMap")}
        self.accounts = _names(manifests, "ServiceAccount")
        self.claims = _names(manifests, "PersistentVolumeClaim")
        self.classes = _names(manifests, "PriorityClass") | _SYSTEM_CLASSES
        self.services = _names(manifests, "Service")
        self.secrets = HANDED_OUT | {name: set(files) for name, files in BY_HAND.items()}
        self.secrets |= made_by_operators(manifests)


def made_by_operators(manifests: list[Manifest]) -> dict[str, set[str]]:
    """Secrets that come of what is rendered: cert-manager's, and the CA CloudNativePG makes."""
    certificates = of_kind(manifests, "Certificate")
    return {
        each["spec"]["secretName"]: {"ca.crt", "tls.crt", "tls.key"} for each in certificates
    } | {
        f"{each['metadata']['name']}-ca": {"ca.crt", "ca.key"}
        for each in of_kind(manifests, "Cluster")
    }


def _names(manifests: list[Manifest], kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in of_kind(manifests, kind)}


def _of_pod(pod: Workload, known: _Known) -> Iterator[str]:
    where = f"{pod.kind}/{pod.name}"
    spec = pod.spec
    if not spec:
        return
    if spec.get("serviceAccountName") not in known.accounts:
        yield f"{where}: no ServiceAccount {spec.get('serviceAccountName')}"
    if spec.get("priorityClassName") not in known.classes:
        yield f"{where}: no PriorityClass {spec.get('priorityClassName')}"
    if pod.kind == "StatefulSet" and pod.manifest["spec"]["serviceName"] not in known.services:
        yield f"{where}: no Service {pod.manifest['spec']['serviceName']}"
    templates = pod.manifest["spec"].get("volumeClaimTemplates", ())
    volumes = {each["metadata"]["name"] for each in templates}
    for volume in spec.get("volumes", ()):
        volumes.add(volume["name"])
        yield from (f"{where}: {line}" for line in _of_volume(volume, known))
    for container in pod.containers():
        yield from (f"{where}: {line}" for line in _of_container(container, volumes, pod, known))


def _of_volume(volume: Mapping[str, Any], known: _Known) -> Iterator[str]:
    for source in volume.get("projected", {}).get("sources", (volume,)):
        if "secret" in source:
            secret = source["secret"]
            yield from _of_secret(secret.get("name") or secret.get("secretName"), secret, known)
        if "configMap" in source:
            yield from _of_config(source["configMap"]["name"], source["configMap"], known)
    if _CLAIMED in volume and volume[_CLAIMED]["claimName"] not in known.claims:
        yield f"no PersistentVolumeClaim {volume[_CLAIMED]['claimName']}"


def _of_secret(name: str, source: Mapping[str, Any], known: _Known) -> Iterator[str]:
    if name not in known.secrets:
        if not source.get("optional"):
            yield f"no Secret {name}"
        return
    for item in source.get("items", ()):
        if item["key"] not in known.secrets[name]:
            yield f"no key {item['key']} in Secret {name}"


def _of_config(name: str, source: Mapping[str, Any], known: _Known) -> Iterator[str]:
    if name not in known.config:
        if not (source.get("optional") and name == PARTNERS):
            yield f"no ConfigMap {name}"
        return
    for item in source.get("items", ()):
        if item["key"] not in known.config[name]["data"]:
            yield f"no key {item['key']} in ConfigMap {name}"


def _of_container(
    container: Mapping[str, Any], volumes: set[str], pod: Workload, known: _Known
) -> Iterator[str]:
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in volumes:
            yield f"no volume {mount['name']}"
    for source in container.get("envFrom", ()):
        if "secretRef" in source:
            yield "a Secret in the environment"
        else:
            yield from _of_config(source["configMapRef"]["name"], {}, known)
    for variable in container.get("env", ()):
        if "secretKeyRef" in variable.get("valueFrom", {}):
            yield f"a Secret in the environment: {variable['name']}"
    yield from _of_variables(container, known)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        port = container.get(probe, {}).get("httpGet", {}).get("port")
        if isinstance(port, str) and port not in pod.ports:
            yield f"{probe}: no port {port}"


def _of_variables(container: Mapping[str, Any], known: _Known) -> Iterator[str]:
    """Every HELPLINE_ variable is read by the code: a slip would be a default, without a word."""
    names = [variable["name"] for variable in container.get("env", ())]
    for source in container.get("envFrom", ()):
        config = known.config.get(source.get("configMapRef", {}).get("name", ""), {})
        names += config.get("data", {})
    for name in names:
        if name.startswith("HELPLINE_") and name not in read_by_code():
            yield f"nobody reads {name}"


def _of_selectors(manifests: list[Manifest], pods: tuple[Workload, ...]) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        chosen = [pod for pod in pods if service["spec"]["selector"].items() <= pod.labels.items()]
        if not chosen:
            yield f"{name_of(service)}: selects no pod"
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            yield from (
                f"{name_of(service)}: {pod.name} has no port {target}"
                for pod in chosen
                if target not in (*pod.ports, *pod.ports.values())
            )
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        selector = budget["spec"].get("selector") or {}
        if not selector.get("matchLabels"):
            yield f"{name_of(budget)}: has no selector"
        chosen = [pod for pod in pods if selects(selector, pod.labels)]
        if len(chosen) != 1:
            yield f"{name_of(budget)}: selects {len(chosen)} workloads"
    for policy in of_kind(manifests, "NetworkPolicy"):
        if not any(selects(policy["spec"]["podSelector"], pod.labels) for pod in pods):
            yield f"{name_of(policy)}: selects no pod"
        for rule in (*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())):
            for peer in (*rule.get("from", ()), *rule.get("to", ())):
                inside = "podSelector" in peer and "namespaceSelector" not in peer
                if inside and not any(selects(peer["podSelector"], pod.labels) for pod in pods):
                    yield f"{name_of(policy)}: a peer selects no pod"
    for monitor in of_kind(manifests, "PodMonitor"):
        chosen = [pod for pod in pods if selects(monitor["spec"]["selector"], pod.labels)]
        if not chosen:
            yield f"{name_of(monitor)}: selects no pod"
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            if not any(endpoint["port"] in pod.ports for pod in chosen):
                yield f"{name_of(monitor)}: no pod has port {endpoint['port']}"
    for route in of_kind(manifests, "HTTPRoute"):
        yield from _of_route(route, manifests)


def _of_route(route: Manifest, manifests: list[Manifest]) -> Iterator[str]:
    ports = {
        (each["metadata"]["name"], port["port"])
        for each in of_kind(manifests, "Service")
        for port in each["spec"]["ports"]
    }
    for rule in route["spec"]["rules"]:
        for backend in rule["backendRefs"]:
            if (backend["name"], backend["port"]) not in ports:
                yield f"{name_of(route)}: no Service {backend['name']}:{backend['port']}"


def _of_operators(manifests: list[Manifest]) -> Iterator[str]:
    """What custom resources name of Secrets, stores and clusters."""
    clusters, stores = _names(manifests, "Cluster"), _names(manifests, "ObjectStore")
    named: list[tuple[str, str, str]] = []
    for cluster in of_kind(manifests, "Cluster"):
        secret = cluster["spec"]["bootstrap"]["initdb"]["secret"]["name"]
        named += [(name_of(cluster), secret, key) for key in ("username", "password")]
        for plugin in cluster["spec"].get("plugins", ()):
            if plugin["parameters"]["barmanObjectName"] not in stores:
                yield f"{name_of(cluster)}: no ObjectStore {plugin['parameters']}"
    for store in of_kind(manifests, "ObjectStore"):
        credentials = store["spec"]["configuration"]["s3Credentials"].values()
        named += [(name_of(store), each["name"], each["key"]) for each in credentials]
    for where, secret, key in named:
        if key not in HANDED_OUT.get(secret, ()):
            yield f"{where}: no {key} in Secret {secret}"
    issuers, made = _names(manifests, "Issuer"), made_by_operators(manifests)
    for certificate in of_kind(manifests, "Certificate"):
        if certificate["spec"]["issuerRef"]["name"] not in issuers:
            yield f"{name_of(certificate)}: no Issuer {certificate['spec']['issuerRef']['name']}"
    for issuer in of_kind(manifests, "Issuer"):
        secret = issuer["spec"].get("ca", {}).get("secretName")
        if secret is not None and secret not in made:
            yield f"{name_of(issuer)}: nobody makes Secret {secret}"
    for backup in of_kind(manifests, "ScheduledBackup"):
        if backup["spec"]["cluster"]["name"] not in clusters:
            yield f"{name_of(backup)}: no Cluster {backup['spec']['cluster']['name']}"
    external = [each["spec"]["target"]["name"] for each in of_kind(manifests, "ExternalSecret")]
    if external and sorted(external) != sorted(HANDED_OUT):
        yield f"ExternalSecrets: {sorted(HANDED_OUT.keys() ^ set(external))}"


def _of_scaled(manifests: list[Manifest]) -> Iterator[str]:
    deployments = _names(manifests, "Deployment")
    targets: list[str] = []
    for each in of_kind(manifests, "ScaledObject", "HorizontalPodAutoscaler"):
        target = each["spec"]["scaleTargetRef"]["name"]
        targets.append(target)
        if target not in deployments:
            yield f"{name_of(each)}: no Deployment {target}"
        for trigger in each["spec"].get("triggers", ()):
            yield from (f"{name_of(each)}: {line}" for line in _of_trigger(trigger, target))
    for target in {name for name in targets if targets.count(name) > 1}:
        yield f"Deployment/{target}: scaled by two"


def _of_trigger(trigger: Mapping[str, Any], target: str) -> Iterator[str]:
    said = trigger["metadata"]
    by_name: dict[str, Service] = {f"helpline-{each.name}": each for each in SERVICES}
    if said["stream"] not in list(Stream):
        yield f"no stream {said['stream']}"
        return
    service = by_name.get(target)
    durables = {} if service is None else {service.durable(s): s for s in service.streams()}
    if durables.get(said["consumer"]) != said["stream"]:
        yield f"no consumer {said['consumer']} on {said['stream']}"
    if said["account"] != "HELPLINE":
        yield f"no account {said['account']}"


def _of_programs(pods: tuple[Workload, ...]) -> Iterator[str]:
    """`python -m X` names a module of ours; services.run names services there are."""
    names = {service.name for service in SERVICES}
    for pod in pods:
        for container in pod.containers():
            match container.get("command", ()):
                case ["python", "-m", module]:
                    if importlib.util.find_spec(module) is None:
                        yield f"{pod.kind}/{pod.name}: no module {module}"
                    if module == "services.run" and not set(container.get("args", ())) <= names:
                        yield f"{pod.kind}/{pod.name}: no service {container['args']}"
                case _:
                    continue


def _of_hosts(pods: tuple[Workload, ...], known: _Known) -> Iterator[str]:
    """An address of ours, in what a pod is told or in its arguments, names a Service there is.

    CloudNativePG makes those of its cluster: NAME-rw, NAME-ro, NAME-r.
    """
    made = {f"{each.name}-{way}" for each in pods if each.kind == "Cluster" for way in _WAYS}
    for pod in pods:
        told = [text for each in pod.containers() for text in _told(each, known)]
        for host in sorted({host for text in told for host in _ADDRESS.findall(text)}):
            if host not in known.services | made:
                yield f"{pod.kind}/{pod.name}: no Service {host}"


def _told(container: Mapping[str, Any], known: _Known) -> Iterator[str]:
    yield from map(str, container.get("args", ()))
    yield from (str(each.get("value", "")) for each in container.get("env", ()))
    for source in container.get("envFrom", ()):
        config = known.config.get(source.get("configMapRef", {}).get("name", ""), {})
        yield from config.get("data", {}).values()
