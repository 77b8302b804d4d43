"""What stands now in the lines, for the gauges: who waits, how long, and who is there."""

from __future__ import annotations

from sqlmodel import Session

from contracts.synthetic import RESERVED
from contracts.vocabulary import Stage
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
_LINES = "SELECT DISTINCT programme FROM assignment.terms WHERE programme <> %(reserved)s"
#: The reserved programme has nobody who waits, and nobody who is there.
_NAMED = {"reserved": RESERVED}


def set_gauges(session: Session) -> None:
    """Set the gauges to what the ledger says; a line where nobody waits says so."""
    programmes = [row.programme for row in ask(session, _LINES, _NAMED)]
    for programme in programmes:
        metrics.expect_offers(programme)
    nobody = {(programme, stage.value): 0.0 for programme in programmes for stage in Stage}
    found = ask(session, _WAITING, _NAMED).fetchall()
    waiting = {(row.programme, row.stage): float(row.contacts) for row in found}
    set_all(metrics.waiting, nobody | waiting)
    oldest = {(row.programme, row.stage): float(row.oldest_seconds) for row in found}
    set_all(metrics.oldest_wait, nobody | oldest)
    there = {
        (row.programme, row.role, row.state): row.people for row in ask(session, _PEOPLE, _NAMED)
    }
    set_all(metrics.people, there)
