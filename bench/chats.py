"""Many open desks and chats at once, and how long a typed line takes to the other side.

A caller's line is there when the listener's page has been told of it and has fetched it; a
listener's when the caller's page, which waits for news, has it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from bench.line import LINE, bring_people, names
from contracts.vocabulary import Channel, LanguageCode, PersonId, Role
from deploy.desk import Caller, Desk, Doors

_DELIVERED_WITHIN_SECONDS = 20.0
_OPENED_AT_ONCE = 25
_ALL_TAKEN_WITHIN_SECONDS = 180
#: A round of the questions that stay open: what is measured is a line, not three hundred arrivals.
_SETTLES_SECONDS = 25
#: Between the sign that somebody writes and the line they send.
_TYPES_SECONDS = 3
#: As the caller's page asks for news.
_WAIT_SECONDS = 25


@dataclass
class Typed:
    """How long lines took to the other side; milliseconds."""

    to_listener_ms: list[float] = field(default_factory=list)
    to_caller_ms: list[float] = field(default_factory=list)
    lost: int = 0

    def note(self, side: list[float], waited_ms: float | None) -> None:
        """One more line, to this side."""
        if waited_ms is None:
            self.lost += 1
        else:
            side.append(waited_ms)


@dataclass
class Chat:
    """One chat with both its sides, and what each has seen."""

    desk: Desk
    caller: Caller
    http: httpx.AsyncClient  #: of these two alone: one pool for a thousand is slow
    at_desk: dict[str, float] = field(default_factory=dict)  #: `time.monotonic()` by line
    at_caller: dict[str, float] = field(default_factory=dict)
    after: int = 0

    async def watch_desk(self) -> None:
        """As a desk's page: told by its stream, it fetches what is new."""
        address = f"{self.desk.doors.console_url}/talk/{self.caller.contact_id}"
        headers = {"Authorization": f"Bearer {self.desk.token}", "HX-Request": "true"}
        async for message in self.desk.live():
            if message.kind != "text":
                continue
            answer = await self.http.get(f"{address}?after={self.after}", headers=headers)
            now = time.monotonic()
            for line in _marks(answer.text):
                self.at_desk.setdefault(line, now)
            self.after = max(self.after, int(message.body["position"]))

    async def watch_caller(self) -> None:
        """As a caller's page: it waits for news, again and again."""
        address = f"{self.caller.doors.intake_url}/contacts/{self.caller.contact_id}/texts"
        headers = {"Authorization": f"Bearer {self.caller.token}"}
        last = signs = 0
        while True:
            answer = await self.http.get(
                f"{address}?after={last}&wait_seconds={_WAIT_SECONDS}&typing_after={signs}",
                headers=headers,
            )
            if answer.status_code != 200:
                await asyncio.sleep(0.2)
                continue
            now, told = time.monotonic(), answer.json()
            signs = (told.get("typing") or {}).get("number", signs)
            for line in _marks(" ".join(each["text"] for each in told["texts"])):
                self.at_caller.setdefault(line, now)
            last = told["last"]


def _marks(text: str) -> list[str]:
    return [word for word in text.replace("<", " ").split() if word.startswith("mark-")]


@dataclass(frozen=True)
class Crowd:
    """So many open desks, and of them so many in a chat."""

    doors: Doors
    desks: int
    chats: int


async def type_lines(crowd: Crowd, seconds: float, looking: AbstractContextManager[None]) -> Typed:
    """Open desks and chats, then have a line typed at random 20 times a second, `looking`."""
    typed = Typed()
    async with AsyncExitStack() as stack:
        talking = await _open_chats(crowd, stack)
        for chat in talking:
            _beside(stack, chat.watch_desk())
            _beside(stack, chat.watch_caller())
        await asyncio.sleep(_SETTLES_SECONDS)
        chance, sent = random.Random(1900), []
        with looking:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                await asyncio.sleep(chance.expovariate(20.0))
                say = chance.choice((_caller_says, _listener_says))
                sent.append(asyncio.create_task(say(chance.choice(talking), typed)))
            await asyncio.gather(*sent)
    return typed


