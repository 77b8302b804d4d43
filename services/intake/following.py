"""Who waits for something to happen in a contact, or for its human to write: one question to the
ledger for all at each wake, answered with what is new.

A commit of this service wakes it, a poll of one second is its safety (another process may have
committed). Hundreds of chats cost one small question at each commit, not hundreds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from functools import partial
from uuid import UUID

from contracts.vocabulary import ContactId
from services.bus.door import Door, GroundAway
from services.intake import threads
from services.intake.threads import Known, oldest_of

#: Machine time between two looks when no commit wakes us.
_POLL_SECONDS = 1.0
#: Machine time before the ledger is asked again when it could not be reached, and between two
#: looks under a storm of commits.
_PAUSE_SECONDS = 0.05


def spread(contact_id: ContactId, seconds: float) -> float:
    """From three quarters of a wait to the whole of it, the same for the same contact: hundreds who
    came back in one moment, after a restart, do not for ever ask again in one moment.
    """
    return seconds * (0.75 + 0.25 * (UUID(contact_id).int % 1024) / 1024)


class Following:
    """All who follow a contact through this process. Runs while somebody does."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._waiting: dict[ContactId, dict[asyncio.Event, Known]] = defaultdict(dict)
        self._pump: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def wait(self, contact_id: ContactId, known: Known, seconds: float) -> None:
        """Return once more than is known has happened in a contact, or in so long."""
        news = asyncio.Event()
        self._waiting[contact_id][news] = known
        self._changed.set()  # what was committed since it was read
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(), name="intake following")
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), seconds)
        finally:
            del self._waiting[contact_id][news]
            if not self._waiting[contact_id]:
                del self._waiting[contact_id]

    async def _run(self) -> None:
        listening = asyncio.create_task(self._hear_commits(), name="intake hears commits")
        try:
            while self._waiting:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _POLL_SECONDS)
                self._changed.clear()
                with contextlib.suppress(GroundAway):
                    await self._look()
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            listening.cancel()

    async def _hear_commits(self) -> None:
        async with self._door.committed:
            while True:
                await self._door.committed.wait()
                self._changed.set()

    async def _look(self) -> None:
        known = {
            contact_id: oldest_of(followers.values())
            for contact_id, followers in self._waiting.items()
        }
        found = await self._door.read(partial(threads.news_of, known=known))
        for contact_id, newest in found.items():
            for news, seen in self._waiting.get(contact_id, {}).items():
                if newest is None or newest.is_new_to(seen):
                    news.set()
