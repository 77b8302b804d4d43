"""The tables of every service by its migrations: the models', and refused when they cannot be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from deploy.migration.judging import flaws_of_lineage, left_by
from deploy.migration.writing import difference, models_of
from services.bus import migrating
from services.bus.database import made_at_once, prepare
from services.bus.ledger import Ledger
from services.bus.lineage import (
    Lineage,
    TablesDiffer,
    judge_tables,
    lineages_of,
    standings,
)
from services.bus.migrating import NotMigrated, migrate
from services.bus.table import Service
from services.registry import SERVICES

each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
TRIAGE = next(service for service in SERVICES if service.name == "triage")

_COLUMNS = """
SELECT c.table_name || '.' || c.column_name, c.data_type, c.is_nullable, c.column_default,
       c.is_identity, c.character_maximum_length
FROM information_schema.columns c WHERE c.table_schema = :schema ORDER BY 1
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = :schema ORDER BY 1"
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = CAST(:schema AS regnamespace) ORDER BY 1, 2
"""


def owner(dsn: str) -> str:
    url = make_url(dsn).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


@pytest.fixture
def database(fresh_database: str) -> Iterator[Connection]:
    engine = create_engine(owner(fresh_database))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def shape(connection: Connection, schema: str) -> dict[str, object]:
    """All that can be told of the tables of a schema, but for the order of their columns."""
    return {
        str(row[0]) + str(row[1]): tuple(row)
        for query in (_COLUMNS, _INDEXES, _CONSTRAINTS)
        for row in connection.execute(text(query), {"schema": schema})
    }


def leaving(service: Service) -> set[str]:
    """What is still in the database and no longer in the code."""
    lineages = lineages_of(service.name)
    return {what for lineage in lineages for what in left_by(lineage, service.name)}


def test_migrated_tables_are_the_models_of_every_service(
    fresh_database: str, database: Connection, tmp_path: Path
) -> None:
    prepare(owner(fresh_database), SERVICES, tmp_path, migrate)
    migrated = {service.name: shape(database, service.name) for service in SERVICES}
    for service in SERVICES:
        declared = [Ledger(service.name).metadata, service.tables]
        left = difference(database, service, declared).upgrade_ops.as_diffs()
        gone = {f"{diff[2]}.{diff[3].name}" for diff in left if diff[0] == "remove_column"}
        assert gone <= leaving(service), left
        assert len(gone) == len(left), left
    database.rollback()
    for service in SERVICES:
        database.execute(text(f'DROP SCHEMA "{service.name}" CASCADE'))
    database.commit()
    prepare(owner(fresh_database), SERVICES, tmp_path, made_at_once)
    for service in SERVICES:
        assert migrated[service.name] == shape(database, service.name) | {
            name: row
            for name, row in migrated[service.name].items()
            if any(name.startswith(what) for what in leaving(service))
        }


@each_service
def test_every_revision_says_its_phase_and_keeps_to_it(service: Service) -> None:
    for lineage in lineages_of(service.name):
        declared = models_of(service, lineage.name)
        assert flaws_of_lineage(lineage, declared, service.name) == []


def test_a_second_run_changes_nothing(fresh_database: str, tmp_path: Path) -> None:
    noted = "SELECT count(*), max(applied_at) FROM migrations.applied"
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        prepare(owner(fresh_database), SERVICES, tmp_path, migrate)
        first = connection.execute(noted).fetchone()
        prepare(owner(fresh_database), SERVICES, tmp_path, migrate)
        assert connection.execute(noted).fetchone() == first


def test_tables_made_before_there_were_migrations_are_refused(
    fresh_database: str, tmp_path: Path
) -> None:
    prepare(owner(fresh_database), (TRIAGE,), tmp_path, made_at_once)
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA migrations CASCADE")
        with pytest.raises(NotMigrated, match="made before there were migrations"):
            prepare(owner(fresh_database), (TRIAGE,), tmp_path, migrate)
        found = connection.execute("SELECT to_regclass('migrations.applied')").fetchone()
        assert found == (None,), "refused, it leaves everything as it was"


def test_a_service_does_not_start_on_tables_older_than_it_is(
    fresh_database: str, tmp_path: Path
) -> None:
    prepare(owner(fresh_database), (TRIAGE,), tmp_path, migrate)
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("DELETE FROM migrations.applied WHERE lineage = 'triage'")
    url = make_url(fresh_database)
    (tmp_path / "triage.nk").write_text(
        "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"
    )
    ended = subprocess.run(
        (sys.executable, "-m", "services.run", "triage"),
        env=os.environ
        | {
            "HELPLINE_NATS_URL": "nats://127.0.0.1:1",
            "HELPLINE_KEYS_DIR": str(tmp_path),
            "HELPLINE_POSTGRES_HOST": url.host or "",
            "HELPLINE_POSTGRES_PORT": str(url.port),
            "HELPLINE_POSTGRES_DATABASE": url.database or "",
            "HELPLINE_OPS_PORT": "0",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 78, ended.stdout + ended.stderr
    assert "tables of triage (triage) are at revision 0, this version needs 1" in ended.stderr
    assert "python -m deploy.tables" in ended.stderr


_LEAVES = """
import sqlalchemy as sa
from alembic import op
revision = "triage_{number:04d}"
down_revision = "triage_{before:04d}"
phase = "expand"
leaves = ("programme.rules_version",)
def upgrade():
    op.alter_column("programme", "rules_version", nullable=True, schema="triage")
"""
_TAKES = """
from alembic import op
revision = "triage_{number:04d}"
down_revision = "triage_{before:04d}"
phase = "contract"
needs = {before}
def upgrade():
    op.drop_column("programme", "rules_version", schema="triage")
"""


def test_leaving_and_taking_in_one_release_is_refused_where_it_is_applied(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs meanwhile still reads the column: the release that leaves it comes first."""
    prepare(owner(fresh_database), (TRIAGE,), tmp_path, migrate)
    ledger, own = lineages_of("triage")
    longer = Lineage("triage", tmp_path / "triage")
    shutil.copytree(own.folder, longer.folder)
    head = own.head
    leaves = longer.folder / f"{head + 1:04d}_leaves.py"
    takes = longer.folder / f"{head + 2:04d}_takes.py"
    leaves.write_text(_LEAVES.format(number=head + 1, before=head))
    takes.write_text(_TAKES.format(number=head + 2, before=head + 1))
    monkeypatch.setattr(migrating, "lineages_of", lambda _: (ledger, longer))

    with pytest.raises(NotMigrated, match=f"Release a version that ends at revision {head + 1}"):
        prepare(owner(fresh_database), (TRIAGE,), tmp_path, migrate)
    with psycopg.connect(fresh_database) as connection:
        noted = connection.execute("SELECT max(number) FROM migrations.applied").fetchone()
        assert noted == (head,), "nothing was changed"

    takes.rename(tmp_path / "later")
    prepare(owner(fresh_database), (TRIAGE,), tmp_path, migrate)
    (tmp_path / "later").rename(takes)
    prepare(owner(fresh_database), (TRIAGE,), tmp_path, migrate)
    engine = create_engine(owner(fresh_database))
    with engine.connect() as connection:
        found = standings(connection)
        with pytest.raises(TablesDiffer, match="start a newer version"):
            judge_tables("triage", found, (ledger, own))
    engine.dispose()
