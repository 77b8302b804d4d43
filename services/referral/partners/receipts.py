"""Which partner has received what: as far as it has acknowledged, on NATS.

Looked for every few seconds while something is awaited. With NATS away nothing is known, and after
a quarter of an hour people are told: they cannot tell either.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from contracts.envelope import Reply, Stream, done
from services.bus.door import GroundAway, Lookout
from services.bus.table import Partner
from services.bus.work import Work, new_id
from services.referral.partners import partners

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 2.0


async def watch(door: Lookout) -> None:
    """Keep what partners have acknowledged, for as long as the service runs."""
    while True:
        try:
            await look(door)
        except GroundAway:
            log.info("what partners received is not known now", extra={"facts": {}})
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def look(door: Lookout) -> None:
    """Look once. Raises GroundAway."""
    for partner, first in await door.read(partners.awaited_from):
        durable = Partner(partner, ()).durable
        acknowledged = await door.acknowledged(Stream.PARTNER, durable)
        if acknowledged >= first:
            keep = partial(_keep, partner, acknowledged)
            await door.answer(new_id(), f"{partner} {acknowledged}", keep)


def _keep(partner: str, acknowledged: int, work: Work) -> Reply:
    partners.keep_received(work.session, partner, acknowledged)
    return done()
