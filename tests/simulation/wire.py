"""The bus of the simulation: what a server may do to messages, without a server.

Every message is delivered at least once to everyone who reads it, in any order. What the server has
is known by event id (`Nats-Msg-Id`), so that publishing again adds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import text

from deploy.verify.history import DurableStanding, Message, StreamStanding
from services.bus.decode import event_headers
from services.bus.table import Service
from services.bus.testing import ServiceUnderTest

_UNPUBLISHED = (
    "SELECT id, stream, subject, envelope, body FROM {}.outbox"
    " WHERE published_at IS NULL AND refused IS NULL ORDER BY sequence"
)


class Pending(NamedTuple):
    """A message a service has still to acknowledge."""

    service: str
    message: Message


class Placed(NamedTuple):
    """What a publishing came to: rows that went out, and how many of them were there already."""

    rows: int
    again: int


class Wire:
    """Streams, and what each durable has not acknowledged."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        self._readers: Mapping[str, tuple[str, ...]] = _readers(services)
        self._durables = [
            (each.name, stream.value) for each in services for stream in each.streams()
        ]
        self._sequence_of: dict[str, dict[str, int]] = defaultdict(dict)
        self.messages: list[Message] = []
        self.pending: list[Pending] = []

    def before(self, pending: Pending) -> list[Pending]:
        """What was there for anybody before this, and is not acknowledged."""
        return self.pending[: self.pending.index(pending)]

    def publish(self, service: ServiceUnderTest, *, stamped: bool = True) -> Placed:
        """Take over what a service has committed and not published.

        Without `stamped` the service dies before it can note that the server has them.
        """
        with service.lane.autocommit() as session:
            rows = session.execute(text(_UNPUBLISHED.format(service.service.name))).all()
            known = len(self.messages)
            placed = [(row.id, self._place(row)) for row in rows]
            if placed and stamped:
                service.ledger.stamp(session, placed)
        return Placed(len(rows), len(rows) - (len(self.messages) - known))

    def _place(self, row: Any) -> int:
        sequences = self._sequence_of[row.stream]
        if row.id not in sequences:
            sequences[row.id] = len(sequences) + 1
            headers = event_headers(row.envelope)
            message = Message(
                row.stream, sequences[row.id], row.subject, headers, row.body.encode()
            )
            self.messages.append(message)
            readers = self._readers.get(row.envelope["type"], ())
            self.pending.extend(Pending(reader, message) for reader in readers)
        return sequences[row.id]

    def streams(self) -> tuple[StreamStanding, ...]:
        """How the streams stand."""
        ends = {stream: len(self._sequence_of[stream]) for _, stream in self._durables}
        return tuple(
            StreamStanding(name, 1, last, last, last, timedelta(0)) for name, last in ends.items()
        )

    def durables(self) -> tuple[DurableStanding, ...]:
        """How the durables stand, once nothing is pending."""
        return tuple(
            DurableStanding(service, stream, len(self._sequence_of[stream]), 0)
            for service, stream in self._durables
        )


def _readers(services: tuple[Service, ...]) -> Mapping[str, tuple[str, ...]]:
    readers: dict[str, list[str]] = defaultdict(list)
    for service in services:
        for on in service.consumes:
            readers[on.event.type_name()].append(service.name)
    return {type_name: tuple(names) for type_name, names in readers.items()}
