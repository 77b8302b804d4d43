"""What a handler is given: one transaction, one moment, and the means to announce.

Everything a handler does through `Work` commits together or not at all: the inbox row of what it
handles, its own rows, the deadlines it sets and the events it announces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from sqlmodel import Session

from contracts.envelope import CommandEnvelope, Event, EventEnvelope, EventId, Stream
from contracts.vocabulary import ContactId, PartnerId
from services.bus.traces import Step


class Versioned(Protocol):
    """A row whose facts are announced: it counts them."""

    version: int

    @property
    def aggregate(self) -> str:
        """Name of the aggregate, `contact:<id>`; one per publisher."""
        ...


_draw: Callable[[], UUID] = uuid4


def new_id() -> str:
    """A fresh identifier."""
    return str(_draw())


@contextmanager
def drawing_ids_from(draw: Callable[[], UUID]) -> Iterator[None]:
    """Meanwhile, have `draw` make every fresh identifier: a simulated run can be repeated."""
    global _draw
    before, _draw = _draw, draw
    try:
        yield
    finally:
        _draw = before


def derived_id(*parts: str) -> str:
    """The same identifier for the same parts: an effect that is repeated keeps its name."""
    return str(uuid5(NAMESPACE_URL, "/".join(parts)))


class Alone:
    """An aggregate of one fact, which leads to nothing else."""

    def __init__(self, noun: str) -> None:
        self.version = 0
        self.aggregate = f"{noun}:{new_id()}"


class Announced:
    """An event on its way to the outbox."""

    __slots__ = ("body", "envelope", "event", "stored")

    def __init__(self, event: Event, envelope: EventEnvelope) -> None:
        self.event = event
        self.envelope = envelope
        self.stored = envelope.model_dump(mode="json")  #: the envelope as the outbox row holds it
        self.body = event.model_dump_json()


class Work:
    """One piece of work, inside its transaction.

    `now` is domain time (`helpline_now()`), read once at the start. `envelope` is set when an event
    is handled, `command` when a command is; `cause` is the id recorded in the inbox.
    """

    def __init__(  # noqa: PLR0913 - set once, by the bus
        self, session: Session, now: datetime, service: str, cause: str, step: Step
    ) -> None:
        self.session = session
        self.now = now
        self.cause = cause
        self.service = service
        self._step = step
        self.envelope: EventEnvelope | None = None
        self.asker: CommandEnvelope | None = None
        self.partner: PartnerId | None = None  #: who asks, where it is no person of ours
        self.announced: list[Announced] = []
        self._deadlines: dict[tuple[str, str], datetime | None] = {}

    @property
    def command(self) -> CommandEnvelope:
        """Who asks, in which role; raises LookupError outside a command."""
        if self.asker is None:
            raise LookupError("no command is being handled")
        return self.asker

    def announce(self, event: Event, of: Versioned) -> EventId:
        """Publish `event` once this transaction has committed; `of` counts it. Its id."""
        of.version += 1
        contact_id: ContactId | None = getattr(event, "contact_id", None)
        apart = event.stream is Stream.PARTNER  # nothing in it may lead back to a contact
        envelope = EventEnvelope(
            id=EventId(new_id()),
            source=self.service,
            type=event.type_name(),
            time=self.now,
            aggregate=of.aggregate,
            version=of.version,
            programme=getattr(event, "programme"),  # noqa: B009 - every event has one, tested
            contact_id=contact_id,
            caused_by=None if apart else self.cause,
            traceparent=(
                self._step.traceparent_apart()
                if apart
                else self._step.traceparent(contact_id, kept=event.stream is Stream.RISK)
            ),
        )
        self.announced.append(Announced(event, envelope))
        return envelope.id

    def set_deadline(self, kind: str, key: str, at: datetime) -> None:
        """Have `on_<kind>_due(key, work)` called at `at` (domain time); replaces an earlier one."""
        self._deadlines[kind, key] = at

    def clear_deadline(self, kind: str, key: str) -> None:
        """Forget a deadline; nothing happens if there is none."""
        self._deadlines[kind, key] = None

    def moved_deadlines(self) -> tuple[dict[tuple[str, str], datetime], list[tuple[str, str]]]:
        """Deadlines to set and deadlines to forget; of several moves the last one counts."""
        due = {name: at for name, at in self._deadlines.items() if at is not None}
        return due, [name for name, at in self._deadlines.items() if at is None]
