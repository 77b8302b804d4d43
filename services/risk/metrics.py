"""Figures of risk, counted where the handler decides; no label tells people or contacts apart."""

from __future__ import annotations

from prometheus_client import Counter

from contracts.risk import EscalationReason, Standing, UnreachedWhy
from contracts.vocabulary import ProgrammeId

raised = Counter("helpline_risk_alerts_raised_total", "Alerts raised", ["programme"])
escalations = Counter(
    "helpline_risk_escalations_total", "Alerts that went on", ["programme", "level", "reason"]
)
unreached = Counter(
    "helpline_risk_unreached_total", "Rungs on which nobody could be reached", ["programme", "why"]
)
taken = Counter("helpline_risk_alerts_taken_total", "Alerts a human took", ["programme", "level"])
ended = Counter("helpline_risk_alerts_ended_total", "Alerts a human ended", ["programme", "how"])


def record_raised(programme: ProgrammeId) -> None:
    """A key was pressed."""
    raised.labels(programme).inc()


def record_escalation(programme: ProgrammeId, level: int, reason: EscalationReason) -> None:
    """Nobody took it in time, or somebody more is wanted."""
    escalations.labels(programme, str(level), reason.value).inc()


def record_unreached(programme: ProgrammeId, why: UnreachedWhy) -> None:
    """Nobody can be reached: one of these pages."""
    unreached.labels(programme, why.value).inc()


def record_taken(programme: ProgrammeId, level: int) -> None:
    """A named human has it, on this rung."""
    taken.labels(programme, str(level)).inc()


def record_ended(programme: ProgrammeId, standing: Standing) -> None:
    """A named human ended it: stood down, or closed."""
    ended.labels(programme, standing.value).inc()
