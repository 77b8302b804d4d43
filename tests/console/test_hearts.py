"""Heartbeats: answered from memory, told to assignment once for all desks, through its absences."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY

from contracts.assignment import MOST_OTHERS, BeatHeart
from contracts.envelope import Reply, SessionId, not_yet, refused
from contracts.vocabulary import PersonId, Refusal, Role
from services.bus.door import GroundAway, ReplyUnknown
from services.bus.testing import ServiceUnderTest
from services.console.door import build
from services.console.hearts import Heart, Hearts
from services.console.pictures import Desk
from services.console.settings import Settings
from tests.console import facts
from tests.console.facts import LINE, LISTENER, NOON
from tests.console.scripted_door import ScriptedDoor, Sent

KEY = "k" * 40
#: Short, so that several words to assignment are seen within a test.
QUICK = Settings(development_key=KEY, beat_every=timedelta(seconds=0.1))

CROWD = [PersonId(f"crowd-{number}") for number in range(12)]


class Desks:
    """Desks at the door, each with a session of its own."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._tokens: dict[str, str] = {}

    async def sign_in(self, *people: str) -> None:
        """Open a listener's session for each."""
        for person_id in people:
            wanted = {"development_key": KEY, "person_id": person_id, "role": "listener"}
            asked = wanted | {"programme": LINE}
            opened = await self._http.post("/development/sessions", json=asked)
            self._tokens[person_id] = opened.json()["token"]

    async def beat(self, person_id: str) -> httpx.Response:
        """One heartbeat."""
        headers = {"Authorization": f"Bearer {self._tokens[person_id]}"}
        return await self._http.post("/desk/heartbeat", headers=headers)

    async def beat_all(self) -> None:
        """One heartbeat of each."""
        for person_id in self._tokens:
            assert (await self.beat(person_id)).json() == {"version": None, "result": None}


def at_desks(
    door: ScriptedDoor, act: Callable[[Desks], Awaitable[None]], settings: Settings = QUICK
) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(build(door, settings))
        async with (
            asyncio.timeout(30),
            httpx.AsyncClient(transport=transport, base_url="http://desk") as http,
        ):
            await act(Desks(http))

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def told_by(sent: Sent) -> set[str]:
    """Whom a word to assignment speaks of."""
    assert isinstance(sent.command, BeatHeart)
    people = [sent.asker.person_id, *sent.command.others]
    assert len(people) == len(set(people)), "each person is named once"
    return set(people)


def told(sent: Sequence[Sent]) -> set[str]:
    return set().union(*map(told_by, sent))


def is_telling() -> bool:
    return any(task.get_name() == "console hearts" for task in asyncio.all_tasks())


def failures() -> float:
    return REGISTRY.get_sample_value("helpline_console_beats_total", {"outcome": "failed"}) or 0


@pytest.fixture
def door(console: ServiceUnderTest) -> ScriptedDoor:
    for person_id in CROWD:
        console.deliver(facts.established(person_id, Role.LISTENER))
    return ScriptedDoor(console)


def test_assignment_hears_once_of_many_beats_of_many_desks(door: ScriptedDoor) -> None:
    slower = QUICK.model_copy(update={"beat_every": timedelta(seconds=0.5)})

    async def act(desks: Desks) -> None:
        await desks.sign_in(*CROWD)
        await desks.beat_all()
        await until(lambda: told(door.sent) == set(CROWD))  # from here half a second of quiet
        door.sent.clear()
        reads = door.reads
        for _ in range(3):
            await desks.beat_all()
        assert door.sent == []
        assert door.reads == reads, "a session found a moment ago is not looked for again"
        await until(lambda: bool(door.sent))
        (word,) = door.sent
        assert told_by(word) == set(CROWD)
        assert (word.asker.role, word.asker.programme) == (Role.LISTENER, LINE)
        await asyncio.sleep(0.6)
        assert len(door.sent) == 1, "what was told is not told again"

    at_desks(door, act, slower)


AWAY: dict[str, Reply | Exception] = {
    "no answer": ReplyUnknown(),
    "Postgres": GroundAway(),
    "nobody leads": not_yet(),
    "our failure": refused(Refusal.PLATFORM_FAULT),
    "what nobody foresaw": RuntimeError("surprise"),
}


