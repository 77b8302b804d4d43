"""Our three NATS servers and those of the official chart by our values: the same."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.k8s.chart import KNOWN, server_conf, stateful_set, values
from tests.k8s.kinds_of_pod import bus_of
from tests.k8s.references import broken_references
from tests.k8s.rendered import Manifest, name_of, nats_confs, rendered

#: The permanent service, without our own servers.
BY_CHART = "by_chart"


def _ours() -> Manifest:
    return bus_of(rendered("permanent")).manifest


def _as_it_runs(manifest: Manifest) -> dict[str, Any]:
    """What decides how it runs, without the names of files and of labels."""
    spec = manifest["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    (claim,) = spec["volumeClaimTemplates"]
    alone = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "resources")
    kept = {name: container[name] for name in (*alone, "image", "securityContext")}
    kept |= {name: pod[name] for name in ("securityContext", "priorityClassName")}
    kept |= {name: pod.get(name) for name in ("automountServiceAccountToken", "serviceAccountName")}
    (secret,) = (each["secret"] for each in _sources(pod) if "secret" in each)
    (shown,) = (each["secret"] for each in pod["volumes"] if "secret" in each)
    (hosts,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = spec["template"]["metadata"]["labels"]
    assert hosts["labelSelector"]["matchLabels"].items() <= labels.items()
    return kept | {
        "name": manifest["metadata"]["name"],
        "headless": spec["serviceName"],
        "replicas": spec["replicas"],
        "together": spec["podManagementPolicy"],
        "kept": spec["persistentVolumeClaimRetentionPolicy"],
        "grace": pod["terminationGracePeriodSeconds"],
        "links": pod["enableServiceLinks"],
        "apart": hosts["topologyKey"],
        "zones": [
            {name: each[name] for name in ("maxSkew", "topologyKey", "whenUnsatisfiable")}
            for each in pod["topologySpreadConstraints"]
        ],
        "claim": claim["spec"],
        "data": [m["mountPath"] for m in container["volumeMounts"] if m["name"] == "streams"],
        "server.conf": secret,
        "shown": shown,
        "shown at": [m["mountPath"] for m in container["volumeMounts"] if "tls" in m["name"]],
        "memory": [each["value"] for each in container["env"] if each["name"] == "GOMEMLIMIT"],
        "ports": {each["name"]: each["containerPort"] for each in container["ports"]},
    }


def _sources(pod: Manifest) -> list[Manifest]:
    (config,) = (each for each in pod["volumes"] if each["name"] == "config")
    sources: list[Manifest] = config["projected"]["sources"]
    return sources


def test_the_chart_runs_what_we_run() -> None:
    assert _as_it_runs(stateful_set(values())) == _as_it_runs(_ours())


def test_the_chart_says_to_the_server_what_we_say() -> None:
    told = server_conf(values())
    files = nats_confs(rendered("permanent"))
    ours = files["nats.conf"]
    for name in ("lame_duck_grace_period", "lame_duck_duration", "pid_file"):
        assert f'{name}: "{told[name]}"' in ours
    # The server reads host and port of a route; whether by TLS, `tls` says.
    routes = [each.replace("tls://", "nats://") for each in told["cluster"]["routes"]]
    assert re.findall(r'"(nats://[^"]*)"', ours) == routes
    for file, said in (("tls.conf", told["tls"]), ("routes-tls.conf", told["cluster"]["tls"])):
        lines = {f"  {name}: {json.dumps(value)}" for name, value in said.items()}
        own = [line for line in files[file].splitlines() if not line.strip().startswith("#")]
        assert set(own) == {"tls {", "}"} | lines
    assert f'name: "{told["cluster"]["name"]}"' in ours
    assert "no_advertise: true" in ours
    assert told["cluster"]["no_advertise"] is True
    # What is stored, and by whom, is said once: by the same file, which both include last.
    assert "jetstream" not in told
    assert "jetstream" not in ours
    assert told["zzz$include"] == "./server.conf"
    assert ours.rstrip().endswith('include "server.conf"')


def test_values_are_keys_the_chart_knows() -> None:
    def look(given: Any, where: str) -> None:
        assert given.keys() <= KNOWN[where], where
        for key, value in given.items():
            place = f"{where}.{key}".strip(".")
            if place in KNOWN:
                look(value, place)

    look(values(), "")


def test_without_our_servers_everything_else_stays() -> None:
    by_chart = {name_of(each) for each in rendered(BY_CHART)}
    assert {name_of(each) for each in rendered("permanent")} - by_chart == {
        "PodDisruptionBudget/helpline-nats-cluster",
        "Service/helpline-nats-cluster",
        "Service/helpline-nats-cluster-headless",
        "ServiceAccount/helpline-nats",
        "StatefulSet/helpline-nats-cluster",
    }


def test_with_the_charts_servers_every_reference_leads_somewhere() -> None:
    """Policies find them by a label that the chart's pods bear."""
    made = stateful_set(values())
    name = made["metadata"]["name"]
    of_chart = [
        made,
        {"kind": "ConfigMap", "metadata": {"name": f"{name}-config"}, "data": {}},
        {"kind": "ServiceAccount", "metadata": {"name": values()["serviceAccount"]["name"]}},
        *(_service(each, made) for each in (name, f"{name}-headless")),
    ]
    assert broken_references([*rendered(BY_CHART), *of_chart]) == ()
    assert broken_references(rendered(BY_CHART)) != ()


def _service(name: str, of: Manifest) -> Manifest:
    selector = of["spec"]["template"]["metadata"]["labels"]
    ports = [{"port": 4222, "targetPort": "nats"}]
    return {
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": selector, "ports": ports},
    }
