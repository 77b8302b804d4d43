"""The rows of a run as its services would write them: inbox, outbox, streams, standing."""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.anonymity import LiftAgreed, LiftEvent
from contracts.assignment import LiveStateEntered, WayOutOffered
from contracts.envelope import Event, EventEnvelope, EventId, Stream
from contracts.roster import EligibilityEstablished
from deploy.verify.history import (
    AttemptStanding,
    AuditStanding,
    Clock,
    ContactStanding,
    Deadline,
    DurableStanding,
    Fact,
    Handled,
    History,
    HourStanding,
    LineStanding,
    Message,
    OrderStanding,
    PersonStanding,
    ShownStanding,
    StreamStanding,
)
from services.bus.decode import event_headers
from services.bus.table import Service
from services.quality.recount import recount
from services.registry import SERVICES
from services.risk.audit import BEGINNING, AuditEntry, hash_of
from tests.assignment.builders import SOS

#: Domain time and machine time are apart by years, so that nobody mixes them up unseen.
TEN_O_CLOCK = datetime(2020, 9, 15, 8, 0, tzinfo=UTC)
TODAY = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)


def an_id(*names: str) -> str:
    """The same id for the same names."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(names)))


class Recorder:
    """Keeps what was committed. `now` is domain time; each piece of work takes a millisecond."""

    def __init__(self) -> None:
        self.now = TEN_O_CLOCK
        self.facts: list[Fact] = []
        self.handled: list[Handled] = []
        self.orders: list[OrderStanding] = []
        self.attempts: list[AttemptStanding] = []
        self.deadlines: list[Deadline] = []
        self.contacts: dict[str, ContactStanding] = {}
        self.lines: dict[str, LineStanding] = {}
        self.people: dict[str, PersonStanding] = {}
        self.shown: dict[str, ShownStanding] = {}
        self._txid = 700
        self._versions: Counter[tuple[str, str]] = Counter()
        self._sequences: Counter[str] = Counter()
        self._places: Counter[str] = Counter()  #: in the streams

    # --- a piece of work --------------------------------------------------------------------------

    @property
    def machine(self) -> datetime:
        """Machine time: runs with domain time, elsewhere."""
        return TODAY + (self.now - TEN_O_CLOCK)

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)

    def work(self, service: str, *events: Event, heard: Fact | None = None) -> list[Fact]:
        """One transaction of a service: what it handled, and what it announced."""
        self._txid += 1
        self.now += timedelta(milliseconds=1)
        cause = an_id("work", str(self._txid)) if heard is None else heard.id
        kind, type_name = ("command", "done") if heard is None else ("event", heard.type)
        self.handled.append(
            Handled(service, cause, kind, type_name, False, self.machine, self._txid)
        )
        return [self._announce(service, event, cause) for event in events]

    def did_for_itself(self, service: str, key: str) -> None:
        """A request of a service's own, by its key, that announced nothing."""
        self._txid += 1
        self.handled.append(
            Handled(service, key, "command", "webhook", False, self.machine, self._txid)
        )

    def _announce(self, service: str, event: Event, cause: str) -> Fact:
        aggregate = aggregate_of(event)
        self._versions[service, aggregate] += 1
        self._sequences[service] += 1
        self._places[event.stream.value] += 1
        envelope = EventEnvelope(
            id=EventId(an_id(service, str(self._sequences[service]))),
            source=service,
            type=event.type_name(),
            time=self.now,
            aggregate=aggregate,
            version=self._versions[service, aggregate],
            programme=SOS,
            contact_id=getattr(event, "contact_id", None),
            caused_by=None if event.stream is Stream.PARTNER else cause,
        ).model_dump(mode="json")
        fact = Fact(
            service=service,
            sequence=self._sequences[service],
            id=envelope["id"],
            type=event.type_name(),
            stream=event.stream.value,
            subject=event.subject(),
            aggregate=aggregate,
            version=envelope["version"],
            envelope=envelope,
            body=event.model_dump_json(),
            txid=self._txid,
            committed_at=self.machine,
            published_at=self.machine,
            stream_sequence=self._places[event.stream.value],
            refused=None,
            event=event,
        )
        self.facts.append(fact)
        return fact

    # --- what the checker reads -------------------------------------------------------------------

    def history(self, **changes: Any) -> History:
        """Everything, as it is read once every service has handled every event."""
        self.wait(3)
        services: tuple[Service, ...] = SERVICES
        messages = tuple(map(message_of, self.facts))
        last = Counter(message.stream for message in messages)
        history = History(
            clock=Clock(self.machine, self.now, 1.0),
            services=services,
            facts=tuple(self.facts),
            handled=(*self.handled, *self._handled_elsewhere(services)),
            messages=messages,
            deadlines=(
                *self.deadlines,
                Deadline("quality", "limbo", SOS, self.now + timedelta(minutes=1)),
            ),
            streams=tuple(
                StreamStanding(name, 1, count, count, count, timedelta(days=90))
                for name, count in last.items()
            ),
            durables=tuple(
                DurableStanding(service.name, stream.value, last[stream.value], 0)
                for service in services
                for stream in service.streams()
            ),
            orders=tuple(self.orders),
            attempts=tuple(self.attempts),
            contacts=tuple(self.contacts.values()),
            lines=tuple(self.lines.values()),
            people=tuple(self.people.values()),
            shown=tuple(self.shown.values()),
            hours=self._hours(),
            audit=audit_of(self.facts),
        )
        return replace(history, **changes)

    def _handled_elsewhere(self, services: tuple[Service, ...]) -> list[Handled]:
        """Inbox rows of the consumers whose work is not written down: they announce nothing."""
        known = {(row.service, row.id) for row in self.handled}
        return [
            Handled(service.name, fact.id, "event", fact.type, False, soon(fact), 9000 + number)
            for number, fact in enumerate(self.facts)
            for service in services
            for on in service.consumes
            if on.event.type_name() == fact.type and (service.name, fact.id) not in known
        ]

    def _hours(self) -> tuple[HourStanding, ...]:
        events = [fact.event for fact in self.facts if fact.event is not None]
        return tuple(
            HourStanding(programme, hour, figures, figures)
            for (programme, hour), figures in recount(events).items()
        )


