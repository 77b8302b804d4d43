"""Real servers for the tests: one Postgres and one NATS for each worker, started when first asked.

`postgres_server` and `nats_server` live as long as the worker; a test that kills or stops one must
start it again before it ends. Use `fresh_database` for rows of one's own: making one takes 20 ms.
Postgres runs without fsync here; nothing in these tests cuts the power.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deploy.embedded.nats import EmbeddedNats
from deploy.embedded.postgres import EmbeddedPostgres
from tests.servers import a_postgres_place, an_open_nats, within_reach

_PAGES = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages come last: Playwright keeps a loop in the thread of its worker, in which no test that
    runs one of its own could follow.
    """
    items.sort(key=lambda item: item.path.is_relative_to(_PAGES))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests measured by the way: a worker has no terminal to print to."""
    told = [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == "figure"
    ]
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(told))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A running Postgres without our schemas; `.dsn(database)` is the superuser's URL."""
    with within_reach(tmp_path_factory.mktemp("postgres")) as folder:
        server = EmbeddedPostgres(a_postgres_place(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def fresh_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """URL of an empty database, the superuser's; dropped afterwards whoever is still connected."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield postgres_server.dsn(name)
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNats]:
    """A running NATS with streams and without accounts; `.address` says where."""
    server = an_open_nats(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_folder(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder the account of Postgres can walk to, for a server of the test's own."""
    with within_reach(tmp_path) as folder:
        yield folder
