"""The reviewer's checklist as data: one function for each line, each yields what is wrong.

Pure, tried on the rendered overlays and on copies with one fault each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deploy.embedded.postgres import _DURABLE, _SETTINGS
from services.bus.provision.declared import SCALES
from services.registry import SERVICES
from tests.k8s.flows import services_in
from tests.k8s.rendered import Manifest, Workload, name_of, of_kind, one, selects, workloads

#: Between a caller and a human: never one alone where there are several nodes, never none.
VITAL = frozenset({"intake", "triage", "assignment", "risk", "console"})
#: What only counts.
REPORTING = frozenset({"quality"})
_RECOMMENDED = frozenset(
    f"app.kubernetes.io/{name}" for name in ("name", "instance", "part-of", "managed-by")
)
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_SECRET_WORDS = re.compile(r"PASSWORD|SECRET|TOKEN|SEED|PRIVATE|_KEY\b")
#: Machine time: requests in flight at a door, the last publish, the clean end of the process.
_LAST_SECONDS = 10

Check = Callable[[list[Manifest]], Iterator[str]]


def namespace_is_restricted(manifests: list[Manifest]) -> Iterator[str]:
    """Pod Security admission refuses, warns and notes whatever is not restricted."""
    labels = one(manifests, "Namespace/helpline")["metadata"]["labels"]
    for mode in ("enforce", "warn", "audit"):
        if labels.get(f"pod-security.kubernetes.io/{mode}") != "restricted":
            yield f"{mode} is not restricted"


def pods_are_restricted(manifests: list[Manifest]) -> Iterator[str]:
    """Non-root by number, default seccomp, no capability, no escalation, nothing of the host."""
    for pod in _templated(manifests):
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
    for pod in _templated(manifests):
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{pod.name}: {volume['name']} has no limit"


def accounts_are_their_own(manifests: list[Manifest]) -> Iterator[str]:
    """Each service has its account; nobody gets a token, nor variables of other Services."""
    for account in of_kind(manifests, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name_of(account)}: mounts a token"
    users: dict[str, str] = {}
    for pod in _templated(manifests):
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
            if _is_ground(pod) and asked.get("memory") != limit.get("memory"):
                yield f"{pod.name}: may be evicted for memory it was not promised"


def probes_differ(manifests: list[Manifest]) -> Iterator[str]:
    """Starting, ready and alive are three questions; the last asks nothing of NATS or Postgres."""
    for pod in _serving(manifests):
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
    for pod in _serving(manifests):
        grace = pod.spec.get("terminationGracePeriodSeconds", 30)
        (container, *_) = pod.spec["containers"]
        before = container.get("lifecycle", {}).get("preStop")
        if before is None:
            yield f"{pod.name}: ends while requests still come"
            continue
        names = services_in(pod)
        longest = max((each.ack_wait().total_seconds() for each in _named(names)), default=0)
        if before.get("sleep", {}).get("seconds", 0) + longest + _LAST_SECONDS > grace:
            yield f"{pod.name}: is killed with a piece of work in hand"
    if (
        one(manifests, "StatefulSet/helpline-nats")["spec"]["template"]["spec"].get(
            "terminationGracePeriodSeconds"
        )
        != 60
    ):
        yield "NATS is killed before its clients have left"


def roll_outs_lose_nobody(manifests: list[Manifest]) -> Iterator[str]:
    """The new pod answers before the old one leaves."""
    for pod in _serving(manifests):
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
    for pod in _serving(manifests):
        if _several(pod, manifests) and not any(
            (budget["spec"].get("selector") or {}).get("matchLabels")
            and selects(budget["spec"]["selector"], pod.labels)
            for budget in budgets
        ):
            yield f"{pod.name}: a drain may take every pod"


def pods_are_spread(manifests: list[Manifest]) -> Iterator[str]:
    """Over hosts, and over zones where there are some."""
    for pod in _serving(manifests):
        if not _several(pod, manifests):
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
    for pod in _serving(manifests):
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
    for pod in _serving(manifests):
        names = services_in(pod)
        if len(names) == 1 and names[0] in VITAL and _fewest(pod, manifests) < 2:
            yield f"{pod.name}: is alone"
    for scaled in of_kind(manifests, "ScaledObject"):
        if scaled["spec"].get("minReplicaCount", 0) < 1 or "idleReplicaCount" in scaled["spec"]:
            yield f"{name_of(scaled)}: scales to nobody"


def nats_is_as_its_streams(manifests: list[Manifest]) -> Iterator[str]:
    """Servers, copies of streams, disk and the form of the configuration belong together."""
    nats = one(manifests, "StatefulSet/helpline-nats")
    scale = SCALES[_scale(manifests)]
    replicas = nats["spec"]["replicas"]
    if replicas != scale.replicas:
        yield f"{replicas} servers for {scale.replicas} copies"
    conf = next(
        each["data"]["nats.conf"]
        for each in of_kind(manifests, "ConfigMap")
        if "nats.conf" in each["data"]
    )
    if ("cluster {" in conf) != (replicas > 1):
        yield "a lone server with a cluster shows no stream, a cluster without one loses them"
    if conf.count(":6222") != (replicas + 1 if replicas > 1 else 0):
        yield "not every server is in the routes"
    (claim,) = nats["spec"]["volumeClaimTemplates"]
    if _bytes(claim["spec"]["resources"]["requests"]["storage"]) < scale.store_bytes * 5 // 4:
        yield "streams may fill the volume"
    if nats["spec"].get("podManagementPolicy") != "Parallel":
        yield "servers wait for each other in turn"
    headless = one(manifests, f"Service/{nats['spec']['serviceName']}")["spec"]
    if headless.get("clusterIP") != "None" or not headless.get("publishNotReadyAddresses"):
        yield "servers cannot find each other before they are ready"


def nobody_sees_the_monitor(manifests: list[Manifest]) -> Iterator[str]:
    """NATS's monitoring port tells who is connected: in a Service only where KEDA reads it."""
    keda = any(of_kind(manifests, "ScaledObject"))
    for service in of_kind(manifests, "Service"):
        for port in service["spec"]["ports"]:
            hidden = service["spec"].get("clusterIP") == "None" and keda
            if port.get("targetPort") in ("monitor", 8222) and not hidden:
                yield f"{name_of(service)}: shows who is connected"
        if service["spec"].get("type", "ClusterIP") != "ClusterIP":
            yield f"{name_of(service)}: is open to the outside beside the gateway"


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
        for pod in _templated(manifests)
        for container in pod.containers()
        for variable in container.get("env", ())
    ]
    for where, name, value in named:
        if _SECRET_WORDS.search(name) and not name.endswith(("_FILE", "_DIR")):
            yield f"{where}: {name} is no place for a secret"
        if "BEGIN " in value or re.search(r"\bSU[A-Z2-7]{56}\b|://[^/\s]+:[^/\s]+@", value):
            yield f"{where}: {name} holds a secret"
    for pod in _templated(manifests):
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
    for pod in _templated(manifests):
        names = set(services_in(pod))
        if not names:
            continue
        wanted = {f"helpline-key-{name}" for name in names}
        wanted |= {"helpline-key-capability"} if names & doors else set()
        wanted |= {"helpline-issuer"} if "console" in names else set()
        found = set(_secrets_of(pod))
        if found != wanted:
            yield f"{pod.name}: reads {sorted(found ^ wanted)}"


