"""Row `alert`: from the one key to the consumer, and to the supervisor's screen.

Alerts come at random while supervisors take and close each one they see. The first figure is the
bus's: from the row of the alert to the console's hands. The second is the person's: from the key
pressed at the listener's desk to the alert read from a supervisor's stream.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from bench.figures import Figure, percentile, spread
from bench.ground import Ground, ground_for
from bench.line import LINE, bring_people, names, open_line
from bench.offer import fdatasync_ms
from bench.setting import Setting
from contracts.vocabulary import Role
from deploy.desk import Desk, DoorRefused, Doors
from services.bus.work import new_id

ROW = "alert"
_LISTENERS, _SUPERVISORS = 20, 5
_PER_SECOND = 5.0
_WARM_UP_SECONDS = 3.0
_SEEN_WITHIN_SECONDS = 10.0
_WAY = """
    SELECT extract(epoch FROM told.handled_at - raised.committed_at) * 1000
    FROM risk.outbox raised JOIN console.inbox told ON told.id = raised.id
    WHERE raised.type = 'alert.raised.v1' AND raised.body::jsonb ->> 'alert_id' = ANY(%s)
"""


@dataclass
class Seen:
    """What one run saw; milliseconds."""

    pressed: int = 0
    ids: list[str] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)
    on_screen_ms: list[float] = field(default_factory=list)
    consumed_ms: list[float] = field(default_factory=list)


@dataclass
class Screens:
    """When each contact's alert was first read from a supervisor's stream; `time.monotonic()`."""

    seen_at: dict[str, float] = field(default_factory=dict)

    async def watch(self, desk: Desk, takes: bool) -> None:
        """Read a supervisor's stream for ever; who takes also closes, so that none piles up."""
        async for message in desk.live():
            if message.kind != "alert" or message.body["standing"] != "open":
                continue
            self.seen_at.setdefault(message.body["contact_id"], message.seen_at)
            if takes:
                with suppress(DoorRefused):
                    path = f"/desk/alerts/{message.body['alert_id']}"
                    await desk.post(f"{path}/acknowledge")
                    await desk.post(f"{path}/close", {"outcome": "calmed"})


def measure(setting: Setting) -> list[Figure]:
    """Start a platform, bring people on duty, press the key at random."""
    with ground_for(setting.folder, *setting.arguments) as ground:
        ground.wait_settled()
        disk = fdatasync_ms(setting.folder)
        seen = asyncio.run(_play(ground, setting.seconds))
        with ground.database() as connection:
            rows = connection.execute(_WAY, (seen.ids,)).fetchall()
        seen.consumed_ms = [float(row[0]) for row in rows]
    return _figures(seen, disk)


async def _play(ground: Ground, seconds: float) -> Seen:
    seen, screens = Seen(), Screens()
    async with Doors.of(ground.platform, patience_seconds=60) as doors, AsyncExitStack() as stack:
        await open_line(doors)
        ids = {Role.LISTENER: names(Role.LISTENER, _LISTENERS)}
        ids[Role.SUPERVISOR] = names(Role.SUPERVISOR, _SUPERVISORS)
        await bring_people(doors, ids)
        listeners = [
            await doors.session(person, Role.LISTENER, LINE, wait_seconds=60)
            for person in ids[Role.LISTENER]
        ]
        for place, person in enumerate(ids[Role.SUPERVISOR]):
            desk = await doors.session(person, Role.SUPERVISOR, LINE, wait_seconds=60)
            await desk.start_duty()
            watching = asyncio.create_task(screens.watch(desk, takes=place == 0))
            stack.callback(watching.cancel)
        await asyncio.to_thread(ground.wait_settled)
        await _press_at_random(listeners, screens, _WARM_UP_SECONDS, Seen())
        await _press_at_random(listeners, screens, seconds, seen)
    return seen


async def _press_at_random(
    listeners: list[Desk], screens: Screens, seconds: float, seen: Seen
) -> None:
    """Keys pressed independently of each other and of how they are answered."""
    chance = random.Random(3114)
    pressed: list[asyncio.Task[None]] = []
    begun_at, next_at = time.monotonic(), 0.0
    while next_at < seconds:
        await asyncio.sleep(max(begun_at + next_at - time.monotonic(), 0))
        pressed.append(asyncio.create_task(_press(chance.choice(listeners), screens, seen)))
        next_at += chance.expovariate(_PER_SECOND)
    await asyncio.gather(*pressed)


async def _press(desk: Desk, screens: Screens, seen: Seen) -> None:
    """One key, in a contact of its own; until a supervisor's screen has it."""
    contact_id, pressed_at = new_id(), time.monotonic()
    seen.pressed += 1
    told = await desk.post(f"/desk/contacts/{contact_id}/alert")
    seen.answered_ms.append((time.monotonic() - pressed_at) * 1000)
    seen.ids.append(told["result"]["alert_id"])
    give_up_at = pressed_at + _SEEN_WITHIN_SECONDS
    while contact_id not in screens.seen_at and time.monotonic() < give_up_at:
        await asyncio.sleep(0.02)
    if contact_id in screens.seen_at:
        seen.on_screen_ms.append((screens.seen_at[contact_id] - pressed_at) * 1000)


def _figures(seen: Seen, disk: list[float]) -> list[Figure]:
    if not (seen.consumed_ms and seen.on_screen_ms):
        raise ValueError(f"none of {seen.pressed} alerts was seen by a supervisor")
    crowd = f"{_LISTENERS} listeners, {_SUPERVISORS} supervisors, {seen.pressed} alerts"
    missing = seen.pressed - len(seen.on_screen_ms)
    return [
        Figure(ROW, f"alert raised to consumer, p99 ({crowd})",
               percentile(seen.consumed_ms, 0.99), "ms",
               f"disk's fdatasync {spread(disk, 'ms')}", 100),
        Figure(ROW, "alert raised to consumer, p50", percentile(seen.consumed_ms, 0.5), "ms"),
        Figure(ROW, "key pressed to a supervisor's screen, p99",
               percentile(seen.on_screen_ms, 0.99), "ms",
               f"all {spread(seen.on_screen_ms, 'ms')}", 500),
        Figure(ROW, "key pressed to its answer, p99", percentile(seen.answered_ms, 0.99), "ms",
               f"all {spread(seen.answered_ms, 'ms')}"),
        Figure(ROW, "alerts on no screen in time", missing, "", f"of {seen.pressed}", 0),
    ]  # fmt: skip
