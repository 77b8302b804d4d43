"""What every event about an alert says of it, and that nobody can be reached."""

from __future__ import annotations

from typing import Any

from contracts.risk import AlertUnreached, UnreachedWhy
from services.bus.work import Work
from services.risk import metrics, store
from services.risk.domain import Alert, next_at


def say_unreached(row: store.AlertRow, why: UnreachedWhy, work: Work) -> None:
    """Nobody can be reached: an alarm of its own."""
    row.unreached = why.value
    work.announce(AlertUnreached(**said_of(row.alert), why=why, unreached_at=work.now), of=row)
    metrics.record_unreached(row.programme, why)


def said_of(alert: Alert) -> dict[str, Any]:
    """What every event about an alert says of it."""
    return {
        "alert_id": alert.alert_id,
        "contact_id": alert.contact_id,
        "programme": alert.programme,
        "raised_by": alert.raised_by,
        "raised_as": alert.raised_as,
        "raised_at": alert.raised_at,
        "signals": alert.signals,
        "standing": alert.standing,
        "level": alert.level,
        "held_by": alert.held_by,
        "held_since": alert.held_since,
        "calls": alert.calls,
        "next_at": next_at(alert),
        "contact_over": alert.contact_over,
    }
