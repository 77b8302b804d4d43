"""Whether Postgres is there, for one lane; and the wait until it is again."""

from __future__ import annotations

import asyncio
import logging

from services.bus import metrics
from services.bus.lane import Lane

log = logging.getLogger(__name__)

_PROBE_EVERY_SECONDS = 0.2


class Ground:
    """Postgres as one lane sees it. Whoever finds it away waits here; one probe serves all."""

    def __init__(self, service: str, lane: Lane) -> None:
        self._service = service
        self._lane = lane
        self._probing: asyncio.Task[None] | None = None
        metrics.record_ground(service, up=True)

    @property
    def away(self) -> bool:
        """Whether somebody is waiting for it to come back."""
        return self._probing is not None and not self._probing.done()

    async def until_back(self) -> None:
        """Return once Postgres answers."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe())
        await asyncio.shield(self._probing)

    async def _probe(self) -> None:
        facts = {"service": self._service, "lane": self._lane.name}
        metrics.record_ground(self._service, up=False)
        log.warning("Postgres does not answer; nothing is fetched", extra={"facts": facts})
        while not await self._lane.run(self._lane.probe):
            await asyncio.sleep(_PROBE_EVERY_SECONDS)
        metrics.record_ground(self._service, up=True)
        log.info("Postgres answers again", extra={"facts": facts})