@pytest.mark.parametrize("name", AWAY)
def test_desks_beat_on_while_assignment_is_away_and_are_told_when_it_is_back(
    door: ScriptedDoor, name: str
) -> None:
    async def act(desks: Desks) -> None:
        door.reply = AWAY[name]
        failed = failures()
        await desks.sign_in(LISTENER)
        await desks.beat_all()
        await until(lambda: len(door.sent) >= 2)
        await desks.beat_all()
        assert failures() > failed
        door.reply, tried = Reply(status="done"), len(door.sent)  # type: ignore[arg-type]
        await until(lambda: len(door.sent) > tried)
        assert told(door.sent[tried:]) == {LISTENER}

    at_desks(door, act)


def test_a_desk_silent_for_long_is_not_told_when_assignment_is_back(door: ScriptedDoor) -> None:
    short = QUICK.model_copy(update={"trust": timedelta(seconds=0.3)})

    async def act(desks: Desks) -> None:
        door.reply = ReplyUnknown()
        await desks.sign_in(LISTENER)
        await desks.beat_all()
        assert is_telling()
        await until(lambda: not is_telling())
        door.reply, tried = not_yet(), len(door.sent)
        await asyncio.sleep(0.3)
        assert len(door.sent) == tried
        await desks.beat_all()  # and the loop starts again with the next beat
        await until(lambda: len(door.sent) > tried)

    at_desks(door, act, short)


def test_a_desk_hears_that_its_role_is_lost_or_its_session_over(door: ScriptedDoor) -> None:
    short = QUICK.model_copy(update={"trust": timedelta(seconds=0.4)})

    async def act(desks: Desks) -> None:
        await desks.sign_in(LISTENER, CROWD[0])
        await desks.beat_all()
        await door.deliver(facts.established(LISTENER), version=2)
        refusal = await refused_beat(desks, LISTENER)
        assert (refusal.status_code, refusal.json()["code"]) == (403, "role_lost")
        assert (await desks.beat(CROWD[0])).status_code == 200
        await asyncio.to_thread(door.console.at, NOON + timedelta(hours=25))
        refusal = await refused_beat(desks, CROWD[0])
        assert (refusal.status_code, refusal.json()["code"]) == (401, "session_expired")
        await until(lambda: not is_telling())

    at_desks(door, act, short)


async def refused_beat(desks: Desks, person_id: str) -> httpx.Response:
    """Beat without a pause longer than the trust, until it is refused."""
    while (answer := await desks.beat(person_id)).status_code == 200:
        await asyncio.sleep(0.02)
    return answer


def test_trust_in_a_session_ends_while_nobody_can_look_for_it(door: ScriptedDoor) -> None:
    short = QUICK.model_copy(update={"trust": timedelta(seconds=0.4)})

    async def act(desks: Desks) -> None:
        await desks.sign_in(LISTENER)
        await desks.beat_all()
        door.away = True
        await desks.beat_all()
        refusal = await refused_beat(desks, LISTENER)
        assert (refusal.status_code, refusal.json()["code"]) == (503, "ground_away")
        door.away = False
        await desks.beat_all()

    at_desks(door, act, short)


def test_without_a_session_no_heart_beats(door: ScriptedDoor) -> None:
    async def act(desks: Desks) -> None:
        desks._tokens[LISTENER] = "forged"
        assert (await desks.beat(LISTENER)).status_code == 401
        assert not is_telling()

    at_desks(door, act)


def test_all_sessions_that_beat_are_asked_about_together(door: ScriptedDoor) -> None:
    short = QUICK.model_copy(update={"trust": timedelta(seconds=1)})

    async def act(desks: Desks) -> None:
        await desks.sign_in(*CROWD)
        await desks.beat_all()
        reads, loop = door.reads, asyncio.get_running_loop()
        until_at = loop.time() + 1.4  # longer than any of them is trusted
        while loop.time() < until_at:
            await desks.beat_all()
            await asyncio.sleep(0.02)
        assert 0 < door.reads - reads < len(CROWD)

    at_desks(door, act, short)


def test_a_word_to_assignment_keeps_within_its_bound(door: ScriptedDoor) -> None:
    people = [PersonId(f"many-{number}") for number in range(MOST_OTHERS + 500)]

    async def run() -> None:
        hearts = Hearts(door, QUICK)
        now = asyncio.get_running_loop().time()
        for number, person_id in enumerate([*people, people[0]]):  # one with two sessions
            session_id = SessionId(str(uuid4()))
            desk = Desk(
                session_id, person_id, Role.LISTENER, LINE, f"{number:064}", None, found_at=NOON
            )
            hearts.note(Heart(desk, checked_at=now))
        async with asyncio.timeout(10):
            await until(lambda: told(door.sent) == set(people))
        assert len(door.sent) == 2

    asyncio.run(run())
