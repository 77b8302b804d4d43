"""The images, started by podman as deploy/compose.yaml says, on a real Postgres, until they answer.

Needs root and podman; skipped with the reason where no container starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from packaging.requirements import Requirement

from deploy.embedded.ports import spare_port
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.images.engine import Engine, EngineFailed
from tests.images.composed import REPOSITORY, Here, podman_run, rendered
from tests.servers import a_postgres_place, within_reach

#: The first of them waits until both images are built.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
_OWNER_PASSWORD = "of-the-tests"
#: What runs once before the services, in the order `depends_on` asks for.
_BEFORE_NATS, _AFTER_NATS = ("keys", "conf"), ("tables", "streams")
DOORS = ("intake", "console", "risk")


@dataclass
class Pilot:
    """What the file starts, here."""

    engine: Engine
    services: dict[str, Any]
    here: Here
    ports: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)

    def once(self, name: str, *arguments: str) -> str:
        """Run a service that ends; what it said."""
        begun_at = time.monotonic()
        said = self.engine.run(
            "run", "--rm", *podman_run(name, self.services[name], self.here), *arguments
        )
        self.seconds[name] = time.monotonic() - begun_at
        return said

    def start(self, name: str, *arguments: str) -> None:
        """Start a service that stays."""
        self.engine.run(
            "run", "--detach", *podman_run(name, self.services[name], self.here), *arguments
        )

    def choose_doors(self) -> None:
        """Ports that are free, right before somebody listens there."""
        doors = {name: spare_port() for name in (*DOORS, "ops")}
        self.ports |= doors
        settings = {f"HELPLINE_{name.upper()}_PORT": str(port) for name, port in doors.items()}
        self.here = replace(self.here, environment={**self.here.environment, **settings})

    def called(self, name: str) -> str:
        """The name of its container."""
        return f"{self.here.prefix}-{name}"

    def readiness(self) -> dict[str, bool]:
        """What /readyz says, once it says that all are ready; fails after a minute."""
        give_up_at = time.monotonic() + 60
        while True:
            with suppress(OSError), self.get("ops", "/readyz") as answer:
                said: dict[str, bool] = json.load(answer)
                return said
            if time.monotonic() > give_up_at:
                pytest.fail(self.engine.logs(self.called("services")))
            time.sleep(0.1)

    def get(self, door: str, path: str) -> Any:
        """Ask a door of this machine."""
        return urllib.request.urlopen(f"http://127.0.0.1:{self.ports[door]}{path}", timeout=5)

    def python(self, code: str) -> str:
        """Run code inside the container of the services."""
        return self.engine.run("exec", self.called("services"), "python", "-c", code)


@pytest.fixture(scope="module")
def pilot(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pilot]:
    """Everything of the file, running."""
    with within_reach(tmp_path_factory.mktemp("images")) as folder:
        postgres = EmbeddedPostgres(a_postgres_place(folder))
        postgres.start()
        made = _pilot(engine, folder, postgres)
        try:
            _owner_of_a_database(postgres)
            for name in _BEFORE_NATS:
                made.once(name)
            nats = (
                "--addr=127.0.0.1",
                f"--port={made.ports['nats']}",
                f"--http_port={spare_port()}",
            )
            made.start("nats", "--config=/nats.conf", *nats)
            for name in _AFTER_NATS:
                made.once(name)
            made.choose_doors()
            begun_at = time.monotonic()
            made.start("services")
            made.readiness()
            made.seconds["services to ready"] = time.monotonic() - begun_at
            yield made
        finally:
            postgres.stop()
    for name, seconds in made.seconds.items():
        print(f"{name:<34}            {seconds:6.1f} s")


def _pilot(engine: Engine, folder: Path, postgres: EmbeddedPostgres) -> Pilot:
    ports = {"nats": spare_port()}
    files = {
        "owner": (folder / "owner", "helpline"),
        "postgres-owner": (folder / "password", _OWNER_PASSWORD),
        "oidc-client": (folder / "client", "x" * 40),
    }
    for path, content in files.values():
        path.write_text(content)
        path.chmod(0o444)
    environment = {
        "HELPLINE_HOST": "127.0.0.1",
        "HELPLINE_POSTGRES_HOST": "127.0.0.1",
        "HELPLINE_POSTGRES_PORT": str(postgres.place.port),
        "HELPLINE_NATS_URL": f"nats://127.0.0.1:{ports['nats']}",
    }
    here = Here(f"t{os.getpid()}", {name: path for name, (path, _) in files.items()}, environment)
    return Pilot(engine, rendered()["services"], here, ports)


def _owner_of_a_database(postgres: EmbeddedPostgres) -> None:
    """Whoever owns the database and may create roles: not a superuser."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE helpline LOGIN CREATEROLE PASSWORD '{_OWNER_PASSWORD}'")
        connection.execute("CREATE DATABASE helpline OWNER helpline")


def test_all_services_are_ready_in_one_container(pilot: Pilot) -> None:
    assert pilot.readiness() == dict.fromkeys(
        ("intake", "triage", "assignment", "roster", "console", "quality", "referral", "risk"), True
    )