async def _open_chats(crowd: Crowd, stack: AsyncExitStack) -> list[Chat]:
    """Everybody at their desk, and as many callers as there are chats, each with a listener."""
    seated = await _seat(crowd)
    for desk in seated[crowd.chats :]:
        _beside(stack, _listen(desk))
    taken: asyncio.Queue[tuple[Desk, str]] = asyncio.Queue()
    for desk in seated[: crowd.chats]:
        _beside(stack, _take_offers(desk, taken))
    callers = {}
    for _ in range(crowd.chats):
        caller = await crowd.doors.open_contact(LINE, Channel.CHAT, LanguageCode.FR)
        callers[str(caller.contact_id)] = caller
    talking: list[Chat] = []
    no_secrets = httpx.create_ssl_context()  # made once: it costs more than a client
    async with asyncio.timeout(_ALL_TAKEN_WITHIN_SECONDS):
        while len(talking) < crowd.chats:
            desk, contact_id = await taken.get()
            browsers = httpx.AsyncClient(timeout=60, verify=no_secrets, trust_env=False)
            await stack.enter_async_context(browsers)
            talking.append(Chat(desk, callers[contact_id], browsers))
    return talking


async def _seat(crowd: Crowd) -> list[Desk]:
    people = names(Role.LISTENER, crowd.desks)
    await bring_people(crowd.doors, {Role.LISTENER: people})
    at_once = asyncio.Semaphore(_OPENED_AT_ONCE)

    async def desk_of(person: PersonId, on_duty: bool) -> Desk:
        async with at_once:
            desk = await crowd.doors.session(person, Role.LISTENER, LINE, wait_seconds=60)
            if on_duty:
                await desk.start_duty()
            return desk

    opening = (desk_of(person, place < crowd.chats) for place, person in enumerate(people))
    return await asyncio.gather(*opening)


def _beside(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    stack.callback(task.cancel)


async def _listen(desk: Desk) -> None:
    async for _ in desk.live():
        pass


async def _take_offers(desk: Desk, taken: asyncio.Queue[tuple[Desk, str]]) -> None:
    async for message in desk.live():
        if message.kind == "offer":
            await desk.take(message.body["offer_id"])
            await taken.put((desk, message.body["contact_id"]))
            return


async def _caller_says(chat: Chat, typed: Typed) -> None:
    url = f"{chat.caller.doors.intake_url}/contacts/{chat.caller.contact_id}"
    headers = {"Authorization": f"Bearer {chat.caller.token}"}
    await chat.http.post(f"{url}/typing", headers=headers)
    await asyncio.sleep(_TYPES_SECONDS)
    mark, began = f"mark-{uuid4()}", time.monotonic()
    headers["Idempotency-Key"] = str(uuid4())
    await chat.http.post(f"{url}/texts", json={"text": f"une ligne {mark}"}, headers=headers)
    waited_ms = await _waited_ms(chat.at_desk, mark, began)
    typed.note(typed.to_listener_ms, waited_ms)


async def _listener_says(chat: Chat, typed: Typed) -> None:
    url = f"{chat.desk.doors.console_url}/talk/{chat.caller.contact_id}"
    headers = {"Authorization": f"Bearer {chat.desk.token}"}
    await chat.http.post(f"{url}/sign", headers=headers)
    await asyncio.sleep(_TYPES_SECONDS)
    mark, began = f"mark-{uuid4()}", time.monotonic()
    fields = {"text": f"une ligne {mark}", "kind": "line", "once": str(uuid4()), "after": "0"}
    await chat.http.post(url, data=fields, headers=headers)
    waited_ms = await _waited_ms(chat.at_caller, mark, began)
    typed.note(typed.to_caller_ms, waited_ms)


async def _waited_ms(seen: dict[str, float], mark: str, began: float) -> float | None:
    """Until a line was seen; None when it was not, in time."""
    until = began + _DELIVERED_WITHIN_SECONDS
    while mark not in seen and time.monotonic() < until:
        await asyncio.sleep(0.02)
    return (seen[mark] - began) * 1000 if mark in seen else None
