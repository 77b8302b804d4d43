"""The rendered pods as processes of this machine: same programs, arguments, settings and files.

What only a cluster has is replaced: addresses, ports, and the folders where volumes are mounted.
Secrets are those `deploy.handout` laid out, file by file as each pod mounts them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from deploy.embedded.nats import EmbeddedNats
from deploy.embedded.ports import spare_port
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.handout import hand_out
from tests.authority import Authority
from tests.k8s.rendered import Manifest, Workload, nats_confs, of_kind, workloads
from tests.servers import a_postgres_place, within_reach

REPOSITORY = Path(__file__).resolve().parents[2]
_READY_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Rehearsal:
    """One rendered overlay on this machine, with its ground up."""

    manifests: list[Manifest]
    folder: Path
    replaced: Mapping[str, str]  #: settings that are the machine's and not the cluster's

    def pod(self, name: str) -> Workload:
        """The workload of this name."""
        (found,) = (each for each in workloads(self.manifests) if each.name == name)
        return found

    def run_job(self, name: str) -> str:
        """Run a Job to its end and return what it said; it must succeed."""
        command, environment = self._program(self.pod(name))
        done = subprocess.run(
            command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def exec_beside(self, name: str, *words: str) -> str:
        """`kubectl exec deployment/NAME -- python WORDS`: what it said; it must succeed."""
        _, environment = self._program(self.pod(name))
        done = subprocess.run(
            (sys.executable, *words),
            env=environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, *names: str) -> Iterator[tuple[subprocess.Popen[bytes], ...]]:
        """The pods of Deployments, once each says that it is ready."""
        with ExitStack() as stack:
            started = [stack.enter_context(self._started(name)) for name in names]
            for process, port, log in started:
                _wait_ready(process, port, log)
            yield tuple(process for process, _, _ in started)

    @contextmanager
    def _started(self, name: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
        port = spare_port()
        command, environment = self._program(self.pod(name), port)
        log = self.folder / f"{name}.log"
        with (
            log.open("wb") as said,
            subprocess.Popen(
                command, env=environment, cwd=REPOSITORY, stdout=said, stderr=said
            ) as process,
        ):
            try:
                yield process, port, log
            finally:
                process.kill()

    def _program(
        self, pod: Workload, ops_port: int | None = None
    ) -> tuple[list[str], dict[str, str]]:
        (container,) = pod.spec["containers"]
        places = self._mounted(pod)
        settings: dict[str, str] = {}
        for source in container["envFrom"]:
            (config,) = (
                each["data"]
                for each in of_kind(self.manifests, "ConfigMap")
                if each["metadata"]["name"] == source["configMapRef"]["name"]
            )
            settings |= config
        settings |= self.replaced
        if ops_port is not None:
            settings["HELPLINE_OPS_PORT"] = str(ops_port)
        words = [*container["command"], *container.get("args", ())]
        assert words[0] == "python"
        # A file of the rehearsal's own is where it is, also below /tmp.
        places = {str(self.folder): str(self.folder), **places}
        command = [sys.executable, *(_placed(word, places) for word in words[1:])]
        environment = {name: _placed(value, places) for name, value in settings.items()}
        return command, environment | {"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]}

    def _mounted(self, pod: Workload) -> dict[str, str]:
        """Lay out the volumes of a pod; each mount path with the folder that stands for it."""
        (container,) = pod.spec["containers"]
        volumes = {each["name"]: each for each in pod.spec["volumes"]}
        places = {}
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            shared = "persistentVolumeClaim" in volume
            place = self.folder / "volumes" / ("claims" if shared else pod.name) / mount["name"]
            place.mkdir(parents=True, exist_ok=True)
            for source in volume.get("projected", {}).get("sources", (volume,)):
                if "secret" in source:
                    self._copy(source["secret"], place)
                if "configMap" in source:
                    made = self.folder / "configs" / source["configMap"]["name"]
                    if made.exists() or not source["configMap"].get("optional"):
                        shutil.copytree(made, place, dirs_exist_ok=True)
            places[mount["mountPath"]] = str(place)
        return places

    def _copy(self, secret: Mapping[str, object], place: Path) -> None:
        files = self.folder / "secrets" / str(secret.get("name") or secret["secretName"])
        items = secret.get("items")
        assert items is None or isinstance(items, list)
        names = [path.name for path in files.iterdir()] if items is None else None
        for key, path in (
            ((name, name) for name in names)
            if names is not None
            else ((item["key"], item["path"]) for item in items or ())
        ):
            shutil.copy(files / key, place / path)


def _placed(text: str, places: Mapping[str, str]) -> str:
    for path, place in places.items():
        if text == path or text.startswith(f"{path}/"):
            return place + text.removeprefix(path)
    return text


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up_at = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextmanager
def a_rehearsal(
    manifests: list[Manifest], folder: Path, doors: Mapping[str, int]
) -> Iterator[Rehearsal]:
    """Both servers up, keys handed out, nothing prepared: what a cluster has before the Jobs."""
    hand_out(folder)
    (issuer := folder / "secrets/helpline-issuer").mkdir()
    (issuer / "client-secret").write_text("x" * 40)
    (development := folder / "secrets/helpline-key-development").mkdir()
    (development / "development.key").write_text("y" * 64)
    certified(folder)
    with _postgres(folder) as postgres, _nats(manifests, folder) as nats_url:
        url = make_url(postgres)
        yield Rehearsal(
            manifests,
            folder,
            {
                "HELPLINE_HOST": "127.0.0.1",
                "HELPLINE_INTAKE_URL": f"http://127.0.0.1:{doors['intake']}",
                "HELPLINE_CONSOLE_RISK_URL": f"http://127.0.0.1:{doors['risk']}",
                "HELPLINE_NATS_URL": nats_url,
                # In plain text here: TLS is tried by tests/k8s/test_tls.py.
                "HELPLINE_NATS_CA_FILE": "",
                "HELPLINE_POSTGRES_CA_FILE": "",
                "HELPLINE_POSTGRES_HOST": str(url.host),
                "HELPLINE_POSTGRES_PORT": str(url.port),
                **{f"HELPLINE_{name.upper()}_PORT": str(port) for name, port in doors.items()},
            },
        )


def certified(folder: Path) -> Authority:
    """Lay out what operators make of certificates: of one CA, for this machine."""
    authority = Authority(folder)
    shown = authority.shows("nats")
    for secret in ("helpline-nats-tls", "helpline-postgres-ca"):
        (made := folder / "secrets" / secret).mkdir()
        shutil.copy(shown.ca, made / "ca.crt")
    shutil.copy(shown.certificate, folder / "secrets/helpline-nats-tls/tls.crt")
    shutil.copy(shown.key, folder / "secrets/helpline-nats-tls/tls.key")
    return authority


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """A server with the owner's database, who is no superuser and may make roles."""
    owner = folder / "secrets/helpline-postgres-owner"
    name, password = ((owner / each).read_text() for each in ("username", "password"))
    with within_reach(folder) as place:
        server = EmbeddedPostgres(a_postgres_place(place))
        server.start()
        try:
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                        sql.Identifier(name), sql.Literal(password)
                    )
                )
                connection.execute(
                    sql.SQL("CREATE DATABASE helpline OWNER {}").format(sql.Identifier(name))
                )
            yield server.dsn("helpline")
        finally:
            server.stop()


@contextmanager
def _nats(manifests: list[Manifest], folder: Path) -> Iterator[str]:
    """The server on the rendered configuration, at ports of its own."""
    files = nats_confs(manifests)
    conf = files["nats.conf"]
    (place := folder / "nats").mkdir()
    for said, here in {
        "0.0.0.0:4222": f"127.0.0.1:{spare_port()}",
        "0.0.0.0:8222": "127.0.0.1:-1",
        "/var/run/nats": str(place),
        "$POD_NAME": "helpline-nats-0",
    }.items():
        assert said in conf
        conf = conf.replace(said, here)
    (place / "nats.conf").write_text(conf)
    (place / "tls.conf").write_text(files["tls.conf"])
    written = (folder / "secrets/helpline-nats-server/server.conf").read_text()
    (place / "server.conf").write_text(written.replace('"/data"', f'"{place}/data"'))
    server = EmbeddedNats(place / "nats.conf", place, folder / "nats.log")
    address = server.start()
    try:
        yield address.url
    finally:
        server.stop()
