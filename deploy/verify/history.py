"""What a run left behind, as frozen values: ledger rows, stream messages, how the servers stand.

Read once by `ledger.py` and `streams.py`, judged by pure functions. The surprising thing: services
go on while we read, so the streams are looked at before the ledgers and read after them; what came
in between is left out (`of_that_moment`), and an acknowledged event must be in both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from contracts.envelope import Event, Stream
from deploy.verify.journal import Journal
from deploy.verify.opening import NOTHING_OPENED, Opened
from deploy.verify.traces import Trace
from services.bus.decode import ReadEvent, Unreadable, event_headers, read_event
from services.bus.table import Service
from services.quality.domain import HourFigures

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of an outbox; `event` is None when its own contract cannot read it."""

    service: str
    sequence: int
    id: str
    type: str
    stream: str
    subject: str
    aggregate: str
    version: int
    envelope: Mapping[str, Any]
    body: str
    txid: int
    committed_at: datetime  #: machine time
    published_at: datetime | None  #: machine time
    stream_sequence: int | None
    refused: str | None
    event: Event | None

    @property
    def contact_id(self) -> str | None:
        """The contact it is about."""
        return self.envelope.get("contact_id")

    @property
    def caused_by(self) -> str | None:
        """Id of what led to it."""
        return self.envelope.get("caused_by")


class Handled(NamedTuple):
    """One row of an inbox: an event, command, deadline or settling that was handled."""

    service: str
    id: str
    kind: str
    type: str
    late: bool
    handled_at: datetime  #: machine time, when its transaction began its work
    txid: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream."""

    stream: str
    sequence: int
    subject: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str | None:
        """The event it carries, by its header."""
        return self.headers.get("ce-id")

    @property
    def type(self) -> str:
        """The type its subject allows: the one thing a sender cannot forge."""
        parts = self.subject.split(".")
        return ".".join(parts[2:5] if parts[0] == "partner" else parts[1:4])


class Parked(NamedTuple):
    """A message a service set aside."""

    service: str
    durable: str
    stream: str
    stream_sequence: int
    event_id: str | None
    reason: str
    replayed: bool


class Deadline(NamedTuple):
    """A deadline that stands."""

    service: str
    kind: str
    key: str
    due_at: datetime  #: domain time


@dataclass(frozen=True)
class StreamStanding:
    """A stream. `last_before` is its last sequence at a moment before the ledgers were read."""

    name: str
    first_sequence: int
    last_sequence: int
    last_before: int
    messages: int
    max_age: timedelta  #: zero is for ever


@dataclass(frozen=True)
class DurableStanding:
    """A durable, looked at before the ledgers were read."""

    service: str
    stream: str
    acknowledged_to: int  #: every message for it up to this sequence is acknowledged
    pending: int  #: waits or is in hand


class ContactStanding(NamedTuple):
    """A contact in intake's ledger."""

    contact_id: str
    programme: str
    state: str
    pass_until: datetime | None = None  #: a return pass was given and is not used
    lost_human: bool = False  #: its caller is told that who answered was lost


class LineStanding(NamedTuple):
    """A contact in assignment's ledger: waiting, offered, taken or ended."""

    contact_id: str
    programme: str
    state: str
    offer_id: str | None


class PersonStanding(NamedTuple):
    """A person in assignment's ledger."""

    person_id: str
    state: str
    rest_until: datetime | None
    programme: str = ""
    #: Machine time since the desk was heard; None of who is in no contact and can be offered none,
    #: and of who is known to be out of sight.
    silent: timedelta | None = None


class ShownStanding(NamedTuple):
    """A contact as the console's board counts it."""

    contact_id: str
    programme: str
    state: str | None


@dataclass(frozen=True)
class HourStanding:
    """Quality's figures of one hour: as its tables say now, and as last announced."""

    programme: str
    hour: datetime
    now: HourFigures
    kept: HourFigures | None


class WayBack(NamedTuple):
    """What brings somebody back to a contact that has ended. `until`: as decided, or its window."""

    contact_id: str
    programme: str
    programme_version: int
    ended_at: datetime
    until: datetime | None


