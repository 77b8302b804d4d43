"""Figures of risk, counted where the handler decides; no label tells people or contacts apart."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from contracts.risk import CallWay, EscalationReason, Standing, UnreachedWhy
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

calls = Counter("helpline_risk_duty_calls_total", "Calls ordered", ["programme", "way"])
attempts = Counter(
    "helpline_risk_call_attempts_total", "Attempts at a call", ["way", "got_through"]
)
lapsed = Counter("helpline_risk_lapsed_calls_total", "Calls nobody received", ["programme", "way"])

requests = Counter(
    "helpline_risk_requests_total", "Requests at risk's own door", ["address", "status"]
)

rescues = Counter(
    "helpline_risk_rescues_total", "Rescues, by what came of them", ["programme", "how"]
)

lifts = Counter("helpline_risk_lifts_total", "Lifts of anonymity", ["programme", "how"])

alerts = Gauge("helpline_risk_alerts", "Alerts that are not over", ["programme", "standing"])
oldest_untaken = Gauge(
    "helpline_risk_oldest_untaken_seconds",
    "How long the oldest alert nobody has taken stands, domain time",
    ["programme"],
)


for _way in CallWay:  # an alert asks how many more there were: the first, too
    for _got_through in ("yes", "no"):
        attempts.labels(_way.value, _got_through)


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


def record_call(programme: ProgrammeId, way: CallWay) -> None:
    """The duty professional is called."""
    calls.labels(programme, way.value).inc()


def record_attempt(way: CallWay, got_through: bool) -> None:
    """A call was tried. When none of a way gets through, that way is broken."""
    attempts.labels(way.value, "yes" if got_through else "no").inc()


def record_lapsed(programme: ProgrammeId, way: CallWay) -> None:
    """No receiver had it in time."""
    lapsed.labels(programme, way.value).inc()


def record_request(address: str, status: int) -> None:
    """Somebody asked here. More than a few: the usual way does not answer."""
    requests.labels(address, f"{status // 100}xx").inc()


def record_rescue(programme: ProgrammeId, how: str) -> None:
    """A rescue was started, confirmed, or failed."""
    rescues.labels(programme, how).inc()


def record_lift(programme: ProgrammeId, how: str) -> None:
    """Anonymity was lifted by two people or by one alone, or its review was missed."""
    lifts.labels(programme, how).inc()
