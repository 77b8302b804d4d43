"""What stands now of the lines, for the gauges: open or not, who waits, staffed or not."""

from __future__ import annotations

from sqlmodel import Session

from contracts.opening import is_open
from contracts.synthetic import is_reserved
from services.bus.metrics import set_all
from services.intake import metrics, store


def set_gauges(session: Session) -> None:
    """Set the gauges to what the ledger says; of whom nobody has said that they are there, no."""
    lines, now = store.lines_in_force(session)
    lines = [line for line in lines if not is_reserved(line.programme)]
    doors = {
        (line.programme, channel.value): float(is_open(line.terms.timetable, channel, now))
        for line in lines
        for channel in line.terms.channels
    }
    set_all(metrics.line_open, doors)
    staffed = {(line.programme,): float(line.staffed is True) for line in lines}
    set_all(metrics.line_staffed, staffed)
    nobody = {(line.programme,): 0.0 for line in lines}
    waiting = {(each,): float(count) for each, count in store.waiting(session).items()}
    set_all(metrics.waiting, nobody | waiting)
