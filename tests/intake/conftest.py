"""Intake on a real Postgres, a weekday at noon in Paris.

One database for all tests of a file, emptied before each: making one costs most of a second. Not
for longer: other tests stop the server, and give its roles other passwords.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deploy.embedded.postgres import EmbeddedPostgres
from services.bus.capability import KEY_FILE, KEYS_DIR
from services.bus.testing import ServiceUnderTest, service_under_test
from services.intake.app import SERVICE

#: A Monday in November: noon in Paris.
NOON = datetime(2020, 11, 2, 11, 0, tzinfo=UTC)

#: What the console of these tests signs with.
CAPABILITY_KEY = bytes(range(32))

_DATABASE = "tests_of_intake"


@pytest.fixture(scope="module")
def provisioned_intake(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceUnderTest]:
    """Intake's table on a database of its own, with whatever tests have left there."""
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        named = sql.Identifier(_DATABASE)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(named))
    keys = tmp_path_factory.mktemp("keys")
    dsn = postgres_server.dsn(_DATABASE)
    with service_under_test(SERVICE, dsn, keys, NOON) as under_test:
        yield under_test


@pytest.fixture
def intake(
    provisioned_intake: ServiceUnderTest,
    postgres_server: EmbeddedPostgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ServiceUnderTest:
    """Intake before any line was applied, at noon, with a folder of keys of its own."""
    monkeypatch.setenv(KEYS_DIR, str(tmp_path))
    (tmp_path / KEY_FILE).write_text(CAPABILITY_KEY.hex())
    with psycopg.connect(postgres_server.dsn(_DATABASE), autocommit=True) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'")
        tables = [sql.Identifier("intake", name) for (name,) in rows]
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(tables)))
    provisioned_intake.at(NOON)
    return provisioned_intake
