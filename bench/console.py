"""Row `console`: what a person at a desk waits for.

An offer counts from the commit that made it to the heading in a real browser, beside a server that
only echoes. Then 500 desks and 300 chats are open at once, and lines typed in them.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

from bench.chats import Crowd, Typed, type_lines
from bench.figures import Figure, percentile, spread
from bench.ground import Ground, ground_for
from bench.line import LINE, bring_people, names, open_line
from bench.profile import profiled
from bench.screens import Seen, a_browser, a_desk_page, watch_echo, watch_offers, weigh
from bench.setting import Setting
from contracts.vocabulary import Role
from deploy.desk import Doors

ROW = "console"
_OFFERS, _LOADS = 60, 9
_DESKS, _CHATS = 500, 300
_MADE = """
    SELECT body::jsonb ->> 'contact_id', extract(epoch FROM committed_at) * 1000
    FROM assignment.outbox WHERE type = 'offer.made.v1' AND body::jsonb ->> 'contact_id' = ANY(%s)
"""


def measure(setting: Setting) -> list[Figure]:
    """Start a platform, open a page, then many; each figure beside its peer."""
    with ground_for(setting.folder, *setting.arguments) as ground:
        ground.wait_settled()
        token = asyncio.run(_one_listener(ground))
        seen = Seen()
        with a_browser() as browser:
            page = a_desk_page(browser, ground.platform.doors["console"], token)
            watch_offers(page, ground.platform.doors["intake"], _OFFERS, seen)
            watch_echo(browser, _OFFERS, seen)
            for _ in range(_LOADS):
                weigh(browser, ground.platform.doors["console"], token, seen)
        with ground.database() as connection:
            made = dict(connection.execute(_MADE, (list(seen.offer_ms),)).fetchall())
        visible = [at - float(made[each]) for each, at in seen.offer_ms.items() if each in made]
        typed = asyncio.run(_many(ground, setting))
    return [*_of_one(seen, visible), *_of_many(typed)]


async def _one_listener(ground: Ground) -> str:
    async with Doors.of(ground.platform, patience_seconds=60) as doors:
        await open_line(doors, by_chat=True)
        (person,) = names(Role.LISTENER, 1)
        await bring_people(doors, {Role.LISTENER: (person,)})
        desk = await doors.session(person, Role.LISTENER, LINE, wait_seconds=60)
        await desk.start_duty()
        return desk.token


async def _many(ground: Ground, setting: Setting) -> Typed:
    async with Doors.of(ground.platform, patience_seconds=60) as doors:
        (first,) = names(Role.LISTENER, 1)
        alone = await doors.session(first, Role.LISTENER, LINE, wait_seconds=60)
        await alone.end_duty()
        pids = ground.service_pids
        looking = profiled(pids, setting.folder) if setting.profile else nullcontext()
        return await type_lines(Crowd(doors, _DESKS, _CHATS), setting.seconds, looking)


def _of_one(seen: Seen, visible: list[float]) -> list[Figure]:
    return [
        Figure(ROW, "offer made to visible in the browser, p99", percentile(visible, 0.99), "ms",
               f"all {spread(visible, 'ms')}; raw echo {spread(seen.echo_ms, 'ms')}", 150),
        Figure(ROW, "a desk's page over the wire, nothing kept", max(seen.wire_bytes) / 1000, "kB",
               "sheet, scripts and tone with it", 100),
        Figure(ROW, "first paint, p50 of nine", percentile(seen.paint_ms, 0.5), "ms",
               f"all {spread(seen.paint_ms, 'ms')}", 300),
    ]  # fmt: skip


def _of_many(typed: Typed) -> list[Figure]:
    crowd = f"{_DESKS} desks, {_CHATS} chats open"
    both = typed.to_listener_ms + typed.to_caller_ms
    return [
        Figure(ROW, f"typed line delivered, p99 ({crowd})", percentile(both, 0.99), "ms",
               f"to listeners {spread(typed.to_listener_ms, 'ms')}; "
               f"to callers {spread(typed.to_caller_ms, 'ms')}", 200),
        Figure(ROW, "lines not delivered in 20 s", typed.lost, "", f"of {len(both)}", 0),
    ]  # fmt: skip
