"""Postgres over TLS: a service knows its database by a CA, and gives its password to nobody else.

The tests' Postgres is built without TLS: `front.py` speaks it, with a real libpq at the other end.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from deploy import tables
from services.bus.database import prepare
from services.bus.lane import Lane
from services.bus.runner import RunningService
from services.bus.settings import BusSettings
from services.bus.testing import settings_for_tests
from services.bus.trust import NotTrusted
from tests.authority import Authority
from tests.bus.front import a_front
from tests.bus.tally import TALLY


@dataclass
class Database:
    """A database behind TLS, and who signed what it shows."""

    settings: BusSettings
    plain_port: int
    ours: Authority

    def told(self, **changed: object) -> BusSettings:
        return self.settings.model_copy(update=changed)


@pytest.fixture
def database(fresh_database: str, tmp_path: Path) -> Iterator[Database]:
    owner = make_url(fresh_database).set(drivername="postgresql+psycopg")
    (keys := tmp_path / "keys").mkdir()
    prepare(owner.render_as_string(hide_password=False), (TALLY,), keys)
    ours = Authority(tmp_path)
    settings = settings_for_tests(owner, keys)
    with a_front(settings.postgres_port, ours.shows("postgres")) as port:
        told = settings.model_copy(update={"postgres_port": port, "postgres_ca_file": ours.ca})
        yield Database(told, settings.postgres_port, ours)


def test_a_lane_asks_a_database_its_ca_has_signed(database: Database) -> None:
    lane = Lane("test", TALLY, database.settings, 1)
    try:
        assert lane.probe()
        with lane.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM intake.tally")).scalar_one() == 0
            driver = connection.connection.driver_connection
            assert driver is not None
            assert driver.pgconn.ssl_in_use
    finally:
        lane.close()


def _refused(settings: BusSettings) -> str:
    """What a service says that starts: it would wait for a database that is away."""

    async def start() -> None:
        async with asyncio.timeout(10):
            await RunningService(TALLY, settings).start()

    with pytest.raises(NotTrusted) as refused:
        asyncio.run(start())
    return str(refused.value)


def test_a_database_of_another_ca_is_refused(database: Database, tmp_path: Path) -> None:
    others = Authority(tmp_path, "others")
    assert _refused(database.told(postgres_ca_file=others.ca)) == (
        "Postgres at 127.0.0.1: SSL error: certificate verify failed "
        f"(HELPLINE_POSTGRES_CA_FILE: {others.ca})"
    )


def test_a_database_in_plain_text_is_told_no_password(database: Database) -> None:
    said = _refused(database.told(postgres_port=database.plain_port))
    assert "server does not support SSL, but SSL was required" in said


@pytest.mark.parametrize(
    ("hosts", "lasts", "reason"),
    [
        (("helpline-postgres",), timedelta(days=1), 'does not match host name "127.0.0.1"'),
        (("127.0.0.1",), timedelta(seconds=-1), "certificate verify failed"),
    ],
)
def test_a_certificate_of_another_database_or_of_yesterday_is_refused(
    database: Database, hosts: tuple[str, ...], lasts: timedelta, reason: str
) -> None:
    with a_front(database.plain_port, database.ours.shows("other", hosts, lasts)) as port:
        assert reason in _refused(database.told(postgres_port=port))


def test_a_ca_file_that_is_not_there_is_named(database: Database, tmp_path: Path) -> None:
    said = _refused(database.told(postgres_ca_file=tmp_path / "nowhere"))
    assert f'root certificate file "{tmp_path / "nowhere"}" does not exist' in said
    assert "HELPLINE_POSTGRES_CA_FILE" in said


def test_the_job_of_tables_says_why_it_asks_no_database(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    others = Authority(tmp_path, "others")
    for name in ("username", "password"):
        (tmp_path / name).write_text("x")
    monkeypatch.setenv("HELPLINE_KEYS_DIR", str(tmp_path))
    monkeypatch.setenv("HELPLINE_POSTGRES_HOST", "127.0.0.1")
    monkeypatch.setenv("HELPLINE_POSTGRES_PORT", str(database.settings.postgres_port))
    monkeypatch.setenv("HELPLINE_POSTGRES_CA_FILE", str(others.ca))
    assert tables.main(["--owner", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("Postgres at 127.0.0.1: SSL error: certificate verify failed")
