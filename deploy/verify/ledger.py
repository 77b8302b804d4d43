"""Reads the ledgers and what the services know now: one snapshot of all schemas, as `checker`.

Bulk SQL, read-only, in one transaction: what one table says can be held against another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from psycopg.types.json import set_json_loads
from pydantic import ValidationError
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlmodel import Session

from contracts.catalogue import EVENT_TYPES
from contracts.envelope import Event
from deploy.verify.history import (
    AttemptStanding,
    AuditStanding,
    Clock,
    ContactStanding,
    Deadline,
    Fact,
    Handled,
    HourStanding,
    LineStanding,
    OrderStanding,
    Parked,
    PersonStanding,
    ShownStanding,
    WayBack,
)
from deploy.verify.opening import Opened, try_to_open
from deploy.verify.traces import Trace, said_of_lines, traces_kept
from services.bus.database import CHECKER
from services.bus.table import Service
from services.intake import day_keys
from services.quality import store as quality

#: Nobody waits for the checker; a whole day's ledger takes a few seconds.
_STATEMENT_TIMEOUT_SECONDS = 60

_CLOCK = "SELECT clock_timestamp(), public.helpline_now(), (SELECT rate FROM public.clock)"
_OUTBOX = (
    "SELECT sequence, id, type, stream, subject, aggregate, version, envelope, body, txid,"
    " committed_at, published_at, stream_sequence, refused FROM {}.outbox ORDER BY sequence"
)
_INBOX = "SELECT id, kind, type, late, handled_at, txid FROM {}.inbox"
_PARKED = (
    "SELECT durable, stream, stream_sequence, event_id, reason, replayed_at IS NOT NULL"
    " FROM {}.parked ORDER BY number"
)
_DEADLINES = "SELECT kind, key, due_at FROM {}.deadline"
_UNPUBLISHED = "SELECT count(*) FROM {}.outbox WHERE published_at IS NULL AND refused IS NULL"
_COMMITTED = "SELECT coalesce(max(sequence), 0) FROM {}.outbox"

_CONTACTS = "SELECT contact_id, programme, state, pass_until, lost_human FROM intake.contact"
_LINES = "SELECT contact_id, programme, state, offer_id FROM assignment.contact"
#: As assignment reckons it: before its assigner led, nobody listened.
_PEOPLE = (
    "SELECT person_id, state, rest_until, programme,"
    " CASE WHEN state IN ('ready', 'offered', 'talking') AND NOT out_of_sight"
    " THEN now() - greatest(last_beat, (SELECT since FROM assignment.lease)) END"
    " FROM assignment.person"
)
_AUDIT = (
    "SELECT number, at, kind, programme, actor, role, subject, reason, previous, hash"
    " FROM risk.audit ORDER BY number"
)
_EXPORTS = "SELECT export_id FROM risk.export"
WAYS_BACK = (
    "SELECT contact_id, programme, programme_version, ended_at, NULL FROM intake.contact"
    " WHERE return_hash IS NOT NULL AND ended_at IS NOT NULL"
    " UNION ALL SELECT slowed.contact_id, '', 0, slowed.until, slowed.until"
    " FROM intake.slowed_return AS slowed"
)
_CARDS = "SELECT contact_id, written_at FROM risk.card"
_ERASURES = "SELECT contact_id, erased_at FROM intake.text_erasure"
_RECEIVED = "SELECT event_id FROM referral.handed WHERE received_at IS NOT NULL"
_HANDED = "SELECT reference, referral_id FROM referral.handed"
_ORDERS = "SELECT event_id, partner, made_at, attempts FROM referral.webhook_order"
_ATTEMPTS = (
    "SELECT event_id, number, answer, signed_at, secrets, dialled FROM referral.webhook_attempt"
    " ORDER BY event_id, number"
)
_SHOWN = "SELECT contact_id, programme, state FROM console.contact"


@dataclass(frozen=True)
class Ledgers:
    """Everything read from the database, at one moment."""

    clock: Clock
    facts: tuple[Fact, ...]
    handled: tuple[Handled, ...]
    parked: tuple[Parked, ...]
    deadlines: tuple[Deadline, ...]
    contacts: tuple[ContactStanding, ...]
    lines: tuple[LineStanding, ...]
    people: tuple[PersonStanding, ...]
    shown: tuple[ShownStanding, ...]
    hours: tuple[HourStanding, ...]
    audit: tuple[AuditStanding, ...]
    exports: tuple[str, ...]
    traces: tuple[Trace, ...]
    said_of_lines: frozenset[str]
    ways_back: tuple[WayBack, ...]
    erasures: tuple[tuple[str, datetime], ...]
    opened: Opened
    cards: tuple[tuple[str, datetime], ...]
    received: frozenset[str]
    handed: tuple[tuple[str, str], ...]
    orders: tuple[OrderStanding, ...]
    attempts: tuple[AttemptStanding, ...]


@dataclass(frozen=True)
class Unsettled:
    """How much of the outboxes is not published yet, and how far they have come."""

    unpublished: int
    committed: int  #: sum of the last sequences of all outboxes: moves while anything is announced


class LedgerReader:
    """The ledgers of a running platform; raises SQLAlchemyError when they cannot be read.

    `backup`: a plain dump of an earlier moment, whose texts are tried too (opening.py).
    """

    def __init__(
        self, owner_dsn: str, keys: Path, services: Iterable[Service], backup: Path | None = None
    ) -> None:
        self._services = tuple(services)
        self._backup = backup
        self._day_keys = day_keys.from_environment({day_keys.KEYS_DIR: str(keys)} | os.environ)
        self._engine = create_engine(
            checker_url(owner_dsn, keys),
            isolation_level="REPEATABLE READ",
            connect_args={
                "connect_timeout": 5,
                "application_name": "helpline verify",
                "options": f"-c statement_timeout={_STATEMENT_TIMEOUT_SECONDS * 1000}"
                " -c default_transaction_read_only=on",
            },
        )

    def unsettled(self) -> Unsettled:
        """What the outboxes still owe the streams."""
        with self._engine.connect() as connection:
            return Unsettled(*(self._sum(connection, each) for each in (_UNPUBLISHED, _COMMITTED)))

    def read(self) -> Ledgers:
        """Everything, in one snapshot."""
        with self._engine.connect() as connection:
            machine, domain, rate = connection.execute(text(_CLOCK)).one()
            driver = connection.connection.driver_connection
            set_json_loads(orjson.loads, driver)
            return Ledgers(
                clock=Clock(machine, domain, rate),
                facts=tuple(
                    _fact(service, row) for service, row in self._rows(connection, _OUTBOX)
                ),
                handled=tuple(Handled(*each) for each in self._named(connection, _INBOX)),
                parked=tuple(Parked(*each) for each in self._named(connection, _PARKED)),
                deadlines=tuple(Deadline(*each) for each in self._named(connection, _DEADLINES)),
                contacts=tuple(ContactStanding(*row) for row in _all(connection, _CONTACTS)),
                lines=tuple(LineStanding(*row) for row in _all(connection, _LINES)),
                people=tuple(PersonStanding(*row) for row in _all(connection, _PEOPLE)),
                shown=tuple(ShownStanding(*row) for row in _all(connection, _SHOWN)),
                hours=_hours(connection),
                audit=tuple(AuditStanding(*row) for row in _all(connection, _AUDIT)),
                exports=tuple(str(row[0]) for row in _all(connection, _EXPORTS)),
                traces=traces_kept(connection, self._services),
                said_of_lines=said_of_lines(connection),
                ways_back=tuple(WayBack(*row) for row in _all(connection, WAYS_BACK)),
                erasures=tuple(tuple(row) for row in _all(connection, _ERASURES)),
                cards=tuple(tuple(row) for row in _all(connection, _CARDS)),
                received=frozenset(str(row[0]) for row in _all(connection, _RECEIVED)),
                handed=tuple((str(row[0]), str(row[1])) for row in _all(connection, _HANDED)),
                orders=tuple(OrderStanding(*row) for row in _all(connection, _ORDERS)),
                attempts=tuple(map(_attempt, _all(connection, _ATTEMPTS))),
                opened=try_to_open(connection, self._day_keys, self._backup),
            )

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def _rows(self, connection: Connection, statement: str) -> Iterator[tuple[str, Any]]:
        for service in self._services:
            for row in _all(connection, statement.format(service.name)):
                yield service.name, row

    def _named(self, connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
        return ((service, *row) for service, row in self._rows(connection, statement))

    def _sum(self, connection: Connection, statement: str) -> int:
        return sum(row[0] for _, row in self._rows(connection, statement))


def checker_url(owner_dsn: str, keys: Path) -> URL:
    """The database as the role that reads everything and writes nothing."""
    password = (keys / f"{CHECKER}.pg").read_text().strip()
    owner = make_url(owner_dsn).set(drivername="postgresql+psycopg")
    return owner.set(username=f"helpline_{CHECKER}", password=password)


def _all(connection: Connection, statement: str) -> Any:
    return connection.execute(text(statement))


def _fact(service: str, row: Any) -> Fact:
    return Fact(**row._mapping, service=service, event=_event(row.type, row.body))


def _attempt(row: Any) -> AttemptStanding:
    said = row._mapping
    secrets = None if said["secrets"] is None else tuple(said["secrets"])
    return AttemptStanding(**(dict(said) | {"secrets": secrets}))


def _event(type_name: str, body: str) -> Event | None:
    model = EVENT_TYPES.get(type_name)
    if model is None:
        return None
    try:
        return model.model_validate_json(body, extra="ignore")
    except ValidationError:
        return None


def _hours(connection: Connection) -> tuple[HourStanding, ...]:
    """Quality's figures by its own tables; the recount beside them is made from the streams."""
    with Session(connection) as session:
        standings = []
        for programme, hour in sorted(quality.hours_known(session)):
            row = session.get(quality.HourRow, (programme, hour))
            counted = row is not None and row.version > 0
            kept = quality.figures_kept(session, row) if row is not None and counted else None
            now = quality.figures_now(session, programme, hour)
            standings.append(HourStanding(programme, hour, now, kept))
        return tuple(standings)
