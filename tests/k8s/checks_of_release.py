"""What a release must be: closed first, secret, whole, named, in the right order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from deploy.handout import PARTNERS
from deploy.rules import groups
from services.registry import SERVICES
from tests.k8s.flows import services_in
from tests.k8s.kinds_of_pod import REPORTING, VITAL, is_ground, templated
from tests.k8s.rendered import Manifest, Workload, name_of, of_kind, one, workloads

_RECOMMENDED = frozenset(
    f"app.kubernetes.io/{name}" for name in ("name", "instance", "part-of", "managed-by")
)
_SECRET_WORDS = re.compile(r"PASSWORD|SECRET|TOKEN|SEED|PRIVATE|_KEY\b")


def namespace_is_restricted(manifests: list[Manifest]) -> Iterator[str]:
    """Pod Security admission refuses, warns and notes whatever is not restricted."""
    labels = one(manifests, "Namespace/helpline")["metadata"]["labels"]
    for mode in ("enforce", "warn", "audit"):
        if labels.get(f"pod-security.kubernetes.io/{mode}") != "restricted":
            yield f"{mode} is not restricted"


def everything_is_denied_first(manifests: list[Manifest]) -> Iterator[str]:
    """One policy for all pods, both ways, that allows nothing."""
    if not any(
        policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        for policy in of_kind(manifests, "NetworkPolicy")
    ):
        yield "no policy denies"


def secrets_stay_secret(manifests: list[Manifest]) -> Iterator[str]:
    """No Secret is rendered, none is in a ConfigMap or a variable; only the group reads files."""
    yield from (f"{name_of(each)} is rendered" for each in of_kind(manifests, "Secret"))
    named = [
        (name_of(each), name, value)
        for each in of_kind(manifests, "ConfigMap")
        for name, value in each["data"].items()
    ] + [
        (pod.name, variable["name"], variable.get("value", ""))
        for pod in templated(manifests)
        for container in pod.containers()
        for variable in container.get("env", ())
    ]
    for where, name, value in named:
        if _SECRET_WORDS.search(name) and not name.endswith(("_FILE", "_DIR")):
            yield f"{where}: {name} is no place for a secret"
        if "BEGIN " in value or re.search(r"\bSU[A-Z2-7]{56}\b|://[^/\s]+:[^/\s]+@", value):
            yield f"{where}: {name} holds a secret"
    for pod in templated(manifests):
        for volume in pod.spec.get("volumes", ()):
            if _holds_secret(volume) and _mode(volume) & 0o007:
                yield f"{pod.name}: {volume['name']} can be read by others"


def _holds_secret(volume: Mapping[str, Any]) -> bool:
    sources = volume.get("projected", {}).get("sources", (volume,))
    return any("secret" in each for each in sources)


def _mode(volume: Mapping[str, Any]) -> int:
    return int((volume.get("projected") or volume["secret"]).get("defaultMode", 0o644))


def each_pod_has_its_own_keys(manifests: list[Manifest]) -> Iterator[str]:
    """A service reads its own keys, and that of capabilities where it has a door."""
    doors = {each.name for each in SERVICES if each.door is not None}
    for pod in templated(manifests):
        names = set(services_in(pod))
        if not names:
            continue
        wanted = {f"helpline-key-{name}" for name in names}
        wanted |= {"helpline-key-capability"} if names & doors else set()
        wanted |= {"helpline-issuer"} if "console" in names else set()
        robot = any(pod.name == "helpline-synthetic-caller" for pod in workloads(manifests))
        wanted |= {"helpline-key-robot"} if robot and "console" in names else set()
        found = {name for name, items in _secrets_of(pod) if items != ["ca.crt"]}
        if found != wanted:
            yield f"{pod.name}: reads {sorted(found ^ wanted)}"


def _secrets_of(pod: Workload) -> Iterator[tuple[str, list[str]]]:
    """Each Secret with the keys that are named of it; none is all."""
    for volume in pod.spec.get("volumes", ()):
        for source in volume.get("projected", {}).get("sources", (volume,)):
            if "secret" in source:
                secret = source["secret"]
                items = [each["key"] for each in secret.get("items", ())]
                yield secret.get("name") or secret["secretName"], items


def every_service_runs_once(manifests: list[Manifest]) -> Iterator[str]:
    """No service is left out, none runs in two workloads, and labels say which it is."""
    running = [name for pod in templated(manifests) for name in services_in(pod)]
    if sorted(running) != sorted(each.name for each in SERVICES):
        yield f"{sorted(running)} run"
    for pod in templated(manifests):
        names = services_in(pod)
        component = pod.labels.get("app.kubernetes.io/component")
        if names and component != (names[0] if len(names) == 1 else "all"):
            yield f"{pod.name}: bears the name {component}"


def releases_name_their_jobs(manifests: list[Manifest]) -> Iterator[str]:
    """A Job's template cannot change: each ends in the release's name, and is tried for a while."""
    namespace = one(manifests, "Namespace/helpline")
    release = namespace["metadata"]["labels"].get("app.kubernetes.io/version")
    jobs = tuple(of_kind(manifests, "Job"))
    programs = {"deploy.tables", "services.bus.provision", "deploy.release"}
    for job in jobs:
        if not job["metadata"]["name"].endswith(f"-{release}"):
            yield f"{name_of(job)}: is of no release"
        programs -= set(job["spec"]["template"]["spec"]["containers"][0]["command"])
    yield from (f"no Job runs {program}" for program in sorted(programs))


def manifests_of_lines_go_into_jobs(manifests: list[Manifest]) -> Iterator[str]:
    """A line mounted into a service would be taken up by a restart, or by half of the pods."""
    for pod in templated(manifests):
        for container in pod.containers() if services_in(pod) else ():
            if any("programme" in mount["mountPath"] for mount in container["volumeMounts"]):
                yield f"{pod.name}: mounts a line"


def partners_are_known_where_streams_are_made(manifests: list[Manifest]) -> Iterator[str]:
    """The Job of streams reads partners' files, where there are any, and nobody else has them."""
    for pod in templated(manifests):
        places = list(_partners_in(pod))
        makers = [c for c in pod.containers() if "services.bus.provision" in c.get("command", ())]
        if not makers:
            yield from (f"{pod.name}: has the files of partners" for _ in places)
            continue
        words = [word for each in makers for word in each["args"]]
        said = [after for word, after in pairwise(words) if word == "--partners"]
        if not said or said != places:
            yield f"{pod.name}: reads partners' files from {said}, and they are in {places}"


