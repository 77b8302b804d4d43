"""A partner is away for a week of domain time: what was told, changed and taken back is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from contracts.envelope import ReplyStatus
from contracts.partner import (
    PartnerEvent,
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
)
from contracts.vocabulary import PartnerReference, Role
from deploy.desk import Doors
from deploy.platform import Platform
from deploy.seeds import PROGRAMME, SEEDED
from services.bus.database import set_clock
from tests.partner.conftest import Scene, a_scene
from tests.partner.ground import APLUS_RELAY, BONDE_RELAY, handed_over, heard, lines_of, verified
from tests.running import wait_for

WEEK = timedelta(days=7)
_UNDELIVERED = "SELECT count(*) FROM referral.outbox WHERE type = 'referral.undelivered.v1'"
_EXPIRED = "SELECT count(*) FROM referral.outbox WHERE type = 'partner_referral.expired.v1'"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A platform of its own: its time is moved."""
    with a_scene(tmp_path_factory.mktemp("week")) as scene:
        yield scene


def test_who_was_away_for_a_week_misses_nothing_and_answers_still(
    scene: Scene, example: Path
) -> None:
    async def walk() -> None:
        async with Doors.of(scene.platform) as doors:
            await verified(doors, APLUS_RELAY, BONDE_RELAY)
            supervisor = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
            async with scene.partner(scene.aplus) as partner:
                await heard(partner)
            async with scene.partner(scene.bonde) as partner:
                await heard(partner)
            in_javascript = (await handed_over(doors, supervisor, BONDE_RELAY))["partner_reference"]
            sent = [await handed_over(doors, supervisor, APLUS_RELAY) for _ in range(3)]
            await asyncio.to_thread(
                take_back, scene.platform, doors.intake_url, sent[0]["withdrawal_code"]
            )
            untold = counted(scene.platform, _UNDELIVERED)
            await asyncio.to_thread(a_week_passes, scene.platform)
            assert counted(scene.platform, _UNDELIVERED) - untold == 3  # people were told of each

            async with scene.partner(scene.aplus) as partner:
                told = [each.event for each in await heard(partner)]
                references = [each["partner_reference"] for each in sent]
                assert of(told, PartnerReferralSent) == references
                assert of(told, PartnerReferralWithdrawn) == references[:1]
                assert sorted(of(told, PartnerReferralExpired)) == sorted(references[1:])
                late = await partner.answer(PartnerReference(references[1]), accepted=True)
                assert late.status is ReplyStatus.DONE
                forgotten = await partner.answer(PartnerReference(references[0]), accepted=True)
                assert forgotten.status is ReplyStatus.REFUSED

            first, answered, then = await lines_of(example, scene.platform, scene.bonde, 3)
            assert (first["type"], then["type"]) == (
                PartnerReferralSent.type_name(),
                PartnerReferralExpired.type_name(),
            )
            assert {first["reference"], then["reference"]} == {in_javascript}
            assert answered["reply"] == {"status": "done"}

    asyncio.run(walk())


def of(told: list[PartnerEvent], kind: type[PartnerEvent]) -> list[str]:
    return [event.reference for event in told if isinstance(event, kind)]


def take_back(platform: Platform, intake_url: str, code: str) -> None:
    """The person takes back their yes, on the page of the line."""
    form = {"code": code, "cle": str(uuid4())}
    page = f"{intake_url}/{PROGRAMME}/retirer-un-accord"
    answer = httpx.post(page, data=form, headers={"Accept": "text/html"}, timeout=10)
    assert answer.status_code == 200
    closed = "SELECT count(*) FROM referral.outbox WHERE type = 'partner_referral.withdrawn.v1'"
    wait_for(lambda: counted(platform, closed) == 1)


def a_week_passes(platform: Platform) -> None:
    """Move domain time on, and let what is due by then be done."""
    before = counted(platform, _EXPIRED)
    with psycopg.connect(_address(platform)) as connection:
        (now,) = connection.execute("SELECT public.helpline_now()").fetchone() or ()
    assert isinstance(now, datetime)
    set_clock(platform.owner_dsn, now + WEEK, 1.0, development=True)
    wait_for(lambda: counted(platform, _EXPIRED) - before == 3)


def counted(platform: Platform, what: str) -> int:
    with psycopg.connect(_address(platform)) as connection:
        (count,) = connection.execute(what.encode()).fetchone() or (0,)
    return int(count)


def _address(platform: Platform) -> str:
    address = make_url(platform.owner_dsn).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)
