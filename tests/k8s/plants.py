"""Faults to plant into a rendered overlay: each was made by somebody once, and is valid YAML.

A plant changes the manifests in place. `caught_by` is the check that has to say so, by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.k8s.rendered import Manifest, of_kind, one

REFERENCES, FLOWS = "broken_references", "exactly_the_named_flows"


@dataclass(frozen=True)
class Plant:
    """One fault: where, what it does, and who must see it."""

    overlay: str
    caught_by: str
    spoil: Callable[[list[Manifest]], object]


def _pod(manifests: list[Manifest], name: str) -> Any:
    return one(manifests, name)["spec"]["template"]["spec"]


def _container(manifests: list[Manifest], name: str) -> Any:
    return _pod(manifests, name)["containers"][0]


def _drop(manifests: list[Manifest], name: str) -> None:
    manifests.remove(one(manifests, name))


def _drop_policies(manifests: list[Manifest]) -> None:
    for policy in tuple(of_kind(manifests, "NetworkPolicy")):
        manifests.remove(policy)


def _settings(manifests: list[Manifest]) -> Any:
    (found,) = (
        each
        for each in of_kind(manifests, "ConfigMap")
        if each["metadata"]["name"].startswith("helpline-settings")
    )
    return found["data"]


def _nats_conf(manifests: list[Manifest]) -> Any:
    (found,) = (
        each["data"] for each in of_kind(manifests, "ConfigMap") if "nats.conf" in each["data"]
    )
    return found


def _conf(manifests: list[Manifest], file: str, said: str, instead: str = "") -> None:
    files = _nats_conf(manifests)
    assert said in files[file]
    files[file] = files[file].replace(said, instead)


def _volume(manifests: list[Manifest], name: str, volume: str) -> Any:
    (found,) = (each for each in _pod(manifests, name)["volumes"] if each["name"] == volume)
    return found


def _unmount(manifests: list[Manifest], name: str, volume: str) -> None:
    mounts = _container(manifests, name)["volumeMounts"]
    mounts[:] = [each for each in mounts if each["name"] != volume]


def _certificate(manifests: list[Manifest], name: str) -> Any:
    return one(manifests, f"Certificate/{name}")["spec"]


def _dump(manifests: list[Manifest]) -> Any:
    job = one(manifests, "CronJob/helpline-backup")["spec"]["jobTemplate"]["spec"]
    return job["template"]["spec"]["containers"][0]


def _policy(manifests: list[Manifest], name: str) -> Any:
    return one(manifests, f"NetworkPolicy/{name}")["spec"]


def _grace(manifests: list[Manifest], name: str, seconds: int) -> None:
    _pod(manifests, name)["terminationGracePeriodSeconds"] = seconds


def _keys(manifests: list[Manifest], name: str) -> Any:
    (volume,) = (each for each in _pod(manifests, name)["volumes"] if each["name"] == "keys")
    return volume["projected"]


def _trigger(manifests: list[Manifest], name: str) -> Any:
    return one(manifests, f"ScaledObject/{name}")["spec"]["triggers"][0]["metadata"]


def _rules(manifests: list[Manifest]) -> Any:
    return one(manifests, "PrometheusRule/helpline")["spec"]["groups"]


def _scale_twice(manifests: list[Manifest]) -> None:
    spec = one(manifests, "HorizontalPodAutoscaler/helpline-intake")["spec"]
    spec["scaleTargetRef"]["name"] = "helpline-triage"


def _know_partners(manifests: list[Manifest]) -> None:
    volume = deepcopy(_volume(manifests, STREAMS, "partners"))
    _pod(manifests, TRIAGE)["volumes"].append(volume)
    mount = {"name": "partners", "mountPath": "/etc/helpline/partners"}
    _container(manifests, TRIAGE)["volumeMounts"].append(mount)


INTAKE, TRIAGE = "Deployment/helpline-intake", "Deployment/helpline-triage"
REFERRAL = "Deployment/helpline-referral"
ALL, NATS = "Deployment/helpline-all", "StatefulSet/helpline-nats"
THREE = "StatefulSet/helpline-nats-cluster"
DATABASE = "Job/helpline-database-r1"
STREAMS = "Job/helpline-streams-r1"

PLANTS: dict[str, Plant] = {
    # --- references, which the API server takes without a word
    "figures of a server that is not there": Plant(
        "permanent",
        REFERENCES,
        lambda m: _settings(m).update(
            HELPLINE_NATS_MONITORING_URL="http://helpline-nats-headless:8222"
        ),
    ),
    "a ConfigMap that is not there": Plant(
        "pilot",
        REFERENCES,
        lambda m: _container(m, ALL)["envFrom"][0]["configMapRef"].update(name="helpline-seting"),
    ),
    "a Secret that nobody makes": Plant(
        "permanent",
        REFERENCES,
        lambda m: _keys(m, TRIAGE)["sources"][0]["secret"].update(name="helpline-keys-triage"),
    ),
    "a key that is not in its Secret": Plant(
        "pilot",
        REFERENCES,
        lambda m: _keys(m, DATABASE)["sources"][0]["secret"]["items"][0].update(key="a.pg"),
    ),
    "files of partners under another name": Plant(
        "pilot",
        REFERENCES,
        lambda m: _volume(m, STREAMS, "partners")["configMap"].update(name="helpline-partner"),
    ),
    "a Job that waits for a first partner": Plant(
        "permanent",
        REFERENCES,
        lambda m: _volume(m, STREAMS, "partners")["configMap"].pop("optional"),
    ),
    "an account that is not there": Plant(
        "permanent", REFERENCES, lambda m: _drop(m, "ServiceAccount/helpline-risk")
    ),
    "a claim that is not there": Plant(
        "pilot", REFERENCES, lambda m: _drop(m, "PersistentVolumeClaim/helpline-day-keys")
    ),
    "a priority class that is not there": Plant(
        "pilot", REFERENCES, lambda m: _drop(m, "PriorityClass/helpline-vital")
    ),
    "a volume that is not there": Plant(
        "pilot",
        REFERENCES,
        lambda m: _container(m, ALL)["volumeMounts"].append({"name": "d", "mountPath": "/d"}),
    ),
    "a port a probe names and nobody has": Plant(
        "pilot",
        REFERENCES,
        lambda m: _container(m, ALL)["readinessProbe"]["httpGet"].update(port="metrics"),
    ),
    "a port a Service names and nobody has": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "Service/helpline-intake")["spec"]["ports"][0].update(targetPort="http"),
    ),
    "a Service without pods": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "Service/helpline-risk")["spec"].update(selector={"app": "risk"}),
    ),
    "a headless Service that is not there": Plant(
        "permanent", REFERENCES, lambda m: one(m, THREE)["spec"].update(serviceName="helpline-nat")
    ),
    "a budget without a selector": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "PodDisruptionBudget/helpline-nats-cluster")["spec"].pop("selector"),
    ),
    "a budget of other pods": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "PodDisruptionBudget/helpline-nats-cluster")["spec"]["selector"].update(
            matchLabels={"app": "nats"}
        ),
    ),
    "one budget for all services together": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "PodDisruptionBudget/helpline-risk")["spec"]["selector"].update(
            matchLabels={"app.kubernetes.io/name": "helpline", "helpline/to-nats": "yes"}
        ),
    ),
    "a policy of other pods": Plant(
        "permanent",
        REFERENCES,
        lambda m: _policy(m, "nats-from-clients")["podSelector"].update(
            matchLabels={"app": "nats"}
        ),
    ),
    "a policy for a peer there is not": Plant(
        "permanent",
        REFERENCES,
        lambda m: _policy(m, "risk-from-console")["ingress"][0]["from"][0]["podSelector"].update(
            matchLabels={"app": "console"}
        ),
    ),
    "a monitor of other pods": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "PodMonitor/helpline")["spec"]["selector"].update(
            matchLabels={"app": "helpline"}
        ),
    ),
    "a monitor of a port there is not": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "PodMonitor/helpline")["spec"]["podMetricsEndpoints"][0].update(
            port="metrics"
        ),
    ),
    "a scaled workload there is not": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "ScaledObject/helpline-triage")["spec"]["scaleTargetRef"].update(
            name="triage"
        ),
    ),
    "a stream there is not": Plant(
        "permanent", REFERENCES, lambda m: _trigger(m, "helpline-triage").update(stream="CONTACTS")
    ),
    "a consumer there is not": Plant(
        "permanent",
        REFERENCES,
        lambda m: _trigger(m, "helpline-triage").update(consumer="triage-contacts"),
    ),
    "the consumer of another service": Plant(
        "permanent",
        REFERENCES,
        lambda m: _trigger(m, "helpline-triage").update(consumer="quality-assignment"),
    ),
    "a route to a port there is not": Plant(
        "everything",
        REFERENCES,
        lambda m: one(m, "HTTPRoute/helpline-intake")["spec"]["rules"][0]["backendRefs"][0].update(
            port=80
        ),
    ),
    "a Secret the vault does not bring": Plant(
        "everything", REFERENCES, lambda m: _drop(m, "ExternalSecret/helpline-key-risk")
    ),
    "traces that may not leave": Plant(
        "everything", FLOWS, lambda m: _drop(m, "NetworkPolicy/services-to-collector")
    ),
    "a backup of another cluster": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "ScheduledBackup/helpline-postgres")["spec"]["cluster"].update(name="pg"),
    ),
    "a store of backups there is not": Plant(
        "permanent", REFERENCES, lambda m: _drop(m, "ObjectStore/helpline-postgres")
    ),
    "an owner nobody handed out": Plant(
        "permanent",
        REFERENCES,
        lambda m: one(m, "Cluster/helpline-postgres")["spec"]["bootstrap"]["initdb"].update(
            secret={"name": "helpline-owner"}
        ),
    ),
    "a workload scaled by two": Plant("permanent", REFERENCES, _scale_twice),
    "a variable nobody reads": Plant(
        "pilot", REFERENCES, lambda m: _settings(m).update(HELPLINE_RISK_OUTBOND="https://a.org")
    ),
    "a program there is not": Plant(
        "pilot",
        REFERENCES,
        lambda m: _container(m, DATABASE)["command"].__setitem__(2, "deploy.table"),
    ),
    "a service there is not": Plant(
        "permanent", REFERENCES, lambda m: _container(m, TRIAGE)["args"].__setitem__(0, "triages")
    ),
    "a Secret in the environment": Plant(
        "pilot",
        REFERENCES,
        lambda m: _container(m, ALL)["envFrom"].append({"secretRef": {"name": "helpline-issuer"}}),
    ),
    # --- flows
    "no policy at all": Plant(
        "pilot",
        FLOWS,
        _drop_policies,
    ),
    "the denial is missing": Plant(
        "pilot", "everything_is_denied_first", lambda m: _drop(m, "NetworkPolicy/deny-all")
    ),
    "the denial goes one way": Plant(
        "permanent",
        "everything_is_denied_first",
        lambda m: _policy(m, "deny-all").update(policyTypes=["Ingress"]),
    ),
    "nobody finds a name": Plant(
        "pilot", FLOWS, lambda m: _drop(m, "NetworkPolicy/everybody-to-dns")
    ),
    "one end of a flow is missing": Plant(
        "permanent", FLOWS, lambda m: _drop(m, "NetworkPolicy/risk-from-console")
    ),
    "a flow of a label nobody bears": Plant(
        "permanent",
        FLOWS,
        lambda m: one(m, TRIAGE)["spec"]["template"]["metadata"]["labels"].pop("helpline/to-nats"),
    ),
    "triage reaches the outside": Plant(
        "permanent",
        FLOWS,
        lambda m: one(m, TRIAGE)["spec"]["template"]["metadata"]["labels"].update(
            {"helpline/to-outside": "yes"}
        ),
    ),
    "any namespace reaches a door": Plant(
        "pilot",
        FLOWS,
        lambda m: _policy(m, "intake-from-gateway")["ingress"][0]["from"][0].update(
            namespaceSelector={}
        ),
    ),
    "the gateway reaches every port": Plant(
        "pilot", FLOWS, lambda m: _policy(m, "intake-from-gateway")["ingress"][0].pop("ports")
    ),
    "the outside holds the cluster's own networks": Plant(
        "permanent",
        FLOWS,
        lambda m: _policy(m, "outside-over-tls")["egress"][0]["to"][0]["ipBlock"].pop("except"),
    ),
    "webhooks reach a private network": Plant(
        "permanent",
        FLOWS,
        lambda m: _policy(m, "outside-over-tls")["egress"][0]["to"][0]["ipBlock"]["except"].remove(
            "192.168.0.0/16"
        ),
    ),
    "webhooks over any port": Plant(
        "pilot", FLOWS, lambda m: _policy(m, "outside-over-tls")["egress"][0].pop("ports")
    ),
    "webhooks go nowhere": Plant(
        "permanent",
        FLOWS,
        lambda m: one(m, REFERRAL)["spec"]["template"]["metadata"]["labels"].pop(
            "helpline/to-outside"
        ),
    ),
    "servers of NATS do not reach each other": Plant(
        "permanent", FLOWS, lambda m: _drop(m, "NetworkPolicy/nats-among-themselves")
    ),
    "everybody reads NATS's monitoring port": Plant(
        "permanent",
        FLOWS,
        lambda m: _policy(m, "nats-monitor-from-keda")["ingress"][0].pop("from"),
    ),
    # --- the checklist
    "the namespace takes any pod": Plant(
        "pilot",
        "namespace_is_restricted",
        lambda m: one(m, "Namespace/helpline")["metadata"]["labels"].pop(
            "pod-security.kubernetes.io/enforce"
        ),
    ),
    "root": Plant(
        "pilot",
        "pods_are_restricted",
        lambda m: _pod(m, ALL)["securityContext"].pop("runAsNonRoot"),
    ),
    "no seccomp profile": Plant(
        "pilot",
        "pods_are_restricted",
        lambda m: _pod(m, NATS)["securityContext"].pop("seccompProfile"),
    ),
    "capabilities": Plant(
        "permanent",
        "pods_are_restricted",
        lambda m: _container(m, TRIAGE)["securityContext"]["capabilities"].update(add=["NET_RAW"]),
    ),
    "a root that can be written": Plant(
        "permanent",
        "pods_are_restricted",
        lambda m: _container(m, TRIAGE)["securityContext"].pop("readOnlyRootFilesystem"),
    ),
    "a tmp without a limit": Plant(
        "pilot",
        "scratch_space_has_a_size",
        lambda m: _pod(m, ALL)["volumes"][1]["emptyDir"].pop("sizeLimit"),
    ),
    "a token in every pod": Plant(
        "permanent",
        "accounts_are_their_own",
        lambda m: _pod(m, TRIAGE).pop("automountServiceAccountToken"),
    ),
    "an account for two": Plant(
        "permanent",
        "accounts_are_their_own",
        lambda m: _pod(m, TRIAGE).update(serviceAccountName="helpline-intake"),
    ),
    "variables of other Services": Plant(
        "permanent", "accounts_are_their_own", lambda m: _pod(m, TRIAGE).pop("enableServiceLinks")
    ),
    "a tag": Plant(
        "permanent",
        "images_are_digests",
        lambda m: _container(m, TRIAGE).update(image="helpline:latest"),
    ),
    "a tag where an operator makes the pods": Plant(
        "permanent",
        "images_are_digests",
        lambda m: one(m, "Cluster/helpline-postgres")["spec"].update(imageName="postgres:18"),
    ),
    "no limit of memory": Plant(
        "permanent",
        "memory_is_bounded",
        lambda m: _container(m, TRIAGE)["resources"].pop("limits"),
    ),
    "a limit of CPU": Plant(
        "permanent",
        "memory_is_bounded",
        lambda m: _container(m, TRIAGE)["resources"]["limits"].update(cpu="1"),
    ),
    "NATS asks for less than it may take": Plant(
        "permanent",
        "memory_is_bounded",
        lambda m: _container(m, THREE)["resources"]["requests"].update(memory="1Gi"),
    ),
    "one probe for everything": Plant(
        "pilot",
        "probes_differ",
        lambda m: _container(m, ALL).update(livenessProbe=_container(m, ALL)["readinessProbe"]),
    ),
    "alive only while the ground is there": Plant(
        "permanent",
        "probes_differ",
        lambda m: _container(m, TRIAGE)["livenessProbe"]["httpGet"].update(path="/readyz"),
    ),
    "no start-up probe": Plant(
        "pilot", "probes_differ", lambda m: _container(m, NATS).pop("startupProbe")
    ),
    "a grace below the longest piece of work": Plant(
        "permanent",
        "whoever_leaves_has_time",
        lambda m: _grace(m, "Deployment/helpline-quality", 20),
    ),
    "ends while requests still come": Plant(
        "pilot", "whoever_leaves_has_time", lambda m: _container(m, ALL).pop("lifecycle")
    ),
    "NATS ends before its clients have left": Plant(
        "permanent", "whoever_leaves_has_time", lambda m: _grace(m, THREE, 30)
    ),
    "away during a roll-out": Plant(
        "permanent",
        "roll_outs_lose_nobody",
        lambda m: one(m, TRIAGE)["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1),
    ),
    "no budget": Plant(
        "permanent", "drains_leave_some", lambda m: _drop(m, "PodDisruptionBudget/helpline-risk")
    ),
    "a budget that lets two of three go": Plant(
        "permanent",
        "drains_leave_some",
        lambda m: one(m, "PodDisruptionBudget/helpline-nats-cluster")["spec"].update(
            maxUnavailable=2
        ),
    ),
    "all on one host": Plant(
        "permanent",
        "pods_are_spread",
        lambda m: _pod(m, TRIAGE)["topologySpreadConstraints"].pop(0),
    ),
    "a label in both selectors of a spread": Plant(
        "permanent",
        "pods_are_spread",
        lambda m: _pod(m, TRIAGE)["topologySpreadConstraints"][0]["matchLabelKeys"].append(
            "app.kubernetes.io/component"
        ),
    ),
    "a volume of one node for pods on two": Plant(
        "permanent",
        "volumes_reach_their_pods",
        lambda m: one(m, "PersistentVolumeClaim/helpline-day-keys-shared")["spec"].update(
            accessModes=["ReadWriteOnce"]
        ),
    ),
    "the next generation on another node": Plant(
        "pilot", "volumes_reach_their_pods", lambda m: _pod(m, ALL).pop("affinity")
    ),
    "NATS on one host": Plant(
        "permanent", "pods_are_spread", lambda m: _pod(m, THREE).pop("affinity")
    ),
    "an anti-affinity to nobody": Plant(
        "permanent",
        "pods_are_spread",
        lambda m: _pod(m, THREE)["affinity"]["podAntiAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ][0]["labelSelector"].update(matchLabels={"app": "nats"}),
    ),
    "one risk": Plant(
        "permanent",
        "vital_services_are_two",
        lambda m: one(m, "Deployment/helpline-risk")["spec"].update(replicas=1),
    ),
    "one triage at night": Plant(
        "permanent",
        "vital_services_are_two",
        lambda m: one(m, "ScaledObject/helpline-triage")["spec"].update(minReplicaCount=1),
    ),
    "nobody at night": Plant(
        "permanent",
        "vital_services_are_two",
        lambda m: one(m, "ScaledObject/helpline-quality")["spec"].update(minReplicaCount=0),
    ),
    "three servers with one copy": Plant(
        "permanent",
        "nats_is_as_its_streams",
        lambda m: _container(m, "Job/helpline-streams-r1").update(
            args=["apply", "--scale", "pilot"]
        ),
    ),
    "a lone server with a cluster": Plant(
        "pilot",
        "nats_is_as_its_streams",
        lambda m: _nats_conf(m).update(
            {"nats.conf": _nats_conf(m)["nats.conf"] + "cluster { name: helpline }\n"}
        ),
    ),
    "a server that is in no route": Plant(
        "permanent",
        "nats_is_as_its_streams",
        lambda m: _nats_conf(m).update(
            {"nats.conf": _nats_conf(m)["nats.conf"].replace("headless:6222", "headless", 1)}
        ),
    ),
    "streams larger than their volume": Plant(
        "permanent",
        "nats_is_as_its_streams",
        lambda m: one(m, THREE)["spec"]["volumeClaimTemplates"][0]["spec"]["resources"][
            "requests"
        ].update(storage="32Gi"),
    ),
    "servers that start in turn": Plant(
        "permanent",
        "nats_is_as_its_streams",
        lambda m: one(m, THREE)["spec"].pop("podManagementPolicy"),
    ),
    "servers that are unknown until they are ready": Plant(
        "permanent",
        "nats_is_as_its_streams",
        lambda m: one(m, "Service/helpline-nats-cluster-headless")["spec"].pop(
            "publishNotReadyAddresses"
        ),
    ),
    "NATS's monitoring port in a Service": Plant(
        "pilot",
        "nobody_sees_the_monitor",
        lambda m: one(m, "Service/helpline-nats")["spec"]["ports"].append(
            {"name": "monitor", "port": 8222, "targetPort": "monitor"}
        ),
    ),
    "a Service open to the outside": Plant(
        "pilot",
        "nobody_sees_the_monitor",
        lambda m: one(m, "Service/helpline-console")["spec"].update(type="LoadBalancer"),
    ),
    "a password in a ConfigMap": Plant(
        "pilot", "secrets_stay_secret", lambda m: _settings(m).update(OWNER_PASSWORD="hunter2")
    ),
    "a password in an address": Plant(
        "pilot",
        "secrets_stay_secret",
        lambda m: _settings(m).update(HELPLINE_NATS_URL="nats://me:hunter2@helpline-nats:4222"),
    ),
    "a Secret in the repository": Plant(
        "pilot",
        "secrets_stay_secret",
        lambda m: m.append({"kind": "Secret", "metadata": {"name": "helpline-issuer"}}),
    ),
    "keys everybody in the pod may read": Plant(
        "pilot", "secrets_stay_secret", lambda m: _keys(m, ALL).pop("defaultMode")
    ),
    "the keys of another service": Plant(
        "permanent",
        "each_pod_has_its_own_keys",
        lambda m: _keys(m, TRIAGE)["sources"].append({"secret": {"name": "helpline-key-risk"}}),
    ),
    "a service left out": Plant(
        "permanent", "every_service_runs_once", lambda m: _drop(m, "Deployment/helpline-quality")
    ),
    "a service under another's name": Plant(
        "permanent",
        "every_service_runs_once",
        lambda m: _container(m, TRIAGE).update(args=["quality"]),
    ),
    "a Job of no release": Plant(
        "pilot",
        "releases_name_their_jobs",
        lambda m: one(m, DATABASE)["metadata"].update(name="helpline-database"),
    ),
    "nobody makes the streams": Plant(
        "pilot", "releases_name_their_jobs", lambda m: _drop(m, "Job/helpline-streams-r1")
    ),
    "a line mounted into a service": Plant(
        "pilot",
        "manifests_of_lines_go_into_jobs",
        lambda m: _container(m, ALL)["volumeMounts"].append(
            {"name": "lines", "mountPath": "/etc/helpline/programmes"}
        ),
    ),
    "quality before risk": Plant(
        "permanent",
        "priorities_put_callers_first",
        lambda m: _pod(m, "Deployment/helpline-quality").update(priorityClassName="helpline-vital"),
    ),
    "risk after quality": Plant(
        "permanent",
        "priorities_put_callers_first",
        lambda m: _pod(m, "Deployment/helpline-risk").update(priorityClassName="helpline-usual"),
    ),
    "nobody says what it is part of": Plant(
        "permanent",
        "recommended_labels_are_there",
        lambda m: one(m, TRIAGE)["metadata"]["labels"].pop("app.kubernetes.io/part-of"),
    ),
    "an alert the cluster does not have": Plant(
        "permanent",
        "alerts_are_those_we_try",
        lambda m: _rules(m)[0]["rules"].pop(),
    ),
    "an alert that waits longer in the cluster": Plant(
        "permanent",
        "alerts_are_those_we_try",
        lambda m: _rules(m)[0]["rules"][0].update({"for": "1h"}),
    ),
    "more pods than connections": Plant(
        "permanent",
        "postgres_has_room",
        lambda m: one(m, "HorizontalPodAutoscaler/helpline-console")["spec"].update(maxReplicas=20),
    ),
    "a log that quotes rows": Plant(
        "permanent",
        "postgres_logs_no_values",
        lambda m: one(m, "Cluster/helpline-postgres")["spec"]["postgresql"]["parameters"].pop(
            "log_error_verbosity"
        ),
    ),
    "a statement in the log": Plant(
        "pilot",
        "postgres_logs_no_values",
        lambda m: _container(m, "StatefulSet/helpline-postgres")["args"].append(
            "-clog_statement=all"
        ),
    ),
    "a commit on one disk": Plant(
        "permanent",
        "database_keeps_what_it_said",
        lambda m: one(m, "Cluster/helpline-postgres")["spec"]["postgresql"].pop("synchronous"),
    ),
    "a log nobody archives": Plant(
        "permanent",
        "database_keeps_what_it_said",
        lambda m: one(m, "Cluster/helpline-postgres")["spec"].pop("plugins"),
    ),
    "no backup": Plant(
        "permanent",
        "database_keeps_what_it_said",
        lambda m: _drop(m, "ScheduledBackup/helpline-postgres"),
    ),
    # --- TLS
    "services that speak plain text": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _settings(m).update(HELPLINE_NATS_URL="nats://helpline-nats-cluster:4222"),
    ),
    "NATS in plain text": Plant(
        "permanent", "nats_is_known_by_its_ca", lambda m: _nats_conf(m).update({"tls.conf": "# no"})
    ),
    "NATS that says hello in plain text": Plant(
        "pilot_over_tls",
        "nats_is_known_by_its_ca",
        lambda m: _conf(m, "tls.conf", "handshake_first: true"),
    ),
    "a certificate that no configuration reads": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _conf(m, "nats.conf", 'include "tls.conf"\n'),
    ),
    "routes in plain text": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _conf(m, "nats.conf", '  include "routes-tls.conf"\n'),
    ),
    "routes from anybody": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _conf(m, "routes-tls.conf", "verify: true"),
    ),
    "a certificate NATS does not have": Plant(
        "permanent", "nats_is_known_by_its_ca", lambda m: _unmount(m, THREE, "tls")
    ),
    "a service without the CA of NATS": Plant(
        "permanent", "nats_is_known_by_its_ca", lambda m: _unmount(m, TRIAGE, "nats-ca")
    ),
    "a Job without the CA of NATS": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _unmount(m, "Job/helpline-streams-r1", "nats-ca"),
    ),
    "nobody is told of the CA": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _settings(m).pop("HELPLINE_NATS_CA_FILE"),
    ),
    "a certificate of one server of three": Plant(
        "permanent",
        "nats_is_known_by_its_ca",
        lambda m: _certificate(m, "helpline-nats").update(dnsNames=["helpline-nats-cluster"]),
    ),
    "Postgres in plain text": Plant(
        "permanent",
        "postgres_is_known_by_its_ca",
        lambda m: one(m, "Cluster/helpline-postgres")["spec"]["postgresql"]["pg_hba"].pop(),
    ),
    "a service that believes any Postgres": Plant(
        "permanent",
        "postgres_is_known_by_its_ca",
        lambda m: _settings(m).pop("HELPLINE_POSTGRES_CA_FILE"),
    ),
    "a Job without the CA of Postgres": Plant(
        "permanent",
        "postgres_is_known_by_its_ca",
        lambda m: _unmount(m, DATABASE, "postgres-ca"),
    ),
    "a dump from any Postgres": Plant(
        "pilot_over_tls",
        "postgres_is_known_by_its_ca",
        lambda m: _dump(m)["env"].remove({"name": "PGSSLMODE", "value": "verify-full"}),
    ),
    "a Postgres that shows nothing": Plant(
        "pilot_over_tls",
        "postgres_is_known_by_its_ca",
        lambda m: _unmount(m, "StatefulSet/helpline-postgres", "tls"),
    ),
    "rules of Postgres that nobody reads": Plant(
        "pilot_over_tls",
        "postgres_is_known_by_its_ca",
        lambda m: _container(m, "StatefulSet/helpline-postgres")["args"].remove(
            "-chba_file=/etc/helpline-postgres/pg_hba.conf"
        ),
    ),
    "the key of NATS in a service": Plant(
        "permanent",
        "keys_of_certificates_stay_with_servers",
        lambda m: _volume(m, TRIAGE, "nats-ca")["secret"].pop("items"),
    ),
    "the key of the CA in a server": Plant(
        "permanent",
        "keys_of_certificates_stay_with_servers",
        lambda m: _volume(m, THREE, "tls")["secret"].update(secretName="helpline-ca"),
    ),
    "a certificate renewed on its last day": Plant(
        "permanent",
        "certificates_are_renewed_in_time",
        lambda m: _certificate(m, "helpline-nats").update(renewBefore="24h"),
    ),
    "a certificate nobody signs": Plant(
        "permanent", REFERENCES, lambda m: _drop(m, "Issuer/helpline-ca")
    ),
    "a CA nobody makes": Plant(
        "permanent", REFERENCES, lambda m: _drop(m, "Certificate/helpline-ca")
    ),
    # --- partners
    "partners that no durable is made for": Plant(
        "permanent",
        "partners_are_known_where_streams_are_made",
        lambda m: _container(m, STREAMS)["args"].remove("--partners"),
    ),
    "partners looked for where they are not": Plant(
        "pilot",
        "partners_are_known_where_streams_are_made",
        lambda m: _unmount(m, STREAMS, "partners"),
    ),
    "partners known to a service": Plant(
        "permanent",
        "partners_are_known_where_streams_are_made",
        _know_partners,
    ),
}
