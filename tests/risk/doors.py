"""Risk's own door and its errands on a service under test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
from sqlmodel import Session

from contracts.envelope import Command, CommandId, Reply, SessionId
from contracts.partner import PartnerCommand
from contracts.risk import RISK_PURPOSE, RiskCapability
from contracts.vocabulary import Moment, PartnerId, PersonId, ProgrammeId, Role
from deploy.ground import make_key
from services.bus import capability
from services.bus.door import Asker, GroundAway
from services.bus.testing import ServiceUnderTest
from services.bus.work import Work, new_id
from services.risk.settings import Settings
from tests.risk.builders import LINE, after

T = TypeVar("T")


@dataclass
class RiskDoor:
    """The bus, seen from risk's door, on one database and without NATS."""

    risk: ServiceUnderTest
    away: bool = False  #: Postgres cannot be reached
    development: bool = True
    host: str = "127.0.0.1"
    service: str = "risk"
    committed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answer(self, key: str, fingerprint: str, handler: Callable[[Work], Reply]) -> Reply:
        """See Door."""
        if self.away:
            raise GroundAway
        request = partial(self.risk.request, handler, key=key, asked=fingerprint)
        return await asyncio.to_thread(request)

    async def read(self, query: Callable[[Session], T]) -> T:
        """See Door."""
        if self.away:
            raise GroundAway

        def ask() -> T:
            with self.risk.lane.autocommit() as session:
                return query(session)

        return await asyncio.to_thread(ask)

    async def send(
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta = timedelta(seconds=5),
        expected_version: int | None = None,
    ) -> Reply:
        """See Door: risk sends nothing to anybody."""
        raise AssertionError("risk needs nobody")

    async def send_for(
        self, partner: PartnerId, command: PartnerCommand, wait: timedelta = timedelta(seconds=5)
    ) -> Reply:
        """See Door: no partner has a desk here."""
        raise AssertionError("risk needs nobody")


def settings_in(folder: Path, *origins: str) -> Settings:
    """Settings with keys in a folder, and these receivers declared."""
    for name in (capability.KEY_FILE, "risk-seal.key", "risk-push.key"):
        make_key(folder / name)
    return Settings.model_validate({"outbound": ",".join(origins), "keys_dir": folder})


def a_capability(
    folder: Path,
    person: PersonId,
    role: Role,
    *,
    purpose: str = RISK_PURPOSE,
    programme: ProgrammeId = LINE,
    expires_at: Moment | None = None,
) -> str:
    """A capability as the console signs it."""
    said = RiskCapability(
        session_id=SessionId(new_id()),
        person_id=person,
        role=role,
        programme=programme,
        expires_at=expires_at or after(3600),
    )
    return capability.sign(capability.key_in(folder), purpose, said)


@dataclass
class Visitor:
    """Somebody at risk's door, over HTTP."""

    http: httpx.AsyncClient
    token: str

    async def asks(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or new_id()}
        return await self.http.request(method, path, json=body, headers=headers)
