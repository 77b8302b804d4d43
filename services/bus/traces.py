"""One trace for each contact, from the door to quality: its trace id is the contact's id.

So everything said of a contact is in one trace, whoever said it: a caller, a person on duty, a
deadline. The context travels in the outbox row, not in memory. What is about no contact has a trace
of its own.

The provider is not made the process's own: libraries that trace by themselves as soon as there is
one would send addresses and the words of errors along.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from random import getrandbits

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.bus.sampling import KEPT, KeepsErrors, Sampling
from services.bus.settings import BusSettings

_PROPAGATOR = TraceContextTextMapPropagator()

_root: ContextVar[int | None] = ContextVar("trace id of the next span without a parent")


class Step:
    """One piece of work; its span begins once it is known whose trace it belongs to."""

    def __init__(self, service: str, name: str, traceparent: str | None) -> None:
        self._service = service
        self._name = name
        self._came_with = traceparent

    def traceparent(self, contact_id: str | None, *, kept: bool = False) -> str:  # noqa: ARG002
        """What a message that this step sends carries on: of its contact's trace, if it has one.

        `kept`: this and what follows from it is exported, whatever the ratio says.
        """
        if self._came_with and _is_of(self._came_with, contact_id):
            return self._came_with
        trace = _trace_id(contact_id) if contact_id else getrandbits(128)
        return f"00-{trace:032x}-{getrandbits(64):016x}-00"

    def traceparent_apart(self) -> str:
        """What a message to somebody outside carries on: a trace of its own.

        A contact's trace id is its id, which stays here. From this step the new trace is found
        (a link), from there this one is not.
        """
        return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-00"

    def end(self, error: Exception | None) -> None:
        """The work is done, or failed."""


class Tracing:
    """Where spans go; a process may run several services, each is told apart as such."""

    def __init__(self, processor: SpanProcessor, ratio: float) -> None:
        self._processor = KeepsErrors(processor)
        self._sampler = Sampling(ratio)
        self.tracer = cache(self._tracer)

    def _tracer(self, service: str) -> Tracer:
        provider = TracerProvider(
            sampler=self._sampler,
            resource=Resource.create(
                {"service.namespace": "helpline", "service.name": f"helpline-{service}"}
            ),
            id_generator=_Ids(),
        )
        provider.add_span_processor(self._processor)
        return provider.get_tracer("services.bus")


class TracedStep(Step):
    """A step that is exported as a span, with what it sends into the traces of others."""

    def __init__(self, tracer: Tracer, service: str, name: str, traceparent: str | None) -> None:
        super().__init__(service, name, traceparent)
        self._tracer = tracer
        self._began = time.time_ns()  # noqa: TID251 - when the machine did it
        self._span: Span | None = None

    def traceparent(self, contact_id: str | None, *, kept: bool = False) -> str:
        """See Step.traceparent."""
        wanted = _trace_id(contact_id) if contact_id else None
        span = self._span or self._begin(wanted, kept)
        told = span.get_span_context()
        if wanted is not None and told.trace_id != wanted:
            # Neither the parent nor the trace can be two; what a step says of another is linked.
            said = self._start(f"{self._name}, of a contact", None, wanted, kept, told)
            said.end()
            told = said.get_span_context()
        flags = told.trace_flags | (TraceFlags.SAMPLED if kept else 0)
        return f"00-{told.trace_id:032x}-{told.span_id:016x}-{flags:02x}"

    def traceparent_apart(self) -> str:
        """See Step.traceparent_apart."""
        here = self._span or self._begin(None, kept=False)
        said = self._start(f"{self._name}, to a partner", None, None, kept=False, link=None)
        said.end()
        told = said.get_span_context()
        here.add_link(told)
        return f"00-{told.trace_id:032x}-{told.span_id:016x}-{told.trace_flags:02x}"

    def end(self, error: Exception | None) -> None:
        """See Step.end."""
        span = self._span or self._begin(None, kept=False)
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        span.end()

    def _begin(self, trace: int | None, kept: bool) -> Span:
        self._span = self._start(self._name, self._came_with, trace, kept, None, self._began)
        return self._span

    def _start(  # noqa: PLR0913 - a span is all of these
        self,
        name: str,
        traceparent: str | None,
        trace: int | None,
        kept: bool,
        link: SpanContext | None,
        began: int | None = None,
    ) -> Span:
        # Never the current span: nothing looks for it, and an error would be recorded with words.
        parent = _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, Context())
        before = _root.set(trace)
        try:
            return self._tracer.start_span(
                name,
                parent,
                SpanKind.PRODUCER if link else SpanKind.INTERNAL,
                {KEPT: True} if kept else None,
                [Link(link)] if link else None,
                began,
            )
        finally:
            _root.reset(before)


class _Ids(RandomIdGenerator):
    """Random ids, but for the trace of a contact."""

    def generate_trace_id(self) -> int:
        return _root.get() or super().generate_trace_id()


_tracing: Tracing | None = None  #: None: nothing is sent, only the ids are made


def start_tracing(settings: BusSettings) -> None:
    """Set up tracing for this process; without an exporter only the ids are made.

    Where spans go is said by the variables of the OpenTelemetry SDK (OTEL_EXPORTER_OTLP_ENDPOINT).
    """
    if settings.trace_exporter == "none":
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    trace_with(Tracing(BatchSpanProcessor(OTLPSpanExporter()), settings.trace_ratio))


def trace_with(tracing: Tracing | None) -> None:
    """Make each step a span of this from now on; of none: only ids are made."""
    global _tracing
    _tracing = tracing


@contextmanager
def step(service: str, name: str, traceparent: str | None = None) -> Iterator[Step]:
    """A piece of work that came with `traceparent`, or begins by itself."""
    if _tracing is None:
        taken = Step(service, name, traceparent)
    else:
        taken = TracedStep(_tracing.tracer(service), service, name, traceparent)
    try:
        yield taken
    except Exception as error:
        taken.end(error)
        raise
    taken.end(None)


def exported(traceparent: str | None) -> str | None:
    """The trace id, where the trace can be found at the place spans go to; None where not."""
    if traceparent is None or not traceparent.endswith("1"):
        return None
    return trace_id_of(traceparent)


def trace_id_of(traceparent: str) -> str:
    """The trace id of a traceparent, 32 hexadecimal digits."""
    return traceparent.split("-")[1]


def _trace_id(contact_id: str) -> int:
    return int(contact_id.replace("-", ""), 16)


def _is_of(traceparent: str, contact_id: str | None) -> bool:
    return contact_id is None or trace_id_of(traceparent) == contact_id.replace("-", "")