def _secrets_of(pod: Workload) -> Iterator[str]:
    for volume in pod.spec.get("volumes", ()):
        for source in volume.get("projected", {}).get("sources", (volume,)):
            if "secret" in source:
                yield source["secret"].get("name") or source["secret"]["secretName"]


def every_service_runs_once(manifests: list[Manifest]) -> Iterator[str]:
    """No service is left out, none runs in two workloads, and labels say which it is."""
    running = [name for pod in _templated(manifests) for name in services_in(pod)]
    if sorted(running) != sorted(each.name for each in SERVICES):
        yield f"{sorted(running)} run"
    for pod in _templated(manifests):
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
    for pod in _templated(manifests):
        for container in pod.containers() if services_in(pod) else ():
            if any("programme" in mount["mountPath"] for mount in container["volumeMounts"]):
                yield f"{pod.name}: mounts a line"


def priorities_put_callers_first(manifests: list[Manifest]) -> Iterator[str]:
    """Who stands between a caller and a human goes before who counts."""
    values = {
        each["metadata"]["name"]: each["value"] for each in of_kind(manifests, "PriorityClass")
    }
    of_service = {
        name: values.get(pod.spec.get("priorityClassName", ""), 0)
        for pod in _templated(manifests)
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
        if _is_ground(pod) and values.get(said, 0) < highest:
            yield f"{pod.name}: everything stands on it"


def recommended_labels_are_there(manifests: list[Manifest]) -> Iterator[str]:
    """Names, version and who made it, on everything."""
    for each in manifests:
        missing = (_RECOMMENDED | {"app.kubernetes.io/version"}) - each["metadata"]["labels"].keys()
        if missing:
            yield f"{name_of(each)}: {sorted(missing)}"
    for pod in _templated(manifests):
        missing = (_RECOMMENDED | {"app.kubernetes.io/component"}) - pod.labels.keys()
        if missing:
            yield f"pods of {pod.name}: {sorted(missing)}"


def postgres_has_room(manifests: list[Manifest]) -> Iterator[str]:
    """Every pod there may be, and one more of each during a roll-out, finds a connection."""
    total = sum(
        (_most(pod, manifests) + 1) * sum(_connections(name) for name in services_in(pod))
        for pod in _serving(manifests)
    )
    (room,) = (
        int(_told(pod)["max_connections"]) for pod in workloads(manifests) if _is_database(pod)
    )
    if total + 10 > room:
        yield f"{total} connections for {room}"


def _connections(name: str) -> int:
    """Those of its lanes (services/bus/runner.py)."""
    (service,) = _named((name,))
    main = 1 if service.exclusive else service.workers
    streams = 0 if service.exclusive else len(service.streams()) * service.workers
    return 2 + main + streams


def postgres_logs_no_values(manifests: list[Manifest]) -> Iterator[str]:
    """It is told what the embedded one is told; what a row or a statement holds is not logged."""
    (told,) = (_told(pod) for pod in workloads(manifests) if _is_database(pod))
    for name, value in (_SETTINGS | _DURABLE).items():
        said = told.get(name)
        if name.startswith(("log_", "lc_")) or name in ("timezone", "jit", "synchronous_commit"):
            if said != value:
                yield f"{name} is {said}, not {value}"
        elif name in ("fsync", "full_page_writes") and said == "off":
            yield f"{name} is off"


def _told(pod: Workload) -> Mapping[str, str]:
    if pod.kind == "Cluster":
        parameters: Mapping[str, str] = pod.manifest["spec"]["postgresql"]["parameters"]
        return parameters
    arguments = pod.spec["containers"][0]["args"]
    return dict(each.removeprefix("-c").split("=", 1) for each in arguments)


def database_keeps_what_it_said(manifests: list[Manifest]) -> Iterator[str]:
    """With several instances: one more has each commit, the log is archived, backups are made."""
    for cluster in of_kind(manifests, "Cluster"):
        spec = cluster["spec"]
        if spec["instances"] < 3:
            yield "fewer than three instances"
        if spec["postgresql"].get("synchronous", {}).get("number", 0) < 1:
            yield "a commit is on one disk"
        if not any(each.get("isWALArchiver") for each in spec.get("plugins", ())):
            yield "the log is not archived"
        if not spec.get("enablePDB", True):
            yield "a drain may take every instance"
        if spec.get("affinity", {}).get("podAntiAffinityType") != "required":
            yield "instances may stand on one host"
        backups = of_kind(manifests, "ScheduledBackup")
        if not any(b["spec"]["cluster"]["name"] == cluster["metadata"]["name"] for b in backups):
            yield "no backup is scheduled"


CHECKS: tuple[Check, ...] = (
    namespace_is_restricted,
    pods_are_restricted,
    scratch_space_has_a_size,
    accounts_are_their_own,
    images_are_digests,
    memory_is_bounded,
    probes_differ,
    whoever_leaves_has_time,
    roll_outs_lose_nobody,
    drains_leave_some,
    pods_are_spread,
    volumes_reach_their_pods,
    vital_services_are_two,
    nats_is_as_its_streams,
    nobody_sees_the_monitor,
    everything_is_denied_first,
    secrets_stay_secret,
    each_pod_has_its_own_keys,
    every_service_runs_once,
    releases_name_their_jobs,
    manifests_of_lines_go_into_jobs,
    priorities_put_callers_first,
    recommended_labels_are_there,
    postgres_has_room,
    postgres_logs_no_values,
    database_keeps_what_it_said,
)


def _templated(manifests: list[Manifest]) -> tuple[Workload, ...]:
    """Pods we write ourselves."""
    return tuple(pod for pod in workloads(manifests) if pod.spec)


def _serving(manifests: list[Manifest]) -> tuple[Workload, ...]:
    return tuple(pod for pod in _templated(manifests) if pod.kind in ("Deployment", "StatefulSet"))


def _named(names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(service for service in SERVICES if service.name in names)


def _is_database(pod: Workload) -> bool:
    return pod.labels.get("helpline/postgres") == "yes"


def _is_ground(pod: Workload) -> bool:
    return _is_database(pod) or pod.labels.get("app.kubernetes.io/component") == "bus"


def _scaling(pod: Workload, manifests: list[Manifest]) -> Iterator[tuple[int, int]]:
    for each in of_kind(manifests, "ScaledObject", "HorizontalPodAutoscaler"):
        spec = each["spec"]
        if spec["scaleTargetRef"]["name"] == pod.name:
            fewest = spec.get("minReplicaCount", spec.get("minReplicas", 0))
            yield fewest, spec.get("maxReplicaCount", spec.get("maxReplicas", 0))


def _fewest(pod: Workload, manifests: list[Manifest]) -> int:
    scaled = [fewest for fewest, _ in _scaling(pod, manifests)]
    return min(scaled, default=int(pod.manifest["spec"].get("replicas", 1)))


def _most(pod: Workload, manifests: list[Manifest]) -> int:
    scaled = [most for _, most in _scaling(pod, manifests)]
    return max(scaled, default=int(pod.manifest["spec"].get("replicas", 1)))


def _several(pod: Workload, manifests: list[Manifest]) -> bool:
    return _most(pod, manifests) > 1


def _scale(manifests: list[Manifest]) -> str:
    (job,) = (
        each
        for each in of_kind(manifests, "Job")
        if each["metadata"]["name"].startswith("helpline-streams")
    )
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    return str(arguments[arguments.index("--scale") + 1])


def _bytes(said: str) -> int:
    units = {"Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
    return int(said[:-2]) * units[said[-2:]]
