"""Row `capacity`: what a platform uses with nobody there, with people on duty, and for each contact
at rising rates, until it no longer follows.

One shape at a time (`--processes`: a process per service). A step holds when every caller of it is
with a listener, and has been listened to, within `_HOLDS_SECONDS`; nobody thinks or talks, so that
all of that is the platform's own time. The driver shares the cores and is not counted.
docs/capacity.md says what is concluded from it.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bench.crowd import Crowd
from bench.figures import Figure, percentile
from bench.ground import Cpu, Ground, ground_for
from bench.proc import pss_mb
from bench.setting import Setting
from contracts.vocabulary import Role
from deploy.desk import Doors

ROW = "capacity"
_ON_DUTY = {Role.REGULATOR: 20, Role.LISTENER: 80}
_STILL_SECONDS, _STEP_SECONDS = 20.0, 20.0
#: Contacts a second; the first is what 10,000 a day are in their busiest hour (a tenth of them).
_RATES = (0.28, 1.0, 2.0, 4.0, 6.0, 8.0)
_HOLDS_SECONDS = 5.0
_DAY_SECONDS = 86_400
_DAYS = (10, 100, 1000, 10_000)


@dataclass(frozen=True)
class Step:
    """What was used, and how long callers took from the call to the end."""

    per_second: float
    contacts: int
    seconds: float
    cpu: Cpu
    took_seconds: list[float]

    @property
    def holds(self) -> bool:
        """Whether callers were answered in time."""
        return percentile(self.took_seconds, 0.99) <= _HOLDS_SECONDS

    def cores(self) -> float:
        """Cores in use, of services and both servers."""
        return _all(self.cpu) / self.seconds


def measure(setting: Setting) -> list[Figure]:
    """Nobody there, then people on duty, then callers at each rate up to one that is too much."""
    with ground_for(setting.folder, *setting.arguments) as ground:
        ground.wait_settled()
        empty = _still(ground)
        return asyncio.run(_play(ground, empty))


def _still(ground: Ground) -> float:
    cpu, begun_at = ground.cpu(), time.monotonic()
    time.sleep(_STILL_SECONDS)
    return _all(ground.cpu().since(cpu)) / (time.monotonic() - begun_at)


async def _play(ground: Ground, empty: float) -> list[Figure]:
    async with Doors.of(ground.platform, patience_seconds=60) as doors, AsyncExitStack() as stack:
        crowd = Crowd(doors, stack)
        for desk in await crowd.come_on_duty(_ON_DUTY):
            stack.callback(asyncio.create_task(desk.keep_beating()).cancel)
        await asyncio.to_thread(ground.wait_settled)
        staffed = await asyncio.to_thread(_still, ground)
        steps: list[Step] = []
        for rate in _RATES:
            steps.append(await _step(ground, crowd, rate))
            if not steps[-1].holds:
                break
        memory = pss_mb([ground.platform.pid])
    return _figures(empty, staffed, steps, memory)


async def _step(ground: Ground, crowd: Crowd, rate: float) -> Step:
    cpu, begun_at = ground.cpu(), time.monotonic()
    chance, calls, next_at = random.Random(1900), [], 0.0
    while next_at < _STEP_SECONDS:
        await asyncio.sleep(max(begun_at + next_at - time.monotonic(), 0))
        calls.append(asyncio.create_task(_timed(crowd)))
        next_at += chance.expovariate(rate)
    took = await asyncio.gather(*calls)
    await asyncio.to_thread(ground.wait_settled)
    return Step(rate, len(calls), time.monotonic() - begun_at, ground.cpu().since(cpu), list(took))


async def _timed(crowd: Crowd) -> float:
    begun_at = time.monotonic()
    await crowd.call()
    return time.monotonic() - begun_at


def _figures(empty: float, staffed: float, steps: list[Step], memory: float) -> list[Figure]:
    people = sum(_ON_DUTY.values())
    person = (staffed - empty) / people
    held = [step for step in steps if step.holds]
    figures = [
        Figure(ROW, "idle, nobody there", empty * 100, "% of a core"),
        Figure(ROW, "one person on duty, desk open", person * 100, "% of a core",
               f"{people} on duty: {staffed * 100:.0f} %; a heartbeat every 3 s each"),
        *(_of_step(step, staffed) for step in steps),
        Figure(ROW, "highest rate that held", held[-1].per_second if held else 0, "contacts/s",
               f"p99 from call to end within {_HOLDS_SECONDS:g} s"),
        Figure(ROW, "memory after it, all processes", memory, "MB"),
    ]  # fmt: skip
    if held:
        own = min(_own_ms(step, staffed) for step in held[1:] or held)
        figures += [_of_day(contacts, empty, own) for contacts in _DAYS]
    return figures


def _of_step(step: Step, staffed: float) -> Figure:
    beside = (
        f"{step.contacts} contacts, call to end p50 {percentile(step.took_seconds, 0.5):.2f} s, "
        f"p99 {percentile(step.took_seconds, 0.99):.2f} s; {step.cores():.2f} cores"
    )
    what = f"CPU of a contact at {step.per_second:g}/s"
    return Figure(ROW, what, _own_ms(step, staffed), "ms", beside)


def _own_ms(step: Step, staffed: float) -> float:
    """CPU of one contact beyond what people on duty cost without any, in milliseconds."""
    return (_all(step.cpu) - staffed * step.seconds) / step.contacts * 1000


def _of_day(contacts: int, empty: float, own_ms: float) -> Figure:
    """A day of so many: its share of what idles, and its own."""
    idle_ms = empty * _DAY_SECONDS / contacts * 1000
    return Figure(
        ROW, f"CPU of a contact, {contacts} a day", (idle_ms + own_ms) / 1000, "s",
        f"{idle_ms / (idle_ms + own_ms):.0%} of it idles",
    )  # fmt: skip


def _all(cpu: Cpu) -> float:
    return cpu.python + cpu.postgres + cpu.nats
