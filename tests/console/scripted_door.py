"""A bus for the door under test: transactions on the real database, commands answered by script."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from contracts.envelope import Command, CommandId, Event, Reply, done, refused
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId, Refusal
from services.bus.door import Asker, GroundAway
from services.bus.testing import ServiceUnderTest
from services.bus.work import Work

T = TypeVar("T")


@dataclass(frozen=True)
class Sent:
    """A command as it left the door."""

    command: Command
    asker: Asker
    command_id: CommandId
    expected_version: int | None


@dataclass
class ScriptedDoor:
    """Answers commands with `reply` (raised when it is an exception), or as `answering` says."""

    console: ServiceUnderTest
    reply: Reply | Exception = field(default_factory=lambda: done(version=7))
    answering: Callable[[], Reply] | None = None
    away: bool = False  #: Postgres cannot be reached
    development: bool = True
    host: str = "127.0.0.1"
    service: str = "console"
    sent: list[Sent] = field(default_factory=list)
    desks: dict[str, Callable[[PartnerCommand], Reply]] = field(default_factory=dict)
    sent_for: list[tuple[str, PartnerCommand]] = field(default_factory=list)
    committed: asyncio.Condition = field(default_factory=asyncio.Condition)
    reads: int = 0

    async def answer(self, key: str, fingerprint: str, handler: Callable[[Work], Reply]) -> Reply:
        """See Door."""
        request = partial(self.console.request, handler, key=key, asked=fingerprint)
        return await asyncio.to_thread(request)

    async def read(self, query: Callable[[Session], T]) -> T:
        """See Door."""
        if self.away:
            raise GroundAway
        self.reads += 1

        def look() -> T:
            with self.console.lane.autocommit() as session:
                return query(session)

        return await asyncio.to_thread(look)

    async def send(
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta = timedelta(seconds=5),
        expected_version: int | None = None,
    ) -> Reply:
        """See Door."""
        self.sent.append(Sent(command, asker, command_id, expected_version))
        if self.answering is not None:
            return self.answering()
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    async def send_for(
        self, partner: PartnerId, command: PartnerCommand, wait: timedelta = timedelta(seconds=5)
    ) -> Reply:
        """See Door: answered as `desks` says, by the partner's name; refused where it has none."""
        self.sent_for.append((partner, command))
        answering = self.desks.get(partner)
        return refused(Refusal.NOT_YOURS) if answering is None else answering(command)

    async def deliver(self, event: Event, version: int = 1) -> None:
        """Deliver an event to the console and wake its streams, as the bus does."""
        await asyncio.to_thread(partial(self.console.deliver, event, version=version))
        async with self.committed:
            self.committed.notify_all()
