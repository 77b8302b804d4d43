"""Two partners with desks, each with somebody who reads, and referral itself behind the console."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from contracts.envelope import ReplyStatus
from contracts.partner import ApplyPartner, PartnerReferralSent
from contracts.referral import CloseReferral, VerifyRelay
from contracts.vocabulary import (
    PartnerId,
    PersonId,
    ReferralClosing,
    ReferralId,
    RelayId,
    Role,
)
from deploy.directory_kept import keep_directory
from services.bus.testing import ServiceUnderTest, service_under_test
from services.console.desk_seal import sealing_key_of
from services.console.door import build
from services.console.settings import InventedMember, Settings
from services.referral.app import SERVICE as REFERRAL
from tests.console.desks import PEOPLE
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import Browser
from tests.referral.builders import RELAY
from tests.referral.test_handing import sent
from tests.triage.builders import NOON, a_take, an_opened_contact

KEY = bytes(range(32))
APLUS, BONDE = PartnerId("aplus"), PartnerId("bonde")
MARIE, OMAR = PersonId("aplus-marie"), PersonId("bonde-omar")
RELAYS = {APLUS: RELAY, BONDE: RelayId("fr-119")}
MEMBERS = (
    InventedMember(person_id=MARIE, name="Marie C.", partner=APLUS),
    InventedMember(person_id=OMAR, name="Omar B.", partner=BONDE),
)
SETTINGS = Settings(
    development_key="k" * 40,
    development_people=PEOPLE,
    development_members=MEMBERS,
    desk_key=KEY,
)


@dataclass
class Partners:
    """A referral that waits for the first partner, and the ways to it."""

    referral: ServiceUnderTest
    referral_id: ReferralId

    @property
    def told(self) -> PartnerReferralSent:
        """What the first partner was told."""
        (event,) = self.referral.announced(PartnerReferralSent)
        return event

    @property
    def path(self) -> str:
        """Its page."""
        return f"/partenaire/{self.told.reference}"

    def withdraw(self) -> None:
        """The person takes their yes back."""
        wish = CloseReferral(referral_id=self.referral_id, why=ReferralClosing.CONSENT_WITHDRAWN)
        assert self.referral.ask(wish, "regulator-1", Role.REGULATOR).status is ReplyStatus.DONE


@contextmanager
def partners_at(door: ScriptedDoor, folder: Path) -> Iterator[Partners]:
    """Put referral behind the door, on the same database, as the bus does: by who asks."""
    dsn = door.console.owner_dsn.replace("postgresql+psycopg", "postgresql")
    with service_under_test(REFERRAL, dsn, folder, NOON) as referral:
        keep_directory(referral.owner_dsn)
        for event in (an_opened_contact(), a_take()):
            referral.deliver(event)
        verify = VerifyRelay(relay_id=RELAY, verified=True)
        referral.ask(verify, "coordinator-1", Role.COORDINATOR)
        for name, relay in RELAYS.items():
            manifest = ApplyPartner(
                partner=name,
                called=f"Association {name}",
                relays=(relay,),
                sealing_key=sealing_key_of(KEY, name),
                desk=True,
            )
            applied = referral.ask(manifest, "operator-1", Role.OPERATOR)
            assert applied.status is ReplyStatus.DONE, applied
            door.desks[name] = partial(referral.ask_as, name)
        yield Partners(referral, sent(referral)[0])


Comes = Callable[[PersonId], Awaitable[Browser]]


def at_partners(
    door: ScriptedDoor,
    visit: Callable[[Comes], Awaitable[None]],
    settings: Settings = SETTINGS,
) -> None:
    """Run a visit of people of partners."""

    async def run() -> None:
        transport = httpx.ASGITransport(build(door, settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:

            async def comes(person_id: PersonId) -> Browser:
                browser = Browser(http)
                came = await browser.enters(person_id)
                assert came.headers["location"] == "/partenaire"
                return browser

            async with asyncio.timeout(60):
                await visit(comes)

    asyncio.run(run())
