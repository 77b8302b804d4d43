"""What is traced: steps of ours, with ids; never an address, a body or the words of an error."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext
from prometheus_client import REGISTRY
from prometheus_client.openmetrics import exposition as openmetrics
from sqlmodel import Session
from starlette.types import ASGIApp

from contracts.envelope import Command, CommandId, Reply
from contracts.partner import PartnerCommand
from contracts.vocabulary import PartnerId
from services.bus.door import Asker, Door
from services.bus.metrics import record_handling
from services.bus.settings import BusSettings
from services.bus.traces import Tracing, exported, start_tracing, step, trace_id_of, trace_with
from services.bus.work import Work, new_id
from services.console import door as console_door
from services.console.settings import Settings as ConsoleSettings
from services.intake import door as intake_door
from services.intake.settings import Settings as IntakeSettings
from services.risk import door as risk_door
from services.risk.settings import Settings as RiskSettings

T = TypeVar("T")

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

CONTACT = "11111111-1111-4111-8111-111111111111"
ANOTHER = "22222222-2222-4222-8222-222222222222"


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

    async def send_for(
        self, partner: PartnerId, command: PartnerCommand, wait: timedelta = timedelta(seconds=5)
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
    with step("intake", "on contact.opened.v1", SAMPLED) as taken:
        assert taken.traceparent(None) == SAMPLED
    fresh = []
    for _ in range(2):
        with step("intake", "settle") as taken:
            fresh.append(taken.traceparent(None))
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", made) for made in fresh)
    assert fresh[0] != fresh[1]


def test_without_an_exporter_what_is_said_of_a_contact_is_of_its_trace() -> None:
    trace_with(None)
    for came_with in (None, SAMPLED):
        with step("assignment", "settle", came_with) as taken:
            said = [taken.traceparent(contact) for contact in (CONTACT, ANOTHER)]
        assert [trace_id_of(one) for one in said] == [_hexadecimal(CONTACT), _hexadecimal(ANOTHER)]


@pytest.fixture
def keep() -> Iterator[Callable[[float], InMemorySpanExporter]]:
    """Steps of ours as an exporter gets them, of this part of the traces."""

    def start(ratio: float) -> InMemorySpanExporter:
        exporter = InMemorySpanExporter()
        trace_with(Tracing(SimpleSpanProcessor(exporter), ratio))
        return exporter

    yield start
    trace_with(None)


@pytest.fixture
def steps(keep: Callable[[float], InMemorySpanExporter]) -> InMemorySpanExporter:
    """Every step of ours, as an exporter gets it."""
    return keep(1)


def test_with_an_exporter_a_step_is_a_child_of_what_it_came_with(
    steps: InMemorySpanExporter,
) -> None:
    with step("intake", "on contact.opened.v1", SAMPLED) as taken:
        carried = taken.traceparent(None)
    (span,) = steps.get_finished_spans()
    assert span.name == "on contact.opened.v1"
    assert span.resource.attributes["service.name"] == "helpline-intake"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert carried == f"00-0af7651916cd43dd8448eb211c80319c-{_context(span).span_id:016x}-01"


def test_a_step_that_begins_a_trace_is_nobodys_child(steps: InMemorySpanExporter) -> None:
    with step("console", "send take_offer"), step("intake", "settle"):
        pass
    assert [span.parent for span in steps.get_finished_spans()] == [None, None]


def test_a_step_that_began_before_its_contact_was_known_is_of_the_contacts_trace(
    steps: InMemorySpanExporter,
) -> None:
    with step("intake", "answer at the door") as door:
        opened = door.traceparent(CONTACT)
    with step("quality", "on contact.opened.v1", opened) as told:
        told.traceparent(CONTACT)
    first, second = steps.get_finished_spans()
    assert _trace(first) == _trace(second) == _hexadecimal(CONTACT)
    assert second.parent is not None
    assert second.parent.span_id == _context(first).span_id
    assert first.start_time is not None
    assert first.end_time is not None
    assert first.start_time < first.end_time


def test_what_a_step_says_of_a_second_contact_is_linked_to_it(
    steps: InMemorySpanExporter,
) -> None:
    with step("assignment", "settle") as taken:
        taken.traceparent(CONTACT)
        said = taken.traceparent(ANOTHER)
    other, settled = steps.get_finished_spans()
    assert trace_id_of(said) == _trace(other) == _hexadecimal(ANOTHER)
    assert (other.parent, [link.context for link in other.links]) == (None, [_context(settled)])


def test_what_goes_to_a_partner_is_found_from_the_contacts_trace_and_leads_nowhere(
    steps: InMemorySpanExporter,
) -> None:
    with step(
        "referral", "answer referral.send.v1", f"00-{_hexadecimal(CONTACT)}-{'a' * 16}-01"
    ) as s:
        s.traceparent(CONTACT)
        told = s.traceparent_apart()
    to_partner, sending = steps.get_finished_spans()

    assert trace_id_of(told) == _trace(to_partner) != _hexadecimal(CONTACT)
    assert (to_partner.parent, to_partner.links) == (None, ())
    assert _trace(sending) == _hexadecimal(CONTACT)
    assert [f"{link.context.trace_id:032x}" for link in sending.links] == [_trace(to_partner)]


def test_without_an_exporter_what_goes_to_a_partner_is_of_no_trace_of_ours() -> None:
    came_with = f"00-{_hexadecimal(CONTACT)}-{'a' * 16}-01"
    with step("referral", "answer referral.send.v1", came_with) as taken:
        assert trace_id_of(taken.traceparent_apart()) != _hexadecimal(CONTACT)


def test_a_step_that_fails_says_the_kind_of_its_error_and_not_its_words(
    steps: InMemorySpanExporter,
) -> None:
    with pytest.raises(RuntimeError), step("intake", "settle"):
        raise RuntimeError("0199000000")
    (span,) = steps.get_finished_spans()
    assert (span.status.is_ok, span.status.description) == (False, "RuntimeError")
    assert "0199000000" not in span.to_json()


def test_a_tenth_of_the_contacts_is_kept_and_each_by_every_service(
    keep: Callable[[float], InMemorySpanExporter],
) -> None:
    exporter = keep(0.1)
    for _ in range(2000):
        with step("intake", "answer at the door") as door:
            opened = door.traceparent(new_id())
        with step("triage", "on contact.opened.v1", opened):
            pass
        with step("assignment", "due offer") as due:  # begins by itself, of the same contact
            due.traceparent(str(UUID(trace_id_of(opened))))
    kept = Counter(_trace(span) for span in exporter.get_finished_spans())
    assert 120 < len(kept) < 280
    assert set(kept.values()) == {3}


def test_what_goes_into_the_stream_of_risk_is_kept_with_all_that_follows(
    keep: Callable[[float], InMemorySpanExporter],
) -> None:
    exporter = keep(0)
    with step("intake", "on text.sealed.v1") as written:
        raised = written.traceparent(CONTACT, kept=True)
    with step("risk", "on risk.signalled.v1", raised) as told:
        told.traceparent(CONTACT)
    with step("triage", "settle"):
        pass
    assert [span.name for span in exporter.get_finished_spans()] == [
        "on text.sealed.v1",
        "on risk.signalled.v1",
    ]


def test_a_step_that_fails_is_kept(keep: Callable[[float], InMemorySpanExporter]) -> None:
    exporter = keep(0)

    def fail() -> None:
        with step("intake", "settle") as taken:
            taken.traceparent(CONTACT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    (span,) = exporter.get_finished_spans()
    assert (_trace(span), span.status.is_ok) == (_hexadecimal(CONTACT), False)


def test_only_a_trace_that_is_exported_is_told_with_a_figure() -> None:
    told = trace_id_of(SAMPLED)
    assert [exported(one) for one in (SAMPLED, f"{SAMPLED[:-1]}0", None)] == [told, None, None]
    record_handling("a-durable-of-this-test", 0.1, told)
    record_handling("another-of-this-test", 0.1, None)
    text: bytes = openmetrics.generate_latest(REGISTRY)  # type: ignore[no-untyped-call]
    lines = text.decode().splitlines()
    (shown,) = [line for line in lines if "of-this-test" in line and " # " in line]
    assert shown.startswith('helpline_bus_handling_seconds_bucket{durable="a-durable-of-this-test"')
    assert f'trace_id="{told}"' in shown


def _hexadecimal(contact_id: str) -> str:
    return contact_id.replace("-", "")


def _context(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None
    return context


def _trace(span: ReadableSpan) -> str:
    return f"{_context(span).trace_id:032x}"


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
