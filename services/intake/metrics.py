"""Figures of intake. Counted where the handler decides, so a transaction that is tried again counts
again: good for a dashboard; what is reported comes from quality.
"""

from __future__ import annotations

from prometheus_client import Counter

from contracts.vocabulary import Channel, Outcome, ProgrammeId, Refusal

opened = Counter(
    "helpline_intake_contacts_opened_total", "Contacts opened", ["programme", "channel"]
)
ended = Counter("helpline_intake_contacts_ended_total", "Contacts ended", ["programme", "outcome"])
unmoved = Counter(
    "helpline_intake_facts_unmoved_total",
    "Facts of other services that left a contact as it was",
    ["fact", "why"],
)
applied = Counter(
    "helpline_intake_programmes_applied_total", "Versions of lines put into force", ["programme"]
)
refused = Counter(
    "helpline_intake_requests_refused_total", "Requests refused at the door", ["route", "refusal"]
)
answered = Counter(
    "helpline_intake_requests_answered_total", "Requests answered at the door", ["route", "status"]
)


def record_opened(programme: ProgrammeId, channel: Channel) -> None:
    """Someone is on the line."""
    opened.labels(programme, channel.value).inc()


def record_ended(programme: ProgrammeId, outcome: Outcome) -> None:
    """A contact reached its terminal state."""
    ended.labels(programme, outcome.value).inc()


def record_unmoved(fact: str, why: str) -> None:
    """A fact came late, twice, or about a contact that is over or unknown."""
    unmoved.labels(fact, why).inc()


def record_applied(programme: ProgrammeId) -> None:
    """A version of a line was published."""
    applied.labels(programme).inc()


def record_refused(route: str, refusal: Refusal) -> None:
    """A request was refused; `route` is a template, never an address."""
    refused.labels(route, refusal.value).inc()


def record_answered(route: str, status: int) -> None:
    """A request was answered, with this HTTP status."""
    answered.labels(route, str(status)).inc()
