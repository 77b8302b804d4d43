"""Which spans are exported: a part of the traces, and always those of alerts and errors."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    get_current_span,
)
from opentelemetry.util.types import Attributes

KEPT = "helpline.kept"  #: an attribute of spans: exported, whatever the ratio says
#: Of a trace id these bits are drawn at random, in a version 4 UUID as well (W3C Trace Context,
#: level 2, "random-trace-id").
_DRAWN_BITS = 56


class Sampling(Sampler):
    """Head sampling by the trace id: a contact is kept whole, by every service, or not at all.

    What follows from something kept, and what is marked as kept (whatever goes into the stream of
    risk), is kept. The rest is recorded, so that an error can still be exported.
    """

    def __init__(self, ratio: float) -> None:
        """`ratio`: part of the traces that is kept, 0 to 1."""
        self._bound = round(ratio * (1 << _DRAWN_BITS))

    def should_sample(  # noqa: PLR0913 - the signature of the SDK
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,  # noqa: ARG002
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """See Sampler.should_sample."""
        parent = get_current_span(parent_context).get_span_context()
        drawn = trace_id & ((1 << _DRAWN_BITS) - 1)
        kept = parent.trace_flags.sampled or KEPT in (attributes or {}) or drawn < self._bound
        decision = Decision.RECORD_AND_SAMPLE if kept else Decision.RECORD_ONLY
        return SamplingResult(decision, attributes, trace_state)

    def get_description(self) -> str:
        """See Sampler.get_description."""
        return f"Sampling({self._bound / (1 << _DRAWN_BITS):g}, kept, errors)"


class KeepsErrors(SpanProcessor):
    """Hands on what is sampled, and every span that ended in an error."""

    def __init__(self, after: SpanProcessor) -> None:
        self._after = after

    def on_end(self, span: ReadableSpan) -> None:
        """See SpanProcessor.on_end."""
        context = span.get_span_context()
        if context and not context.trace_flags.sampled and not span.status.is_ok:
            span = _sampled(span, context)
        self._after.on_end(span)

    def shutdown(self) -> None:
        """See SpanProcessor.shutdown."""
        self._after.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See SpanProcessor.force_flush."""
        return self._after.force_flush(timeout_millis)


def _sampled(span: ReadableSpan, context: SpanContext) -> ReadableSpan:
    flags = TraceFlags(context.trace_flags | TraceFlags.SAMPLED)
    return ReadableSpan(
        span.name,
        SpanContext(context.trace_id, context.span_id, context.is_remote, flags),
        span.parent,
        span.resource,
        span.attributes,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
