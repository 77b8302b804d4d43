"""Domain time at the edge of a command: what the desk's deadline is measured from.

Handlers read `helpline_now()` in their transaction (`work.now`). An edge that only sends a command
has no transaction, so it asks Postgres once a minute and counts on from there; it counts on all the
same while Postgres is away, for a deadline is no reason to fail.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from services.bus.failure import is_ground_away
from services.bus.lane import Lane

_ASK_AGAIN_SECONDS = 60.0
_NEVER = float("-inf")


class DomainClock:
    """Domain time, extrapolated from the last answer of Postgres."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._asked_at = _NEVER
        self._then = datetime.min.replace(tzinfo=UTC)
        self._rate = 1.0

    async def in_machine_seconds(self, seconds: float) -> datetime:
        """The domain time it will be in so many seconds of machine time.

        Raises what Postgres raises when it was never reached.
        """
        if time.monotonic() - self._asked_at > _ASK_AGAIN_SECONDS:
            await self._ask_again()
        elapsed = time.monotonic() - self._asked_at + seconds
        return self._then + timedelta(seconds=elapsed * self._rate)

    async def _ask_again(self) -> None:
        try:
            await self._lane.run(self._ask)
        except Exception as error:
            if not is_ground_away(error) or self._asked_at == _NEVER:
                raise

    def _ask(self) -> None:
        with self._lane.autocommit() as session:
            row = session.execute(
                text("SELECT public.helpline_now(), rate FROM public.clock")
            ).one()
        self._then, self._rate, self._asked_at = row[0], float(row[1]), time.monotonic()
