"""What NATS and Postgres must be, as the streams and the services that stand on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.embedded.postgres import _DURABLE, _SETTINGS
from services.bus.provision.declared import SCALES
from tests.k8s.flows import services_in
from tests.k8s.kinds_of_pod import bus_of, is_database, most_of, services_named, serving
from tests.k8s.rendered import Manifest, Workload, name_of, nats_confs, of_kind, one, workloads


def nats_is_as_its_streams(manifests: list[Manifest]) -> Iterator[str]:
    """Servers, copies of streams, disk and the form of the configuration belong together."""
    nats = bus_of(manifests).manifest
    scale = SCALES[_scale(manifests)]
    replicas = nats["spec"]["replicas"]
    if replicas != scale.replicas:
        yield f"{replicas} servers for {scale.replicas} copies"
    conf = nats_confs(manifests)["nats.conf"]
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


def postgres_has_room(manifests: list[Manifest]) -> Iterator[str]:
    """Every pod there may be, and one more of each during a roll-out, finds a connection."""
    total = sum(
        (most_of(pod, manifests) + 1) * sum(_connections(name) for name in services_in(pod))
        for pod in serving(manifests)
    )
    (room,) = (
        int(_told(pod)["max_connections"]) for pod in workloads(manifests) if is_database(pod)
    )
    if total + 10 > room:
        yield f"{total} connections for {room}"


def _connections(name: str) -> int:
    """Those of its lanes (services/bus/runner.py)."""
    (service,) = services_named((name,))
    main = 1 if service.exclusive else service.workers
    streams = 0 if service.exclusive else len(service.streams()) * service.workers
    return 2 + main + streams


def postgres_logs_no_values(manifests: list[Manifest]) -> Iterator[str]:
    """It is told what the embedded one is told; what a row or a statement holds is not logged."""
    (told,) = (_told(pod) for pod in workloads(manifests) if is_database(pod))
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
