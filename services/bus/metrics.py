"""Figures of the ground. Labels are closed sets: services, durables, event types, verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)

handled = Counter(
    "helpline_bus_handled_total",
    "Pieces of work by what became of them",
    ["service", "work", "verdict"],
)
handling = Histogram(
    "helpline_bus_handling_seconds", "Time from delivery to commit", ["durable"], buckets=_SECONDS
)
failed = Counter(
    "helpline_bus_failed_total", "Handlers that failed and will be tried again", ["service", "work"]
)
parked = Counter(
    "helpline_bus_parked_total", "Messages taken out of the way", ["service", "reason"]
)
ignored = Counter(
    "helpline_bus_ignored_fields_total", "Unknown fields ignored on reading", ["event", "field"]
)
published = Counter(
    "helpline_bus_published_total", "Events the server has acknowledged", ["service", "path"]
)
refused = Counter(
    "helpline_bus_refused_total", "Outbox rows the server will never accept", ["service"]
)
unpublished = Gauge(
    "helpline_bus_unpublished_rows", "Outbox rows older than a second, not published", ["service"]
)
ground = Gauge("helpline_bus_ground_up", "1 when Postgres answers, 0 when not", ["service"])
leading = Gauge("helpline_bus_leading", "1 while this process holds the lease", ["service"])
parked_now = Gauge("helpline_bus_parked_messages", "Messages parked and not replayed", ["service"])
outbox_age = Gauge(
    "helpline_bus_outbox_age_seconds", "Age of the oldest event not published", ["service"]
)

figures_read = Gauge(
    "helpline_bus_figures_read",
    "1 when Postgres answered what a scrape asks, 0 when not",
    ["service", "question"],
)
oldest_transaction = Gauge(
    "helpline_bus_oldest_transaction_seconds", "Age of the oldest open transaction", ["service"]
)
answer_seconds = Histogram(
    "helpline_bus_answer_seconds",
    "From a request at a door to the head of its answer",
    ["door", "failed"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
for _door in ("intake", "console", "risk"):  # a share of failures wants both from the start
    for _failed in ("yes", "no"):
        answer_seconds.labels(_door, _failed)


def record_handled(service: str, work: str, verdict: str) -> None:
    """One piece of work is done."""
    handled.labels(service, work, verdict).inc()


def record_handling(durable: str, seconds: float, trace_id: str | None) -> None:
    """Seconds from delivery to commit, with the trace that shows them, where there is one."""
    handling.labels(durable).observe(seconds, {"trace_id": trace_id} if trace_id else None)


def record_answer(door: str, status: int, seconds: float) -> None:
    """A door has begun to answer: HTTP status, seconds since it was asked. From 500 on it failed.

    Requests whose answer waits for something to happen are not told: they are not slow.
    """
    answer_seconds.labels(door, "yes" if status >= 500 else "no").observe(seconds)


def expect_failures(service: str, works: Iterable[str]) -> None:
    """Let failures be counted from 0: a counter that is born at 20 has not increased."""
    for work in works:
        failed.labels(service, work)


def record_failed(service: str, work: str) -> None:
    """A handler failed."""
    failed.labels(service, work).inc()


def record_parked(service: str, reason: str) -> None:
    """A message was taken out of the way."""
    parked.labels(service, reason).inc()


#: The sender chooses the keys, so only so many are told apart; the rest count as `other`.
_KEYS_TOLD_APART = 50
_keys_seen: set[tuple[str, str]] = set()


def record_ignored(event: str, field: str) -> None:
    """A field this version does not know was ignored."""
    if len(_keys_seen) < _KEYS_TOLD_APART:
        _keys_seen.add((event, field))
    ignored.labels(event, field if (event, field) in _keys_seen else "other").inc()


def record_published(service: str, path: str, count: int = 1) -> None:
    """Events acknowledged, by path: `direct` after the commit, or `forwarder`."""
    published.labels(service, path).inc(count)


def record_refused(service: str) -> None:
    """The server refused an outbox row for good."""
    refused.labels(service).inc()


def record_unpublished(service: str, rows: int) -> None:
    """Rows the forwarder found waiting."""
    unpublished.labels(service).set(rows)


def record_ground(service: str, up: bool) -> None:
    """Whether Postgres answers."""
    ground.labels(service).set(1 if up else 0)


def record_standing(
    service: str, parked_messages: int, outbox_age_seconds: float, transaction_seconds: float
) -> None:
    """What waits for an engineer, what waits for NATS, what holds rows (machine time)."""
    parked_now.labels(service).set(parked_messages)
    outbox_age.labels(service).set(outbox_age_seconds)
    oldest_transaction.labels(service).set(transaction_seconds)


def forget_standing(service: str) -> None:
    """Nobody knows now what waits."""
    for gauge in (parked_now, outbox_age, oldest_transaction):
        gauge.remove(service)


def record_figures_read(service: str, question: str, answered: bool) -> None:
    """Whether Postgres answered one of the questions of a scrape (scrape.py)."""
    figures_read.labels(service, question).set(answered)


L = TypeVar("L", bound=tuple[str, ...])
_set_before: defaultdict[Gauge, set[tuple[str, ...]]] = defaultdict(set)


def set_all(gauge: Gauge, values: Mapping[L, float]) -> None:
    """Set a gauge to what was found, and to 0 where something was found before and is no more."""
    for labels in _set_before[gauge] - values.keys():
        gauge.labels(*labels).set(0)
    for found, value in values.items():
        gauge.labels(*found).set(value)
    _set_before[gauge].update(values)


def forget_found(service: str) -> None:
    """Take back what `set_all` set of a service: nobody knows now. What it once found, it knows."""
    for gauge, before in _set_before.items():
        if next(iter(gauge.describe())).name.startswith(f"helpline_{service}_"):
            for labels in before:
                gauge.remove(*labels)


def record_leading(service: str, leads: bool) -> None:
    """Whether this process holds the lease."""
    leading.labels(service).set(1 if leads else 0)
