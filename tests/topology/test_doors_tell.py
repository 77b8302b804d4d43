"""Every door tells how long its answers took, but for those that wait for something to happen."""

import asyncio
from pathlib import Path
from typing import cast

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.types import ASGIApp

from services.bus.doorway import DOCUMENT_PATH
from services.bus.testing import ServiceUnderTest
from services.console import door as console
from services.console.settings import Settings as ConsoleSettings
from services.intake import door as intake
from services.intake.settings import Settings as IntakeSettings
from services.risk import door as risk
from tests.console.scripted_door import ScriptedDoor
from tests.intake.doors import DoorUnderTest
from tests.risk.doors import RiskDoor, settings_in

#: What is asked here is answered without asking anything.
NOTHING = cast("ServiceUnderTest", None)
#: Waits until something was written; who bears no token is refused there at once.
WAITS = "/contacts/00000000-0000-4000-8000-000000000000/texts"


def door_of(service: str, folder: Path) -> ASGIApp:
    match service:
        case "intake":
            return intake.build(DoorUnderTest(NOTHING), IntakeSettings())
        case "console":
            return console.build(ScriptedDoor(NOTHING), ConsoleSettings())
        case _:
            return risk.build(RiskDoor(NOTHING), settings_in(folder))


def told(service: str) -> float:
    labels = {"door": service, "failed": "no"}
    return REGISTRY.get_sample_value("helpline_bus_answer_seconds_count", labels) or 0.0


def told_of(service: str, address: str, folder: Path) -> float:
    """Answers that were told while somebody asked once at an address."""
    before = told(service)

    async def ask() -> None:
        transport = httpx.ASGITransport(door_of(service, folder))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            assert (await client.get(address)).status_code < 500

    asyncio.run(ask())
    return told(service) - before


@pytest.mark.parametrize("service", ["intake", "console", "risk"])
def test_door_tells_of_each_answer(service: str, tmp_path: Path) -> None:
    assert told_of(service, DOCUMENT_PATH, tmp_path) == 1


def test_answer_that_waits_is_not_told_as_slow(tmp_path: Path) -> None:
    assert told_of("intake", WAITS, tmp_path) == 0
