"""Which lines there are: their counters are there at 0 before anybody calls."""

from __future__ import annotations

from sqlmodel import Session

from contracts.synthetic import RESERVED
from services.bus.driver import ask
from services.quality import metrics

_LINES = "SELECT DISTINCT programme FROM quality.target WHERE programme <> %(reserved)s"


def expect_callers(session: Session) -> None:
    """Let whatever a line will count be 0 first: a counter that is born at 1 has not increased."""
    for row in ask(session, _LINES, {"reserved": RESERVED}):
        metrics.expect(row.programme)
