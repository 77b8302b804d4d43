"""Who waits for something to happen in a contact."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import httpx
import pytest

from contracts.vocabulary import ContactId
from services.bus.testing import ServiceUnderTest
from services.intake.door import build
from services.intake.following import Following, spread
from services.intake.settings import Settings
from services.intake.threads import Known
from tests.intake.builders import a_written_line, apply_line
from tests.intake.doors import Client, DoorUnderTest
from tests.intake.test_chats import begin


def test_hundreds_who_began_to_wait_together_ask_again_over_some_seconds() -> None:
    chance = random.Random(1900)
    contacts = [ContactId(str(UUID(int=chance.getrandbits(128)))) for _ in range(300)]
    waits = [spread(each, 25) for each in contacts]
    assert min(waits) >= 0.75 * 25
    assert max(waits) < 25
    assert max(Counter(int(wait) for wait in waits).values()) < 100


def test_a_door_lets_each_follower_wait_for_their_own_part_of_the_time(
    intake: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_line(intake, terms=a_written_line())
    waits: dict[ContactId, float] = {}
    wait = Following.wait

    async def noting(
        following: Following, contact_id: ContactId, known: Known, seconds: float
    ) -> None:
        waits.setdefault(contact_id, seconds)
        await wait(following, contact_id, known, seconds)

    monkeypatch.setattr(Following, "wait", noting)
    door = DoorUnderTest(intake)
    client = Client(build(door, Settings()))
    callers = [begin(client) for _ in range(6)]
    known = [caller.read().json()["last"] for caller in callers]

    async def follow_all() -> list[httpx.Response]:
        transport = httpx.ASGITransport(build(door, Settings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            return await asyncio.gather(
                *(
                    http.get(
                        f"{caller.address}/texts?after={last}&wait_seconds=1", headers=caller.token
                    )
                    for caller, last in zip(callers, known, strict=True)
                )
            )

    answers = asyncio.run(follow_all())
    assert [answer.status_code for answer in answers] == [200] * len(callers)
    assert len(waits) == len(callers)
    for contact_id, seconds in waits.items():
        assert seconds <= spread(contact_id, 1)
