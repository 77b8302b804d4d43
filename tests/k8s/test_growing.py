"""What is moved once, from pilot to permanent, and what brings back what was saved at night.

How streams are moved is tried in tests/migrate, on one server and three.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from deploy import tables
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.handout import hand_out
from deploy.migrate.command import parser
from tests.k8s.checks_of_pods import (
    accounts_are_their_own,
    images_are_digests,
    memory_is_bounded,
    pods_are_restricted,
    scratch_space_has_a_size,
)
from tests.k8s.checks_of_tls import files_in
from tests.k8s.references import broken_references
from tests.k8s.rendered import Manifest, name_of, of_kind, one, rendered, workloads
from tests.servers import a_postgres_place

GROWING, RESTORING = "growing", "restoring"
#: What every pod must be, asked of those that are no part of an overlay.
OF_JOBS = (
    pods_are_restricted,
    accounts_are_their_own,
    images_are_digests,
    memory_is_bounded,
    scratch_space_has_a_size,
)
DATABASE = "Job/helpline-grow-database"


def _side_by_side() -> list[Manifest]:
    """What stands in the namespace meanwhile: the permanent service, and the pilot beside it."""
    new = rendered("permanent")
    names = {name_of(each) for each in new}
    return [*new, *(each for each in rendered("pilot") if name_of(each) not in names)]


def test_servers_volumes_and_claims_of_both_stand_side_by_side() -> None:
    """Nothing that holds anything, or whose fields cannot change, has the same name in both."""
    held = ("StatefulSet", "PersistentVolumeClaim", "Cluster", "Deployment", "CronJob")
    pilot, permanent = (
        {name_of(each) for each in of_kind(rendered(overlay), *held)}
        for overlay in ("pilot", "permanent")
    )
    assert pilot & permanent == set()
    # A pilot's services find the pilot's server, whatever stands beside it.
    pods = {each.name: each for each in workloads(_side_by_side())}
    found = {
        (service["metadata"]["name"], pod.name)
        for service in of_kind(_side_by_side(), "Service")
        for pod in pods.values()
        if pod.kind != "Deployment" and service["spec"]["selector"].items() <= pod.labels.items()
    }
    assert found == {
        ("helpline-nats", "helpline-nats"),
        ("helpline-nats-headless", "helpline-nats"),
        ("helpline-nats-cluster", "helpline-nats-cluster"),
        ("helpline-nats-cluster-headless", "helpline-nats-cluster"),
        ("helpline-postgres", "helpline-postgres"),
    }


def test_what_moves_finds_both_sides() -> None:
    moving = rendered(GROWING)
    assert len(moving) == 3
    assert broken_references([*_side_by_side(), *moving]) == ()
    for check in OF_JOBS:
        assert list(check(moving)) == []
    services = {each["metadata"]["name"] for each in of_kind(_side_by_side(), "Service")}
    (streams,) = one(moving, "Job/helpline-grow-streams")["spec"]["template"]["spec"]["containers"]
    asked = parser().parse_args(streams["args"])
    assert (asked.old, asked.new) == ("pilot", "permanent")
    assert asked.target.startswith("tls://")
    hosts = [str(make_url(url).host) for url in (asked.source, asked.target)]
    assert hosts == ["helpline-nats", "helpline-nats-cluster"]
    assert set(hosts) <= services


@pytest.mark.parametrize(
    ("overlay", "job", "variable"),
    [
        (GROWING, "helpline-grow-streams", "HELPLINE_NATS_CA_FILE"),
        (GROWING, "helpline-grow-database", "NEW_CA"),
        (RESTORING, "helpline-restore-streams", "HELPLINE_NATS_CA_FILE"),
    ],
)
def test_what_moves_and_brings_back_knows_servers_by_their_ca(
    overlay: str, job: str, variable: str
) -> None:
    (pod,) = (each for each in workloads(rendered(overlay)) if each.name == job)
    (container,) = pod.containers()
    (file,) = (Path(each["value"]) for each in container["env"] if each["name"] == variable)
    assert file.name in files_in(pod, str(file.parent))


@pytest.mark.slow
def test_a_database_is_moved_whole_and_services_find_their_rights(
    tmp_path: Path, postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_pilot_and_an_empty_one(tmp_path, postgres_folder, monkeypatch) as (old, new):
        with psycopg.connect(old.dsn("helpline"), autocommit=True) as connection:
            for number in range(300):
                connection.execute(
                    "INSERT INTO triage.inbox (id, kind, type) VALUES (%s, 'event', 'x')",
                    [str(number)],
                )
            newest = _one(connection, "SELECT max(txid) FROM triage.inbox")
            busy = _moved(old, new, tmp_path)
            assert busy.returncode == 1
            assert "services must leave first" in busy.stdout
        moved = _moved(old, new, tmp_path)
        assert moved.returncode == 0, moved.stderr
        assert "tables are the same on both" in moved.stdout
        assert _tables(new, tmp_path, monkeypatch) == 0
        password = (tmp_path / "keys/triage.pg").read_text()
        with psycopg.connect(new.dsn("helpline", "helpline_triage", password)) as connection:
            assert _one(connection, "SELECT count(*) FROM triage.inbox") == 300
            connection.execute("INSERT INTO triage.inbox (id, kind, type) VALUES ('y', 'a', 'b')")
            assert _one(connection, "SELECT txid FROM triage.inbox WHERE id = 'y'") > newest
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT count(*) FROM risk.alert")
        again = _moved(old, new, tmp_path)
        assert again.returncode != 0, "what is there already is not mixed with it"


@pytest.mark.slow
def test_a_nights_dump_is_restored_into_an_empty_database(
    tmp_path: Path, postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dump,) = one(rendered("pilot"), "CronJob/helpline-backup")["spec"]["jobTemplate"]["spec"][
        "template"
    ]["spec"]["containers"]
    (restored,) = one(rendered(RESTORING), "Job/helpline-restore-database")["spec"]["template"][
        "spec"
    ]["containers"]
    with a_pilot_and_an_empty_one(tmp_path, postgres_folder, monkeypatch) as (old, new):
        with psycopg.connect(old.dsn("helpline"), autocommit=True) as connection:
            connection.execute("INSERT INTO triage.inbox (id, kind, type) VALUES ('y', 'a', 'b')")
        begun = datetime.now(UTC).replace(microsecond=0)
        done = _run(dump, {"helpline-postgres": old}, tmp_path)
        assert done.returncode == 0, done.stderr
        with psycopg.connect(old.dsn("helpline")) as connection:
            comment = (
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname ="
            )
            (noted,) = connection.execute(f"{comment} 'helpline'").fetchone() or ("",)
        assert datetime.fromisoformat(noted.removeprefix("dumped ")) >= begun
        (tmp_path / "backup/helpline-2020-01-01T0330.dump").write_text("an older one")
        done = _run(restored, {"helpline-postgres": new}, tmp_path)
        assert done.returncode == 0, done.stderr
        assert _tables(new, tmp_path, monkeypatch) == 0
        password = (tmp_path / "keys/triage.pg").read_text()
        with psycopg.connect(new.dsn("helpline", "helpline_triage", password)) as connection:
            assert _one(connection, "SELECT count(*) FROM triage.inbox") == 1


@pytest.mark.slow
def test_a_database_that_cloudnativepg_imports_by_itself_goes_on_where_it_was(
    tmp_path: Path, postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its `bootstrap.initdb.import` of type microservice does, then the database Job."""
    with a_pilot_and_an_empty_one(tmp_path, postgres_folder, monkeypatch) as (old, new):
        with psycopg.connect(old.dsn("helpline"), autocommit=True) as connection:
            # Of a pilot that has run for a while.
            connection.execute(
                "DO $$ BEGIN WHILE txid_current() < 5000 LOOP COMMIT; END LOOP; END $$"
            )
            connection.execute("INSERT INTO triage.inbox (id, kind, type) VALUES ('x', 'a', 'b')")
            newest = _one(connection, "SELECT max(txid) FROM triage.inbox")
        _imported(old, new, tmp_path / "dump")
        with psycopg.connect(new.dsn("helpline"), autocommit=True) as connection:
            assert _one(connection, "SELECT count(*) FROM triage.inbox") == 1
            behind = _one(connection, "SELECT txid_current()") < newest
            assert behind, "a new server counts from where the old one was: the Job need not"
        assert _tables(new, tmp_path, monkeypatch) == 0
        password = (tmp_path / "keys/triage.pg").read_text()
        with psycopg.connect(new.dsn("helpline", "helpline_triage", password)) as connection:
            connection.execute("INSERT INTO triage.inbox (id, kind, type) VALUES ('y', 'a', 'b')")
            assert _one(connection, "SELECT txid FROM triage.inbox WHERE id = 'y'") > newest
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT count(*) FROM risk.alert")


