"""What is traced: steps of ours, with ids; never an address, a body or the words of an error."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
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
from services.bus.settings import BusSettings
from services.bus.traces import start_tracing, step, trace_with
from services.bus.work import Work
from services.console import door as console_door
from services.console.settings import Settings as ConsoleSettings
from services.intake import door as intake_door
from services.intake.settings import Settings as IntakeSettings
from services.risk import door as risk_door
from services.risk.settings import Settings as RiskSettings

T = TypeVar("T")

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

CONTACT = "11111111-1111-4111-8111-111111111111"


class BrokenDoor:
    """A bus that fails in a way nobody foresaw, with words that must go nowhere."""

    service = "console"
    development = True
    host = "127.0.0.1"

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


def _risk(door: Door) -> ASGIApp:
    return risk_door.build(door, RiskSettings())


DOORS: dict[str, tuple[Callable[[Door], ASGIApp], str]] = {
    "console": (_console, f"/desk/contacts/{CONTACT}/end"),
    "intake": (_intake, f"/contacts/{CONTACT}/leave"),
    "risk": (_risk, f"/alerts/{CONTACT}/acknowledge"),
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


# --- steps of ours --------------------------------------------------------------------------------


def test_without_an_exporter_a_step_carries_on_what_it_came_with_or_makes_ids() -> None:
    trace_with(None)
    with step("intake", "on contact.opened.v1", SAMPLED) as carried:
        assert carried == SAMPLED
    fresh = []
    for _ in range(2):
        with step("intake", "settle", None) as made:
            fresh.append(made or "")
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", made) for made in fresh)
    assert fresh[0] != fresh[1]


@pytest.fixture
def steps() -> Iterator[InMemorySpanExporter]:
    """Steps of ours, as an exporter gets them."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_with(provider)
    yield exporter
    trace_with(None)


def test_with_an_exporter_a_step_is_a_child_of_what_it_came_with(
    steps: InMemorySpanExporter,
) -> None:
    with step("intake", "on contact.opened.v1", SAMPLED) as carried:
        pass
    (span,) = steps.get_finished_spans()
    assert span.name == "on contact.opened.v1"
    assert dict(span.attributes or {}) == {"helpline.service": "intake"}
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    context = span.get_span_context()
    assert context is not None
    assert carried == f"00-0af7651916cd43dd8448eb211c80319c-{context.span_id:016x}-01"


def test_a_step_that_begins_a_trace_is_nobodys_child(steps: InMemorySpanExporter) -> None:
    with step("console", "send take_offer", None), step("intake", "settle", None):
        pass
    assert [span.parent for span in steps.get_finished_spans()] == [None, None]


def test_a_step_that_fails_says_the_kind_of_its_error_and_not_its_words(
    steps: InMemorySpanExporter,
) -> None:
    with pytest.raises(RuntimeError), step("intake", "settle", None):
        raise RuntimeError("0199000000")
    (span,) = steps.get_finished_spans()
    assert (span.status.is_ok, span.status.description) == (False, "RuntimeError")
    assert "0199000000" not in span.to_json()


def test_the_process_has_no_provider_that_a_library_could_find(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found: list[object] = []
    monkeypatch.setattr(trace, "set_tracer_provider", found.append)
    for exporter in ("none", "otlp"):
        settings = BusSettings.model_validate(
            {
                "nats_url": "nats://localhost",
                "keys_dir": tmp_path,
                "postgres_host": "localhost",
                "postgres_port": 5432,
                "trace_exporter": exporter,
            }
        )
        start_tracing(settings)
        trace_with(None)
    assert found == []
