"""Brings the tables of every service to the last revision of their lineages, by Alembic.

One transaction for all, under the lock `prepare` holds. Run by the embedded runtime's start and by
the database Job of a release, never by a service. There is no way down: who goes back starts the
older version again, on the tables as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from services.bus.lineage import LEDGER, Lineage, Standing, lineages_of, note, standings
from services.bus.table import Service

if TYPE_CHECKING:  # a start that finds everything applied does not wait for Alembic
    from alembic.script import Script, ScriptDirectory

#: Whoever waits for a lock on a table makes every later statement wait behind it.
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '900ms'"


class NotMigrated(Exception):
    """The tables were left as they were; the message says why and what to do."""


def migrate(connection: Connection, services: Iterable[Service]) -> None:
    """Apply what is missing; raises NotMigrated before anything of a schema was changed."""
    found = standings(connection)
    behind = [service.name for service in services if _is_behind(service.name, found)]
    if not behind:
        return
    connection.execute(text(_LOCK_TIMEOUT))
    for name in behind:
        _refuse_unknown_tables(connection, name, found)
        lineages = lineages_of(name)
        script = scripts(lineages)
        for lineage in lineages:
            _refuse_too_soon(name, lineage, script, found.get((name, lineage.name)))
        upgrade(connection, name, script)


def scripts(lineages: Sequence[Lineage]) -> ScriptDirectory:
    """The revisions of both lineages of a schema, as Alembic knows them."""
    from alembic.script import ScriptDirectory

    folders = [str(lineage.folder) for lineage in lineages]
    return ScriptDirectory(folders[0], version_locations=folders)


def upgrade(connection: Connection, service: str, script: ScriptDirectory) -> None:
    """Apply the revisions that are missing, in the transaction of `connection`."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    def missing(revision: Any, _: Any) -> Any:
        return script._upgrade_revs("heads", revision)

    def applied(*, step: Any, **_: Any) -> None:
        revision = step.up_revision
        lineage, number = of(revision)
        module = revision.module
        note(connection, service, lineage, number, module.phase, getattr(module, "needs", 0))

    with EnvironmentContext(Config(), script, fn=missing, destination_rev="heads") as environment:
        environment.configure(
            connection=connection,
            version_table=service,
            version_table_schema="migrations",
            on_version_apply=applied,  # type: ignore[arg-type] # called by name
            schema=service,  # for the ledger's revisions, which are the same in every schema
        )
        environment.run_migrations()


def of(revision: Script) -> tuple[str, int]:
    """Lineage and number of a revision: `triage_0002`."""
    lineage, _, number = revision.revision.rpartition("_")
    return lineage, int(number)


def _is_behind(service: str, found: Mapping[tuple[str, str], Standing]) -> bool:
    return any(
        found.get((service, lineage.name), Standing(0)).number < lineage.head
        for lineage in lineages_of(service)
    )


def _refuse_unknown_tables(
    connection: Connection, service: str, found: Mapping[tuple[str, str], Standing]
) -> None:
    if (service, LEDGER) in found:
        return
    there = connection.execute(
        text("SELECT 1 FROM pg_tables WHERE schemaname = :schema LIMIT 1"), {"schema": service}
    )
    if there.one_or_none() is not None:
        raise NotMigrated(
            f"The tables of {service} were made before there were migrations: nobody knows which "
            "ones are missing. A demonstration is made anew in another folder (`just up --run-dir "
            "DIR`), or in this one once it is deleted."
        )


def _refuse_too_soon(
    service: str, lineage: Lineage, script: ScriptDirectory, standing: Standing | None
) -> None:
    """Whoever runs now knows at most the revision that is applied: it may still read what goes."""
    if standing is None:
        return  # nothing runs on tables that are not there
    for revision in script.walk_revisions():
        name, number = of(revision)
        if name != lineage.name or number <= standing.number:
            continue
        needs = getattr(revision.module, "needs", 0)
        if needs > standing.number:
            raise NotMigrated(
                f"{revision.revision} of {service} takes away what the version that runs may still "
                f"read (tables are at {standing.number}, it needs {needs}). Release a version "
                f"that ends at revision {needs} first."
            )
