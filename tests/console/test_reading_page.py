"""Reading a talk along: never unseen, never without a reason, and no longer than the talk."""

import httpx
import pytest
from sqlalchemy import text

from contracts.vocabulary import Channel, LiveState
from services.console.pictures import news_for
from services.console.reading_with import ReadingReason
from tests.console import facts
from tests.console.desks import SUPERVISOR, Comes, at_desks
from tests.console.facts import CONTACT, LISTENER
from tests.console.scripted_door import ScriptedDoor

PAGE = f"/lire-avec/{CONTACT}"
CHAT = {"channel": Channel.CHAT}
TEXTS = [
    {"position": 1, "kind": "line", "author": "caller", "text": "Je suis là."},
    {"position": 2, "kind": "help", "author": "listener", "text": "Aidez-moi."},
]


@pytest.fixture
def door(door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch) -> ScriptedDoor:
    told = {
        "state": "with_listener",
        "last": 2,
        "texts": [
            {"sealed_id": f"00000000-0000-4000-8000-00000000000{each['position']}",
             "sealed_at": "2026-01-14T12:00:00Z", **each}
            for each in TEXTS
        ],
    }  # fmt: skip

    async def answer(*_: object, **__: object) -> httpx.Response:
        return httpx.Response(200, json=told)

    monkeypatch.setattr("services.console.talk.Neighbour.ask", answer)
    return door


async def a_chat(door: ScriptedDoor, channel: Channel = Channel.CHAT) -> None:
    """A listener is in a talk."""
    said = {"channel": channel}
    await door.deliver(facts.opened().model_copy(update=said))
    await door.deliver(facts.taken().model_copy(update=said))
    await door.deliver(facts.entered(LiveState.TALKING), version=2)


def told(door: ScriptedDoor) -> list[str]:
    """What the listener's desk was told of readings."""
    news = door.console.read(lambda session: news_for(session, {LISTENER: 0}))
    return [one.body for one in news if one.kind == "reading"]


def logged(door: ScriptedDoor) -> list[tuple[str, str, bool]]:
    query = text("SELECT person_id, reason, over_at IS NULL FROM console.reading_with")
    return [tuple(row) for row in door.console.read(lambda session: session.execute(query).all())]


def test_lines_are_shown_once_a_reason_is_logged_and_the_listener_told(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await a_chat(door)
        listener, browser = await comes(LISTENER), await comes(SUPERVISOR)
        assert PAGE in (await browser.get("/")).text
        await browser.get(PAGE)
        assert "Je suis là." not in (await browser.get(f"/talk/{CONTACT}")).text
        await browser.get(PAGE)
        opened = await browser.post(PAGE, browser.button() | {"reason": "accompanying"})
        assert (opened.status_code, opened.headers["location"]) == (303, PAGE)
        assert logged(door) == [(SUPERVISOR, ReadingReason.ACCOMPANYING, True)]
        assert len(told(door)) == 1
        assert "Hélène M. lit avec vous depuis 13" in (await listener.get("/part")).text
        assert "Je suis là." in (await browser.get(f"/talk/{CONTACT}")).text
        assert "Vous, " not in browser.page  # no line of theirs is among them
        assert "Vous, " in (await listener.get(f"/talk/{CONTACT}")).text
        assert "Vous lisez avec." in (await browser.get(PAGE)).text
        await browser.post(f"{PAGE}/fin", browser.button())
        assert logged(door) == [(SUPERVISOR, ReadingReason.ACCOMPANYING, False)]
        assert len(told(door)) == 2
        assert "lit avec vous" not in (await listener.get("/part")).text
        assert "Je suis là." not in (await browser.get(f"/talk/{CONTACT}")).text

    at_desks(door, visit)


@pytest.mark.parametrize("reason", ["", "curiosity"])
def test_without_a_reason_of_the_list_nothing_opens(door: ScriptedDoor, reason: str) -> None:
    async def visit(comes: Comes) -> None:
        await a_chat(door)
        browser = await comes(SUPERVISOR)
        await browser.get(PAGE)
        refused = await browser.post(PAGE, browser.button() | {"reason": reason})
        assert refused.status_code == 400
        assert logged(door) == []

    at_desks(door, visit)


def test_help_is_read_and_answered_without_opening_the_talk(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await a_chat(door)
        lines = (await (await comes(SUPERVISOR)).get(f"/talk/{CONTACT}")).text
        assert "Aidez-moi." in lines
        assert "Je suis là." not in lines
        assert logged(door) == []

    at_desks(door, visit)


def test_talk_by_telephone_and_one_nobody_has_are_not_read_along(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.opened().model_copy(update=CHAT))
        for _ in range(2):
            await browser.get(PAGE)
            refused = await browser.post(PAGE, browser.button() | {"reason": "alert"})
            assert refused.status_code == 410
            await door.deliver(facts.opened(), version=2)
            await door.deliver(facts.taken(), version=2)
        assert logged(door) == []

    at_desks(door, visit)


def test_reading_ends_with_the_talk(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        await a_chat(door)
        browser = await comes(SUPERVISOR)
        await browser.get(PAGE)
        await browser.post(PAGE, browser.button() | {"reason": "alert"})
        assert "Je suis là." in (await browser.get(f"/talk/{CONTACT}")).text
        await door.deliver(facts.ended().model_copy(update=CHAT), version=9)
        assert "Je suis là." not in (await browser.get(f"/talk/{CONTACT}")).text

    at_desks(door, visit)
