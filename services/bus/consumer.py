"""Reads one durable: handles, then acknowledges; and answers for what could not be handled."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from contracts.envelope import EventEnvelope, Stream
from services.bus import metrics
from services.bus.decode import NEWER, ReadEvent, Unreadable
from services.bus.failure import Failing, Park, TryAgain, answer_to_failure, is_ground_away
from services.bus.ground import Ground
from services.bus.lane import Lane
from services.bus.stream import Delivery
from services.bus.traces import exported
from services.bus.transact import Committed, LeaseLost, Transactions

log = logging.getLogger(__name__)

_GIVE_BACK = timedelta(seconds=0.2)
#: What a newer version beside this one can read is left to it, so many times; then it is parked:
#: after a rollback nobody else comes, and what is given back for ever fills the durable.
_LEFT_TO_NEWER = 12
_LEAVE_TO_NEWER = timedelta(seconds=1)


class Consumer:
    """One durable of one service."""

    def __init__(
        self,
        transactions: Transactions,
        stream: Stream,
        lane: Lane,
        after: Callable[[Committed], None],
    ) -> None:
        self._transactions = transactions
        self._service = transactions.service
        self._stream = stream
        self._durable = self._service.durable(stream)
        self._lane = lane
        self._after = after
        self._by_type = {on.event.type_name(): on for on in self._service.consumes}
        metrics.expect_failures(self._service.name, self._by_type)
        self._failures: dict[str, tuple[int, float]] = {}  #: how often, and since when
        self.ground = Ground(self._service.name, lane)
        self.last_delivery = time.monotonic()
        self.missing = 0  #: looks in a row that did not find the durable

    async def on_delivery(self, delivery: Delivery) -> None:
        """Handle one message; never raises, answers every time."""
        self.last_delivery = time.monotonic()
        match delivery.read:
            case Unreadable(reason=reason) as unreadable:
                if reason == NEWER and delivery.deliveries <= _LEFT_TO_NEWER:
                    await delivery.give_back(_LEAVE_TO_NEWER)
                    return
                await self._park_unreadable(delivery, unreadable)
            case ReadEvent(envelope, _) if envelope.type not in self._by_type:
                await self._leave_to_newer(delivery, envelope)
            case ReadEvent(envelope, _) as read:
                await self._handle(delivery, read, envelope)

    async def _leave_to_newer(self, delivery: Delivery, envelope: EventEnvelope) -> None:
        """A newer version of this service takes it, by the same durable."""
        if delivery.deliveries <= _LEFT_TO_NEWER:
            await delivery.give_back(_LEAVE_TO_NEWER)
            return
        await self._park(
            delivery,
            type=envelope.type,
            event_id=envelope.id,
            reason="not_consumed",
            where="ce-type",
        )

    async def _handle(self, delivery: Delivery, read: ReadEvent, envelope: EventEnvelope) -> None:
        on = self._by_type[envelope.type]
        started = time.perf_counter()
        try:
            committed = await self._lane.run(
                partial(self._transactions.handle_event, self._lane, on, envelope, read.event)
            )
        except LeaseLost:
            await delivery.give_back(_GIVE_BACK)
        except Exception as error:  # noqa: BLE001 - every failure is answered by its kind
            await self._answer(delivery, envelope, error)
        else:
            await delivery.ack()
            self._failures.pop(envelope.id, None)
            seconds = time.perf_counter() - started
            metrics.record_handling(self._durable, seconds, exported(envelope.traceparent))
            self._note(envelope, committed.verdict.value, seconds)
            self._after(committed)

    async def _answer(self, delivery: Delivery, envelope: EventEnvelope, error: Exception) -> None:
        if is_ground_away(error):
            await delivery.give_back(_GIVE_BACK)
            await self.ground.until_back()  # nothing more is fetched before this returns
            return
        failing = self._failed_once_more(envelope)
        metrics.record_failed(self._service.name, envelope.type)
        facts = self._facts(envelope) | {"failures": failing.failures}
        log.error("handler failed", exc_info=error, extra={"facts": facts})
        match answer_to_failure(failing, self._service.longest_retry):
            case TryAgain(after):
                await delivery.give_back(after)
            case Park():
                self._failures.pop(envelope.id, None)
                where = f"{type(error).__module__}.{type(error).__name__}"
                await self._park(
                    delivery,
                    type=envelope.type,
                    event_id=envelope.id,
                    reason="handler_failed",
                    where=where,
                )

    def _failed_once_more(self, envelope: EventEnvelope) -> Failing:
        now = time.monotonic()
        failures, since = self._failures.get(envelope.id, (0, now))
        self._failures[envelope.id] = (failures + 1, since)
        return Failing(failures + 1, timedelta(seconds=now - since))

    async def _park_unreadable(self, delivery: Delivery, unreadable: Unreadable) -> None:
        event_id = unreadable.event_id if _looks_like_an_id(unreadable.event_id) else None
        type_name = unreadable.type if unreadable.type in self._by_type else "unknown"
        await self._park(
            delivery,
            type=type_name,
            event_id=event_id,
            reason=unreadable.reason,
            where=unreadable.where,
        )

    async def _park(self, delivery: Delivery, *, reason: str, **facts: str | None) -> None:
        row: dict[str, object] = {
            "stream": self._stream.value,
            "stream_sequence": delivery.stream_sequence,
            "durable": self._durable,
            "reason": reason,
            **facts,
        }
        try:
            await self._lane.run(partial(self._write_parked, row))
        except Exception as error:  # noqa: BLE001 - it stays in the stream and comes again
            await delivery.give_back(_GIVE_BACK)
            if is_ground_away(error):
                await self.ground.until_back()
            return
        await delivery.ack()
        metrics.record_parked(self._service.name, reason)
        log.error("message parked", extra={"facts": {"service": self._service.name, **row}})

    def _write_parked(self, row: dict[str, object]) -> None:
        with self._lane.session() as session, session.begin():
            self._transactions.ledger.park(session, **row)

    def _note(self, envelope: EventEnvelope, verdict: str, seconds: float) -> None:
        metrics.record_handled(self._service.name, envelope.type, verdict)
        facts = self._facts(envelope) | {
            "verdict": verdict,
            "milliseconds": round(seconds * 1000, 1),
        }
        log.info("event handled", extra={"facts": facts})

    def _facts(self, envelope: EventEnvelope) -> dict[str, object]:
        return {
            "service": self._service.name,
            "event": envelope.id,
            "type": envelope.type,
            "contact": envelope.contact_id,
            "trace": envelope.traceparent,
        }


def _looks_like_an_id(text: str | None) -> bool:
    """A header of an unreadable message may hold anything; only an id is written down."""
    return (
        text is not None
        and len(text) == 36
        and text.count("-") == 4
        and text.isascii()
        and all(part.isalnum() for part in text.split("-"))
    )
