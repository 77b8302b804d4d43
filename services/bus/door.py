"""What an HTTP door is given to stand on: transactions, commands and nothing else.

A door (`services/<x>/door.py`) translates HTTP; it decides nothing. Whatever it changes goes
through `answer`, which is kept once per idempotency key; whatever it wants of another service goes
through `send`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from sqlmodel import Session

from contracts.envelope import Command, CommandId, Reply, SessionId, Stream
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId, PersonId, ProgrammeId, Role
from services.bus.work import Work

T = TypeVar("T")


class Asker(Protocol):
    """The authenticated session a command is sent for."""

    @property
    def session_id(self) -> SessionId:
        """The session."""
        ...

    @property
    def person_id(self) -> PersonId:
        """Who asks."""
        ...

    @property
    def role(self) -> Role:
        """In which role."""
        ...

    @property
    def programme(self) -> ProgrammeId:
        """For which line."""
        ...


class Door(Protocol):
    """The bus, seen from a door. All waits are asynchronous; work runs in worker threads."""

    service: str
    development: bool  #: outside production: every answer to a caller says so
    host: str  #: on which the door listens
    committed: asyncio.Condition  #: notified after each commit of this service in this process

    async def answer(self, key: str, fingerprint: str, handler: Callable[[Work], Reply]) -> Reply:
        """Run `handler` in one transaction, once per `key` (a UUID chosen by the client).

        A repeat with the same `fingerprint` (hash of what was asked) gets the stored reply, with
        another one `repeated_with_another_body`. Raises GroundAway when Postgres cannot be reached.
        """
        ...

    async def read(self, query: Callable[[Session], T]) -> T:
        """Run a query in a worker thread. Raises GroundAway when Postgres cannot be reached."""
        ...

    async def send(  # noqa: PLR0913 - a command is all of these
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta = timedelta(seconds=5),
        expected_version: int | None = None,
    ) -> Reply:
        """Send a command for `asker` and wait for its reply; asks again while it is `not_yet`.

        Raises ReplyUnknown when no answer came in time: ask again with the same `command_id`;
        GroundAway when Postgres was never reached.
        """
        ...

    async def send_for(
        self, partner: PartnerId, command: PartnerCommand, wait: timedelta = timedelta(seconds=5)
    ) -> Reply:
        """Send a wish of a partner that has a desk, as its own; the server refuses any other's.

        The same wish again is the same command. Raises ReplyUnknown, as above.
        """
        ...


class Lookout(Door, Protocol):
    """The bus, seen by a service that looks after the durables of others (`looks_after`)."""

    async def acknowledged(self, stream: Stream, durable: str) -> int:
        """Up to which sequence of a stream somebody's durable has been acknowledged; 0: nothing.

        Of the stream the service looks after alone. Raises GroundAway when NATS does not tell.
        """
        ...


class GroundAway(Exception):
    """Postgres, NATS or the disk cannot be reached at the moment; nothing was lost."""


class ReplyUnknown(Exception):
    """No answer came in time; whether the command took effect is unknown. Ask again, same id."""


class StartRefused(Exception):
    """A service cannot start as it is set up; a sentence says what to set otherwise."""
