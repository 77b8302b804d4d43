"""Figures of triage. Counted where the handler decides, so a transaction that is tried again counts
again: good for a dashboard; what is reported comes from quality.
"""

from __future__ import annotations

from prometheus_client import Counter

from contracts.vocabulary import Priority, ProgrammeId

proposals = Counter(
    "helpline_triage_proposals_total", "Proposals of the rules", ["programme", "priority"]
)
decisions = Counter(
    "helpline_triage_decisions_total",
    "Decisions of regulators, as they set them and as the rules had proposed",
    ["programme", "priority", "proposed"],
)


def record_proposal(programme: ProgrammeId, priority: Priority) -> None:
    """The rules have proposed."""
    proposals.labels(programme, priority.value).inc()


def record_decision(programme: ProgrammeId, priority: Priority, proposed: Priority) -> None:
    """A human has decided. Where the two differ often, the rules are wrong, not the human."""
    decisions.labels(programme, priority.value, proposed.value).inc()
