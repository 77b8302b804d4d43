"""Words that open something may be guessed: slowly, and by few at once.

Nobody is ever shut out: whoever knows the words waits for nobody but those who try at this moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Who has the words wrong hears so after this long, in machine time; so many may try at once. The
#: words of a message are one of 2^43; twenty tries a second for the 30 days it is kept are 2^26.
WRONG_WORDS_SECONDS = 1.0
_AT_ONCE = 20


class Guesses:
    """All who try words at this door."""

    def __init__(self) -> None:
        self._trying = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """One try; within it `slowed` is waited for when it was none."""
        async with self._trying:
            yield

    async def slowed(self) -> None:
        """Wait, so that trying many is slow."""
        await asyncio.sleep(WRONG_WORDS_SECONDS)