def test_engine_that_asks_for_health_hears_of_it(pilot: Pilot) -> None:
    asked = pilot.services["services"]["healthcheck"]["test"][1:]
    here = [word.replace("9100", str(pilot.ports["ops"])) for word in asked]
    pilot.engine.run("exec", pilot.called("services"), *here)
    nobody = [word.replace("9100", str(spare_port())) for word in asked]
    with pytest.raises(EngineFailed):
        pilot.engine.run("exec", pilot.called("services"), *nobody)


_WHO_AM_I = """
import json, os
FOLDERS = ('/', '/srv/helpline', '/opt/helpline', '/etc', '/run', '/var/tmp', '/conf',
           '/run/helpline/keys', '/tmp', '/var/lib/helpline/days')
def can_write(folder):
    try:
        with open(folder + '/trial', 'w'):
            os.unlink(folder + '/trial')
        return True
    except OSError:
        return False
status = dict(line.split(':', 1) for line in open('/proc/1/status'))
print(json.dumps({
    'uid': os.getuid(), 'capabilities': int(status['CapEff'], 16),
    'bounding': int(status['CapBnd'], 16), 'no_new': status['NoNewPrivs'].strip(),
    'writes': [folder for folder in FOLDERS if can_write(folder)]}))
"""


def test_container_is_nobody_and_can_write_nothing_but_tmp_and_its_volumes(pilot: Pilot) -> None:
    told = json.loads(pilot.python(_WHO_AM_I))
    assert told == {
        "uid": 10001,
        "capabilities": 0,
        "bounding": 0,
        "no_new": "1",
        "writes": ["/tmp", "/var/lib/helpline/days"],
    }


def test_image_holds_the_lock_and_no_other_package(pilot: Pilot) -> None:
    told = pilot.python(
        "import importlib.metadata as m\n"
        "for d in m.distributions(): print(d.name.lower().replace('_', '-'), d.version)"
    )
    lock = (REPOSITORY / "deploy/images/requirements.txt").read_text().splitlines()
    pinned = [Requirement(line.rstrip(" \\")) for line in lock if line[:1].isalnum()]
    here = {each.name: str(each.specifier)[2:] for each in pinned if _wanted(each)}
    assert dict(line.split() for line in told.splitlines() if line) == here


def _wanted(each: Requirement) -> bool:
    return each.marker is None or each.marker.evaluate()


def test_nats_is_one_program_and_what_it_reads(pilot: Pilot) -> None:
    name = f"{pilot.here.prefix}-bare"
    pilot.engine.run("create", f"--name={name}", "localhost/helpline-nats")
    try:
        exported = pilot.engine.store / f"{name}.tar"
        pilot.engine.run("export", f"--output={exported}", name)
        listed = subprocess.run(
            ("tar", "-tf", exported), capture_output=True, text=True, check=True
        ).stdout.split()
        exported.unlink()
    finally:
        pilot.engine.run("rm", name)
    of_the_engine = ("dev/", "proc/", "sys/", "run/", "etc/")
    ours = {each for each in listed if not each.startswith(of_the_engine)}
    assert ours == {"nats-server", "nats.conf", "data/", "conf/"}


def test_line_is_put_into_force_and_callers_find_it(pilot: Pilot) -> None:
    assert "is in force" in pilot.once("line")
    with pilot.get("intake", "/") as page:
        shown = page.read().decode()
    assert 'href="/sos-crise"' in shown, shown


def test_what_runs_before_the_services_may_run_again(pilot: Pilot) -> None:
    sums = (
        "import hashlib, pathlib\n"
        "for p in sorted(pathlib.Path('/run/helpline/keys').iterdir()):\n"
        "    print(p.name, hashlib.sha256(p.read_bytes()).hexdigest())"
    )
    before = pilot.python(sums)
    for name in (*_BEFORE_NATS, *_AFTER_NATS):
        pilot.once(name)
    assert len(before.splitlines()) > 20
    assert pilot.python(sums) == before
    assert all(pilot.readiness().values())


def test_sigterm_ends_a_container_in_order_and_it_comes_back(pilot: Pilot) -> None:
    name = pilot.called("services")
    begun_at = time.monotonic()
    pilot.engine.run("stop", "--time=30", name)
    pilot.seconds["services, SIGTERM to gone"] = time.monotonic() - begun_at
    assert pilot.engine.run("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
    said = [json.loads(line) for line in pilot.engine.run("logs", name).splitlines()]
    assert not [each for each in said if each["level"] in ("error", "critical")]
    with pytest.raises(urllib.error.URLError):
        pilot.get("ops", "/readyz")

    pilot.engine.run("start", name)
    assert all(pilot.readiness().values())


def test_names_of_services_choose_which_run(pilot: Pilot) -> None:
    pilot.engine.run("rm", "--force", "--time=30", pilot.called("services"))
    pilot.start("services", "triage", "referral")
    assert pilot.readiness() == {"triage": True, "referral": True}
