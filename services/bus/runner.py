"""Runs one `Service` table on the ground: the place where its parts meet.

A door sees a running service through the `Door` protocol (door.py).
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import nats.errors
import nats.js.errors
from sqlmodel import Session

from contracts.envelope import Command, CommandId, Reply, Stream, not_yet
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId
from services.bus import metrics
from services.bus.clock import DomainClock
from services.bus.commands import Answering, Asking
from services.bus.consumer import Consumer
from services.bus.door import Asker, GroundAway
from services.bus.failure import is_ground_away, may_pass
from services.bus.forwarder import Forwarder
from services.bus.lane import Lane
from services.bus.lease import Lease
from services.bus.ledger import Ledger
from services.bus.lineage import expect_tables
from services.bus.postgres_figures import PostgresFigures
from services.bus.scrape import Question
from services.bus.settings import BusSettings
from services.bus.stream import Connection
from services.bus.table import Service
from services.bus.tasks import ended
from services.bus.transact import Committed, Transactions
from services.bus.trust import distrust, postgres_not_trusted
from services.bus.wakeups import Wakeups
from services.bus.watchdog import exit_now
from services.bus.work import Work

log = logging.getLogger(__name__)
T = TypeVar("T")

_LOOK_EVERY_SECONDS = 5.0
#: Looks in a row after which what was not there is believed to be gone: of a cluster, a server that
#: has just come back may not know yet what it holds.
_LOOKS_UNTIL_GONE = 3
_ASK_AGAIN_SECONDS = 1.0
#: Whoever stands by asks for the lease so often: callers wait for what is left of it.
_STAND_BY_EVERY_SECONDS = 0.2


class RunningService:
    """One service at work in this process."""

    def __init__(self, service: Service, settings: BusSettings) -> None:
        self.table = service
        self.service = service.name
        self.development = settings.development
        self.host = settings.host
        self.committed = asyncio.Condition()
        self._settings = settings
        self._ledger = Ledger(service.name, service.exclusive)
        self._transactions = Transactions(service, self._ledger)
        self._connection = Connection(
            service, settings, partial(exit_now, "connection to NATS closed", service.name)
        )
        self._lanes: list[Lane] = []
        self._keeper = self._lane("keeper", 2)
        self._main = self._lane("main", 1 if service.exclusive else service.workers)
        self._forwarder = Forwarder(
            self._ledger, self._keeper, self._connection, settings.forward_every_seconds
        )
        self._wakeups = Wakeups(self._transactions, self._main, self._after, self._publish)
        clock = DomainClock(self._keeper)
        self._asking = Asking(service.name, self._connection, clock)
        self._consumers = {stream: self._consumer(stream) for stream in service.streams()}
        if service.answers:
            answering = Answering(self._transactions, self._main, clock, self._after)
            self._connection.answer_commands(answering.on_command)
        self._lease = Lease(
            self._ledger, self._keeper, f"{os.uname().nodename} {uuid4()}", settings.lease_seconds
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._publishing: set[asyncio.Task[Any]] = set()
        self._leading: list[asyncio.Task[Any]] = []
        self._given_up = 0  #: looks in a row
        self.ready = False

    async def start(self) -> None:
        """Connect and begin to work; waits for NATS as long as it takes.

        Deadlines and errands do not: whoever comes up while NATS is away still honours them.
        Raises TablesDiffer when the database is older than this code, DurableMissing when what the
        table declares was not provisioned, NotTrusted when a server is not the one it should be.
        """
        await self._expect_tables()
        if self.table.deadlines and not self.table.exclusive:
            self._run(self._wakeups.watch_deadlines())
        for errand in self.table.errands:
            self._run(errand(self))
        await self._connection.connect()
        for stream in self._consumers:
            await self._expect_durable(stream)
        if self.table.publishes:
            self._run(self._forwarder.sweep_for_ever())
            self._run(self._forwarder.stamp_for_ever())
        self._run(self._look_after_durables())
        if self.table.exclusive:
            self._run(self._lead_for_ever())
        else:
            await self._begin()
        self.ready = True

    async def stop(self) -> None:
        """Fetch nothing more, finish what is in hand, publish it, leave."""
        self.ready = False
        await self._connection.stop_reading()
        await ended((*self._tasks, *self._leading))
        await asyncio.gather(*self._publishing, return_exceptions=True)
        await self._forwarder.stamp()
        if self._transactions.epoch is not None:
            await self._keeper.run(self._lease.give_up)
        await self._connection.close()
        for lane in self._lanes:
            await asyncio.to_thread(lane.close)

    @property
    def healthy(self) -> bool:
        """Whether it can take work: connected, Postgres answers, not leaving."""
        away = any(consumer.ground.away for consumer in self._consumers.values())
        return self.ready and self._connection.connected and not away

    async def answer(self, key: str, fingerprint: str, handler: Callable[[Work], Reply]) -> Reply:
        """See Door.answer."""
        request = partial(self._transactions.handle_request, self._main, key, fingerprint, handler)
        committed = await self._grounded(request)
        self._after(committed)
        return committed.reply or not_yet()

    async def read(self, query: Callable[[Session], T]) -> T:
        """See Door.read."""

        def ask() -> T:
            with self._main.autocommit() as session:
                return query(session)

        return await self._grounded(ask)

    async def look_at_what_stands(self) -> None:
        """Set the gauges that are read from the ledger; one that cannot be read is not there."""
        await Question(
            self.service,
            "ledger",
            lambda session: metrics.record_standing(self.service, *self._ledger.standing(session)),
            partial(metrics.forget_standing, self.service),
        ).put(self._keeper)
        if self.table.standing is not None:
            forget = partial(metrics.forget_found, self.service)
            await Question(self.service, "standing", self.table.standing, forget).put(self._keeper)

    async def look_at_postgres(self, figures: PostgresFigures) -> None:
        """Read what the server tells of itself; nothing is told while it does not answer."""
        await Question(self.service, "postgres", figures.read, figures.forget).put(self._keeper)

    async def acknowledged(self, stream: Stream, durable: str) -> int:
        """See Door.acknowledged."""
        try:
            return await self._connection.acknowledged(stream, durable)
        except TimeoutError as error:
            raise GroundAway from error

    async def send(  # noqa: PLR0913 - a command is all of these
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta = timedelta(seconds=5),
        expected_version: int | None = None,
    ) -> Reply:
        """See Door.send."""
        try:
            return await self._asking.send(command, asker, command_id, wait, expected_version)
        except Exception as error:
            if is_ground_away(error):
                raise GroundAway from error
            raise

    async def send_for(
        self, partner: PartnerId, command: PartnerCommand, wait: timedelta = timedelta(seconds=5)
    ) -> Reply:
        """See Door.send_for."""
        return await self._asking.send_for(partner, command, wait)

    def _after(self, committed: Committed) -> None:
        """Something was committed: publish it, wake what depends on it. Runs on the event loop."""
        if not committed.changed:
            return
        self._publish(committed)
        self._wakeups.wake(committed)
        if self.table.door is not None:
            self._run(self._tell_door())

    def _publish(self, committed: Committed) -> None:
        if committed.announced:
            task = asyncio.create_task(self._forwarder.publish(committed.announced))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _tell_door(self) -> None:
        async with self.committed:
            self.committed.notify_all()

    async def _begin(self) -> None:
        await self._connection.start_reading()
        self._leading = []
        if self.table.deadlines and self.table.exclusive:
            self._leading.append(asyncio.create_task(self._wakeups.watch_deadlines()))
        if self.table.settle is not None:
            self._leading.append(asyncio.create_task(self._wakeups.settle_for_ever()))

    async def _end(self) -> None:
        await ended(self._leading)
        await self._connection.stop_reading()

    async def _lead_for_ever(self) -> None:
        """Only the holder of the lease reads, answers and decides."""
        while True:
            try:
                epoch = await self._keeper.run(self._lease.take_or_renew)
            except Exception as error:  # noqa: BLE001 - without Postgres nobody leads
                facts = {"service": self.service, "error": type(error).__name__}
                log.warning("lease could not be renewed", extra={"facts": facts})
                epoch = self._transactions.epoch  # every transaction checks it anyway
            if epoch != self._transactions.epoch:
                await self._lead(epoch)
            leading = self._transactions.epoch is not None
            await asyncio.sleep(
                self._lease.renew_every_seconds if leading else _STAND_BY_EVERY_SECONDS
            )

    async def _lead(self, epoch: int | None) -> None:
        was_leading = self._transactions.epoch is not None
        self._transactions.epoch = epoch
        metrics.record_leading(self.service, epoch is not None)
        facts = {"service": self.service, "epoch": epoch}
        log.info("leading" if epoch is not None else "standing by", extra={"facts": facts})
        if was_leading:
            await self._end()
        if epoch is not None:
            await self._begin()

    async def _expect_tables(self) -> None:
        """Ask until Postgres answers: nothing at all can be done before."""
        while True:
            try:
                await self.read(partial(expect_tables, service=self.service))
                return
            except GroundAway as away:
                if (why := distrust(away.__cause__)) is not None:
                    told = self._settings
                    raise postgres_not_trusted(
                        told.postgres_host, told.postgres_ca_file, why
                    ) from away
                facts = {"service": self.service, "error": type(away.__cause__).__name__}
                log.warning("Postgres does not answer; waiting to start", extra={"facts": facts})
                await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def _expect_durable(self, stream: Stream) -> None:
        info = None
        while info is None:
            try:
                info = await self._connection.durable(stream)
            except nats.js.errors.NotFoundError:
                raise DurableMissing(self.table.durable(stream), stream.value) from None
            except (nats.errors.Error, OSError) as away:  # it left again a moment after we came
                facts = {"service": self.service, "error": type(away).__name__}
                log.warning("NATS does not answer; waiting to start", extra={"facts": facts})
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
        filters = info.config.filter_subjects or [info.config.filter_subject or ""]
        # Wider is a newer version beside this one, or before it: what it alone reads is left to it.
        if not set(self.table.filters(stream)) <= set(filters):
            raise DurableMissing(self.table.durable(stream), stream.value)

    async def _look_after_durables(self) -> None:
        """Leave when a durable is gone, or delivers nothing although something waits."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._leave_when_given_up()
            for stream, consumer in self._consumers.items():
                try:
                    await self._look_after(stream, consumer)
                except (nats.errors.Error, OSError):
                    # NATS is away: nothing can be delivered, and that is not this process's fault.
                    consumer.last_delivery = time.monotonic()

    def _leave_when_given_up(self) -> None:
        """Leave when the client stopped trying to connect: an error it had not foreseen."""
        self._given_up = self._given_up + 1 if self._connection.given_up else 0
        if self._given_up >= _LOOKS_UNTIL_GONE:
            exit_now("connection to NATS given up", self.service)

    async def _look_after(self, stream: Stream, consumer: Consumer) -> None:
        try:
            info = await self._connection.durable(stream)
        except nats.js.errors.NotFoundError:
            consumer.missing += 1
            if consumer.missing >= _LOOKS_UNTIL_GONE:
                exit_now("durable missing", self.table.durable(stream))
            return
        consumer.missing = 0
        limit = info.config.max_ack_pending or 1
        starved = bool(info.num_pending) and (info.num_ack_pending or 0) < limit
        reading = not self.table.exclusive or self._transactions.epoch is not None
        if not (starved and reading) or consumer.ground.away:
            consumer.last_delivery = time.monotonic()
        elif time.monotonic() - consumer.last_delivery > self._settings.undelivered_after_seconds:
            exit_now("messages wait and none is delivered", self.table.durable(stream))

    async def _grounded(self, call: Callable[[], T]) -> T:
        try:
            return await self._main.run(call)
        except Exception as error:
            if may_pass(error):
                raise GroundAway from error
            raise

    def _consumer(self, stream: Stream) -> Consumer:
        lane = self._main
        if not self.table.exclusive:
            lane = self._lane(stream.value.lower(), self.table.workers)
        consumer = Consumer(self._transactions, stream, lane, self._after)
        self._connection.read_stream(stream, consumer.on_delivery)
        return consumer

    def _lane(self, name: str, workers: int) -> Lane:
        lane = Lane(f"{self.service}-{name}", self.table, self._settings, workers)
        self._lanes.append(lane)
        return lane

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class DurableMissing(Exception):
    """What the table declares was not provisioned, or differs: run `just provision apply`."""

    def __init__(self, durable: str, stream: str) -> None:
        super().__init__(
            f"durable {durable} on stream {stream} is missing or differs from the table: "
            "run `just provision apply`"
        )
