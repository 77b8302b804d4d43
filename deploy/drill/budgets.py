"""How the budgets of objectives are made to burn: what is slow, and callers nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from deploy.drill.stage import LINE, Stage, quietly

#: More than an objective wants to have seen before it says anything (observability/slos).
_REQUESTS, _CALLERS_UNANSWERED, _CALLERS_HANDLED = 200, 30, 150
#: Until Prometheus has begun to look: what it has not seen begin has not grown.
_LOOKED_SECONDS = 8.0
#: How long rows are held: longer than an answer may take, shorter than a statement may.
_HELD_SECONDS = 1.3
_HELD_TIMES = 20
#: Services whose handlers are slowed; neither callers' door nor the one that decides.
_SLOWED = ("quality", "referral", "risk", "roster", "triage")


async def callers_wait_for_the_door(stage: Stage) -> None:
    """Intake cannot read its lines for more than a second, while many look at one."""
    await asyncio.sleep(_LOOKED_SECONDS)
    async with _held(stage, "intake.programme_version", "ACCESS EXCLUSIVE"):
        looking = [asyncio.create_task(_look(stage)) for _ in range(_REQUESTS)]
    await asyncio.gather(*looking)


async def handlers_are_slow(stage: Stage) -> None:
    """Nobody can note what they have handled, again and again, while callers come and go."""
    await asyncio.sleep(_LOOKED_SECONDS)
    calling = asyncio.create_task(_come_and_go(stage))
    inboxes = ", ".join(f"{name}.inbox" for name in _SLOWED)
    for _ in range(_HELD_TIMES):
        async with _held(stage, inboxes, "EXCLUSIVE"):
            pass
    await calling


async def nobody_is_there(stage: Stage) -> None:
    """More callers than few, and nobody on duty."""
    await asyncio.sleep(_LOOKED_SECONDS)
    for _ in range(_CALLERS_UNANSWERED):
        await stage.call()


@asynccontextmanager
async def _held(stage: Stage, tables: str, how: str) -> AsyncIterator[None]:
    """Hold tables, begin the block, and let them go a while after."""
    async with await psycopg.AsyncConnection.connect(stage.platform.owner_dsn) as connection:
        await connection.execute(f"LOCK TABLE {tables} IN {how} MODE".encode())
        yield
        await asyncio.sleep(_HELD_SECONDS)
        await connection.rollback()


async def _look(stage: Stage) -> None:
    with quietly():
        await stage.doors.line(LINE)


async def _come_and_go(stage: Stage) -> None:
    for _ in range(_CALLERS_HANDLED):
        with quietly():
            await stage.call()
