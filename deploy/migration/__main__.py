"""`just migration new SERVICE "what it is for"` and `just migration check`.

`ledger` as SERVICE: the six tables every schema has. Both start a Postgres of their own, bring it
to the last revision, and compare.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url

from deploy.embedded.ports import spare_port
from deploy.embedded.postgres import EmbeddedPostgres, PostgresPlace
from deploy.migration.judging import flaws_of_lineage, left_by
from deploy.migration.writing import difference, models_of, written
from services.bus.database import prepare
from services.bus.lineage import LEDGER, Lineage, lineages_of
from services.bus.migrating import migrate
from services.bus.table import Service
from services.registry import SERVICES


@contextmanager
def migrated() -> Iterator[Connection]:
    """A database of its own, brought to the last revision of every lineage."""
    with tempfile.TemporaryDirectory(prefix="helpline-migration-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = EmbeddedPostgres(
            PostgresPlace(
                folder=folder / "postgres",
                keys=folder / "keys",
                log=folder / "postgres.log",
                port=spare_port(),
                durable=False,
            )
        )
        server.start()
        try:
            dsn = make_url(server.dsn("postgres")).set(drivername="postgresql+psycopg")
            text = dsn.render_as_string(hide_password=False)
            (folder / "roles").mkdir()
            prepare(text, SERVICES, folder / "roles", migrate)
            engine = create_engine(dsn)
            with engine.connect() as connection:
                yield connection
            engine.dispose()
        finally:
            server.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when a revision was written, or when there is nothing to say."""
    parser = argparse.ArgumentParser(prog="just migration", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("new", help="write the next revision from the models")
    new.add_argument("service", choices=[LEDGER, *(service.name for service in SERVICES)])
    new.add_argument("words", help="what it is for: a sentence")
    verbs.add_parser("check", help="models, tables and rules of every lineage")
    asked = parser.parse_args(arguments)
    with migrated() as connection:
        return _new(connection, asked) if asked.verb == "new" else _check(connection)


def _new(connection: Connection, asked: argparse.Namespace) -> int:
    service = next((each for each in SERVICES if each.name == asked.service), SERVICES[0])
    lineage = _lineage(service, asked.service)
    file = written(connection, service, lineage, asked.words)
    print(f"{file}: read it, say its phase, then `just migration check`.")
    return 0


def _lineage(service: Service, name: str) -> Lineage:
    own = Path(lineages_of(service.name)[0].folder.parents[1] / service.name / "migrations")
    found = {each.name: each for each in lineages_of(service.name)}
    return found.get(name) or Lineage(name, own)


def _check(connection: Connection) -> int:
    said = []
    for service in SERVICES:
        for lineage in lineages_of(service.name):
            declared = models_of(service, lineage.name)
            said += flaws_of_lineage(lineage, declared, service.name)
            differing = difference(connection, service, [declared]).upgrade_ops.as_diffs()
            left = left_by(lineage, service.name)
            said += [
                f"{service.name} ({lineage.name}): models differ: {diff}"
                for diff in differing
                if not (diff[0] == "remove_column" and f"{diff[2]}.{diff[3].name}" in left)
            ]
    print(*dict.fromkeys(said), sep="\n")
    print("Something is wrong." if said else "Models, tables and revisions agree.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
