"""What happens by itself: deadlines in domain time, and the settling of an exclusive service.

Deadlines are rows; they fire with NATS down. The sweep sleeps until the next one, one second of
machine time at the most, and is woken when a nearer one is set in this process, not by others:
quality sets the same one with almost every event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from services.bus import metrics
from services.bus.failure import is_ground_away
from services.bus.ground import Ground
from services.bus.lane import Lane
from services.bus.ledger import NextDue
from services.bus.table import Due
from services.bus.transact import Committed, DueFailed, LeaseLost, Transactions

log = logging.getLogger(__name__)

_LONGEST_SLEEP_SECONDS = 1.0
_TRY_AGAIN_SECONDS = 1.0
_HELD_ELSEWHERE_SECONDS = 0.05
#: A desk that has gone silent commits nothing; somebody must look all the same.
_SETTLE_AT_LEAST_EVERY_SECONDS = 3.0


class Sleep:
    """The sleep of the sweep: it ends at a deadline, or when a nearer one is set."""

    def __init__(self) -> None:
        self._nearer = asyncio.Event()
        self._due_at: datetime | None = None  #: None: any deadline may be nearer

    def begin(self) -> None:
        """From now on nothing that is set is missed: whoever calls looks for the next one now."""
        self._nearer.clear()
        self._due_at = None

    async def until(self, next_due: NextDue | None) -> None:
        """Sleep until this deadline, one second of machine time at the most."""
        seconds = _LONGEST_SLEEP_SECONDS
        if next_due is not None:
            self._due_at = next_due.due_at
            seconds = min(max(next_due.seconds, 0.001), seconds)
        await _wait(self._nearer, seconds)

    def note(self, due_at: datetime | None) -> None:
        """A deadline was set in this process (domain time)."""
        if due_at is not None and (self._due_at is None or due_at < self._due_at):
            self._nearer.set()


class Wakeups:
    """Deadlines and settling of one service in this process."""

    def __init__(
        self,
        transactions: Transactions,
        lane: Lane,
        after: Callable[[Committed], None],
        publish: Callable[[Committed], None],
    ) -> None:
        self._transactions = transactions
        self._service = transactions.service
        self._lane = lane
        self._after = after
        self._publish = publish
        self._by_kind = {due.kind: due for due in self._service.deadlines}
        metrics.expect_failures(self._service.name, (f"due {kind}" for kind in self._by_kind))
        self._ground = Ground(self._service.name, lane)
        self._sleep = Sleep()
        self._floor_moved = asyncio.Event()

    def wake(self, committed: Committed) -> None:
        """Something was committed: look again at what may follow from it."""
        self._sleep.note(committed.next_deadline)
        if self._service.settle is not None:
            self._floor_moved.set()

    async def watch_deadlines(self) -> None:
        """Handle deadlines as they become due, the oldest first, for ever."""
        while True:
            self._sleep.begin()
            try:
                await self._wait_or_handle()
            except Exception as error:  # noqa: BLE001 - answered by kind, the rows stay
                await self._answer(error, "deadlines")

    async def _wait_or_handle(self) -> None:
        next_due = await self._lane.run(partial(self._transactions.next_due, self._lane))
        if next_due is None or next_due.seconds > 0:
            await self._sleep.until(next_due)
        elif not await self._handle(self._by_kind[next_due.kind]):
            await asyncio.sleep(_HELD_ELSEWHERE_SECONDS)

    async def settle_for_ever(self) -> None:
        """Decide after every commit, coalesced, and every few seconds whatever happens."""
        while True:
            self._floor_moved.clear()
            try:
                committed = await self._lane.run(partial(self._transactions.settle, self._lane))
            except Exception as error:  # noqa: BLE001 - answered by kind, the rows stay
                await self._answer(error, "settle")
                continue
            self._publish(committed)
            self._sleep.note(committed.next_deadline)
            await _wait(self._floor_moved, _SETTLE_AT_LEAST_EVERY_SECONDS)

    async def _handle(self, due: Due) -> bool:
        """Handle the oldest deadline of a kind; False when another process is at it."""
        handle = partial(self._transactions.handle_due, self._lane, due)
        try:
            committed = await self._lane.run(handle)
        except DueFailed as failure:
            metrics.record_failed(self._service.name, f"due {due.kind}")
            facts = {"service": self._service.name, "kind": due.kind}
            log.error("deadline failed", exc_info=failure.__cause__, extra={"facts": facts})
            postpone = partial(self._transactions.postpone, self._lane, due, failure.key)
            await self._lane.run(partial(postpone, _TRY_AGAIN_SECONDS))
            return True
        if committed is None:
            return False
        metrics.record_handled(self._service.name, f"due {due.kind}", committed.verdict.value)
        self._after(committed)
        return True

    async def _answer(self, error: Exception, what: str) -> None:
        if isinstance(error, LeaseLost):
            await asyncio.sleep(0.1)  # the lease loop stops us in a moment
        elif is_ground_away(error):
            await self._ground.until_back()
        else:
            metrics.record_failed(self._service.name, what)
            facts = {"service": self._service.name, "work": what}
            log.error("will be tried again", exc_info=error, extra={"facts": facts})
            await asyncio.sleep(_TRY_AGAIN_SECONDS)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event, at most so many seconds of machine time."""
    try:
        # Not wait_for: until Python 3.12 it can swallow the cancellation of a service that stops.
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
