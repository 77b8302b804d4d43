"""How long a door takes to answer is told, and a failure is told as one."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import Response

from services.bus.doorway import Address, Doorway, Manners
from services.bus.metrics import record_answer

SLOW_SECONDS = 0.05


async def slowly(_: Request) -> Response:
    await asyncio.sleep(SLOW_SECONDS)
    return Response("here")


async def badly(_: Request) -> Response:
    await asyncio.sleep(SLOW_SECONDS)
    raise RuntimeError


@pytest.mark.parametrize(("answer", "status"), [(slowly, 200), (badly, 500)])
def test_door_tells_how_long_an_answer_took_whatever_it_is(
    answer: Callable[[Request], Awaitable[Response]], status: int
) -> None:
    told: list[tuple[str | None, int, float]] = []

    def count(address: Address | None, status: int, seconds: float) -> None:
        told.append((address.path if address else None, status, seconds))

    manners = Manners(lambda *_: Response(status_code=500), count)
    door = Doorway([Address("GET", "/here", answer, {})], {}, manners)

    async def ask() -> int:
        transport = httpx.ASGITransport(door)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return (await client.get("/here")).status_code

    assert asyncio.run(ask()) == status
    ((path, answered, seconds),) = told
    assert (path, answered) == ("/here", status)
    assert SLOW_SECONDS * 0.9 <= seconds < 10


def shown(failed: str) -> float:
    labels = {"door": "risk", "failed": failed}
    return REGISTRY.get_sample_value("helpline_bus_answer_seconds_count", labels) or 0.0


def test_from_status_500_on_a_door_has_failed_and_a_refusal_is_an_answer() -> None:
    before = {failed: shown(failed) for failed in ("yes", "no")}
    for status in (200, 404, 429, 500, 503):
        record_answer("risk", status, 0.01)
    assert {failed: shown(failed) - before[failed] for failed in before} == {"yes": 2, "no": 3}
