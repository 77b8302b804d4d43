"""A platform that runs, partners that were let in, and referrals sent to them as people do it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.partner_client import Partner, Told
from contracts.partner_keys import public_halves
from contracts.vocabulary import Channel, RelayId, Role
from deploy.desk import Desk, Doors
from deploy.embedded.runfolder import RunFolder
from deploy.partners import main
from deploy.platform import Platform
from deploy.seeds import PROGRAMME, SEEDED
from tests.bus.test_partners import a_file
from tests.debian import NODE


@dataclass(frozen=True)
class Member:
    """A partner that was let in: its name, its relay, and where its keys are."""

    name: str
    relay: RelayId
    seed: Path
    opening_key: Path


APLUS_RELAY, BONDE_RELAY = RelayId("fr-3114"), RelayId("fr-119")


def let_in(folder: Path, run: RunFolder, name: str, relay: RelayId) -> Member:
    """Make the keys of a partner and let it in, by the commands an operator has."""
    assert main(["key", name, "--into", str(folder)]) == 0
    seed, opening_key = folder / f"{name}.nk", folder / f"{name}.x25519"
    file = a_file(folder, name, relays=[relay], **public_halves(seed, opening_key))
    assert main(["apply", str(file), "--run-dir", str(run.root)]) == 0
    return Member(name, relay, seed, opening_key)


async def verified(doors: Doors, *relays: RelayId) -> None:
    """A coordinator has checked these entries of the directory."""
    desk = await doors.session(SEEDED[Role.COORDINATOR], Role.COORDINATOR, PROGRAMME)
    for relay in relays:
        await desk.post(f"/coordinator/relays/{relay}/verify", {"verified": True})


async def refer(doors: Doors, supervisor: Desk, relay: RelayId) -> str:
    """Somebody calls, says yes, and is referred; by which reference the partner knows it."""
    return str((await handed_over(doors, supervisor, relay))["partner_reference"])


async def handed_over(doors: Doors, supervisor: Desk, relay: RelayId) -> dict[str, Any]:
    """The same; all that whoever sent it is told."""
    caller = await doors.open_contact(PROGRAMME, Channel.PHONE)
    wish = {"relay_id": relay, "need": "crise_suicidaire", "urgency": "P3"}
    made = await supervisor.post(f"/desk/contacts/{caller.contact_id}/referrals", wish)
    referral = f"/desk/referrals/{made['result']['referral_id']}"
    yes = {"scope": ["need", "urgency"], "anonymity_said": True}
    await supervisor.post(f"{referral}/consent", yes)
    sent = await supervisor.post(f"{referral}/send", {})
    await caller.leave()
    handed: dict[str, Any] = sent["result"]
    return handed


async def heard(partner: Partner, silence_seconds: float = 1.5) -> list[Told]:
    """Everything that is there for a partner, acknowledged one by one."""
    found: list[Told] = []
    with suppress(TimeoutError):
        reading = aiter(partner)
        while True:
            found.append(await asyncio.wait_for(anext(reading), silence_seconds))
    return found


async def lines_of(
    example: Path, platform: Platform, member: Member, count: int
) -> list[dict[str, Any]]:
    """Run the example in JavaScript until it has said so many lines."""
    arguments = (str(example), member.name, platform.nats_url, str(member.seed))
    program = await asyncio.create_subprocess_exec(
        str(NODE), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(30):
            return [json.loads(await program.stdout.readline()) for _ in range(count)]
    finally:
        program.terminate()
        assert await asyncio.wait_for(program.wait(), 10) == 0
