"""For the tests of services: one table on a real Postgres, without NATS.

Events are delivered and commands asked through the same transactions as live; what was announced
is read from the outbox. Domain time stands still at `at` until it is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, make_url, select, text
from sqlmodel import Session

from contracts.catalogue import EVENT_TYPES
from contracts.envelope import (
    Command,
    CommandEnvelope,
    CommandId,
    Event,
    EventEnvelope,
    EventId,
    Reply,
    SessionId,
)
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId, PersonId, ProgrammeId, Role
from services.bus.database import prepare, set_clock
from services.bus.decode import FromPartner
from services.bus.lane import Lane
from services.bus.lease import Lease
from services.bus.ledger import Ledger
from services.bus.settings import BusSettings
from services.bus.table import Service
from services.bus.transact import Committed, Transactions
from services.bus.work import Work, derived_id, new_id

T = TypeVar("T")
E = TypeVar("E", bound=Event)

#: So slow that domain time stands still for a test.
_STANDING_STILL = 1e-9


class ServiceUnderTest:
    """One service's table on a database of its own."""

    def __init__(self, service: Service, settings: BusSettings, owner_dsn: str) -> None:
        self.service = service
        self.owner_dsn = owner_dsn
        self.ledger = Ledger(service.name, service.exclusive)
        self.transactions = Transactions(service, self.ledger)
        self.lane = Lane(f"{service.name}-test", service, settings, 2)
        self._engine = self.lane.engine
        self.take_lease()

    def take_lease(self) -> None:
        """Take or renew the lease of an exclusive service."""
        if self.service.exclusive:
            self.transactions.epoch = Lease(self.ledger, self.lane, "test", 3600).take_or_renew()

    def forget(self) -> None:
        """Remember nothing, as a process that has just started: what is kept, is by engine."""
        self.lane.engine = self._engine.execution_options()

    def at(self, moment: datetime) -> None:
        """Move domain time to `moment` and hold it there."""
        set_clock(self.owner_dsn, moment, _STANDING_STILL, development=True)

    def deliver(
        self, event: Event, *, version: int = 1, aggregate: str | None = None, id: str | None = None
    ) -> Committed:
        """Deliver an event as its publisher would have sent it; `id` to deliver it twice."""
        subject_id = getattr(event, event.subject_field)
        envelope = EventEnvelope(
            id=EventId(id or derived_id(event.model_dump_json(), str(version))),
            source=event.publisher,
            type=event.type_name(),
            time=self.now(),
            aggregate=aggregate or f"{event.noun}:{subject_id}",
            version=version,
            programme=getattr(event, "programme"),  # noqa: B009 - every event has one
            contact_id=getattr(event, "contact_id", None),
        )
        on = next(on for on in self.service.consumes if on.event is type(event))
        return self.transactions.handle_event(self.lane, on, envelope, event)

    def ask(  # noqa: PLR0913 - a command is all of these
        self,
        command: Command,
        actor: str,
        role: Role,
        *,
        programme: str = "sos-crise",
        command_id: str | None = None,
        expected_version: int | None = None,
        deadline: datetime | None = None,
        traceparent: str | None = None,
    ) -> Reply:
        """Ask a command as a desk would."""
        envelope = CommandEnvelope(
            command_id=CommandId(command_id or new_id()),
            session_id=SessionId(new_id()),
            actor=PersonId(actor),
            role=role,
            programme=ProgrammeId(programme),
            deadline=deadline or self.now() + timedelta(seconds=5),
            expected_version=expected_version,
            traceparent=traceparent,
        )
        return self._asked(envelope, command)

    def ask_as(self, partner: str, command: PartnerCommand, command_id: str | None = None) -> Reply:
        """Ask a command as a partner would, from its account."""
        wish = CommandId(command_id or new_id())
        return self._asked(FromPartner(wish, PartnerId(partner)), command)

    def _asked(self, envelope: CommandEnvelope | FromPartner, command: Command) -> Reply:
        answer = next(a for a in self.service.answers if a.command is type(command))
        committed = self.transactions.handle_command(self.lane, answer, envelope, command)
        assert committed.reply is not None
        return committed.reply

    def request(
        self, handler: Callable[[Work], Reply], *, key: str | None = None, asked: str = ""
    ) -> Reply:
        """Run a handler as this service's own door would."""
        committed = self.transactions.handle_request(self.lane, key or new_id(), asked, handler)
        assert committed.reply is not None
        return committed.reply

    def fire_deadlines(self) -> int:
        """Handle every deadline that is due now; how many there were."""
        fired = 0
        for due in self.service.deadlines:
            while self.transactions.handle_due(self.lane, due) is not None:
                fired += 1
        return fired

    def settle(self) -> Committed:
        """Let an exclusive service decide."""
        return self.transactions.settle(self.lane)

    def announced(self, kind: type[E] | None = None) -> Sequence[E]:
        """Every event announced so far, in order, of one type if asked."""
        outbox = self.ledger.outbox
        with self.session() as session:
            rows = session.execute(
                select(outbox.c.type, outbox.c.body).order_by(outbox.c.sequence)
            ).all()
        events = [EVENT_TYPES[row.type].model_validate_json(row.body) for row in rows]
        return [event for event in events if kind is None or isinstance(event, kind)]  # type: ignore[misc]

    def deadlines(self) -> dict[tuple[str, str], datetime]:
        """The deadlines that stand: (kind, key) -> when."""
        with self.session() as session:
            rows = session.execute(select(self.ledger.deadline)).all()
        return {(row.kind, row.key): row.due_at for row in rows}

    def now(self) -> datetime:
        """Domain time."""
        with self.session() as session:
            moment: datetime = session.execute(text("SELECT public.helpline_now()")).scalar_one()
        return moment

    def read(self, query: Callable[[Session], T]) -> T:
        """Run a query as the service's role."""
        with self.session() as session:
            return query(session)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session as the service's role."""
        with self.lane.session() as session:
            yield session

    def close(self) -> None:
        """Close its connections."""
        self.lane.close()


@contextmanager
def service_under_test(
    service: Service, owner_dsn: str, keys_dir: Path, at: datetime
) -> Iterator[ServiceUnderTest]:
    """Provision `service` in the empty database of `owner_dsn`, run as its role, at `at`."""
    owner = make_url(owner_dsn).set(drivername="postgresql+psycopg")
    owner_text = owner.render_as_string(hide_password=False)
    prepare(owner_text, (service,), keys_dir)
    under_test = ServiceUnderTest(service, settings_for_tests(owner, keys_dir), owner_text)
    under_test.at(at)
    try:
        yield under_test
    finally:
        under_test.close()


def settings_for_tests(
    owner: URL, keys_dir: Path, nats_url: str = "nats://127.0.0.1:1"
) -> BusSettings:
    """Settings that point at a test's own servers."""
    return BusSettings(
        environment="development",
        nats_url=nats_url,
        keys_dir=keys_dir,
        postgres_host=owner.host or "127.0.0.1",
        postgres_port=owner.port or 5432,
        postgres_database=owner.database or "helpline",
    )
