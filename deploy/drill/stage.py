"""The platform a drill is played on, and what a drill may do to it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from contracts.vocabulary import Channel, PersonId, Role
from deploy.desk import Caller, Desk, DoorRefused, Doors, DoorSilent
from deploy.platform import Platform
from deploy.seat import Seat, of_contact
from deploy.seeds import a_volunteer, import_people

#: Open when drills are played; nobody regulates, so callers go on to listeners after a minute.
LINE = "sos-crise"


@dataclass
class Stage:
    """A running platform, its doors, and what is undone when the drill ends."""

    platform: Platform
    doors: Doors
    undo: AsyncExitStack
    people: list[PersonId] = field(default_factory=list)

    def change(self, *statements: str) -> None:
        """Change a ledger behind the services' back, as its owner."""
        with psycopg.connect(self.platform.owner_dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def freeze(self, name: str) -> None:
        """Stop a process without ending it; it goes on when the drill is over."""
        pid = self.platform.pids[name]
        os.kill(pid, signal.SIGSTOP)
        self.undo.callback(_thaw, pid)

    async def call(self) -> Caller:
        """Somebody calls; they are gone when the drill is over."""
        caller = await self.doors.open_contact(LINE, Channel.PHONE)
        self.undo.push_async_callback(_leave, caller)
        return caller

    async def listener(self, *, stream: bool = True, beats: bool = True) -> Seat:
        """A listener comes on duty; `stream`: their desk listens, `beats`: it shows it is there."""
        person = PersonId(f"drill-{len(self.people) + 1}")
        self.people.append(person)
        await import_people(self.doors, LINE, [a_volunteer(person, Role.LISTENER)])
        seat = Seat(await self.doors.session(person, Role.LISTENER, LINE))
        if stream:
            self.background(seat.listen())
        await seat.desk.start_duty()
        if beats:
            self.background(seat.desk.keep_beating())
        return seat

    async def talk(self) -> tuple[Desk, str]:
        """A listener and a caller write to each other: the desk, and the contact."""
        seat = await self.listener()
        caller = await self.call()
        offer = await seat.hear("no offer", of_contact("offer", caller.contact_id))
        await seat.desk.take(offer.body["offer_id"])
        await seat.hear("not taken", of_contact("contact", caller.contact_id))
        return seat.desk, caller.contact_id

    def background(self, doing: object) -> None:
        """Let something go on until the drill is over."""
        assert asyncio.iscoroutine(doing)
        task = asyncio.create_task(doing)
        self.undo.callback(task.cancel)


@asynccontextmanager
async def a_stage(platform: Platform) -> AsyncIterator[Stage]:
    """A stage for the length of the block; what the drill did is undone, the last thing first."""
    async with Doors.of(platform, patience_seconds=5.0) as doors, AsyncExitStack() as undo:
        yield Stage(platform, doors, undo)


async def _leave(caller: Caller) -> None:
    with suppress(DoorRefused, DoorSilent):
        await caller.leave()


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


@contextmanager
def quietly() -> Iterator[None]:
    """What is refused or silent is what was meant."""
    with suppress(DoorRefused, DoorSilent):
        yield