def _imported(old: EmbeddedPostgres, new: EmbeddedPostgres, dump: Path) -> None:
    """As CloudNativePG 1.26 does it: a superuser for as long as it takes, section by section."""
    sections = ("pre-data", "data", "post-data")
    programs = old.binaries.folder
    asked = [f"--section={each}" for each in sections]
    _done(programs / "pg_dump", "-Fd", "-f", dump, "-d", old.dsn("helpline"), *asked)
    with psycopg.connect(new.dsn("helpline"), autocommit=True) as connection:
        connection.execute("ALTER ROLE helpline SUPERUSER")
        for each in asked:
            to = ("--no-owner", "--no-privileges", "--role=helpline", "-d", new.dsn("helpline"))
            _done(programs / "pg_restore", *to, each, dump)
        connection.execute("ALTER ROLE helpline NOSUPERUSER")


def _done(*command: str | Path) -> None:
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_what_brings_back_finds_what_was_saved() -> None:
    back = rendered(RESTORING)
    assert len(back) == 2
    assert broken_references([*rendered("pilot"), *back]) == ()
    for check in OF_JOBS:
        assert list(check(back)) == []


@contextmanager
def a_pilot_and_an_empty_one(
    folder: Path, servers: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[EmbeddedPostgres, EmbeddedPostgres]]:
    """The pilot's database with its tables, and a new server without; keys are in `folder`."""
    hand_out(folder)
    with two_servers(servers, folder / "secrets/helpline-postgres-owner") as (old, new):
        assert _tables(old, folder, monkeypatch) == 0
        yield old, new


