"""Who waits for something to happen in a contact: one question to the ledger for all at each wake,
and another one while a caller wants to see their human write.

A commit of this service wakes it, a poll of one second is its safety (another process may have
committed). Hundreds of chats cost one small question at each commit, not hundreds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from contracts.vocabulary import ContactId
from services.bus.door import Door, GroundAway
from services.intake import threads, typing_now

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


@dataclass(frozen=True)
class Known:
    """What a follower knows of a contact."""

    ticks: int
    signs: int | None = None  #: of the human's writing; None: they want to see none


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
        followed = list(self._waiting)
        found = await self._door.read(partial(threads.ticks_of, contact_ids=followed))
        signs = await self._signs()
        for contact_id in followed:
            for news, known in self._waiting.get(contact_id, {}).items():
                gone = contact_id not in found
                writes = known.signs is not None and signs.get(contact_id, 0) > known.signs
                if gone or writes or found[contact_id] > known.ticks:
                    news.set()

    async def _signs(self) -> dict[ContactId, int]:
        """Where a human was writing a moment ago, of those whose caller wants to see it."""
        wanted = [
            contact_id
            for contact_id, followers in self._waiting.items()
            if any(known.signs is not None for known in followers.values())
        ]
        if not wanted:
            return {}
        return await self._door.read(partial(typing_now.humans_in, contact_ids=wanted))
