"""How far the tables of a service have come, and whether its code may work on them.

A schema has two lineages of migrations: the `ledger`, the same in every schema, and the service's
own. Their revisions are numbered from 1 without a gap, one file each; the last is what the code
expects. What was applied is noted in `migrations.applied`, which every role reads and the owner
alone writes. Nothing here imports Alembic: a service asks this at each start.

A database may be ahead of the code by expansions, that is what a rolling upgrade and a rollback
are; not by a contraction that takes away what the code reads (`needs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlmodel import Session

LEDGER = "ledger"
_SERVICES = Path(__file__).resolve().parents[1]

APPLIED = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.applied (
    schema text NOT NULL, lineage text NOT NULL, number integer NOT NULL,
    phase text NOT NULL CHECK (phase IN ('expand', 'contract')),
    needs integer NOT NULL DEFAULT 0 CHECK (needs < number),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schema, lineage, number)
);
"""

_STANDING = """
SELECT schema, lineage, max(number) AS number, max(needs) AS needs
FROM migrations.applied GROUP BY schema, lineage
"""


class TablesDiffer(Exception):
    """The tables are not what this version of the code can work on; the message says what to do."""


@dataclass(frozen=True)
class Standing:
    """How far one lineage of one schema has come.

    `needs`: code whose last revision has a lower number reads what is gone; 0 if nothing is.
    """

    number: int
    needs: int = 0


@dataclass(frozen=True)
class Lineage:
    """A row of revisions in a folder: `0001_baseline.py`, `0002_...py`."""

    name: str
    folder: Path

    @property
    def head(self) -> int:
        """Number of the last revision; 0 when there is none."""
        return max((int(file.name[:4]) for file in self.files()), default=0)

    def files(self) -> list[Path]:
        """The revisions in order."""
        return sorted(self.folder.glob("[0-9][0-9][0-9][0-9]_*.py"))


def lineages_of(service: str, services: Path = _SERVICES) -> tuple[Lineage, ...]:
    """The ledger's lineage and the service's own, if it has one (a table of a test has none)."""
    ledger = Lineage(LEDGER, services / "bus" / "migrations")
    own = Lineage(service, services / service / "migrations")
    return (ledger, own) if own.folder.is_dir() else (ledger,)


def standings(connection: Connection) -> dict[tuple[str, str], Standing]:
    """How far each lineage of each schema has come; asked by the owner."""
    rows = connection.execute(text(_STANDING))
    return {(row.schema, row.lineage): Standing(row.number, row.needs) for row in rows}


def note_all(connection: Connection, service: str) -> None:
    """Note that the tables are as the code declares them: they were made from it a moment ago."""
    for lineage in lineages_of(service):
        for number in range(1, lineage.head + 1):
            note(connection, service, lineage.name, number)


def note(  # noqa: PLR0913 - a row is all of these
    connection: Connection,
    service: str,
    lineage: str,
    number: int,
    phase: str = "expand",
    needs: int = 0,
) -> None:
    """Note one revision as applied; once."""
    connection.execute(
        text(
            "INSERT INTO migrations.applied (schema, lineage, number, phase, needs) "
            "VALUES (:schema, :lineage, :number, :phase, :needs) ON CONFLICT DO NOTHING"
        ),
        {
            "schema": service,
            "lineage": lineage,
            "number": number,
            "phase": phase,
            "needs": needs,
        },
    )


def expect_tables(session: Session, service: str) -> None:
    """Raise TablesDiffer when this code may not work on the tables that are there."""
    made = session.execute(text("SELECT to_regclass('migrations.applied')")).scalar_one()
    if made is None:
        raise TablesDiffer(_older(service, LEDGER, 0, lineages_of(service)[0].head))
    # Through the session's connection: the statement is the same, whoever asks.
    judge_tables(service, standings(session.connection()), lineages_of(service))


def judge_tables(
    service: str, found: Mapping[tuple[str, str], Standing], lineages: Iterable[Lineage]
) -> None:
    """Raise TablesDiffer when a lineage is behind the code, or has left it behind."""
    for lineage in lineages:
        standing = found.get((service, lineage.name), Standing(0))
        if standing.number < lineage.head:
            raise TablesDiffer(_older(service, lineage.name, standing.number, lineage.head))
        if standing.needs > lineage.head:
            raise TablesDiffer(
                f"tables of {service} ({lineage.name}) have lost what this version reads: it knows "
                f"revision {lineage.head}, they need {standing.needs}: start a newer version"
            )


def _older(service: str, lineage: str, found: int, wanted: int) -> str:
    return (
        f"tables of {service} ({lineage}) are at revision {found}, this version needs {wanted}: "
        "run the release's database Job (`python -m deploy.tables`), or `just up`"
    )
