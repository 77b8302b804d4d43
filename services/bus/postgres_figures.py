"""What Postgres tells anybody who may connect, for the on-call engineer; postgres_exporter's names.

Read once for each process at a scrape. Without Postgres there are no such figures: an old number
would look calm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

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
#: Ours alone, of who saves by dumps: the nightly Job notes each on the database.
DUMPED = Figure(
    "helpline_bus_database_dumped_timestamp_seconds",
    "When the database was last dumped whole; none where no dump was ever noted",
)
FIGURES: tuple[Figure, ...] = (MOST_CONNECTIONS, DUMPED, *OF_A_DATABASE.values())
#: What the comment of a database begins with once it was dumped; the moment follows (ISO 8601).
_DUMPED_AT = "dumped "

#: Databases one may not connect to are counted, and their size is not told.
_READ = """
    SELECT datname, numbackends, xact_commit, xact_rollback, deadlocks, blks_hit, blks_read,
        shobj_description(datid, 'pg_database') AS comment,
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
        own = next(row for row in rows if row.bytes is not None)  # it is always among them
        self._told = (
            MOST_CONNECTIONS.told({(): float(own.most)}),
            DUMPED.told(_dumped(own.comment)),
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


def _dumped(comment: str | None) -> dict[tuple[str, ...], float]:
    """The moment a comment tells; what somebody else wrote there tells none."""
    if comment is None or not comment.startswith(_DUMPED_AT):
        return {}
    with suppress(ValueError):
        return {(): datetime.fromisoformat(comment.removeprefix(_DUMPED_AT)).timestamp()}
    return {}
