"""What stands now in the lines, for the gauges: who waits, how long, and who is there."""

from __future__ import annotations

from sqlmodel import Session

from contracts.synthetic import RESERVED
from services.assignment import metrics
from services.bus.driver import ask
from services.bus.metrics import set_all

#: Of callers who are there: who wrote a message has gone, and has clocks of their own.
_WAITING = """
    SELECT programme, stage, count(*) AS contacts,
        extract(epoch FROM public.helpline_now() - min(joined_at)) AS oldest_seconds
    FROM assignment.contact
    WHERE state IN ('waiting', 'offered') AND channel <> 'message' AND programme <> %(reserved)s
    GROUP BY programme, stage
"""
_PEOPLE = """
    SELECT programme, role, state, count(*) AS people FROM assignment.person
    WHERE state <> 'off_duty' AND programme <> %(reserved)s GROUP BY programme, role, state
"""
#: The reserved programme has nobody who waits, and nobody who is there.
_NAMED = {"reserved": RESERVED}


def set_gauges(session: Session) -> None:
    """Set the gauges to what the ledger says."""
    lines = ask(session, _WAITING, _NAMED).fetchall()
    set_all(metrics.waiting, {(row.programme, row.stage): row.contacts for row in lines})
    oldest = {(row.programme, row.stage): float(row.oldest_seconds) for row in lines}
    set_all(metrics.oldest_wait, oldest)
    there = {
        (row.programme, row.role, row.state): row.people for row in ask(session, _PEOPLE, _NAMED)
    }
    set_all(metrics.people, there)
