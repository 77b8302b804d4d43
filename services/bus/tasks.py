"""Tasks that are to end, and do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

#: What it does on its way out may take a moment.
_AGAIN_AFTER_SECONDS = 2.0


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended, whatever they end with.

    Once is not enough: until Python 3.12 `asyncio.wait_for`, by which the NATS client waits for an
    answer, swallows a cancellation that comes together with the answer.
    """
    asked = list(tasks)
    left = set(asked)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_AFTER_SECONDS)
    await asyncio.gather(*asked, return_exceptions=True)
