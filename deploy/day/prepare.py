"""Prepares a platform for a trace through its doors: the line, its people, their sessions."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx

from contracts.vocabulary import Role
from deploy.day.line import PlayedLine
from deploy.day.trace import Trace, Worker, volunteers
from deploy.desk import Desk, Doors
from deploy.platform import Platform
from deploy.seeds import import_people
from services.intake.programme import RunningPlatform, apply_manifest
from services.intake.reader import Sound

#: Nobody's accreditation lapses during the day; people of the trace are accredited or not.
_ACCREDITED_FOR = timedelta(days=365)

#: Sessions asked for at once: more would only wait in the door's own line.
_SESSIONS_AT_ONCE = 8


async def prepare(
    platform: Platform, doors: Doors, trace: Trace, line: PlayedLine
) -> tuple[Desk, dict[str, Desk]]:
    """Apply the programme, import everybody of the trace, open sessions.

    Returns the coordinator's desk and everybody's. Raises DoorRefused, DoorSilent,
    LineUnplayable or NotApplied.
    """
    sound = line.manifest()
    running = RunningPlatform(platform.doors["console"], doors.development_key)
    await asyncio.to_thread(_apply, sound, running)
    languages = tuple(code.value for code in sound.terms.languages)
    until = line.moment_of(trace.last_arrival) + _ACCREDITED_FOR
    coordinator = await import_people(doors, line.programme, volunteers(trace, languages, until))
    return coordinator, await _open_sessions(doors, trace, line)


def _apply(sound: Sound, running: RunningPlatform) -> None:
    with httpx.Client(base_url=running.console, timeout=10, trust_env=False) as console:
        apply_manifest(sound, None, running, console)


async def _open_sessions(doors: Doors, trace: Trace, line: PlayedLine) -> dict[str, Desk]:
    gate = asyncio.Semaphore(_SESSIONS_AT_ONCE)

    async def open_one(worker: Worker) -> Desk:
        async with gate:
            role = Role(worker.role)
            return await doors.session(worker.person_id, role, line.programme, wait_seconds=60)

    desks = await asyncio.gather(*map(open_one, trace.workers))
    return {desk.person_id: desk for desk in desks}
