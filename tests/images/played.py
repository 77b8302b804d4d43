"""Rendered manifests as `podman play kube` 4.3 can run them, one pod at a time.

What it lacks is done here as a cluster does it: every workload becomes a pod of its own name and
address, the name of a Service leads to the pod it selects, a claim of a StatefulSet gets its name,
files of Secrets, ConfigMaps and projected volumes are laid out, readable for the pod's group alone
(no fsGroup there), and empty volumes are everybody's. What cannot work is left out: probes and
preStop need a kubelet, images come from the store, and a Job that fails is not tried again, so that
it is seen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tests.k8s.rendered import Manifest, Workload, of_kind, selects, workloads

#: Left out. A port would be opened on this machine, for everybody, and be taken when it is in use.
_LEFT_OUT = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports")
#: Images of others come from a registry; the tests build what stands in for them.
POSTGRES = "helpline-played-postgres"
_FIRST_ADDRESS = 10  #: of a pod in the network; the first is the bridge's own
_STAND_INS = {"postgres": POSTGRES}


@dataclass(frozen=True)
class Cluster:
    """What stands for one: manifests of an overlay, the network of its pods, a folder that holds
    one for each Secret, and a folder for what is mounted.
    """

    manifests: list[Manifest]
    network: IPv4Network
    secrets: Path
    mounted: Path

    def workload(self, name: str) -> Workload:
        """The workload of this name."""
        (found,) = (each for each in workloads(self.manifests) if each.name == name)
        return found

    def address(self, name: str) -> str:
        """Where the pod of a workload is: the same in every overlay that has these workloads."""
        names = sorted(each.name for each in workloads(self.manifests))
        return str(self.network[_FIRST_ADDRESS + names.index(name)])

    def _services(self) -> list[Manifest]:
        """Names of Services in every pod's /etc/hosts: podman's resolver loses questions whenever a
        pod comes or goes, and five seconds with each.
        """
        return [
            {"ip": self.address(pod.name), "hostnames": [service["metadata"]["name"]]}
            for service in of_kind(self.manifests, "Service")
            for pod in workloads(self.manifests)
            if selects({"matchLabels": service["spec"]["selector"]}, pod.labels)
        ]

    def played(self, name: str) -> list[Manifest]:
        """What podman plays for one workload: its pod, and the ConfigMaps of its settings."""
        workload = self.workload(name)
        spec: dict[str, Any] = deepcopy(dict(workload.spec))
        if workload.kind in ("Job", "CronJob"):
            spec["restartPolicy"] = "Never"
        volumes = [*spec.get("volumes", ()), *_claimed(workload)]
        spec["hostAliases"] = self._services()
        spec["volumes"] = [self._volume(workload, each) for each in volumes]
        for container in spec["containers"]:
            for each in _LEFT_OUT:
                container.pop(each, None)
            container["image"] = in_store(container["image"])
            container["imagePullPolicy"] = "Never"
        metadata = {"name": name, "labels": dict(workload.labels)}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        return [*of_kind(self.manifests, "ConfigMap"), pod]

    def _volume(self, workload: Workload, volume: Manifest) -> Manifest:
        if "persistentVolumeClaim" in volume:
            return volume
        place = self.mounted / workload.name / volume["name"]
        group = workload.spec["securityContext"]["fsGroup"]
        # Anew at each start, as the kubelet does.
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        laid_out = {"name": volume["name"], "hostPath": {"path": str(place), "type": "Directory"}}
        if "emptyDir" in volume:
            place.chmod(0o777)
            return laid_out
        for source in volume.get("projected", {}).get("sources", (volume,)):
            for name, content in self._files(source):
                (place / name).write_bytes(content)
                os.chown(place / name, 0, group)
                (place / name).chmod(0o440)
        os.chown(place, 0, group)
        place.chmod(0o750)
        return laid_out

    def _files(self, source: Manifest) -> Iterator[tuple[str, bytes]]:
        """The files of one source, by the name they are mounted under."""
        if "configMap" in source:
            wanted = source["configMap"]
            held = self._config(wanted["name"], optional=wanted.get("optional", False))
        else:
            wanted = source["secret"]
            folder = self.secrets / (wanted.get("name") or wanted["secretName"])
            held = {path.name: path.read_bytes() for path in folder.iterdir()}
        for item in wanted.get("items") or ({"key": name, "path": name} for name in held):
            yield item["path"], held[item["key"]]

    def _config(self, name: str, *, optional: bool = False) -> Mapping[str, bytes]:
        found = [
            each["data"]
            for each in of_kind(self.manifests, "ConfigMap")
            if each["metadata"]["name"] == name
        ]
        if optional and not found:
            return {}
        (data,) = found
        return {key: text.encode() for key, text in data.items()}


def _claimed(workload: Workload) -> list[Manifest]:
    """The volumes a StatefulSet claims for its first pod."""
    templates = workload.manifest["spec"].get("volumeClaimTemplates", ())
    names = [each["metadata"]["name"] for each in templates]
    return [
        {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{workload.name}-0"}}
        for name in names
    ]


def in_store(image: str) -> str:
    """The name in our store of an image that the overlays name by digest."""
    name = image.split("@")[0]
    return f"localhost/{_STAND_INS.get(name, name)}"
