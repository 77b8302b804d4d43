"""What pods say to NATS and to Postgres is encrypted, and whoever hears it is known by a CA."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from tests.k8s.kinds_of_pod import bus_of, is_database, templated
from tests.k8s.rendered import Manifest, Workload, nats_confs, of_kind, settings_of, workloads

_CA, _KEY = "ca.crt", "tls.key"


def nats_is_known_by_its_ca(manifests: list[Manifest]) -> Iterator[str]:
    """Of several servers always, of one where it shows a certificate: all of it, and no less."""
    files, settings = nats_confs(manifests), settings_of(manifests)
    several = bus_of(manifests).manifest["spec"]["replicas"] > 1
    tls, routes = _block(files["tls.conf"]), _block(files.get("routes-tls.conf", ""))
    if not several and not tls:
        return
    if not settings["HELPLINE_NATS_URL"].startswith("tls://"):
        yield "services speak plain text"
    if tls.get("handshake_first") != "true":
        yield "a client can be offered plain text before a certificate is seen"
    if 'include "tls.conf"' not in _lines(files["nats.conf"], nested=False):
        yield "clients are shown no certificate"
    if several and 'include "routes-tls.conf"' not in _lines(files["nats.conf"], nested=True):
        yield "servers show each other no certificate"
    if several and routes.get("verify") != "true":
        yield "whoever reaches a route is one of the servers"
    for block in (tls, routes) if several else (tls,):
        yield from _of_files(bus_of(manifests), block)
    yield from _of_names(manifests, _hosts(files["nats.conf"], settings["HELPLINE_NATS_URL"]))
    yield from _of_clients(manifests, "helpline/to-nats", settings.get("HELPLINE_NATS_CA_FILE", ""))


def postgres_is_known_by_its_ca(manifests: list[Manifest]) -> Iterator[str]:
    """Where an operator runs several always, elsewhere where it shows a certificate."""
    (database,) = (pod for pod in workloads(manifests) if is_database(pod))
    if database.kind == "Cluster":
        rules = database.manifest["spec"]["postgresql"].get("pg_hba", [])
    else:
        told = database.spec["containers"][0]["args"]
        if "-cssl=on" not in told:
            return
        (conf,) = (c for c in of_kind(manifests, "ConfigMap") if "pg_hba.conf" in c["data"])
        rules = conf["data"]["pg_hba.conf"].splitlines()
        block = {
            each.removeprefix("-cssl_").split("=")[0]: each.split("=")[1]
            for each in told
            if each.startswith("-cssl_")
        }
        yield from _of_files(database, block)
        if f"-chba_file={_place(database, 'hba')}/pg_hba.conf" not in told:
            yield "its rules are not read"
    if ["hostnossl", "all", "all", "all", "reject"] not in [rule.split() for rule in rules]:
        yield "Postgres answers in plain text"
    file = settings_of(manifests).get("HELPLINE_POSTGRES_CA_FILE", "")
    yield from _of_clients(manifests, "helpline/to-postgres", file)


def keys_of_certificates_stay_with_servers(manifests: list[Manifest]) -> Iterator[str]:
    """A pod that shows no certificate has no key of one; the CA's own is in no pod."""
    of_ca = {
        each["spec"]["secretName"]
        for each in of_kind(manifests, "Certificate")
        if each["spec"].get("isCA")
    }
    shown = {each["spec"]["secretName"] for each in of_kind(manifests, "Certificate")} - of_ca
    made = shown | of_ca | {f"{each['metadata']['name']}-ca" for each in _clusters(manifests)}
    for pod in templated(manifests):
        ground = pod.name == bus_of(manifests).name or is_database(pod)
        for volume in pod.spec.get("volumes", ()):
            secret = volume.get("secret", {})
            if secret.get("secretName") not in made:
                continue
            if [each["key"] for each in secret.get("items", ())] == [_CA]:
                continue
            if secret["secretName"] not in shown or not ground:
                yield f"{pod.name}: has a key of {secret['secretName']}"


def certificates_are_renewed_in_time(manifests: list[Manifest]) -> Iterator[str]:
    """A month before the end at the least: somebody has to have it read."""
    for each in of_kind(manifests, "Certificate"):
        lasts, before = (
            int(each["spec"][n].removesuffix("h")) for n in ("duration", "renewBefore")
        )
        if before < 30 * 24 or lasts < 2 * before:
            yield f"{each['metadata']['name']}: renewed {before} h before the end of {lasts} h"


def _clusters(manifests: list[Manifest]) -> Iterator[Manifest]:
    return of_kind(manifests, "Cluster")


def _of_files(server: Workload, block: Mapping[str, str]) -> Iterator[str]:
    """A server finds what it shows, of a Secret, where it looks."""
    for name in ("cert_file", "key_file"):
        file = PurePosixPath(block.get(name, "/").strip('"'))
        if file.name not in files_in(server, str(file.parent)):
            yield f"{server.name}: no {name} {file}"


def _of_clients(manifests: list[Manifest], label: str, ca_file: str) -> Iterator[str]:
    """Whoever talks to a server has the certificate of its CA, where it is told to look."""
    for pod in templated(manifests):
        if pod.labels.get(label) != "yes":
            continue
        (container,) = pod.spec["containers"]
        said = {each["name"]: each.get("value") for each in container.get("env", ())}
        file = PurePosixPath(ca_file)
        if not container.get("envFrom"):
            file = PurePosixPath(said.get("PGSSLROOTCERT") or "/")
            if said.get("PGSSLMODE") != "verify-full":
                yield f"{pod.name}: believes any server"
        if file.name != _CA or _CA not in files_in(pod, str(file.parent)):
            yield f"{pod.name}: has no certificate of the CA at {file}"


def files_in(pod: Workload, folder: str) -> set[str]:
    """Files of certificates in a folder of a pod, mounted to be read."""
    (container,) = pod.spec["containers"]
    names = {
        mount["name"]
        for mount in container.get("volumeMounts", ())
        if mount["mountPath"] == folder and mount.get("readOnly")
    }
    found: set[str] = set()
    for volume in pod.spec.get("volumes", ()):
        if volume["name"] in names and "secret" in volume:
            items = [each["path"] for each in volume["secret"].get("items", ())]
            found |= set(items) or {_CA, "tls.crt", _KEY}
    return found


def _place(pod: Workload, volume: str) -> str:
    (container,) = pod.spec["containers"]
    (place,) = (m["mountPath"] for m in container["volumeMounts"] if m["name"] == volume)
    return str(place)


def _hosts(conf: str, url: str) -> list[str]:
    """What servers are called: by clients, and by each other."""
    return [*re.findall(r'"nats://([^:"]+):6222"', conf), url.split("//")[1].split(":")[0]]


def _of_names(manifests: list[Manifest], hosts: list[str]) -> Iterator[str]:
    certificates: dict[str, Any] = {
        each["metadata"]["name"]: each["spec"] for each in of_kind(manifests, "Certificate")
    }
    names = certificates.get("helpline-nats", {}).get("dnsNames", [])
    for host in hosts:
        if not any(fnmatch(host, name) and host.count(".") == name.count(".") for name in names):
            yield f"no certificate for {host}"


def _block(conf: str) -> dict[str, str]:
    """Settings of the one block of a file; none where it has none."""
    lines = [line.strip() for line in conf.splitlines()]
    said = [line for line in lines if ": " in line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in said)


def _lines(conf: str, *, nested: bool) -> list[str]:
    lines = [line for line in conf.splitlines() if line.startswith(" ") is nested]
    return [line.strip() for line in lines]
