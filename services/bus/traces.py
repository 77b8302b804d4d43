"""One trace from the door to quality: the context travels in the outbox row, not in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.bus.settings import BusSettings

_PROPAGATOR = TraceContextTextMapPropagator()


def start_tracing(settings: BusSettings) -> None:
    """Set up tracing for this process; without an exporter only the ids are made."""
    resource = Resource.create({"service.namespace": "helpline"})
    if settings.trace_exporter == "none":
        trace.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF, resource=resource))
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)), resource=resource
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def step(service: str, name: str, traceparent: str | None) -> Iterator[str | None]:
    """A span of one piece of work; yields the traceparent its effects carry on."""
    parent = _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})
    tracer = trace.get_tracer("services.bus")
    with tracer.start_as_current_span(
        name, context=parent, attributes={"helpline.service": service}
    ):
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        yield carrier.get("traceparent")
