"""The door of intake on a test's own database, without NATS."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import httpx
from sqlmodel import Session
from starlette.types import ASGIApp

from contracts.envelope import Command, CommandId, Reply
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId
from services.bus.door import Asker, GroundAway
from services.bus.failure import is_ground_away
from services.bus.testing import ServiceUnderTest
from services.bus.work import Work

T = TypeVar("T")


class DoorUnderTest:
    """What a door stands on, as the runner gives it."""

    service = "intake"
    host = "127.0.0.1"

    def __init__(self, under_test: ServiceUnderTest, *, development: bool = True) -> None:
        self.development = development
        self.committed = asyncio.Condition()
        self.fails_with: Exception | None = None  #: planted: what the next calls raise
        self._under_test = under_test

    async def answer(self, key: str, fingerprint: str, handler: Callable[[Work], Reply]) -> Reply:
        ask = partial(self._under_test.request, handler, key=key, asked=fingerprint)
        return await self._grounded(ask)

    async def read(self, query: Callable[[Session], T]) -> T:
        def look() -> T:
            with self._under_test.lane.autocommit() as session:
                return query(session)

        return await self._grounded(look)

    async def send(
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta = timedelta(seconds=5),
        expected_version: int | None = None,
    ) -> Reply:
        raise AssertionError("callers send no commands")

    async def send_for(
        self, partner: PartnerId, command: PartnerCommand, wait: timedelta = timedelta(seconds=5)
    ) -> Reply:
        """See Door: no partner has a desk here."""
        raise AssertionError("callers send no commands")

    async def _grounded(self, call: Callable[[], T]) -> T:
        if self.fails_with is not None:
            raise self.fails_with
        try:
            return await asyncio.to_thread(call)
        except Exception as error:
            if is_ground_away(error):
                raise GroundAway from error
            raise


class Client:
    """A caller's side, speaking HTTP to an application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)

    def request(self, verb: str, address: str, **sent: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://door"
            ) as client:
                return await client.request(verb, address, **sent)

        return asyncio.run(ask())

    def get(self, address: str, **sent: Any) -> httpx.Response:
        return self.request("GET", address, **sent)

    def post(self, address: str, **sent: Any) -> httpx.Response:
        return self.request("POST", address, **sent)
