"""The one who answers on the reserved programme: at a desk like anybody, with a key of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from contracts.synthetic import RESERVED, ROBOT
from contracts.vocabulary import (
    AuthorKind,
    LiveState,
    Nature,
    Outcome,
    ProgrammeId,
    Role,
    TextKind,
)
from deploy.desk import Desk, DoorRefused, Doors, DoorSilent, LiveMessage
from deploy.synthetic.metrics import record_stray
from deploy.synthetic.words import TO_A_PERSON, answer_to

_AGAIN_SECONDS = 2.0  #: before another session is asked for
_TALK_SECONDS = 60.0  #: a caller who has written nothing for so long is told goodbye
_TO_BE_THERE = (LiveState.OFF_DUTY, LiveState.PAUSED)


class Answering:
    """Takes what it is offered, answers one line, ends the contact; for ever."""

    def __init__(self, doors: Doors, key: str) -> None:
        self._doors = doors
        self._key = key
        self._talks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled, through sessions that end and doors that fall silent."""
        while True:
            with suppress(DoorRefused, DoorSilent, OSError):
                await self._one_session()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _one_session(self) -> None:
        asked = {"robot_key": self._key}
        told = await self._doors.ask("POST", f"{self._doors.console_url}/robot/sessions", asked)
        desk = Desk(self._doors, told["token"], ROBOT, Role.LISTENER, ProgrammeId(RESERVED))
        beating = asyncio.create_task(desk.keep_beating())
        try:
            await desk.start_duty()
            async for message in desk.live():
                await self._hear(desk, message)
        finally:
            beating.cancel()
            for talk in self._talks.values():
                talk.cancel()
            self._talks.clear()

    async def _hear(self, desk: Desk, message: LiveMessage) -> None:
        body = message.body
        match message.kind:
            case "state":
                await self._be(desk, body["live"])
                if body["offer"] is not None:
                    await self._take(desk, body["offer"])
                if body["contact"] is not None:
                    self._begin(desk, body["contact"])
            case "live_state":
                await self._be(desk, body)
            case "offer":
                await self._take(desk, body)
            case "contact":
                self._begin(desk, body)
            case "contact_over":
                talk = self._talks.pop(body["contact_id"], None)
                if talk is not None:
                    talk.cancel()
            case _:
                pass  # nothing else asks anything of it

    async def _be(self, desk: Desk, live: Mapping[str, Any]) -> None:
        """Be ready, whatever the platform has made of us."""
        with suppress(DoorRefused):
            if live["state"] == LiveState.WRAPPING_UP:
                await desk.finish_wrap_up()
            elif live["state"] in _TO_BE_THERE:
                await desk.start_duty()

    async def _take(self, desk: Desk, offer: Mapping[str, Any]) -> None:
        with suppress(DoorRefused):
            await desk.take(offer["offer_id"])

    def _begin(self, desk: Desk, contact: Mapping[str, Any]) -> None:
        contact_id = contact["contact_id"]
        if contact_id not in self._talks:
            self._talks[contact_id] = asyncio.create_task(self._talk(desk, contact_id))

    async def _talk(self, desk: Desk, contact_id: str) -> None:
        with suppress(DoorRefused, DoorSilent):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TALK_SECONDS):
                    await self._answer(desk, contact_id)
            await desk.end(contact_id, Outcome.LISTENED, Nature.TEST)

    async def _answer(self, desk: Desk, contact_id: str) -> None:
        handed = await desk.post(f"/desk/contacts/{contact_id}/text-capability")
        bearer = {"Authorization": f"Bearer {handed['capability']}"}
        url = f"{self._doors.intake_url}/desk/contacts/{contact_id}/texts"
        after = 0
        while True:
            asked = f"{url}?after={after}&wait_seconds=5"
            told = await self._doors.ask("GET", asked, headers=bearer)
            lines = [each for each in told["texts"] if each["author"] == AuthorKind.CALLER]
            if lines:
                break
            after = told["last"]
        words = answer_to(lines[0]["text"])
        if words is None:
            record_stray()
            words = TO_A_PERSON
        headers = {**bearer, "Idempotency-Key": str(uuid4())}
        await self._doors.ask("POST", url, {"text": words, "kind": TextKind.LINE}, headers)
