"""What a release's Jobs do, on real servers: tables by an owner who is no superuser, lines over the
bus by a key that may do just that, and keys by Secret.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import nats.errors
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from contracts.programme import ApplyProgramme
from contracts.risk import RaiseAlert
from deploy import tables
from deploy.embedded.binaries import find_nats_server
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.handout import hand_out
from deploy.release import RELEASE, NotApplied, apply_over_bus
from services.bus.provision.signed_in import signed_in
from services.intake.app import SERVICE as INTAKE
from services.intake.reader import Sound, read_manifest
from services.registry import SERVICES
from tests.authority import Authority
from tests.bus.live import a_live_ground, running
from tests.k8s.rendered import nats_confs, rendered
from tests.servers import a_postgres_place

_LINE = Path(__file__).resolve().parents[2] / "deploy/programmes/sos-crise.yaml"
OWNER, PASSWORD = "helpline", "of-a-test"


@contextmanager
def an_owner(superuser_dsn: str) -> Iterator[None]:
    """Somebody who owns the database and may create roles, as CloudNativePG is told."""
    database = make_url(superuser_dsn).database or ""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                sql.Identifier(OWNER), sql.Literal(PASSWORD)
            )
        )
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(database), sql.Identifier(OWNER)
            )
        )
    yield


def test_tables_are_made_by_an_owner_who_is_no_superuser(
    tmp_path: Path, postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, as at the next release, with the passwords that were handed out."""
    hand_out(tmp_path)
    server = EmbeddedPostgres(a_postgres_place(postgres_folder))
    server.start()
    try:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE helpline")
        with an_owner(server.dsn("helpline")):
            (owner := tmp_path / "owner").mkdir()
            (owner / "username").write_text(OWNER)
            (owner / "password").write_text(PASSWORD)
            url = make_url(server.dsn("helpline"))
            monkeypatch.setenv("HELPLINE_POSTGRES_HOST", str(url.host))
            monkeypatch.setenv("HELPLINE_POSTGRES_PORT", str(url.port))
            monkeypatch.setenv("HELPLINE_KEYS_DIR", str(tmp_path / "keys"))
            assert tables.main(["--owner", str(owner)]) == 0
            assert tables.main(["--owner", str(owner)]) == 0
            password = (tmp_path / "keys/triage.pg").read_text()
            with psycopg.connect(
                host=url.host,
                port=url.port,
                dbname="helpline",
                user="helpline_triage",
                password=password,
            ) as connection:
                assert connection.execute("SELECT count(*) FROM triage.contact").fetchone() == (0,)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("SELECT count(*) FROM risk.alert")
    finally:
        server.stop()


def _sound() -> Sound:
    found = read_manifest(_LINE.read_bytes())
    assert isinstance(found, Sound)
    return found


def test_a_release_puts_a_line_into_force_once(tmp_path: Path, fresh_database: str) -> None:
    async def release() -> tuple[bool, bool]:
        async with (
            a_live_ground((*SERVICES, RELEASE), fresh_database, tmp_path) as ground,
            running(ground, INTAKE),
            signed_in(ground.settings.nats_url, ground.settings.keys_dir, RELEASE.name) as client,
        ):
            patience = timedelta(seconds=20)
            first = await apply_over_bus(client, _sound(), patience)
            again = await apply_over_bus(client, _sound(), patience)
            assert first.result is not None
            assert again.result is not None
            return first.result["already_so"], again.result["already_so"]

    assert asyncio.run(release()) == (False, True)


def test_the_key_of_a_release_sends_nothing_else(tmp_path: Path, fresh_database: str) -> None:
    async def ask() -> None:
        async with (
            a_live_ground((*SERVICES, RELEASE), fresh_database, tmp_path) as ground,
            signed_in(ground.settings.nats_url, ground.settings.keys_dir, RELEASE.name) as client,
        ):
            with pytest.raises(NotApplied, match="does not answer"):
                await apply_over_bus(client, _sound(), timedelta(seconds=1))
            # The server answers what nobody listens to, unless it may not be asked at all.
            with pytest.raises(nats.errors.NoRespondersError):
                await client.request(ApplyProgramme.subject(), b"{}", 1)
            for subject in (RaiseAlert.subject(), "$JS.API.STREAM.NAMES"):
                with pytest.raises(nats.errors.TimeoutError):
                    await client.request(subject, b"{}", 1)

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("overlay", "secret"),
    [("pilot", "helpline-nats-server"), ("permanent", "helpline-nats-cluster-server")],
)
def test_nats_reads_what_is_rendered_and_handed_out(
    tmp_path: Path, overlay: str, secret: str
) -> None:
    """The server itself says so (`-t`): the rendered frame around what `handout` wrote."""
    hand_out(tmp_path)
    shown = Authority(tmp_path).shows("nats")
    folder = tmp_path / "etc"
    folder.mkdir()
    for name, conf in nats_confs(rendered(overlay)).items():
        placed = conf.replace("/var/run/nats", str(tmp_path))
        for there, here in {"tls.crt": shown.certificate, "tls.key": shown.key}.items():
            placed = placed.replace(f"/etc/nats-tls/{there}", str(here))
        (folder / name).write_text(placed.replace("/etc/nats-tls/ca.crt", str(shown.ca)))
    written = (tmp_path / "secrets" / secret / "server.conf").read_text()
    (folder / "server.conf").write_text(written.replace("/data", str(tmp_path / "data")))
    said = subprocess.run(
        (str(find_nats_server()), "-t", "--config", str(folder / "nats.conf")),
        capture_output=True,
        text=True,
        env=os.environ | {"POD_NAME": "helpline-nats-0"},
    )
    assert said.returncode == 0, said.stderr


def test_keys_stay_when_they_are_handed_out_again(tmp_path: Path) -> None:
    hand_out(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    hand_out(tmp_path)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before == after
    assert all(path.stat().st_mode & 0o077 == 0 for path in after)
