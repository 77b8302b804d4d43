"""Figures of intake. Counted where the handler decides, so a transaction that is tried again counts
again: good for a dashboard; what is reported comes from quality.
"""

from __future__ import annotations

from prometheus_client import Counter

from contracts.vocabulary import (
    AuthorKind,
    Channel,
    FlagOutcome,
    Outcome,
    ProgrammeId,
    Refusal,
    TextKind,
)

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
sealed = Counter(
    "helpline_intake_texts_sealed_total", "Texts sealed", ["programme", "kind", "author"]
)
unopened = Counter(
    "helpline_intake_texts_unopened_total", "Keys of contacts that nothing opens any more"
)
flags = Counter(
    "helpline_intake_flags_judged_total",
    "Flags of the indicator, by what a human found",
    ["programme", "outcome"],
)
erased = Counter("helpline_intake_texts_erased_total", "Texts erased on request", ["programme"])
swept = Counter(
    "helpline_intake_texts_swept_total",
    "Texts deleted at the end of their retention",
    ["programme"],
)
keys_destroyed = Counter("helpline_intake_day_keys_destroyed_total", "Keys of days destroyed")


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


def record_sealed(programme: ProgrammeId, kind: TextKind, author: AuthorKind) -> None:
    """Something was written."""
    sealed.labels(programme, kind.value, author.value).inc()


def record_unopened() -> None:
    """The key of a contact cannot be unwrapped: its day's is gone. Must stay 0."""
    unopened.inc()


def record_flag(programme: ProgrammeId, outcome: FlagOutcome) -> None:
    """A human judged a flag of the indicator."""
    flags.labels(programme, outcome.value).inc()


def record_erased(programme: ProgrammeId, texts: int) -> None:
    """Texts were erased because somebody asked."""
    erased.labels(programme).inc(texts)


def record_swept(programme: ProgrammeId, texts: int) -> None:
    """Texts were kept long enough."""
    swept.labels(programme).inc(texts)


def record_key_destroyed() -> None:
    """The key of a day went; what it had wrapped opens nowhere any more."""
    keys_destroyed.inc()
