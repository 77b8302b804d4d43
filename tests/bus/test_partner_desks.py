"""The console asks for partners that have a desk and for no other, as a real server lets it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import done
from contracts.partner import DESK_COMMANDS, SeeDesk
from contracts.vocabulary import PartnerId
from deploy.embedded.nats import SERVER_FILE
from services.bus.clock import DomainClock
from services.bus.commands import Asking
from services.bus.provision.apply import apply
from services.bus.provision.drift import drift
from services.bus.table import Partner, Table
from services.registry import SERVICES
from tests.bus.provision_ground import Ground, a_ground
from tests.bus.test_least_privilege import heard_out
from tests.bus.test_partners import changed, public

#: A desk alone, an account alone, both.
PARTNERS = (
    Partner("aplus", (), desk=True),
    Partner("bonde", (public("bonde"),)),
    Partner("cordee", (public("cordee"),), desk=True),
)
EVERYBODY: tuple[Table, ...] = (*SERVICES, *PARTNERS)
NAMES = (*(each.name for each in PARTNERS), "nobody")
SUBJECTS = {command.subject_of(name): name for name in NAMES for command in DESK_COMMANDS} | {
    command.subject(): "" for command in DESK_COMMANDS
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with a_ground(tmp_path_factory.mktemp("desks"), EVERYBODY) as running:
        asyncio.run(running.as_provisioner(lambda js: apply(js, EVERYBODY)))
        yield running


async def said_by(ground: Ground, name: str) -> set[str]:
    """For whom a service may say anything a partner says."""
    refusals: list[str] = []
    client = await ground.signed_in(name, lambda error: refusals.append(str(error)))
    for subject in SUBJECTS:
        await client.publish(subject, b"")
    await heard_out(client, refusals)
    await client.close()
    refused = " ".join(refusals)
    said = {each for each in SUBJECTS if f'publish to "{each}"' not in refused}
    for partner in {SUBJECTS[each] for each in said}:
        assert {each for each in said if SUBJECTS[each] == partner} == {
            command.subject_of(partner) for command in DESK_COMMANDS
        }
    return {SUBJECTS[each] for each in said}


def test_the_console_speaks_for_partners_with_a_desk_and_for_no_other(ground: Ground) -> None:
    assert asyncio.run(said_by(ground, "console")) == {"aplus", "cordee"}


@pytest.mark.parametrize("name", [each.name for each in SERVICES if each.name != "console"])
def test_no_other_service_speaks_for_a_partner(ground: Ground, name: str) -> None:
    assert asyncio.run(said_by(ground, name)) == set()


def test_a_desk_alone_has_no_account_and_no_durable(ground: Ground) -> None:
    written = (ground.keys.parent / SERVER_FILE).read_text()
    assert "PARTNER-APLUS" not in written
    assert "PARTNER-CORDEE" in written

    async def names(js: nats.js.JetStreamContext) -> set[str]:
        return {info.name for info in await js.consumers_info("PARTNER")}

    assert asyncio.run(ground.as_provisioner(names)) == {"partner-bonde", "partner-cordee"}
    assert asyncio.run(ground.as_provisioner(lambda js: drift(js, EVERYBODY))) == ()


async def answered(asked: Client, subject: str) -> bool:
    try:
        await asked.request(subject, b"{}", timeout=0.5)
    except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
        return False
    return True


def test_a_desk_that_is_opened_or_closed_counts_at_once_and_breaks_no_connection(
    tmp_path: Path,
) -> None:
    subject = SeeDesk.subject_of("aplus")

    async def watch(ground: Ground) -> list[bool]:
        service = await ground.signed_in("referral", lambda _: None)

        async def answer(message: Msg) -> None:
            await message.respond(b"{}")

        await service.subscribe("desk.referral.>", cb=answer)
        await service.flush()
        console = await ground.signed_in("console", lambda _: None)
        served = console.stats["reconnects"]
        found = [await answered(console, subject)]
        await changed(ground, PARTNERS[1:])
        found.append(await answered(console, subject))
        await changed(ground, PARTNERS)
        found.append(await answered(console, subject))
        assert console.stats["reconnects"] == served
        await console.close()
        await service.close()
        return found

    with a_ground(tmp_path, EVERYBODY) as ground:
        asyncio.run(ground.as_provisioner(lambda js: apply(js, EVERYBODY)))
        assert asyncio.run(watch(ground)) == [True, False, True]


def test_a_wish_of_a_desk_goes_out_as_its_partners_own_and_with_no_header() -> None:
    asked: list[tuple[str, dict[str, str], str]] = []

    class Wire:
        async def ask(self, subject: str, headers: dict[str, str], body: str, _: float) -> bytes:
            asked.append((subject, headers, body))
            return done().model_dump_json().encode()

    asking = Asking("console", Wire(), DomainClock)  # type: ignore[arg-type]

    asyncio.run(asking.send_for(PartnerId("aplus"), SeeDesk(), timedelta(seconds=1)))
    assert asked == [("desk.referral.partner_desk.v1.aplus", {}, "{}")]