def soon(fact: Fact) -> datetime:
    """A millisecond after it was committed."""
    return fact.committed_at + timedelta(milliseconds=1)


def aggregate_of(event: Event) -> str:
    """The name the publisher of an event counts it under."""
    match event:
        case EligibilityEstablished():
            return f"eligibility:{event.programme}/{event.person_id}"
        case WayOutOffered():
            return f"contact:{event.contact_id}"
        case LiveStateEntered():
            return f"person:{event.person_id}"
        case _:
            return f"{event.noun}:{getattr(event, event.subject_field)}"


def audit_of(facts: Iterable[Fact], but_for: str = "") -> tuple[AuditStanding, ...]:
    """The chain risk would have written: roles as they were given, lifts as they went."""
    entries: list[AuditStanding] = []
    for fact in facts:
        match fact.event:
            case EligibilityEstablished(person_id=person) if person != but_for:
                entry = _entry("role_change", person)
            case LiftAgreed(alone=True):
                entry = _entry("lift_alone", fact.event.lift_id)
            case LiftEvent():
                entry = _entry(f"lift_{fact.event.fact}", fact.event.lift_id)
            case _:
                continue
        number, previous = len(entries) + 1, entries[-1].hash if entries else BEGINNING
        hashed = hash_of(number, entry, previous)
        said = (entry.at, entry.kind, entry.programme, entry.actor, entry.role)
        about = (entry.subject, entry.reason)
        entries.append(AuditStanding(number, *said, *about, previous, hashed))
    return tuple(entries)


def _entry(kind: str, subject: str) -> AuditEntry:
    return AuditEntry(TEN_O_CLOCK, kind, SOS, "somebody", "supervisor", subject, "none -> a role")


def message_of(fact: Fact) -> Message:
    """The message of an outbox row."""
    assert fact.stream_sequence is not None
    return Message(
        stream=fact.stream,
        sequence=fact.stream_sequence,
        subject=fact.subject,
        headers=event_headers(fact.envelope),
        body=fact.body.encode(),
    )
