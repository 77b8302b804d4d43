"""What the official NATS chart makes of our values: what decides, in its 2.14.2, how it runs.

Transcribed from nats-io/k8s, helm/charts/nats (values.yaml, files/stateful-set, files/config); no
Helm here. A value is merged first, then patched (RFC 6902), as its `nats.loadMergePatch` does.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import yaml

from tests.k8s.rendered import K8S, Manifest

VALUES = K8S / "nats/values.yaml"
#: The keys we set, all of the chart's values.yaml: it takes an unknown one without a word.
KNOWN = {
    "": {"nameOverride", "fullnameOverride", "config", "container", "podTemplate", "statefulSet"}
    | {"serviceAccount", "reloader", "natsBox"},
    "config": {"nats", "cluster", "jetstream", "merge", "patch"},
    "config.nats": {"tls"},
    "config.nats.tls": {"enabled", "secretName", "dir", "merge"},
    "config.cluster": {"enabled", "replicas", "tls", "merge"},
    "config.cluster.tls": {"enabled", "merge"},
    "config.jetstream": {"enabled", "fileStore"},
    "container": {"image", "env", "resources", "merge", "patch"},
    "container.image": {"repository", "digest"},
    "podTemplate": {"topologySpreadConstraints", "merge", "patch"},
    "statefulSet": {"merge"},
    "serviceAccount": {"enabled", "name", "merge"},
    "reloader": {"enabled"},
    "natsBox": {"enabled"},
}


def values() -> Any:
    """Our values."""
    return yaml.safe_load(VALUES.read_text())


def stateful_set(given: Any) -> Manifest:
    """The StatefulSet of these values."""
    name = given["fullnameOverride"]
    labels = {
        "app.kubernetes.io/name": given["nameOverride"],
        "app.kubernetes.io/component": "nats",
    }
    store = given["config"]["jetstream"]["fileStore"]["pvc"]
    container = _changed(_container(given, store["name"]), given["container"])
    tls = _secrets(given)
    spread = [
        {"topologyKey": key, "labelSelector": {"matchLabels": labels}, **each}
        for key, each in given["podTemplate"]["topologySpreadConstraints"].items()
    ]
    pod = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [container],
            "enableServiceLinks": False,
            "serviceAccountName": given["serviceAccount"]["name"],
            "volumes": [
                {"name": "config", "configMap": {"name": f"{name}-config"}},
                {"name": "pid", "emptyDir": {}},
                *({"name": f"{each}-tls", "secret": {"secretName": name}} for each, name, _ in tls),
            ],
            "topologySpreadConstraints": spread,
            "terminationGracePeriodSeconds": 60,
        },
    }
    claim = {
        "metadata": {"name": store["name"]},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": store["size"]}},
        },
    }
    spec = {
        "selector": {"matchLabels": labels},
        "replicas": given["config"]["cluster"]["replicas"],
        "serviceName": f"{name}-headless",
        "podManagementPolicy": "Parallel",
        "template": _changed(pod, given["podTemplate"]),
        "volumeClaimTemplates": [claim],
    }
    whole = {"kind": "StatefulSet", "metadata": {"name": name}, "spec": spec}
    made: Manifest = _changed(whole, given["statefulSet"])
    return made


def _container(given: Any, store: str) -> Manifest:
    def healthy(path: str, period: int, failures: int) -> Manifest:
        times = {"timeoutSeconds": 5, "periodSeconds": period, "failureThreshold": failures}
        # It waits ten seconds before it asks first, which is all it does differently.
        return {"httpGet": {"path": path, "port": "monitor"}, **times}

    image = given["container"]["image"]
    ldm = ["nats-server", "-sl=ldm=/var/run/nats/nats.pid"]
    return {
        "name": "nats",
        "image": f"{image['repository']}@{image['digest']}",
        "ports": [
            {"name": "nats", "containerPort": 4222},
            {"name": "cluster", "containerPort": 6222},
            {"name": "monitor", "containerPort": 8222},
        ],
        "env": [{"name": name, "value": each} for name, each in given["container"]["env"].items()],
        "lifecycle": {"preStop": {"exec": {"command": ldm}}},
        "startupProbe": healthy("/healthz", 10, 90),
        "readinessProbe": healthy("/healthz?js-server-only=true", 10, 3),
        "livenessProbe": healthy("/healthz?js-enabled-only=true", 30, 3),
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/nats-config"},
            {"name": "pid", "mountPath": "/var/run/nats"},
            {"name": store, "mountPath": "/data"},
            *({"name": f"{each}-tls", "mountPath": place} for each, _, place in _secrets(given)),
        ],
        "resources": given["container"]["resources"],
    }


def _secrets(given: Any) -> list[tuple[str, str, str]]:
    """Protocols with a Secret of their own (`nats.secretNames`): each, its name, its folder."""
    protocols = ((each, given["config"][each]["tls"]) for each in ("nats", "cluster"))
    return [(each, tls["secretName"], tls["dir"]) for each, tls in protocols if "secretName" in tls]


def _tls(tls: Any) -> Manifest:
    """files/config/tls.yaml."""
    place = tls.get("dir")
    files = {"cert_file": f"{place}/tls.crt", "key_file": f"{place}/tls.key"}
    made: Manifest = _changed(files if "secretName" in tls else {}, tls)
    return made


def server_conf(given: Any) -> Manifest:
    """The settings of the server, as data; `zzz$include` stands for the file it includes last."""
    name = given["fullnameOverride"]
    cluster = given["config"]["cluster"]
    routes = [f"tls://{name}-{n}.{name}-headless:6222" for n in range(cluster["replicas"])]
    of_cluster = {
        "name": name,
        "port": 6222,
        "no_advertise": True,
        "routes": routes,
        "tls": _tls(cluster["tls"]),
    }
    store = given["config"]["jetstream"]["fileStore"]["pvc"]
    made: Manifest = _changed(
        {
            "server_name": "$SERVER_NAME",
            "lame_duck_grace_period": "10s",
            "lame_duck_duration": "30s",
            "pid_file": "/var/run/nats/nats.pid",
            "port": 4222,
            "tls": _tls(given["config"]["nats"]["tls"]),
            "http_port": 8222,
            "cluster": _changed(of_cluster, cluster),
            "jetstream": {"store_dir": "/data", "max_file_store": store["size"]},
        },
        given["config"],
    )
    return made


def _changed(made: Any, by: Any) -> Any:
    """Merge, then patch: mappings are merged, everything else is replaced."""
    changed = _merged(deepcopy(made), by.get("merge", {}))
    for each in by.get("patch", ()):
        *way, last = each["path"].strip("/").split("/")
        place = changed
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        key: Any = int(last) if isinstance(place, list) else last
        place[key]  # replaced or removed must be there
        if each["op"] == "remove":
            del place[key]
        else:
            assert each["op"] == "replace"
            place[key] = each["value"]
    return changed


def _merged(made: Any, more: Any) -> Any:
    if not isinstance(made, dict) or not isinstance(more, dict):
        return deepcopy(more)
    return made | {key: _merged(made.get(key), value) for key, value in more.items()}
