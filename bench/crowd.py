"""Callers who call and people who answer, through the public doors, as fast as they are asked to.

A regulator who is offered a contact takes it and sends it on; a listener takes it, ends it and
finishes. Nobody thinks and nobody talks: what remains is the platform's own time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench.line import LINE, bring_people, names, open_line
from contracts.triage import TriageNotes
from contracts.vocabulary import (
    ContactId,
    Destination,
    ForWhom,
    LanguageCode,
    LiveState,
    Need,
    Outcome,
    PersonId,
    Priority,
    Role,
    Stage,
)
from deploy.desk import Caller, Desk, DoorRefused, Doors, DoorSilent, LiveMessage

#: What every caller says, as the regulator understands it.
_UNDERSTOOD = TriageNotes(
    need=Need.ECOUTE_GENERALISTE, languages=(LanguageCode.FR,), for_whom=ForWhom.SELF
)
#: People made ready at once: more would only wait in the door's own line.
_AT_ONCE = 8
_ON_DUTY_WITHIN_SECONDS = 150.0


@dataclass
class Crowd:
    """People on duty, and what they saw. Wall times are seconds of `time.time()`."""

    doors: Doors
    stack: AsyncExitStack
    offered_at: dict[tuple[ContactId, Stage], float] = field(default_factory=dict)
    refused: int = 0  #: commands a door said no to
    _done: dict[ContactId, asyncio.Future[None]] = field(default_factory=dict)
    _ready: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def come_on_duty(self, people: Mapping[Role, int]) -> list[Desk]:
        """Open the line and bring so many people of each role on duty, each with a live stream."""
        await open_line(self.doors)
        ids = {role: names(role, count) for role, count in people.items()}
        await bring_people(self.doors, ids)
        gate = asyncio.Semaphore(_AT_ONCE)
        coming = [self._come(person, role, gate) for role, group in ids.items() for person in group]
        desks = await asyncio.gather(*coming)
        async with asyncio.timeout(_ON_DUTY_WITHIN_SECONDS):
            for _ in desks:
                await self._ready.acquire()
        return list(desks)

    async def call(self) -> ContactId:
        """One caller: from the call to the end of the contact; its id."""
        caller = await self.open()
        await self.finished(caller.contact_id)
        return caller.contact_id

    async def open(self) -> Caller:
        """Somebody calls."""
        caller = await self.doors.open_contact(LINE)
        self._end_of(caller.contact_id)
        return caller

    async def finished(self, contact_id: ContactId) -> None:
        """Wait until the listener has finished after this contact."""
        await self._end_of(contact_id)

    async def call_one_after_the_other(self, contacts: int, at_once: int) -> None:
        """So many contacts, at most `at_once` of them at a time."""
        gate = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with gate:
                await self.call()

        await asyncio.gather(*(one() for _ in range(contacts)))

    async def call_at_random(self, per_second: float, seconds: float) -> list[Caller]:
        """Callers who come independently of each other and of how they are served."""
        chance = random.Random(20200406)
        calls: list[asyncio.Task[Caller]] = []
        begun_at, next_at = time.monotonic(), 0.0
        while next_at < seconds:
            await asyncio.sleep(max(begun_at + next_at - time.monotonic(), 0))
            calls.append(asyncio.create_task(self.open()))
            next_at += chance.expovariate(per_second)
        return list(await asyncio.gather(*calls))

    async def _come(self, person: PersonId, role: Role, gate: asyncio.Semaphore) -> Desk:
        async with gate:
            desk = await self.doors.session(person, role, LINE, wait_seconds=60)
            listening = asyncio.create_task(self._sit(desk))
            self.stack.callback(listening.cancel)
            await desk.start_duty()
        return desk

    async def _sit(self, desk: Desk) -> None:
        """Answer what the desk is told, for ever."""
        waited_for: ContactId | None = None
        ready = False
        async for message in desk.live():
            try:
                match message.kind:
                    case "offer":
                        waited_for = await self._answer(desk, message)
                    case "state" | "live_state":
                        state = _live_state(message)
                        if state is LiveState.WRAPPING_UP:
                            await desk.finish_wrap_up()
                            self._finish(waited_for)
                        elif state is LiveState.READY and not ready:
                            ready = True
                            self._ready.release()
            except (DoorRefused, DoorSilent):
                self.refused += 1

    async def _answer(self, desk: Desk, message: LiveMessage) -> ContactId:
        contact_id, stage = ContactId(message.body["contact_id"]), Stage(message.body["stage"])
        seen_at = time.time() - (time.monotonic() - message.seen_at)
        self.offered_at.setdefault((contact_id, stage), seen_at)
        await desk.take(message.body["offer_id"])
        if stage is Stage.REGULATOR:
            await desk.triage(contact_id, Priority.P4, Destination.LISTENER, _UNDERSTOOD)
        else:
            await desk.end(contact_id, Outcome.LISTENED)
        return contact_id

    def _end_of(self, contact_id: ContactId) -> asyncio.Future[None]:
        """What is set once the listener has finished; whoever asks first makes it."""
        if contact_id not in self._done:
            self._done[contact_id] = asyncio.get_running_loop().create_future()
        return self._done[contact_id]

    def _finish(self, contact_id: ContactId | None) -> None:
        if contact_id is not None and not self._end_of(contact_id).done():
            self._end_of(contact_id).set_result(None)


def _live_state(message: LiveMessage) -> LiveState:
    live = message.body["live"] if message.kind == "state" else message.body
    return LiveState(live["state"])
