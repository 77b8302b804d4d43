"""The hearts of the desks: a beat is noted in memory, assignment hears of all once a second.

A desk beats every three seconds. Read from the ledger and sent on alone, each beat cost 4 to 6 ms
of CPU and a transaction on the one thread of the assigner (measured). A session once found may
therefore beat, and do nothing else, for `settings.trust`; well before that is over one question
renews the trust in all of them together, or takes it away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from contracts.assignment import MOST_OTHERS, BeatHeart
from contracts.envelope import CommandId, Reply, ReplyStatus
from services.bus.door import Door, GroundAway, ReplyUnknown
from services.bus.failure import is_ground_away
from services.bus.work import new_id
from services.console import metrics
from services.console.pictures import Desk, desks_by_token
from services.console.sessions import standing_session, token_sha256_in
from services.console.settings import Settings

log = logging.getLogger(__name__)

_NEVER = float("-inf")


class BeatRefused(Exception):
    """Assignment refused the word of a console, which asks for nobody's leave."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.refusal)


@dataclass(eq=False)
class Heart:
    """A session that beats; moments are the event loop's, in seconds of machine time."""

    desk: Desk
    checked_at: float  #: when its session was asked about
    heard_at: float = _NEVER
    told_at: float = _NEVER  #: assignment knows what was heard until then

    @property
    def untold(self) -> bool:
        """Whether it has beaten since assignment was told."""
        return self.heard_at > self.told_at


class Hearts:
    """All desks this process hears from, and the loop that tells assignment.

    The loop starts with the first beat and ends when none was heard for `settings.trust`. Nothing
    that fails reaches a desk: it has its answer, and what was heard is told a second later.
    """

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._trust_seconds = settings.trust.total_seconds()
        self._every_seconds = settings.beat_every.total_seconds()
        self._hearts: dict[str, Heart] = {}  # by the hash of the session's token
        self._telling: asyncio.Task[None] | None = None

    async def heart_of(self, request: Request) -> Heart:
        """Return who beats; Problem 401 or 403 without a session that stands, or GroundAway."""
        token_sha256 = token_sha256_in(request)
        asked_at = _now()
        known = self._hearts.get(token_sha256)
        if known is not None and asked_at - known.checked_at < self._trust_seconds:
            return known
        return Heart(await standing_session(token_sha256, self._door), asked_at)

    def note(self, heart: Heart) -> None:
        """This desk is there; told to assignment with all others."""
        heart.heard_at = _now()
        self._hearts[heart.desk.token_sha256] = heart
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._keep_telling(), name="console hearts")

    async def _keep_telling(self) -> None:
        pause_seconds = self._every_seconds
        while self._hearts:
            await asyncio.sleep(pause_seconds)
            began = _now()
            self._forget_the_silent()
            await _survive(self._tell)
            await _survive(self._check_sessions)
            # After a word that waited in vain the next one follows at once.
            pause_seconds = max(0.0, self._every_seconds - (_now() - began))

    def _forget_the_silent(self) -> None:
        """Forget who was not heard for long, told or not: assignment must not hear it as news."""
        oldest = _now() - self._trust_seconds
        self._hearts = {
            token: heart for token, heart in self._hearts.items() if heart.heard_at > oldest
        }

    async def _tell(self) -> None:
        untold = [heart for heart in self._hearts.values() if heart.untold]
        for start in range(0, len(untold), MOST_OTHERS + 1):
            await self._tell_of(untold[start : start + MOST_OTHERS + 1])

    async def _tell_of(self, hearts: Sequence[Heart]) -> None:
        began, asker = _now(), hearts[0].desk
        people = dict.fromkeys(heart.desk.person_id for heart in hearts)
        others = tuple(person_id for person_id in people if person_id != asker.person_id)
        reply = await self._door.send(BeatHeart(others=others), asker, CommandId(new_id()))
        if reply.status is ReplyStatus.NOT_YET:
            raise ReplyUnknown
        if reply.status is not ReplyStatus.DONE:
            raise BeatRefused(reply)
        for heart in hearts:
            heart.told_at = began
        metrics.record_beat(told=True)

    async def _check_sessions(self) -> None:
        """Ask about all sessions when the first of them was found half the trust ago."""
        asked_at, hearts = _now(), dict(self._hearts)
        first = min((heart.checked_at for heart in hearts.values()), default=asked_at)
        if asked_at - first < self._trust_seconds / 2:
            return
        found = await self._door.read(partial(desks_by_token, tokens_sha256=list(hearts)))
        for token_sha256, heart in hearts.items():
            desk = found.get(token_sha256)
            if desk is None or desk.ended is not None:
                self._hearts.pop(token_sha256, None)  # its next beat is answered 401 or 403
            else:
                heart.desk, heart.checked_at = desk, asked_at


async def _survive(act: Callable[[], Awaitable[None]]) -> None:
    """Leave what fails to the next second; counted, and logged where nobody foresaw it."""
    try:
        await act()
    except Exception as error:
        metrics.record_beat(told=False)
        foreseen = isinstance(error, (GroundAway, ReplyUnknown)) or is_ground_away(error)
        if not foreseen:
            log.error("beats not told", exc_info=error)


def _now() -> float:
    return asyncio.get_running_loop().time()
