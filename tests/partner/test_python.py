"""A partner's program in Python, on a platform that runs: its own, all of it, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from contracts.envelope import ReplyStatus
from contracts.partner import PartnerReferralSent, UpdateEntry
from contracts.partner_client import Told
from contracts.vocabulary import PartnerReference, RelayOutcome, Role
from deploy.desk import Doors
from deploy.seeds import PROGRAMME, SEEDED
from tests.partner.conftest import Scene
from tests.partner.ground import APLUS_RELAY, BONDE_RELAY, heard, refer, verified


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

                shut = UpdateEntry(
                    relay_id=APLUS_RELAY, said_at=datetime.now(UTC), hours="MO 09:00-12:00"
                )
                assert (await aplus.update_entry(shut)).status is ReplyStatus.DONE
                others = await bonde.update_entry(shut)
                assert (others.status, others.refusal) == ("refused", "unknown_relay")

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
