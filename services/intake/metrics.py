"""Figures of intake. Counted where the handler decides, so a transaction that is tried again counts
again: good for a dashboard; what is reported comes from quality.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from contracts.vocabulary import (
    AuthorKind,
    Channel,
    Clock,
    ClockStep,
    FlagOutcome,
    Outcome,
    ProgrammeId,
    Refusal,
    SlowReason,
    TextKind,
    WayOut,
)

line_open = Gauge(
    "helpline_intake_line_open", "1 while a channel of a line is open", ["programme", "channel"]
)
waiting = Gauge(
    "helpline_intake_waiting_contacts", "Callers who wait, by voice or chat", ["programme"]
)
line_staffed = Gauge(
    "helpline_intake_line_staffed", "1 while somebody is on duty for a line", ["programme"]
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
ways_out = Counter(
    "helpline_intake_ways_out_total",
    "Ways out of a wait, by what callers answered",
    ["programme", "way_out", "answer"],
)
ways = Counter(
    "helpline_intake_returns_total",
    "Contacts of who came back, by how they came in",
    ["programme", "way"],
)
held = Counter("helpline_intake_chats_held_total", "Chats kept for a cut-off caller", ["programme"])
resumed = Counter(
    "helpline_intake_chats_resumed_total", "Cut-off callers who came back", ["programme"]
)
urgencies = Counter(
    "helpline_intake_urgencies_total",
    "Callers who said that it was urgent for them",
    ["programme", "channel"],
)
slowed = Counter(
    "helpline_intake_slowings_total", "Decisions to slow somebody down", ["programme", "reason"]
)
first_read = Counter(
    "helpline_intake_messages_first_read_total",
    "Messages read for the first time",
    ["programme", "late"],
)
answered_in_writing = Counter(
    "helpline_intake_messages_answered_total", "Messages answered", ["programme", "late"]
)
clocks_rang = Counter(
    "helpline_intake_message_clocks_total",
    "Clocks of messages that rang",
    ["programme", "clock", "step"],
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


def record_way(programme: ProgrammeId, way: str) -> None:
    """Somebody came back, in one of a closed list of ways."""
    ways.labels(programme, way).inc()


def record_way_out(programme: ProgrammeId, way_out: WayOut, answer: str) -> None:
    """A caller said yes or no to a way out: `taken` or `declined`."""
    ways_out.labels(programme, way_out.value, answer).inc()


def record_urgency(programme: ProgrammeId, channel: Channel) -> None:
    """A caller said that it was urgent for them."""
    urgencies.labels(programme, channel.value).inc()


def record_held(programme: ProgrammeId) -> None:
    """A chat was cut off."""
    held.labels(programme).inc()


def record_resumed(programme: ProgrammeId) -> None:
    """A caller who was cut off is back."""
    resumed.labels(programme).inc()


def record_slowed(programme: ProgrammeId, reason: SlowReason) -> None:
    """A supervisor decided to slow somebody down."""
    slowed.labels(programme, reason.value).inc()


def record_first_read(programme: ProgrammeId, *, late: bool) -> None:
    """A human read a message."""
    first_read.labels(programme, str(late).lower()).inc()


def record_answered_in_writing(programme: ProgrammeId, *, late: bool) -> None:
    """A human answered a message."""
    answered_in_writing.labels(programme, str(late).lower()).inc()


def record_clock_rang(programme: ProgrammeId, clock: Clock, step: ClockStep) -> None:
    """A message waits for long, or for too long."""
    clocks_rang.labels(programme, clock.value, step.value).inc()