def _partners_in(pod: Workload) -> Iterator[str]:
    """Where a pod has the files of partners; where it would wait for them, nowhere."""
    volumes = {
        each["name"]
        for each in pod.spec.get("volumes", ())
        if each.get("configMap", {}).get("name") == PARTNERS and each["configMap"].get("optional")
    }
    for container in pod.containers():
        for mount in container.get("volumeMounts", ()):
            if mount["name"] in volumes:
                yield mount["mountPath"]


def priorities_put_callers_first(manifests: list[Manifest]) -> Iterator[str]:
    """Who stands between a caller and a human goes before who counts."""
    values = {
        each["metadata"]["name"]: each["value"] for each in of_kind(manifests, "PriorityClass")
    }
    of_service = {
        name: values.get(pod.spec.get("priorityClassName", ""), 0)
        for pod in templated(manifests)
        if len(services_in(pod)) == 1
        for name in services_in(pod)
    }
    highest = max(values.values())
    for name, value in of_service.items():
        if name in VITAL and value < highest:
            yield f"{name}: may be put after others"
        if name in REPORTING and value >= min(of_service[each] for each in VITAL):
            yield f"{name}: goes before a caller"
    for pod in workloads(manifests):
        said = pod.spec.get("priorityClassName") or pod.manifest["spec"].get("priorityClassName")
        if is_ground(pod) and values.get(said, 0) < highest:
            yield f"{pod.name}: everything stands on it"


def recommended_labels_are_there(manifests: list[Manifest]) -> Iterator[str]:
    """Names, version and who made it, on everything."""
    for each in manifests:
        missing = (_RECOMMENDED | {"app.kubernetes.io/version"}) - each["metadata"]["labels"].keys()
        if missing:
            yield f"{name_of(each)}: {sorted(missing)}"
    for pod in templated(manifests):
        missing = (_RECOMMENDED | {"app.kubernetes.io/component"}) - pod.labels.keys()
        if missing:
            yield f"pods of {pod.name}: {sorted(missing)}"


def alerts_are_those_we_try(manifests: list[Manifest]) -> Iterator[str]:
    """Where figures are read, every rule of observability/alerts is, and no other."""
    if not any(of_kind(manifests, "PodMonitor")):
        return
    given = [
        group for each in of_kind(manifests, "PrometheusRule") for group in each["spec"]["groups"]
    ]
    if given != groups():
        yield "other alerts than in observability/alerts: ./just rules"
