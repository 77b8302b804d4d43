"""Which streams and durables there are, and how much is kept: data, and the tables of the services.

A stream holds the events of its name, each under the subjects of its type. The surprising thing:
nothing here says "create": the same values are what the live server is compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    ReplayPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from contracts.catalogue import EVENTS
from contracts.envelope import Event, Stream
from services.bus.table import Partner, Service, Table

#: Stream of what the server says about messages it gave up; any entry pages an engineer.
ADVISORY = "ADVISORY"
_ADVISORY_SUBJECTS = (
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
)

#: The server forgets ids of messages after this; the inbox of each service never does.
_DUPLICATE_WINDOW = timedelta(minutes=2)
#: Events are ids, closed words and numbers; one larger than this is a mistake of its publisher.
_LARGEST_EVENT_BYTES = 256 * 1024
#: Messages of one durable in hand or waiting for another try; while a handler fails this bounds how
#: many are redelivered in turn, and it must stay well above workers x batch.
_MAX_ACK_PENDING = 256
#: Fetches waiting at the server at once; the server's own default, written down to be compared.
_MAX_WAITING = 512
#: How long a partner may have a referral in hand before it is delivered again.
_PARTNERS_ACK_WAIT = timedelta(seconds=30)

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


@dataclass(frozen=True)
class Keeping:
    """How much of a stream is kept: when `max_bytes` is reached the publisher is refused (and its
    outbox waits); what is older than `max_age` (machine time) is forgotten.
    """

    max_bytes: int
    max_age: timedelta


@dataclass(frozen=True)
class Scale:
    """The size of an installation. `store_bytes` is what the server may use on disk, in all."""

    name: str
    replicas: int
    store_bytes: int
    keeping: Mapping[str, Keeping]


#: One line on one machine: about 15 KB of events per contact, 80 to 240 contacts an hour.
PILOT = Scale(
    name="pilot",
    replicas=1,
    store_bytes=4 * _GIB,
    keeping=MappingProxyType(
        {
            Stream.CONTACT: Keeping(1 * _GIB, timedelta(days=90)),
            Stream.ASSIGNMENT: Keeping(1 * _GIB, timedelta(days=90)),
            Stream.ROSTER: Keeping(128 * _MIB, timedelta(days=90)),
            Stream.QUALITY: Keeping(128 * _MIB, timedelta(days=400)),
            Stream.REFERRAL: Keeping(128 * _MIB, timedelta(days=90)),
            Stream.RISK: Keeping(64 * _MIB, timedelta(days=90)),
            Stream.PARTNER: Keeping(64 * _MIB, timedelta(days=30)),
            ADVISORY: Keeping(32 * _MIB, timedelta(days=30)),
        }
    ),
)

#: Several lines on three machines: ten times the contacts, each event kept on all three.
PERMANENT = Scale(
    name="permanent",
    replicas=3,
    store_bytes=32 * _GIB,
    keeping=MappingProxyType(
        {
            Stream.CONTACT: Keeping(12 * _GIB, timedelta(days=90)),
            Stream.ASSIGNMENT: Keeping(12 * _GIB, timedelta(days=90)),
            Stream.ROSTER: Keeping(1 * _GIB, timedelta(days=90)),
            Stream.QUALITY: Keeping(1 * _GIB, timedelta(days=400)),
            Stream.REFERRAL: Keeping(1 * _GIB, timedelta(days=90)),
            Stream.RISK: Keeping(256 * _MIB, timedelta(days=90)),
            Stream.PARTNER: Keeping(256 * _MIB, timedelta(days=30)),
            ADVISORY: Keeping(128 * _MIB, timedelta(days=30)),
        }
    ),
)

SCALES: Mapping[str, Scale] = MappingProxyType({scale.name: scale for scale in (PILOT, PERMANENT)})


@dataclass(frozen=True)
class Durable:
    """One durable on one stream."""

    stream: str
    config: ConsumerConfig

    @property
    def name(self) -> str:
        """Its name on the stream."""
        return str(self.config.durable_name)


@dataclass(frozen=True)
class Declared:
    """Everything the server must hold."""

    streams: tuple[StreamConfig, ...]
    durables: tuple[Durable, ...]


def declare(tables: Iterable[Table], scale: Scale = PILOT) -> Declared:
    """Derive streams and durables from the tables and from the catalogue of events."""
    everybody = tuple(tables)
    services = tuple(each for each in everybody if isinstance(each, Service))
    events = _events_of(services)
    kept = tuple(
        _stream(stream.value, subjects, scale)
        for stream in Stream
        if (subjects := _subjects(events, stream))
    )
    durables = (
        *(durable for service in services for durable in durables_of(service)),
        *(_durable_of(each) for each in everybody if isinstance(each, Partner) and each.keys),
    )
    return Declared((*kept, _stream(ADVISORY, _ADVISORY_SUBJECTS, scale)), durables)


def durables_of(service: Service) -> tuple[Durable, ...]:
    """Return the durables of one service, one for each stream it reads."""
    return tuple(_durable(service, stream) for stream in service.streams())


def _events_of(services: tuple[Service, ...]) -> frozenset[type[Event]]:
    """Every event of the catalogue and of the tables: a stream exists before its service does."""
    published = (event for service in services for event in service.publishes)
    consumed = (entry.event for service in services for entry in service.consumes)
    return frozenset((*EVENTS, *published, *consumed))


def _subjects(events: frozenset[type[Event]], stream: Stream) -> tuple[str, ...]:
    return tuple(sorted(event.subject_filter() for event in events if event.stream is stream))


def _stream(name: str, subjects: tuple[str, ...], scale: Scale) -> StreamConfig:
    keeping = scale.keeping[name]
    return StreamConfig(
        name=name,
        subjects=list(subjects),
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        max_bytes=keeping.max_bytes,
        max_age=keeping.max_age.total_seconds(),
        max_msgs=-1,
        max_msgs_per_subject=-1,
        max_msg_size=_LARGEST_EVENT_BYTES,
        max_consumers=-1,
        storage=StorageType.FILE,
        num_replicas=scale.replicas,
        duplicate_window=_DUPLICATE_WINDOW.total_seconds(),
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,  # the checker reads whole streams in batches
    )


def _durable(service: Service, stream: Stream) -> Durable:
    filters = list(service.filters(stream))
    return _whole_durable(stream, service.durable(stream), service.ack_wait(), filters)


def _durable_of(partner: Partner) -> Durable:
    filters = [f"partner.{partner.name}.>"]
    return _whole_durable(Stream.PARTNER, partner.durable, _PARTNERS_ACK_WAIT, filters)


def _whole_durable(stream: Stream, name: str, ack_wait: timedelta, filters: list[str]) -> Durable:
    return Durable(
        stream.value,
        ConsumerConfig(
            name=name,
            durable_name=name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            replay_policy=ReplayPolicy.INSTANT,
            ack_wait=ack_wait.total_seconds(),
            max_deliver=-1,  # our own count decides about parking; the server's goes silent
            max_ack_pending=_MAX_ACK_PENDING,
            max_waiting=_MAX_WAITING,
            filter_subjects=filters,
        ),
    )