@contextmanager
def two_servers(folder: Path, owner: Path) -> Iterator[tuple[EmbeddedPostgres, EmbeddedPostgres]]:
    """The pilot's, whose owner is a superuser, and one as CloudNativePG makes it: not so there."""
    name, password = ((owner / each).read_text() for each in ("username", "password"))
    with ExitStack() as stack:
        servers = []
        for which, rights in (("old", "SUPERUSER"), ("new", "CREATEROLE")):
            (place := folder / which).mkdir()
            server = EmbeddedPostgres(a_postgres_place(place))
            server.start()
            stack.callback(server.stop)
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                # Names and passwords of a test, of letters and digits.
                connection.execute(f"CREATE ROLE {name} LOGIN {rights} PASSWORD '{password}'")
                connection.execute(f"CREATE DATABASE helpline OWNER {name}")
            servers.append(server)
        yield servers[0], servers[1]


def _tables(server: EmbeddedPostgres, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """What the database Job runs."""
    monkeypatch.setenv("HELPLINE_POSTGRES_HOST", "127.0.0.1")
    monkeypatch.setenv("HELPLINE_POSTGRES_PORT", str(server.place.port))
    monkeypatch.setenv("HELPLINE_KEYS_DIR", str(folder / "keys"))
    return tables.main(["--owner", str(folder / "secrets/helpline-postgres-owner")])


def _one(connection: psycopg.Connection, query: str) -> int:
    (found,) = connection.execute(query).fetchone() or (None,)
    return int(found)


def _moved(
    old: EmbeddedPostgres, new: EmbeddedPostgres, folder: Path
) -> subprocess.CompletedProcess[str]:
    (container,) = one(rendered(GROWING), DATABASE)["spec"]["template"]["spec"]["containers"]
    hosts = {each["name"]: each["value"] for each in container["env"]}
    return _run(container, {hosts["OLD"]: old, hosts["NEW"]: new}, folder)


def _run(
    container: Manifest, servers: Mapping[str, EmbeddedPostgres], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a rendered container's own program; names of hosts lead to ports of this machine."""
    places = {
        "/tmp": folder / "tmp",  # first: ours lie below it
        "/run/helpline/owner": folder / "secrets/helpline-postgres-owner",
        "/backup": folder / "backup",
    }
    (programs := folder / "bin").mkdir(exist_ok=True)
    cases = [f'*" {host} "*) export PGPORT={servers[host].place.port} ;;' for host in servers]
    for program in ("psql", "pg_dump", "pg_restore"):
        real = next(iter(servers.values())).binaries.folder / program
        shim = programs / program
        shim.write_text(
            "\n".join(("#!/bin/bash", 'case " $* " in', *cases, "esac"))
            + f'\nexec {real} "${{@/#helpline-postgres*/127.0.0.1}}"\n'
        )
        shim.chmod(0o755)
    *shell, script = container["command"]
    for said, here in places.items():
        here.mkdir(exist_ok=True)
        script = script.replace(said, str(here))
    environment = {each["name"]: each["value"] for each in container["env"]}
    if "NEW_SSLMODE" in environment:
        assert environment["NEW_SSLMODE"] == "verify-full"
        environment["NEW_SSLMODE"] = "prefer"  # the wheel's Postgres is built without TLS
    environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    return subprocess.run([*shell, script], env=environment, capture_output=True, text=True)
