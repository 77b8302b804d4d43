"""What Postgres tells anybody who may connect, for the on-call engineer; postgres_exporter's names.

Read once for each process at a scrape. Without Postgres there are no such figures: an old number
would look calm.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.registry import Collector
from sqlmodel import Session

from services.bus.driver import ask
from services.bus.figures import Figure

_DATABASE = ("datname",)
MOST_CONNECTIONS = Figure("pg_settings_max_connections", "Connections Postgres takes")
#: Of each database: the column of what is read, and the figure.
OF_A_DATABASE: dict[str, Figure] = {
    "numbackends": Figure("pg_stat_database_numbackends", "Connections now", _DATABASE),
    "bytes": Figure("pg_database_size_bytes", "Size on disk", _DATABASE),
    "xact_commit": Figure(
        "pg_stat_database_xact_commit", "Transactions committed", _DATABASE, "untyped"
    ),
    "xact_rollback": Figure(
        "pg_stat_database_xact_rollback", "Transactions rolled back", _DATABASE, "untyped"
    ),
    "deadlocks": Figure("pg_stat_database_deadlocks", "Deadlocks", _DATABASE, "untyped"),
    "blks_hit": Figure("pg_stat_database_blks_hit", "Blocks found in memory", _DATABASE, "untyped"),
    "blks_read": Figure("pg_stat_database_blks_read", "Blocks read", _DATABASE, "untyped"),
}
FIGURES: tuple[Figure, ...] = (MOST_CONNECTIONS, *OF_A_DATABASE.values())

#: Databases one may not connect to are counted, and their size is not told.
_READ = """
    SELECT datname, numbackends, xact_commit, xact_rollback, deadlocks, blks_hit, blks_read,
        current_setting('max_connections')::int AS most,
        CASE WHEN datname = current_database() THEN pg_database_size(datid) END AS bytes
    FROM pg_stat_database WHERE datname IS NOT NULL AND datname NOT LIKE 'template%'
"""


class PostgresFigures(Collector):
    """What was read last."""

    def __init__(self) -> None:
        self._told: tuple[Metric, ...] = ()

    def forget(self) -> None:
        """Postgres does not answer."""
        self._told = ()

    def read(self, session: Session) -> None:
        """Read everything anew."""
        rows = ask(session, _READ).fetchall()
        self._told = (
            MOST_CONNECTIONS.told({(): float(rows[0].most)}),  # this database is always among them
            *(
                figure.told(
                    {
                        (row.datname,): float(value)
                        for row in rows
                        if (value := getattr(row, column)) is not None
                    }
                )
                for column, figure in OF_A_DATABASE.items()
            ),
        )

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        yield from self._told
