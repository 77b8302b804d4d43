"""A regulator at a desk, and the doors behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from contracts.envelope import Command
from contracts.vocabulary import LiveState, PersonId, Role, Stage
from services.console.door import build
from services.console.settings import InventedPerson, Settings
from tests.console import facts
from tests.console.facts import CONTACT, LINE, REGULATOR
from tests.console.inside import Inside, inside_door
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import PEOPLE, Browser

TRIAGE = f"/triage/{CONTACT}"
NOTED = f"/triage/{CONTACT}/noted"
PROPOSAL = f"/triage/{CONTACT}/proposal"
RELAYS = f"/relays/{CONTACT}"
VITAL = f"/vital/{CONTACT}"
CARD = f"/card/{CONTACT}"
RESCUE = f"/card/{CONTACT}/rescue"
TEXTS = f"/desk/contacts/{CONTACT}/texts"
COORDINATOR = PersonId("coordinator-1")

SCRIPTS = {"hx_request": "true"}


@dataclass
class Desk:
    """A regulator at a desk, and what is behind it."""

    browser: Browser
    door: ScriptedDoor
    intake: Inside
    risk: Inside

    async def take_a_contact(self) -> None:
        """Sign in, and be in a contact that has not been triaged."""
        await self.browser.enters(REGULATOR)
        await self.door.deliver(facts.opened())
        await self.door.deliver(facts.made(Stage.REGULATOR))
        await self.door.deliver(facts.taken(Stage.REGULATOR))
        await self.door.deliver(facts.entered(LiveState.TALKING, REGULATOR, Role.REGULATOR))
        await self.browser.get("/")

    async def send(self, path: str, fields: Mapping[str, object]) -> httpx.Response:
        """Send a form of the page, as its scripts do."""
        sent: dict[str, Any] = {**self.browser.button(), **fields}
        return await self.browser.post(path, sent, **SCRIPTS)

    @property
    def sent(self) -> list[Command]:
        """The commands that left the desk."""
        return [each.command for each in self.door.sent]


#: Runs a visit at a regulator's desk.
Visiting = Callable[[Callable[[Desk], Awaitable[None]]], None]


@contextmanager
def visits_of(door: ScriptedDoor) -> Iterator[Visiting]:
    """What runs a visit, with the doors of intake and risk behind the desk."""
    coordinator = InventedPerson(
        person_id=COORDINATOR, name="Anne R.", role=Role.COORDINATOR, programme=LINE
    )
    with inside_door() as intake, inside_door() as risk:
        settings = Settings(
            development_key="k" * 40,
            development_people=(*PEOPLE, coordinator),
            intake_url=intake.url,
            risk_url=risk.url,
        )

        def run(visit: Callable[[Desk], Awaitable[None]]) -> None:
            async def go() -> None:
                transport = httpx.ASGITransport(build(door, settings))
                async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
                    await visit(Desk(Browser(http), door, intake, risk))

            asyncio.run(go())

        yield run


def listened(**changes: object) -> dict[str, object]:
    """A decision for a listener, with nothing else filled in."""
    return {"priority": "P3", "destination": "listener", "channel": "phone"} | changes
