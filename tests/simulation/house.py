"""Every service on one database, driven by hand: who works next, who dies, what time it is.

The handlers, transactions, tables and constraints are the real ones; only the server between the
services and the clock are ours. A service dies in one of two places: before its commit, so that
nothing of it is left, or after it, so that nobody hears of it yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlmodel import Session

from contracts.envelope import Reply
from contracts.vocabulary import ContactId, PersonId
from deploy.verify.history import History
from deploy.verify.ledger import LedgerReader
from services.bus.decode import ReadEvent, read_event
from services.bus.table import Service
from services.bus.testing import ServiceUnderTest, settings_for_tests
from services.bus.transact import DueFailed
from services.bus.work import Work
from services.intake import day_keys
from services.intake.answers import PassTold
from services.intake.callers import look_at_pass
from services.registry import SERVICES
from tests.simulation.asking import Asked, AtDoor
from tests.simulation.callers import Town
from tests.simulation.wire import Pending, Wire

T = TypeVar("T")

#: So slow that domain time stands still between two steps.
_SET_CLOCK = "UPDATE public.clock SET start = clock_timestamp(), rate = 1e-9, anchor = %s"
#: Tables that something was written to.
_WRITTEN = """
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r'
        AND c.relnamespace::regnamespace::text = ANY(%s) AND pg_relation_size(c.oid) > 0
        -- What comes with the house, and nobody writes.
        AND c.oid NOT IN ('referral.entry'::regclass, 'referral.served'::regclass,
            'referral.partner'::regclass)
