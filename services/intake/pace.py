"""Who writes faster than a hand can is slowed, and never refused.

In this process's memory and machine time; who has two processes to ask is slowed half as much.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from contracts.vocabulary import Sha256

#: Lines a second that nobody writes by hand, and how long one may be kept waiting for its turn.
_EVERY_SECONDS = 0.2
_LONGEST_SECONDS = 5.0
#: Lines that come at once without being slowed: what was written while the network was away.
_AT_ONCE = 10
_MOST_REMEMBERED = 10_000


class Pace:
    """When whoever holds a token may write their next line."""

    def __init__(self) -> None:
        self._next: OrderedDict[Sha256, float] = OrderedDict()

    async def turn(self, token_sha256: Sha256) -> None:
        """Wait until it is their turn."""
        seconds = self.wait_seconds(token_sha256, time.monotonic())
        if seconds > 0:
            await asyncio.sleep(seconds)

    def wait_seconds(self, token_sha256: Sha256, now: float) -> float:
        """How long a line that comes now waits, at most five seconds; its turn is then taken."""
        allowed = now - _AT_ONCE * _EVERY_SECONDS
        turn = max(self._next.pop(token_sha256, allowed), allowed) + _EVERY_SECONDS
        self._next[token_sha256] = min(turn, now + _LONGEST_SECONDS)
        if len(self._next) > _MOST_REMEMBERED:
            self._next.popitem(last=False)
        return max(0.0, min(turn - now, _LONGEST_SECONDS))
