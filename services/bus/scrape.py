"""What a scrape asks of Postgres: each question by itself, and none for long.

A table may be locked, by a migration or a VACUUM FULL. Whoever scrapes is then told everything else
and which question nobody answered. The surprising thing: its figures are gone until it is answered
again, because an old number would look calm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from services.bus import metrics
from services.bus.driver import ask
from services.bus.lane import Lane

log = logging.getLogger(__name__)

#: For each statement, with its wait for a lock: a hundred times what any takes.
_BRIEFLY = "SET LOCAL statement_timeout = '500ms'"
#: With a thread and a connection to ask by. Prometheus waits ten for everything.
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Question:
    """One thing a scrape asks; `forget` takes back what it told last."""

    service: str
    name: Literal["ledger", "standing", "postgres"]
    read: Callable[[Session], None]
    forget: Callable[[], None]

    async def put(self, lane: Lane) -> None:
        """Ask it, and tell whether it was answered.

        On a lane where no handler is: those wait for the lock as well.
        """

        def briefly() -> None:
            with lane.session() as session, session.begin():
                ask(session, _BRIEFLY)
                self.read(session)

        answered = True
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await lane.run(briefly)
        except (TimeoutError, SQLAlchemyError, psycopg.Error) as error:
            answered = False
            self.forget()
            facts = {"service": self.service, "question": self.name, "error": type(error).__name__}
            log.warning("figures could not be read", extra={"facts": facts})
        metrics.record_figures_read(self.service, self.name, answered)
