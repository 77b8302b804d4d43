"""What stands now of alerts, for the gauges. An engineer sees that alerts wait, and never whose."""

from __future__ import annotations

from sqlmodel import Session

from contracts.risk import Standing
from services.bus.driver import ask
from services.bus.metrics import set_all
from services.risk import metrics

_ALERTS = """
    SELECT programme, standing, count(*) AS alerts,
        extract(epoch FROM public.helpline_now() - min(raised_at)) AS oldest_seconds
    FROM risk.alert WHERE standing IN ('open', 'taken') GROUP BY programme, standing
"""


def set_gauges(session: Session) -> None:
    """Set the gauges to what the ledger says."""
    found = ask(session, _ALERTS).fetchall()
    set_all(metrics.alerts, {(row.programme, row.standing): row.alerts for row in found})
    untaken = {
        (row.programme,): float(row.oldest_seconds)
        for row in found
        if row.standing == Standing.OPEN
    }
    set_all(metrics.oldest_untaken, untaken)
