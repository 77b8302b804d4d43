"""With NATS stopped an alert is raised, seen, passed on and called out all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.vocabulary import Role
from services.bus.database import set_clock
from services.bus.runner import RunningService
from services.risk.app import SERVICE
from services.risk.callout import carry_out_calls
from services.risk.door import build
from services.risk.settings import Settings
from tests.bus.live import LiveGround, a_live_ground
from tests.risk.builders import CONTACT, LISTENER, NOON, PROFESSIONAL, SUPERVISOR
from tests.risk.doors import Visitor, a_capability, settings_in
from tests.risk.receiver import Receiver, a_receiver

RATE = 20.0  #: domain seconds for each second of machine time: 90 s are 4.5 s


class Desks:
    """People at risk's door."""

    def __init__(self, http: httpx.AsyncClient, keys: Path) -> None:
        self.listener = Visitor(http, a_capability(keys, LISTENER, Role.LISTENER))
        self.supervisor = Visitor(http, a_capability(keys, SUPERVISOR, Role.SUPERVISOR))
        token = a_capability(keys, PROFESSIONAL, Role.DUTY_PROFESSIONAL)
        self.professional = Visitor(http, token)


def roster(ground: LiveGround) -> None:
    """The roster as risk had heard it while NATS ran."""
    from sqlalchemy import create_engine, text

    engine = create_engine(ground.owner_dsn)
    people = (
        (LISTENER, Role.LISTENER),
        (SUPERVISOR, Role.SUPERVISOR),
        (PROFESSIONAL, Role.DUTY_PROFESSIONAL),
    )
    with engine.begin() as connection:
        for person, role in people:
            connection.execute(
                text("INSERT INTO risk.eligibility VALUES (:person, 'sos-crise', ARRAY[:role])"),
                {"person": person, "role": role.value},
            )
    engine.dispose()


@asynccontextmanager
async def risk_at_work(
    ground: LiveGround, settings: Settings, *, nats: bool
) -> AsyncIterator[Desks]:
    """Risk runs; `nats`: it came up while NATS was there, which is stopped once it has."""
    errands = partial(carry_out_calls, settings=settings)
    running = RunningService(replace(SERVICE, errands=(errands,)), ground.settings)
    starting = asyncio.create_task(running.start())
    if nats:
        await starting
        ground.nats.stop()
    try:
        transport = httpx.ASGITransport(build(running, settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            yield Desks(http, settings.keys_dir)
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        if nats:
            ground.nats.start()
        await running.stop()


async def until_signal(visitor: Visitor, seconds: float = 5) -> dict[str, Any]:
    """Poll as a silent desk does, until an alert is shown."""
    give_up = time.monotonic() + seconds
    while True:
        answer = await visitor.asks("GET", "/open-signals")
        signals = answer.json()["signals"]
        if signals:
            signal: dict[str, Any] = signals[0]
            return signal
        assert time.monotonic() < give_up, "not seen in time"
        await asyncio.sleep(0.2)


async def until_received(receiver: Receiver, count: int, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while len(receiver.received) < count:
        assert time.monotonic() < give_up, f"{len(receiver.received)} of {count} calls in time"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("nats", [True, False], ids=["stopped meanwhile", "gone at its start"])
def test_alert_is_seen_within_5_s_and_the_duty_professional_called_at_90_s(
    fresh_database: str, tmp_path: Path, nats: bool
) -> None:
    async def play(receiver: Receiver) -> None:
        async with a_live_ground((SERVICE,), fresh_database, tmp_path) as ground:
            settings = settings_in(ground.settings.keys_dir, receiver.origin)
            set_clock(ground.owner_dsn, NOON, RATE, development=True)
            roster(ground)
            if not nats:
                ground.nats.stop()
            async with risk_at_work(ground, settings, nats=nats) as desks:
                given = {"address": receiver.address}
                kept = await desks.professional.asks("PUT", "/duty/reach/webhook", given)
                assert kept.status_code == 200, kept.text
                await seen_and_called(desks, receiver)
            if not nats:
                ground.nats.start()

    async def seen_and_called(desks: Desks, receiver: Receiver) -> None:
        began = time.monotonic()
        raised = await desks.listener.asks("POST", "/alerts", {"contact_id": CONTACT})
        assert raised.status_code == 200, raised.text
        signal = await until_signal(desks.supervisor)
        assert time.monotonic() - began < 5
        assert signal["alert_id"] == raised.json()["result"]["alert_id"]
        await until_received(receiver, 1, seconds=90 / RATE + 3)
        called_after = (receiver.received[0].at - began) * RATE
        assert 90 <= called_after <= 90 + 1.5 * RATE
        await until_received(receiver, 2, seconds=60 / RATE + 3)
        path = f"/alerts/{signal['alert_id']}/acknowledge"
        taken = await desks.professional.asks("POST", path, {})
        assert taken.status_code == 200, taken.text
        (signal,) = (await desks.listener.asks("GET", "/open-signals")).json()["signals"]
        assert (signal["held_by"], signal["next_at"]) == (PROFESSIONAL, None)
        calls = len(receiver.received)
        await asyncio.sleep(90 / RATE)
        assert len(receiver.received) == calls

    with a_receiver() as receiver:
        asyncio.run(play(receiver))
