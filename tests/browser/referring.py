"""Somebody is referred to the partner of the demonstration, as people of the line do it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from contracts.vocabulary import RelayId, Role
from deploy.desk import Doors
from deploy.platform import Platform
from deploy.seeds import PROGRAMME, SEEDED
from tests.partner.ground import refer, verified

RELAY = RelayId("fr-croix-rouge-ecoute")


def somebody_is_referred(platform: Platform) -> str:
    """By which reference the partner knows it."""
    with ThreadPoolExecutor(1) as beside:  # the browser's own loop runs in this thread
        return beside.submit(asyncio.run, _refer(platform)).result()


def its_relay_is_verified(platform: Platform) -> None:
    """A coordinator has checked it."""
    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, _verify(platform)).result()


async def _verify(platform: Platform) -> None:
    async with Doors.of(platform) as doors:
        await verified(doors, RELAY)


async def _refer(platform: Platform) -> str:
    async with Doors.of(platform) as doors:
        await verified(doors, RELAY)
        desk = await doors.session(SEEDED[Role.SUPERVISOR], Role.SUPERVISOR, PROGRAMME)
        return await refer(doors, desk, RELAY)
