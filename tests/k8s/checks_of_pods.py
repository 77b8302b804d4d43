"""What every pod must be: restricted, bounded, probed, ended with time, spread."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.k8s.flows import services_in
from tests.k8s.kinds_of_pod import (
    VITAL,
    bus_of,
    fewest_of,
    is_ground,
    is_several,
    services_named,
    serving,
    templated,
)
from tests.k8s.rendered import Manifest, Workload, name_of, of_kind, selects, workloads

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
#: Machine time: requests in flight at a door, the last publish, the clean end of the process.
_LAST_SECONDS = 10


def pods_are_restricted(manifests: list[Manifest]) -> Iterator[str]:
    """Non-root by number, default seccomp, no capability, no escalation, nothing of the host."""
    for pod in templated(manifests):
        context = pod.spec.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{pod.name}: may run as root"
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{pod.name}: no seccomp profile"
        if any(pod.spec.get(each) for each in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{pod.name}: uses the host"
        if any("hostPath" in volume for volume in pod.spec.get("volumes", ())):
            yield f"{pod.name}: mounts the host"
        for container in pod.containers():
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{pod.name}: may escalate"
            if own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{pod.name}: has capabilities"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{pod.name}: writes to its root"


def scratch_space_has_a_size(manifests: list[Manifest]) -> Iterator[str]:
    """A folder without a limit fills the disk of the node."""
    for pod in templated(manifests):
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{pod.name}: {volume['name']} has no limit"


def accounts_are_their_own(manifests: list[Manifest]) -> Iterator[str]:
    """Each service has its account; nobody gets a token, nor variables of other Services."""
    for account in of_kind(manifests, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name_of(account)}: mounts a token"
    users: dict[str, str] = {}
    for pod in templated(manifests):
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name}: mounts a token"
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.name}: HELPLINE_RISK_PORT would be an address"
        if pod.kind not in ("Job", "CronJob"):
            other = users.setdefault(pod.spec["serviceAccountName"], pod.name)
            if other != pod.name:
                yield f"{pod.name}: shares its account with {other}"


def images_are_digests(manifests: list[Manifest]) -> Iterator[str]:
    """A tag can be another image tomorrow."""
    for pod in workloads(manifests):
        images = [container["image"] for container in pod.containers()]
        if pod.kind == "Cluster":
            images = [pod.manifest["spec"]["imageName"]]
        yield from (f"{pod.name}: {each}" for each in images if not _DIGEST.fullmatch(each))


def memory_is_bounded(manifests: list[Manifest]) -> Iterator[str]:
    """Every container has a limit of memory and none of CPU; the ground keeps what it asked for."""
    for pod in workloads(manifests):
        named = [(each, each.get("resources", {})) for each in pod.containers()]
        if pod.kind == "Cluster":
            named = [({}, pod.manifest["spec"].get("resources", {}))]
        for _, resources in named:
            asked, limit = resources.get("requests", {}), resources.get("limits", {})
            if "memory" not in limit or "memory" not in asked or "cpu" not in asked:
                yield f"{pod.name}: takes what it wants"
            if "cpu" in limit:
                yield f"{pod.name}: throttled, it is taken for dead"
            if is_ground(pod) and asked.get("memory") != limit.get("memory"):
                yield f"{pod.name}: may be evicted for memory it was not promised"


def probes_differ(manifests: list[Manifest]) -> Iterator[str]:
    """Starting, ready and alive are three questions; the last asks nothing of NATS or Postgres."""
    for pod in serving(manifests):
        for container in pod.spec["containers"]:
            probes = [
                container.get(f"{each}Probe") for each in ("startup", "readiness", "liveness")
            ]
            if None in probes or len({str(each) for each in probes}) < 3:
                yield f"{pod.name}: its probes do not differ"
        if services_in(pod):
            yield from _of_service_probes(pod)


def _of_service_probes(pod: Workload) -> Iterator[str]:
    (container,) = pod.spec["containers"]
    paths = {
        each: container.get(f"{each}Probe", {}).get("httpGet", {}).get("path")
        for each in ("startup", "readiness", "liveness")
    }
    if paths["liveness"] != "/livez":
        yield f"{pod.name}: is restarted when NATS or Postgres is away"
    if paths["startup"] != "/livez":
        yield f"{pod.name}: cannot start while NATS is away"
    if paths["readiness"] != "/readyz":
        yield f"{pod.name}: gets work it cannot take"


def whoever_leaves_has_time(manifests: list[Manifest]) -> Iterator[str]:
    """Out of the Service first, then the longest piece of work, all before the grace ends."""
    for pod in serving(manifests):
        grace = pod.spec.get("terminationGracePeriodSeconds", 30)
        (container, *_) = pod.spec["containers"]
        before = container.get("lifecycle", {}).get("preStop")
        if before is None:
            yield f"{pod.name}: ends while requests still come"
            continue
        names = services_in(pod)
        longest = max(
            (each.ack_wait().total_seconds() for each in services_named(names)), default=0
        )
        if before.get("sleep", {}).get("seconds", 0) + longest + _LAST_SECONDS > grace:
            yield f"{pod.name}: is killed with a piece of work in hand"
    if bus_of(manifests).spec.get("terminationGracePeriodSeconds") != 60:
        yield "NATS is killed before its clients have left"


def roll_outs_lose_nobody(manifests: list[Manifest]) -> Iterator[str]:
    """The new pod answers before the old one leaves."""
    for pod in serving(manifests):
        if pod.kind == "Deployment":
            rolling = pod.manifest["spec"].get("strategy", {}).get("rollingUpdate", {})
            if rolling.get("maxUnavailable") != 0:
                yield f"{pod.name}: is away during a roll-out"


def drains_leave_some(manifests: list[Manifest]) -> Iterator[str]:
    """Whatever has more than one pod has a budget that names it."""
    budgets = tuple(of_kind(manifests, "PodDisruptionBudget"))
    for budget in budgets:
        if budget["spec"].get("maxUnavailable") != 1:
            yield f"{name_of(budget)}: lets several go, or none for ever"
    for pod in serving(manifests):
        if is_several(pod, manifests) and not any(
            (budget["spec"].get("selector") or {}).get("matchLabels")
            and selects(budget["spec"]["selector"], pod.labels)
            for budget in budgets
        ):
            yield f"{pod.name}: a drain may take every pod"


def pods_are_spread(manifests: list[Manifest]) -> Iterator[str]:
    """Over hosts, and over zones where there are some."""
    for pod in serving(manifests):
        if not is_several(pod, manifests):
            continue
        constraints = pod.spec.get("topologySpreadConstraints", ())
        keys = {each["topologyKey"]: each for each in constraints}
        for each in constraints:
            if set(each.get("matchLabelKeys", ())) & each["labelSelector"]["matchLabels"].keys():
                yield f"{pod.name}: the API refuses a label in both selectors"
        if "topology.kubernetes.io/zone" not in keys:
            yield f"{pod.name}: may stand in one zone"
        host = keys.get("kubernetes.io/hostname", {})
        apart = host.get("whenUnsatisfiable") == "DoNotSchedule" and selects(
            host.get("labelSelector"), pod.labels
        )
        if not apart and not _kept(pod, "podAntiAffinity"):
            yield f"{pod.name}: may stand on one host"


def volumes_reach_their_pods(manifests: list[Manifest]) -> Iterator[str]:
    """A volume only one node may write is mounted by pods that are kept on one node."""
    claims = {
        each["metadata"]["name"]: each["spec"]["accessModes"]
        for each in of_kind(manifests, "PersistentVolumeClaim")
    }
    for pod in serving(manifests):
        for volume in pod.spec.get("volumes", ()):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claims.get(claim) == ["ReadWriteOnce"] and not _kept(pod, "podAffinity"):
                yield f"{pod.name}: the next pod may not reach {claim} from its node"


def _kept(pod: Workload, how: str) -> bool:
    """Whether pods of a workload are kept on one host (`podAffinity`) or apart."""
    terms = (
        pod.spec.get("affinity", {})
        .get(how, {})
        .get("requiredDuringSchedulingIgnoredDuringExecution", ())
    )
    return any(
        term["topologyKey"] == "kubernetes.io/hostname"
        and selects(term["labelSelector"], pod.labels)
        for term in terms
    )


def vital_services_are_two(manifests: list[Manifest]) -> Iterator[str]:
    """With a pod for each service, whoever stands between a caller and a human is there twice."""
    for pod in serving(manifests):
        names = services_in(pod)
        if len(names) == 1 and names[0] in VITAL and fewest_of(pod, manifests) < 2:
            yield f"{pod.name}: is alone"
    for scaled in of_kind(manifests, "ScaledObject"):
        if scaled["spec"].get("minReplicaCount", 0) < 1 or "idleReplicaCount" in scaled["spec"]:
            yield f"{name_of(scaled)}: scales to nobody"
