"""The clock of the play, on the event loop it runs on."""

import asyncio
import time

import uvloop

from deploy.day.clock import TraceClock
from deploy.day.line import line_for
from deploy.day.live import Alarm

LINE = line_for(regulators=True, day=None)
SPEED = 60.0


def test_nothing_is_done_before_its_time() -> None:
    async def scene() -> list[float]:
        clock = TraceClock(LINE, zero=time.monotonic(), speed=SPEED)
        done: list[float] = []
        for step in range(200):
            when = 0.6 + step * 0.0731  # trace seconds: 10 ms of machine time and up
            Alarm(when, clock, lambda _, when=when: done.append(clock.now() - when))  # type: ignore[misc]
        async with asyncio.timeout(20):
            while len(done) < 200:
                await asyncio.sleep(0.01)
        return done

    assert min(uvloop.run(scene())) >= 0


def test_what_was_called_off_is_not_done() -> None:
    async def scene() -> list[float]:
        done: list[float] = []
        alarm = Alarm(0.6, TraceClock(LINE, zero=time.monotonic(), speed=SPEED), done.append)
        alarm.cancel()
        await asyncio.sleep(0.05)
        return done

    assert uvloop.run(scene()) == []
