"""Desks of everybody whom a supervisor and a coordinator work with, as browsers see them."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from contracts.vocabulary import PersonId, Role
from services.console.door import build
from services.console.settings import InventedPerson, Settings
from tests.console import facts
from tests.console.facts import LINE, LISTENER, REGULATOR
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import Browser

SUPERVISOR, PROFESSIONAL = PersonId("supervisor-1"), PersonId("professional-1")
COORDINATOR, TRAINER = PersonId("coordinator-1"), PersonId("trainer-1")
STAFF = {
    LISTENER: ("Paul V.", Role.LISTENER),
    REGULATOR: ("Nadia B.", Role.REGULATOR),
    SUPERVISOR: ("Hélène M.", Role.SUPERVISOR),
    PROFESSIONAL: ("Dr Lemoine", Role.DUTY_PROFESSIONAL),
    COORDINATOR: ("Anne-Lise R.", Role.COORDINATOR),
    TRAINER: ("Odile F.", Role.TRAINER),
}
PEOPLE = tuple(
    InventedPerson(person_id=person_id, name=name, role=role, programme=LINE)
    for person_id, (name, role) in STAFF.items()
)

#: Opens a browser of somebody who has come in.
Comes = Callable[[PersonId], Awaitable[Browser]]


def at_desks(
    door: ScriptedDoor,
    visit: Callable[[Comes], Awaitable[None]],
    settings: Settings | None = None,
) -> None:
    """Run a visit; whoever comes is known to the roster."""
    used = settings or Settings()
    used = used.model_copy(update={"development_key": "k" * 40, "development_people": PEOPLE})

    async def run() -> None:
        transport = httpx.ASGITransport(build(door, used))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:

            async def comes(person_id: PersonId) -> Browser:
                await door.deliver(facts.established(person_id, STAFF[person_id][1]))
                browser = Browser(http)
                await browser.enters(person_id)
                return browser

            await visit(comes)

    asyncio.run(run())