"""
#: Kinds of deadlines that are due, each once.
_DUE = " UNION ".join(
    f"SELECT '{each.name}', kind FROM {each.name}.deadline WHERE due_at <= %(now)s"
    for each in SERVICES
)


class Dies(StrEnum):
    """Where a service dies in a piece of work."""

    NEVER = "never"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


class Died(Exception):
    """The service died before it could commit."""


@dataclass
class Fate:
    """What is to happen to the piece of work at hand."""

    dies: Dies = Dies.NEVER

    def over(self, handler: Callable[..., T]) -> Callable[..., T]:
        """The handler, which may die once it has done its work and nothing is committed yet."""

        def mortal(*arguments: Any) -> T:
            result = handler(*arguments)
            if self.dies is Dies.BEFORE_COMMIT:
                raise Died
            return result

        return mortal

    def over_all(self, service: Service) -> Service:
        """The service with every handler of it mortal."""
        return replace(
            service,
            consumes=tuple(replace(on, handler=self.over(on.handler)) for on in service.consumes),
            answers=tuple(replace(an, handler=self.over(an.handler)) for an in service.answers),
            deadlines=tuple(replace(d, handler=self.over(d.handler)) for d in service.deadlines),
        )


class House:
    """The services, the wire between them, and the clock. Made once, emptied for each run."""

    def __init__(self, dsn: str, keys: Path) -> None:
        settings = settings_for_tests(make_url(dsn), keys)
        self.fate = Fate()
        self.services = {
            each.name: ServiceUnderTest(self.fate.over_all(each), settings, dsn)
            for each in SERVICES
        }
        self._owner = psycopg.connect(dsn, autocommit=True)
        self._reader = LedgerReader(dsn, keys, SERVICES)

    def begin(self, at: datetime) -> None:
        """Nothing has happened yet, nobody remembers anything, and it is `at`."""
        written = [row[0] for row in self.look(_WRITTEN, (list(self.services),))]
        if written:
            self._owner.execute("; ".join(f"DELETE FROM {each}" for each in written).encode())
        self.now = at
        self.advance(timedelta(0))
        self.fate.dies = Dies.NEVER
        self.wire = Wire(SERVICES)
        self.town = Town()
        self.troubles: Counter[str] = Counter()
        self.worked: set[str] = set()  #: services that have worked in this step
        self._unpublished: set[str] = set()  #: those that may have something to publish
        for service in self.services.values():
            service.forget()
            service.take_lease()

    def close(self) -> None:
        """Close every connection."""
        for service in self.services.values():
            service.close()
        self._reader.close()
        self._owner.close()

    def advance(self, by: timedelta) -> None:
        """Let domain time pass."""
        self.now += by
        self._owner.execute(_SET_CLOCK, (self.now,))

    def look(
        self, query: LiteralString, named: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        """What is in the tables now, as their owner."""
        return self._owner.execute(query, named).fetchall()

    def publish(self, name: str, *, stamped: bool = True) -> int:
        """Take what a service has committed to the wire; how many rows that were."""
        if name not in self._unpublished:
            return 0
        if stamped:
            self._unpublished.discard(name)
        placed = self.wire.publish(self.services[name], stamped=stamped)
        self.troubles["an event was published again"] += placed.again
        return placed.rows

    def publish_all(self) -> int:
        """Take what anybody has committed to the wire; how many rows that were."""
        return sum(self.publish(name) for name in sorted(self._unpublished))

    def deliver(self, pending: Pending, *, acknowledged: bool = True) -> None:
        """Deliver a message, which stays pending unless it is handled and acknowledged."""
        service = self._working(pending.service)
        message = pending.message
        if any(each.service == pending.service for each in self.wire.before(pending)):
            self.troubles["an event was heard before an earlier one"] += 1
        read = read_event(message.subject, message.headers, message.body)
        assert isinstance(read, ReadEvent), "a service has published what nobody can read"
        on = next(on for on in service.service.consumes if on.event is type(read.event))
        try:
            came = service.transactions.handle_event(service.lane, on, read.envelope, read.event)
        except Died:
            return
        self.troubles[f"an event was {came.verdict.value}"] += 1
        if acknowledged and self.fate.dies is Dies.NEVER:
            self.wire.pending.remove(pending)
        else:
            self.troubles["an event was handled, and not acknowledged"] += 1

    def put(self, asked: Asked | AtDoor) -> Reply | None:
        """Put what somebody at a desk asks."""
        if isinstance(asked, AtDoor):
            return self.request(asked.service, asked.handler, asked.id)
        return self.ask(asked)

    def ask(self, asked: Asked) -> Reply | None:
        """Ask a command; None when no answer came, although it may have been carried out."""
        service = self._working(asked.command.service)
        try:
            reply = service.ask(
                asked.command,
                asked.actor,
                asked.role,
                programme=asked.programme,
                command_id=asked.id,
                deadline=asked.deadline,
            )
        except Died:
            return None
        return None if self.fate.dies is Dies.AFTER_COMMIT else reply

    def request(self, service: str, handler: Callable[[Work], Reply], key: str) -> Reply | None:
        """Ask at a service's own door; None when no answer came."""
        try:
            reply = self._working(service).request(self.fate.over(handler), key=key)
        except Died:
            return None
        return None if self.fate.dies is Dies.AFTER_COMMIT else reply

    def fire(self, names: Collection[str]) -> int:
        """Let services handle one deadline of each kind that is due; how many there were."""
        due = sorted(row for row in self.look(_DUE, {"now": self.now}) if row[0] in names)
        return sum(self._honour(name, kind) for name, kind in due)

    def _honour(self, name: str, kind: str) -> bool:
        service = self._working(name)
        due = next(due for due in service.service.deadlines if due.kind == kind)
        try:
            return service.transactions.handle_due(service.lane, due) is not None
        except DueFailed as failure:
            if not isinstance(failure.__cause__, Died):
                raise
            return False

    def next_due(self, name: str) -> datetime | None:
        """When the first deadline of a service is due."""
        table = sql.Identifier(name, "deadline")
        query = sql.SQL("SELECT min(due_at) FROM {}").format(table)
        rows = self._owner.execute(query).fetchall()
        return None if rows[0][0] is None else rows[0][0]

    def read(self, name: str, query: Callable[[Session], T]) -> T:
        """Look as a service's door does, without a trace."""
        return self.services[name].read(query)

    def tell_pass(self, contact_id: ContactId, person_id: PersonId) -> None:
        """A human tells the digits of the pass they gave."""
        told = self.read(
            "intake",
            lambda session: look_at_pass(
                session, contact_id, person_id, day_keys.from_environment()
            ),
        )
        if isinstance(told, PassTold):
            self.town.passes.append(told.digits)

    def settle(self) -> None:
        """Let every service that decides look at everything and decide."""
        for service in self.services.values():
            if service.service.settle is not None:
                self._working(service.service.name).settle()

    def _working(self, name: str) -> ServiceUnderTest:
        self.worked.add(name)
        self._unpublished.add(name)
        if self.fate.dies is not Dies.NEVER:
            self.troubles[f"a service died {self.fate.dies.value}"] += 1
            self.services[name].forget()  # it comes back as another process
        return self.services[name]

    def history(self) -> History:
        """What the run has left behind; nothing may be on its way any more."""
        ledgers = vars(self._reader.read())
        return History(
            services=SERVICES,
            messages=tuple(self.wire.messages),
            streams=self.wire.streams(),
            durables=self.wire.durables(),
            **ledgers | {"clock": replace(ledgers["clock"], rate=1.0)},
        )
