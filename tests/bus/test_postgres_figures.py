"""What a service without any right on the server can tell of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.engine import make_url

from services.bus.postgres_figures import FIGURES, PostgresFigures
from services.bus.testing import ServiceUnderTest, service_under_test
from tests.bus.tally import TALLY

NOON = datetime(2020, 4, 6, 12, 0, tzinfo=UTC)


@pytest.fixture
def tally(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(TALLY, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def told(figures: PostgresFigures, name: str, labels: dict[str, str]) -> float:
    registry = CollectorRegistry()
    registry.register(figures)
    value = registry.get_sample_value(name, labels)
    assert value is not None, name
    return value


def test_every_figure_is_read_in_the_role_of_a_service(tally: ServiceUnderTest) -> None:
    figures = PostgresFigures()
    tally.read(figures.read)
    assert [metric.name for metric in figures.collect()] == [each.name for each in FIGURES]
    assert told(figures, "pg_settings_max_connections", {}) > 10
    here = {"datname": make_url(tally.owner_dsn).database or ""}
    figure = {
        each.name: told(figures, each.name, here) for each in FIGURES if "datname" in each.labels
    }
    assert len(figure) == len(FIGURES) - 2
    assert figure["pg_stat_database_numbackends"] >= 1
    assert figure["pg_database_size_bytes"] > 1_000_000


@pytest.mark.parametrize(
    ("comment", "moment"),
    {
        "dumped 2020-04-06T03:30:00Z": datetime(2020, 4, 6, 3, 30, tzinfo=UTC).timestamp(),
        "of the association": None,
        "dumped once": None,
    }.items(),
)
def test_the_last_dump_is_told_as_its_job_notes_it(
    tally: ServiceUnderTest, comment: str, moment: float | None
) -> None:
    figures, registry = PostgresFigures(), CollectorRegistry()
    registry.register(figures)
    name = "helpline_bus_database_dumped_timestamp_seconds"
    tally.read(figures.read)
    assert registry.get_sample_value(name) is None
    database = make_url(tally.owner_dsn).database
    plain = tally.owner_dsn.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"COMMENT ON DATABASE {database} IS '{comment}'".encode())
    tally.read(figures.read)
    assert registry.get_sample_value(name) == moment


@pytest.fixture
def closed_database(fresh_database: str) -> Iterator[str]:
    """Name of a database beside it to which no service may connect."""
    name = f"{make_url(fresh_database).database}_closed"
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        connection.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC".encode())
        yield name
        connection.execute(f"DROP DATABASE {name}".encode())


def test_database_one_may_not_connect_to_has_every_figure_but_its_size(
    closed_database: str, tally: ServiceUnderTest
) -> None:
    figures = PostgresFigures()
    tally.read(figures.read)
    there = {"datname": closed_database}
    assert told(figures, "pg_stat_database_numbackends", there) == 0
    sizes = [m for m in figures.collect() if m.name == "pg_database_size_bytes"]
    assert there not in [sample.labels for metric in sizes for sample in metric.samples]


def test_nothing_is_told_of_a_postgres_that_does_not_answer(tally: ServiceUnderTest) -> None:
    figures = PostgresFigures()
    assert list(figures.collect()) == []
    tally.read(figures.read)
    assert list(figures.collect())
    figures.forget()
    assert list(figures.collect()) == []
