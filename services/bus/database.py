"""The database as declared: one schema and one role per service, one clock for all.

`prepare` is idempotent and is run by the owner (the embedded runtime, or a migration job). Roles
may use their own schema and nothing else; `checker` reads everything and writes nothing. How tables
come about is told: by migrations (`migrating.migrate`) wherever data is kept, at once for a test.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text

from services.bus.ledger import Ledger
from services.bus.lineage import APPLIED, note_all
from services.bus.table import Service

CHECKER = "checker"

_CLOCK = """
CREATE TABLE IF NOT EXISTS public.clock (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    anchor timestamptz NOT NULL, start timestamptz NOT NULL, rate float8 NOT NULL CHECK (rate > 0)
);
CREATE OR REPLACE FUNCTION public.helpline_now() RETURNS timestamptz LANGUAGE sql VOLATILE
    SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT anchor + (clock_timestamp() - start) * rate FROM public.clock $$;
"""


def made_at_once(connection: Connection, services: Sequence[Service]) -> None:
    """Make every table as the code declares it: in an empty database, for the length of a test."""
    for service in services:
        Ledger(service.name).metadata.create_all(connection)
        service.tables.create_all(connection)
        note_all(connection, service.name)


def prepare(
    owner_dsn: str,
    services: Sequence[Service],
    keys_dir: Path,
    make_tables: Callable[[Connection, Sequence[Service]], None] = made_at_once,
) -> None:
    """Create what is missing: roles with their password files, schemas, tables, rights, clock.

    Raises sqlalchemy.exc.OperationalError when Postgres cannot be reached.
    """
    engine = create_engine(owner_dsn)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(8001900)"))
            connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
            connection.execute(text(_CLOCK + APPLIED))
            connection.execute(
                text(
                    "INSERT INTO public.clock (anchor, start, rate) "
                    "VALUES (clock_timestamp(), clock_timestamp(), 1) ON CONFLICT DO NOTHING"
                )
            )
            _role(connection, CHECKER, keys_dir)
            for service in services:
                _role(connection, service.name, keys_dir)
                connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service.name}"'))
            make_tables(connection, services)
            for service in services:
                _rights(connection, service.name)
    finally:
        engine.dispose()


def count_on(owner_dsn: str, services: Sequence[Service]) -> None:
    """Bring the number of the next transaction past those in the ledgers, which are an order there.

    A database that was restored or imported counts from its own beginning. A million numbers take
    some seconds; where nothing is to be done, each ledger is read once.
    """
    engine = create_engine(owner_dsn, isolation_level="AUTOCOMMIT")
    newest = " UNION ALL ".join(
        f'SELECT max(txid) AS txid FROM "{service.name}".{table}'  # noqa: S608 - our own names
        for service in services
        for table in ("inbox", "outbox")
    )
    try:
        with engine.connect() as connection:
            noted = [txid for (txid,) in connection.execute(text(newest)) if txid is not None]
            connection.execute(text("SET synchronous_commit = off"))
            connection.execute(
                text(
                    f"DO $$ BEGIN WHILE txid_current() < {max(noted, default=0)}"
                    " LOOP COMMIT; END LOOP; END $$"
                )
            )
    finally:
        engine.dispose()


def set_clock(owner_dsn: str, anchor: datetime | None, rate: float, development: bool) -> None:
    """Set domain time: `anchor` now (the real time when None), running `rate` times as fast.

    Raises ValueError for a rate other than 1, or an anchor, outside development.
    """
    if not development and (rate != 1 or anchor is not None):
        raise ValueError("domain time runs as real time in production: rate 1, no anchor")
    engine: Engine = create_engine(owner_dsn)
    try:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE public.clock SET start = clock_timestamp(), rate = :rate, "
                    "anchor = coalesce(:anchor, clock_timestamp())"
                ),
                {"anchor": anchor, "rate": rate},
            )
    finally:
        engine.dispose()


def _role(connection: Connection, name: str, keys_dir: Path) -> None:
    """Make the role and its password file; the file decides the password."""
    path = keys_dir / f"{name}.pg"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    password = path.read_text().strip()
    role = f"helpline_{name}"
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": role})
    if known.one_or_none() is None:
        connection.execute(text(f'CREATE ROLE "{role}" LOGIN NOINHERIT'))
    # Quoted by hand: ALTER ROLE takes no parameters, and the alphabet of the password is ours.
    connection.execute(text(f"ALTER ROLE \"{role}\" PASSWORD '{password}'"))
    connection.execute(text(f'GRANT SELECT ON public.clock, migrations.applied TO "{role}"'))
    connection.execute(text(f'GRANT USAGE ON SCHEMA migrations TO "{role}"'))


def _rights(connection: Connection, schema: str) -> None:
    role = f"helpline_{schema}"
    for grant in (
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}", helpline_checker',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO "{role}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{role}"',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO helpline_checker',
    ):
        connection.execute(text(grant))
