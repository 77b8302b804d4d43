"""The platform a drill is played on, and what a drill may do to it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from contracts.vocabulary import Channel, PersonId, Role
from deploy.desk import Caller, Desk, DoorRefused, Doors, DoorSilent
from deploy.platform import Platform
from deploy.seat import CallFailed, Seat, of_contact
from deploy.seeds import a_volunteer, import_people
from deploy.start import REPOSITORY

#: Open when drills are played; nobody regulates, so callers go on to listeners after a minute.
LINE = "sos-crise"
#: A line that answers by chat, as the other does not.
CHAT_LINE = "sos-detresse"
#: On this machine, and nothing listens there: nothing is ever sent out to try whether it is so.
NOWHERE = "http://127.0.0.1:9"
_ROBOTS_LINE = REPOSITORY / "deploy" / "synthetic" / "line.yaml"
_ROBOT_WITHIN_SECONDS = 30.0


@dataclass
class Stage:
    """A running platform, its doors, and what is undone when the drill ends."""

    platform: Platform
    doors: Doors
    undo: AsyncExitStack
    robot_port: int  #: where Prometheus looks for the synthetic caller
    people: list[PersonId] = field(default_factory=list)

    @property
    def keys(self) -> Path:
        """The platform's own credentials, and its keys of days."""
        return Path(self.platform.keys)

    def change(self, *statements: str) -> None:
        """Change a ledger behind the services' back, as its owner."""
        with psycopg.connect(self.platform.owner_dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    async def until(self, query: str, found: object) -> None:
        """Wait until a query of one value finds this; CallFailed after ten seconds."""
        give_up_at = time.monotonic() + 10
        while True:
            with psycopg.connect(self.platform.owner_dsn) as connection:
                row = connection.execute(query.encode()).fetchone()
            if row is not None and row[0] == found:
                return
            if time.monotonic() > give_up_at:
                raise CallFailed(f"{query} does not become {found}")
            await asyncio.sleep(0.1)

    def freeze(self, name: str) -> None:
        """Stop a process without ending it; it goes on when the drill is over."""
        pid = self.platform.pids[name]
        os.kill(pid, signal.SIGSTOP)
        self.undo.callback(_thaw, pid)

    async def call(self, line: str = LINE, channel: Channel = Channel.PHONE) -> Caller:
        """Somebody calls; they are gone when the drill is over."""
        caller = await self.doors.open_contact(line, channel)
        self.undo.push_async_callback(_leave, caller)
        return caller

    async def write(self, caller: Caller, line: str) -> None:
        """A caller writes a line."""
        headers = bearer(caller) | {"Idempotency-Key": str(uuid4())}
        await self.doors.ask("POST", texts_of(self.doors, caller), {"text": line}, headers)

    async def read(self, caller: Caller) -> int:
        """A caller reads what was written; how many lines they see."""
        told = await self.doors.ask("GET", texts_of(self.doors, caller), headers=bearer(caller))
        return len(told["texts"])

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

    async def robot(self) -> subprocess.Popen[str]:
        """The synthetic caller beside the platform, once it was answered; an attempt each second.

        CallFailed when it is not answered in half a minute of machine time.
        """
        run_dir = ("--run-dir", self.platform.folder)
        apply = (sys.executable, "-m", "deploy.line", "apply", str(_ROBOTS_LINE), *run_dir)
        await asyncio.to_thread(
            subprocess.run, apply, check=True, cwd=REPOSITORY, stdout=subprocess.DEVNULL
        )
        robot = subprocess.Popen(
            (sys.executable, "-m", "deploy.synthetic", *run_dir, "--every", "1",
             "--port", str(self.robot_port)),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY,
        )  # fmt: skip
        self.undo.callback(_end, robot)
        try:
            async with asyncio.timeout(_ROBOT_WITHIN_SECONDS):
                await asyncio.to_thread(_until_answered, robot)
        except TimeoutError:
            raise CallFailed("the synthetic caller was not answered") from None
        return robot

    def background(self, doing: object) -> None:
        """Let something go on until the drill is over."""
        assert asyncio.iscoroutine(doing)
        task = asyncio.create_task(doing)
        self.undo.callback(task.cancel)


@asynccontextmanager
async def a_stage(platform: Platform, robot_port: int) -> AsyncIterator[Stage]:
    """A stage for the length of the block; what the drill did is undone, the last thing first."""
    async with Doors.of(platform, patience_seconds=5.0) as doors, AsyncExitStack() as undo:
        yield Stage(platform, doors, undo, robot_port)


@contextmanager
def quietly() -> Iterator[None]:
    """What is refused or silent is what was meant."""
    with suppress(DoorRefused, DoorSilent):
        yield


def bearer(caller: Caller) -> dict[str, str]:
    """What opens a caller's own contact."""
    return {"Authorization": f"Bearer {caller.token}"}


def texts_of(doors: Doors, caller: Caller) -> str:
    """Address of what is written in a contact, for its caller."""
    return f"{doors.intake_url}/contacts/{caller.contact_id}/texts"


async def _leave(caller: Caller) -> None:
    with quietly():
        await caller.leave()


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _until_answered(robot: subprocess.Popen[str]) -> None:
    assert robot.stdout is not None
    said = ""
    for line in robot.stdout:
        if line.strip() == "answered":
            return
        said += line
    raise CallFailed(f"the synthetic caller ended: {said[-1000:]}")


def _end(robot: subprocess.Popen[str]) -> None:
    robot.terminate()
    robot.communicate(timeout=20)