class AuditStanding(NamedTuple):
    """An entry of the audit chain, as risk's ledger holds it."""

    number: int
    at: datetime
    kind: str
    programme: str
    actor: str
    role: str
    subject: str
    reason: str
    previous: str
    hash: str


@dataclass(frozen=True)
class OrderStanding:
    """An event ordered to be posted to a partner."""

    event_id: str
    partner: str
    made_at: datetime  #: domain time
    attempts: int


@dataclass(frozen=True)
class AttemptStanding:
    """One attempt to post it; what was not kept of it is None."""

    event_id: str
    number: int
    answer: str  #: class of a status (`2xx`), or a word for none
    signed_at: datetime | None  #: machine time
    secrets: tuple[int, ...] | None
    dialled: str | None  #: kind of the address that was connected to


@dataclass(frozen=True)
class Clock:
    """When the ledgers were read. `rate` is domain seconds for each second of machine time."""

    machine: datetime
    domain: datetime
    rate: float


@dataclass(frozen=True, eq=False)
class History:
    """Everything there is to judge. Equal to itself only: it is far too long to compare."""

    clock: Clock
    services: tuple[Service, ...] = ()
    facts: tuple[Fact, ...] = ()
    handled: tuple[Handled, ...] = ()
    messages: tuple[Message, ...] = ()
    parked: tuple[Parked, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    streams: tuple[StreamStanding, ...] = ()
    durables: tuple[DurableStanding, ...] = ()
    contacts: tuple[ContactStanding, ...] = ()
    lines: tuple[LineStanding, ...] = ()
    people: tuple[PersonStanding, ...] = ()
    shown: tuple[ShownStanding, ...] = ()
    hours: tuple[HourStanding, ...] = ()
    audit: tuple[AuditStanding, ...] = ()
    exports: tuple[str, ...] = ()  #: ids of what was taken out
    traces: tuple[Trace, ...] = ()
    said_of_lines: frozenset[str] = frozenset()
    received: frozenset[str] = frozenset()  #: ids of events their partner has acknowledged
    handed: tuple[tuple[str, str], ...] = ()  #: reference of a partner, and its referral
    orders: tuple[OrderStanding, ...] = ()
    attempts: tuple[AttemptStanding, ...] = ()
    ways_back: tuple[WayBack, ...] = ()
    erasures: tuple[tuple[str, datetime], ...] = ()  #: contacts whose texts were erased, and when
    opened: Opened = NOTHING_OPENED
    cards: tuple[tuple[str, datetime], ...] = ()  #: contacts with an emergency card, and since when
    drift: tuple[str, ...] = ()
    journal: Journal | None = None
    #: The run goes on: contacts may be live, and what is on its way is not held against anybody.
    still_open: bool = False

    @cached_property
    def fact_by_id(self) -> Mapping[str, Fact]:
        """Rows of all outboxes by event id; of two rows with one id the first (I07 tells)."""
        return {fact.id: fact for fact in reversed(self.facts)}

    @cached_property
    def handled_by(self) -> Mapping[str, Mapping[str, Handled]]:
        """Inbox rows by service, then by id."""
        by_service: dict[str, dict[str, Handled]] = defaultdict(dict)
        for row in self.handled:
            by_service[row.service][row.id] = row
        return by_service

    @cached_property
    def messages_by_id(self) -> Mapping[str, list[Message]]:
        """Messages of all streams by event id."""
        by_id: dict[str, list[Message]] = defaultdict(list)
        for message in self.messages:
            if message.id is not None:
                by_id[message.id].append(message)
        return by_id

    @cached_property
    def message_at(self) -> Mapping[tuple[str, int], Message]:
        """Messages by stream and sequence."""
        return {(message.stream, message.sequence): message for message in self.messages}

    @cached_property
    def stream_by_name(self) -> Mapping[str, StreamStanding]:
        """Streams by their name."""
        return {stream.name: stream for stream in self.streams}

    @cached_property
    def exclusive(self) -> frozenset[str]:
        """Services whose transactions are one after the other, so that txid is their order."""
        return frozenset(service.name for service in self.services if service.exclusive)

    @cached_property
    def readers(self) -> Mapping[str, tuple[tuple[Service, bool], ...]]:
        """By event type: who consumes it, and whether also when it is late."""
        found: dict[str, list[tuple[Service, bool]]] = defaultdict(list)
        for service in self.services:
            for on in service.consumes:
                found[on.event.type_name()].append((service, on.even_late))
        return {type_name: tuple(readers) for type_name, readers in found.items()}

    @cached_property
    def odd_messages(self) -> tuple[tuple[Message, ReadEvent | Unreadable], ...]:
        """Messages that are not the exact copy of an outbox row, as the bus reads them."""
        return tuple(
            (message, read_event(message.subject, message.headers, message.body))
            for message in self.messages
            if (fact := self.fact_by_id.get(message.id or "")) is None
            or not is_copy_of(message, fact)
        )

    @cached_property
    def event_by_id(self) -> Mapping[str, Event]:
        """Every event that can be read, from the ledgers and, where they lack it, the streams."""
        events = {
            read.envelope.id: read.event
            for _, read in self.odd_messages
            if isinstance(read, ReadEvent)
        }
        return {str(id): event for id, event in events.items()} | {
            fact.id: fact.event for fact in self.facts if fact.event is not None
        }

    def told(self, kind: type[E]) -> tuple[tuple[str, E], ...]:
        """Every event of a type, with its id."""
        return tuple((id, event) for id, event in self.event_by_id.items() if type(event) is kind)

    def heard_by(self, service: str) -> Iterable[tuple[Handled, Event]]:
        """The events a service has handled, those it skipped as late left out."""
        even_late = {
            type_name
            for type_name, readers in self.readers.items()
            if any(reader.name == service and late for reader, late in readers)
        }
        for row in self.handled_by.get(service, {}).values():
            event = self.event_by_id.get(row.id) if row.kind == "event" else None
            if event is not None and (not row.late or row.type in even_late):
                yield row, event

    def has_deadline(self, service: str, kind: str, key: str) -> bool:
        """Whether such a deadline stands."""
        return (service, kind, key) in self._deadline_names

    @cached_property
    def _deadline_names(self) -> frozenset[tuple[str, str, str]]:
        return frozenset((each.service, each.kind, each.key) for each in self.deadlines)

    def domain(self, machine_seconds: float) -> timedelta:
        """So many seconds of machine time, in domain time."""
        return timedelta(seconds=machine_seconds * self.clock.rate)

    def is_drained_to(self, service: str, stream: Stream, sequence: int) -> bool:
        """Whether a message of this sequence must have reached this service by now."""
        if not self.still_open:
            standing = self.stream_by_name.get(stream.value)
            return standing is not None and sequence <= standing.last_before
        return sequence <= self._acknowledged_to.get((service, stream.value), 0)

    @cached_property
    def _acknowledged_to(self) -> Mapping[tuple[str, str], int]:
        return {(each.service, each.stream): each.acknowledged_to for each in self.durables}


def of_that_moment(
    messages: Iterable[Message], facts: Iterable[Fact], streams: Iterable[StreamStanding]
) -> tuple[Message, ...]:
    """The messages but for those that may have been committed after the ledgers were read."""
    last_before = {stream.name: stream.last_before for stream in streams}
    known = {fact.id for fact in facts}
    return tuple(
        message
        for message in messages
        if message.sequence <= last_before[message.stream] or message.id in known
    )


def is_copy_of(message: Message, fact: Fact) -> bool:
    """Whether a message says exactly what its outbox row says: place, headers and bytes."""
    expected = event_headers(fact.envelope)
    ours = {name for name in message.headers if name.startswith("ce-")}
    return (
        message.subject == fact.subject
        and message.stream == fact.stream
        and message.body == fact.body.encode()
        and all(message.headers.get(name) == value for name, value in expected.items())
        and ours <= expected.keys()
    )
