"""Where the live server differs from what is declared; a service does not start on a difference.

Every field that changes what is kept or delivered is compared, also those we never set: somebody
else may have set them. Whoever asks needs a key that may read (`checker`, `provisioner`); a service
may look at its own durables only: `drift_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from nats.js import JetStreamContext
from nats.js.api import Base, ConsumerInfo, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from services.bus.provision.declared import PILOT, Declared, Durable, Scale, declare, durables_of
from services.bus.table import Service, Table

STREAM_FIELDS = (
    "subjects",
    "retention",
    "discard",
    "discard_new_per_subject",
    "max_bytes",
    "max_age",
    "max_msgs",
    "max_msgs_per_subject",
    "max_msg_size",
    "max_consumers",
    "storage",
    "num_replicas",
    "duplicate_window",
    "deny_delete",
    "deny_purge",
    "allow_direct",
    "allow_rollup_hdrs",
    "allow_msg_ttl",
    "no_ack",
    "sealed",
    "mirror",
    "sources",
    "republish",
    "subject_transform",
    "persist_mode",
)
DURABLE_FIELDS = (
    "deliver_policy",
    "opt_start_seq",
    "opt_start_time",
    "ack_policy",
    "replay_policy",
    "ack_wait",
    "max_deliver",
    "backoff",
    "max_ack_pending",
    "max_waiting",
    "deliver_subject",
    "deliver_group",
    "rate_limit_bps",
    "headers_only",
    "inactive_threshold",
    "num_replicas",
    "mem_storage",
)
#: Stands in `field` when the whole stream or durable is there on one side only.
WHOLE = "existence"

#: A configured value, brought to a form in which the server's defaults and ours are equal.
Plain = str | int | float | tuple[object, ...] | None


@dataclass(frozen=True)
class Difference:
    """One field that is not as declared. `durable` is None when the stream itself differs."""

    stream: str
    durable: str | None
    field: str
    declared: Plain
    live: Plain

    def __str__(self) -> str:
        where = self.stream if self.durable is None else f"{self.stream}/{self.durable}"
        return f"{where} {self.field}: declared {self.declared!r}, live {self.live!r}"


@dataclass(frozen=True)
class Live:
    """Everything the server holds."""

    streams: dict[str, StreamInfo]
    durables: dict[tuple[str, str], ConsumerInfo]


async def drift(
    js: JetStreamContext, tables: Iterable[Table], scale: Scale = PILOT
) -> tuple[Difference, ...]:
    """Return every difference between the live server and the tables; none means in order."""
    return compare(declare(tables, scale), await read_live(js))


async def drift_of(js: JetStreamContext, service: Service) -> tuple[Difference, ...]:
    """Return the differences of one service's durables: all its own key may look at."""
    found: list[Difference] = []
    for durable in durables_of(service):
        try:
            info = await js.consumer_info(durable.stream, durable.name)
        except NotFoundError:
            info = None
        found.extend(durable_differences(durable, info))
    return tuple(found)


async def read_live(js: JetStreamContext) -> Live:
    """Read what the server holds: streams, and durables (not the short-lived consumers)."""
    streams = {str(info.config.name): info for info in await js.streams_info()}
    durables = {
        (stream, info.name): info
        for stream in streams
        for info in await js.consumers_info(stream)
        if info.config.durable_name
    }
    return Live(streams, durables)


def compare(declared: Declared, live: Live) -> tuple[Difference, ...]:
    """Return every difference, missing and undeclared streams and durables included."""
    found: list[Difference] = []
    for stream in declared.streams:
        found.extend(stream_differences(stream, live.streams.get(str(stream.name))))
    for durable in declared.durables:
        found.extend(
            durable_differences(durable, live.durables.get((durable.stream, durable.name)))
        )
    found.extend(
        Difference(name, None, WHOLE, None, "present")
        for name in sorted(live.streams.keys() - {str(stream.name) for stream in declared.streams})
    )
    found.extend(undeclared_durables(declared, live))
    return tuple(found)


def undeclared_durables(declared: Declared, live: Live) -> tuple[Difference, ...]:
    """Return the durables nobody declares (any more): they keep a place for nobody."""
    known = {(durable.stream, durable.name) for durable in declared.durables}
    return tuple(
        Difference(stream, name, WHOLE, None, "present")
        for stream, name in sorted(live.durables.keys() - known)
    )


def stream_differences(declared: StreamConfig, live: StreamInfo | None) -> tuple[Difference, ...]:
    """Compare one stream."""
    name = str(declared.name)
    if live is None:
        return (Difference(name, None, WHOLE, "present", None),)
    return _field_differences((name, None), STREAM_FIELDS, declared, live.config)


def durable_differences(durable: Durable, live: ConsumerInfo | None) -> tuple[Difference, ...]:
    """Compare one durable."""
    where = (durable.stream, durable.name)
    if live is None:
        return (Difference(*where, WHOLE, "present", None),)
    found = list(_field_differences(where, DURABLE_FIELDS, durable.config, live.config))
    filters, live_filters = _filters(durable.config), _filters(live.config)
    if filters != live_filters:
        found.append(Difference(*where, "filter_subjects", filters, live_filters))
    if live.paused:
        found.append(Difference(*where, "paused", None, live.config.pause_until))
    return tuple(found)


def _field_differences(
    where: tuple[str, str | None], fields: tuple[str, ...], declared: Base, live: Base
) -> tuple[Difference, ...]:
    pairs = ((field, _plain(declared, field), _plain(live, field)) for field in fields)
    return tuple(
        Difference(*where, field, ours, theirs) for field, ours, theirs in pairs if ours != theirs
    )


def _filters(config: Base) -> tuple[str, ...]:
    """One filter may come back under either name."""
    many, one = getattr(config, "filter_subjects", None), getattr(config, "filter_subject", None)
    return tuple(sorted(many or ((one,) if one else ())))


def _plain(config: Base, field: str) -> Plain:
    value = getattr(config, field)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list):
        return tuple(sorted(map(str, value))) or None
    if isinstance(value, (str, int, float)):
        return value or None  # absent, False, 0 and "" mean the same to the server
    return None if value is None else str(value)
