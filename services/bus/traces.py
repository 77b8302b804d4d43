"""One trace from the door to quality: the context travels in the outbox row, not in memory.

The provider is not made the process's own: libraries that trace by themselves as soon as there is
one would send addresses and the words of errors along.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import getrandbits

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.bus.settings import BusSettings

_PROPAGATOR = TraceContextTextMapPropagator()

_tracer: Tracer | None = None  #: None: nothing is sent, only the ids are made


def start_tracing(settings: BusSettings) -> None:
    """Set up tracing for this process; without an exporter only the ids are made."""
    if settings.trace_exporter == "none":
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)),
        resource=Resource.create({"service.namespace": "helpline"}),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace_with(provider)


def trace_with(provider: TracerProvider | None) -> None:
    """Make each step a span of this provider from now on; of none: only ids are made."""
    global _tracer
    _tracer = None if provider is None else provider.get_tracer("services.bus")


@contextmanager
def step(service: str, name: str, traceparent: str | None) -> Iterator[str | None]:
    """A span of one piece of work; yields the traceparent its effects carry on.

    Without an exporter that is the one it came with, or a fresh one that is not sampled.
    """
    if _tracer is None:
        yield traceparent or f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-00"
        return
    parent = _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})
    # Never the current span: nothing looks for it, and an error would be recorded with its words.
    span = _tracer.start_span(name, parent, attributes={"helpline.service": service})
    try:
        yield _traceparent(span)
    except Exception as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        span.end()


def _traceparent(span: Span) -> str:
    told = span.get_span_context()
    return f"00-{told.trace_id:032x}-{told.span_id:016x}-{told.trace_flags:02x}"
