"""Row `recovery`: kill -9 of the services, and the seconds until somebody is offered a contact.

The caller who proves it calls at the moment of the death and is patient: the door is asked again
until it answers. What is measured ends with the second offer, the listener's, so that every
service on the path has come back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack

from bench.crowd import Crowd
from bench.figures import Figure
from bench.ground import Ground, ground_for, is_ready
from bench.setting import Setting
from contracts.vocabulary import Role, Stage
from deploy.desk import Doors
from deploy.platform import NO_SERVICES

ROW = "recovery"
_LIMIT_SECONDS = 5.0
_GIVE_UP_SECONDS = 60.0


def measure(setting: Setting) -> list[Figure]:
    """All in one, then each service of its own process."""
    return [*_killed_in(setting), *_killed_in(setting, "--processes")]


def _killed_in(setting: Setting, *shape: str) -> list[Figure]:
    with ground_for(setting.folder, *shape) as ground:
        ground.wait_settled()
        return asyncio.run(_play(ground))


async def _play(ground: Ground) -> list[Figure]:
    figures = []
    async with Doors.of(ground.platform, patience_seconds=60) as doors, AsyncExitStack() as stack:
        crowd = Crowd(doors, stack)
        await crowd.come_on_duty({Role.REGULATOR: 2, Role.LISTENER: 4})
        await crowd.call()
        for name in sorted(set(ground.platform.pids) - NO_SERVICES):
            figures.append(await _kill(ground, crowd, name))
            await crowd.call()
            await asyncio.to_thread(ground.wait_settled)
    return figures


async def _kill(ground: Ground, crowd: Crowd, name: str) -> Figure:
    health = ground.platform.operations[name]
    pid = ground.platform.pids[name]
    os.kill(pid, signal.SIGKILL)
    killed_at, killed_wall = time.monotonic(), time.time()
    async with asyncio.timeout(_GIVE_UP_SECONDS):
        caller = await crowd.open()
        ready = asyncio.create_task(_ready_again(health, killed_at))
        await crowd.finished(caller.contact_id)
        back_seconds = await ready
    first = crowd.offered_at[caller.contact_id, Stage.REGULATOR] - killed_wall
    last = crowd.offered_at[caller.contact_id, Stage.LISTENER] - killed_wall
    return Figure(ROW, f"kill -9 of {name}: offers flow, both lines, and it is back",
                  max(last, back_seconds), "s",
                  f"regulator offered {first:.1f} s, listener {last:.1f} s, "
                  f"ready {back_seconds:.1f} s", _LIMIT_SECONDS)  # fmt: skip


async def _ready_again(health: str, killed_at: float) -> float:
    while not await asyncio.to_thread(is_ready, health):
        await asyncio.sleep(0.05)
    return time.monotonic() - killed_at
