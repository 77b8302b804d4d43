"""A partner's program in Python, on a platform that runs: its own, all of it, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from contracts.envelope import ReplyStatus
from contracts.partner import PartnerReferralSent
from contracts.partner_client import Partner, Told
from contracts.vocabulary import PartnerReference, RelayOutcome, Role
from deploy.desk import Doors
from deploy.embedded.runfolder import RunFolder
from deploy.platform import Platform
from deploy.seeds import PROGRAMME, SEEDED
from tests.partner.ground import APLUS_RELAY, BONDE_RELAY, Member, let_in, refer, verified
from tests.running import a_platform


@dataclass(frozen=True)
class Scene:
    """A platform with two partners."""

    platform: Platform
    aplus: Member
    bonde: Member

    def partner(self, member: Member) -> Partner:
        return Partner(member.name, self.platform.nats_url, member.seed, member.opening_key)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("partners")
    run = RunFolder(folder / "run")
    at = ("--at", "2026-01-14T11:00:00+01:00")
    with a_platform(run.root, "--spare-ports", *at) as (_, platform):
        aplus = let_in(folder, run, "aplus", APLUS_RELAY)
        bonde = let_in(folder, run, "bonde", BONDE_RELAY)
        yield Scene(platform, aplus, bonde)


async def heard(partner: Partner, silence_seconds: float = 1.5) -> list[Told]:
    """Everything that is there for a partner, acknowledged one by one."""
    found: list[Told] = []
    with suppress(TimeoutError):
        reading = aiter(partner)
        while True:
            found.append(await asyncio.wait_for(anext(reading), silence_seconds))
    return found


def references(found: list[Told]) -> list[str]:
    return [each.event.reference for each in found if isinstance(each.event, PartnerReferralSent)]


def test_each_reads_its_own_answers_and_tells_the_outcome(scene: Scene) -> None:
    async def walk() -> None:
        async with Doors.of(scene.platform) as doors:
            await verified(doors, APLUS_RELAY, BONDE_RELAY)
            supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
            for_aplus = await refer(doors, supervisor, APLUS_RELAY)
            for_bonde = await refer(doors, supervisor, BONDE_RELAY)
            async with scene.partner(scene.aplus) as aplus, scene.partner(scene.bonde) as bonde:
                first, second = await heard(aplus), await heard(bonde)
                assert (references(first), references(second)) == ([for_aplus], [for_bonde])

                event = first[0].event
                assert isinstance(event, PartnerReferralSent)
                assert event.outcome_token is not None
                token = aplus.open(event.outcome_token)
                assert (await aplus.answer(event.reference, accepted=True)).status == "done"
                outcome = await aplus.tell_outcome(token, RelayOutcome.HELPED)
                assert outcome.status is ReplyStatus.DONE
                others = await bonde.answer(PartnerReference(for_aplus), accepted=False)
                assert (others.status, others.refusal) == ("refused", "unknown_referral")

    asyncio.run(walk())


def test_who_was_away_misses_nothing_and_gets_nothing_twice(scene: Scene) -> None:
    async def walk() -> None:
        async with Doors.of(scene.platform) as doors:
            await verified(doors, APLUS_RELAY)
            supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
            async with scene.partner(scene.aplus) as partner:
                await heard(partner)
            sent = [await refer(doors, supervisor, APLUS_RELAY) for _ in range(5)]
            async with scene.partner(scene.aplus) as partner:
                assert references(await heard(partner)) == sent
            async with scene.partner(scene.aplus) as partner:
                assert await heard(partner) == []

    asyncio.run(walk())
