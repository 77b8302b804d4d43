"""From the outbox to the stream: at once after the commit, and again for whatever was left.

The forwarder sweeps rows no PubAck was noted for, with `FOR UPDATE SKIP LOCKED`: several processes
may sweep at once. A row may be published twice (same `Nats-Msg-Id`); consumers have an inbox. A row
the server refuses for good is set aside, counted, and blocks nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from services.bus import metrics
from services.bus.decode import event_headers
from services.bus.lane import Lane
from services.bus.ledger import Ledger, Unpublished
from services.bus.stream import Connection, Refused, Unacknowledged
from services.bus.work import Announced

log = logging.getLogger(__name__)

#: Acknowledgements are noted in batches: one UPDATE for what came within this time, which is well
#: before the sweep would take the rows for unpublished (a second).
_STAMP_EVERY_SECONDS = 0.25


class Forwarder:
    """Publishes one service's outbox."""

    def __init__(self, ledger: Ledger, lane: Lane, connection: Connection, every: float) -> None:
        self._ledger = ledger
        self._lane = lane
        self._connection = connection
        self._every_seconds = every
        self._in_hand: set[str] = set()
        self._acknowledged: list[tuple[str, int]] = []
        self._something_acknowledged = asyncio.Event()

    async def publish(self, announced: Sequence[Announced]) -> None:
        """Publish what has just been committed; what fails is left to the sweep."""
        await asyncio.gather(
            *(
                self._publish_row(
                    Unpublished(
                        item.event.stream.value,
                        item.event.subject(),
                        item.stored,
                        item.body,
                    ),
                    "direct",
                )
                for item in announced
            )
        )

    async def sweep_for_ever(self) -> None:
        """Publish, every second, what was committed but not acknowledged."""
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - the ground is away: try again in a second
                self._note("outbox could not be swept", error)

    async def sweep(self) -> int:
        """One sweep; the number of rows it found."""
        rows = await self._lane.run(self._waiting_rows)
        metrics.record_unpublished(self._ledger.service, len(rows))
        for row in rows:
            if row.envelope["id"] not in self._in_hand:  # its PubAck may still come
                await self._publish_row(row, "forwarder")
        return len(rows)

    async def stamp_for_ever(self) -> None:
        """Note acknowledgements in the ledger, in batches."""
        while True:
            await self._something_acknowledged.wait()
            await asyncio.sleep(_STAMP_EVERY_SECONDS)
            await self.stamp()

    async def stamp(self) -> None:
        """Note what was acknowledged so far; kept for the next time when Postgres is away."""
        self._something_acknowledged.clear()
        batch, self._acknowledged = self._acknowledged, []
        if not batch:
            return
        try:
            await self._lane.run(lambda: self._stamp(batch))
        except Exception as error:  # noqa: BLE001 - the sweep finds the rows again
            self._note("acknowledgements could not be noted", error)

    async def _publish_row(self, row: Unpublished, path: str) -> None:
        id = str(row.envelope["id"])
        self._in_hand.add(id)
        try:
            number = await self._connection.publish(
                row.stream, row.subject, event_headers(row.envelope), row.body
            )
        except Unacknowledged as error:
            if path == "forwarder":
                self._note("event not acknowledged yet", error)
        except Refused as refusal:
            reason = str(refusal)
            await self._lane.run(lambda: self._refuse(id, reason))
            metrics.record_refused(self._ledger.service)
            facts = {"service": self._ledger.service, "event": id, "reason": reason}
            log.error("the server refuses an event for good", extra={"facts": facts})
        else:
            metrics.record_published(self._ledger.service, path)
            self._acknowledged.append((id, number))
            self._something_acknowledged.set()
        finally:
            self._in_hand.discard(id)

    def _waiting_rows(self) -> Sequence[Unpublished]:
        with self._lane.autocommit() as session:
            return self._ledger.waiting(session)

    def _stamp(self, batch: Sequence[tuple[str, int]]) -> None:
        with self._lane.autocommit() as session:
            self._ledger.stamp(session, batch)

    def _refuse(self, id: str, reason: str) -> None:
        with self._lane.session() as session, session.begin():
            self._ledger.refuse(session, id, reason)

    def _note(self, message: str, error: BaseException) -> None:
        facts = {"service": self._ledger.service, "error": type(error).__name__}
        log.warning(message, extra={"facts": facts})
