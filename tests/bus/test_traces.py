"""What is traced: steps of ours, with ids; never an address, a body or the words of an error."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlmodel import Session
from starlette.types import ASGIApp

from contracts.envelope import Command, CommandId, Reply
from services.bus.door import Asker, Door
from services.bus.work import Work
from services.console import door as console_door
from services.console.settings import Settings as ConsoleSettings
from services.intake import door as intake_door
from services.intake.settings import Settings as IntakeSettings

T = TypeVar("T")

CONTACT = "11111111-1111-4111-8111-111111111111"


class BrokenDoor:
    """A bus that fails in a way nobody foresaw, with words that must go nowhere."""

    service = "console"
    development = True

    def __init__(self) -> None:
        self.committed = asyncio.Condition()

    async def answer(self, key: str, fingerprint: str, handler: Callable[[Work], Reply]) -> Reply:
        raise RuntimeError("0199000000")

    async def read(self, query: Callable[[Session], T]) -> T:
        raise RuntimeError("0199000000")

    async def send(
        self,
        command: Command,
        asker: Asker,
        command_id: CommandId,
        wait: timedelta = timedelta(seconds=5),
        expected_version: int | None = None,
    ) -> Reply:
        raise RuntimeError("0199000000")


def _console(door: Door) -> ASGIApp:
    return console_door.build(door, ConsoleSettings())


def _intake(door: Door) -> ASGIApp:
    return intake_door.build(door, IntakeSettings())


DOORS: dict[str, tuple[Callable[[Door], ASGIApp], str]] = {
    "console": (_console, f"/desk/contacts/{CONTACT}/end"),
    "intake": (_intake, f"/contacts/{CONTACT}/leave"),
}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Everything this process traces from now on."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())  # a process has one, for good
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("of this test").start_as_current_span("seen"):
        pass
    assert [span.name for span in exporter.get_finished_spans()] == ["seen"]
    exporter.clear()
    return exporter


@pytest.mark.parametrize("case", DOORS.values(), ids=DOORS)
def test_no_library_traces_a_request_its_address_or_its_failure(
    spans: InMemorySpanExporter, case: tuple[Callable[[Door], ASGIApp], str]
) -> None:
    build, address = case

    async def call() -> None:
        transport = httpx.ASGITransport(build(BrokenDoor()), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            token = {"Authorization": "Bearer token"}
            for body in ({"reason": "hung_up"}, {"reason": "0199000000"}):
                answer = await client.post(address, json=body, headers=token)
                assert answer.status_code >= 400

    asyncio.run(call())
    traced = [(span.name, dict(span.attributes or {})) for span in spans.get_finished_spans()]
    assert traced == []
