"""I33 and I34: nonsense is refused once and breaks nothing; the servers are as declared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from deploy.verify.history import History
from deploy.verify.journal import Answered, Journal
from deploy.verify.verdict import Checked, Violation, violation
from services.bus.decode import Unreadable

#: What a message that a handler could not handle is parked as; it was well formed (I06).
_HANDLER_FAILED = "handler_failed"


def check_i33(history: History) -> Checked:
    """A malformed message is parked once by each durable it reaches; a request is refused once."""
    unreadable = {
        (message.stream, message.sequence): message.type
        for message, read in history.odd_messages
        if isinstance(read, Unreadable)
    }
    found = [*_parked_once(history, unreadable), *_lag(history)]
    count = len(unreadable)
    if history.journal is None:
        return Checked(count, tuple(found), "requests at the doors: needs --journal")
    found.extend(_refused_once(history.journal))
    count += len(history.journal.malformed)
    missing = None if history.journal.malformed else "the journal holds no malformed request"
    return Checked(count, tuple(found), missing)


def _parked_once(history: History, unreadable: dict[tuple[str, int], str]) -> Iterator[Violation]:
    records = Counter(
        (row.durable, row.stream, row.stream_sequence)
        for row in history.parked
        if not row.replayed and row.reason != _HANDLER_FAILED
    )
    replayed = {
        (row.durable, row.stream, row.stream_sequence) for row in history.parked if row.replayed
    }
    expected = {
        (service.durable(on.event.stream), stream, sequence)
        for (stream, sequence), type_name in unreadable.items()
        for service in history.services
        for on in service.consumes
        if on.event.type_name() == type_name
        and history.is_drained_to(service.name, on.event.stream, sequence)
    }
    for durable, stream, sequence in sorted(expected - records.keys() - replayed):
        place = f"{stream}/{sequence}"
        yield violation("malformed, and parked by nobody", durable=durable, message=place)
    for (durable, stream, sequence), count in sorted(records.items()):
        place = f"{stream}/{sequence}"
        if count > 1:
            yield violation("parked more than once", durable=durable, message=place)
        if (stream, sequence) not in unreadable and (stream, sequence) in history.message_at:
            yield violation("parked as malformed, and is not", durable=durable, message=place)


def _lag(history: History) -> Iterator[Violation]:
    """Whatever came in, every reader is through with it once the run is over."""
    if history.still_open:
        return
    for durable in history.durables:
        if durable.pending:
            yield violation("messages still wait", service=durable.service, stream=durable.stream)


def _refused_once(journal: Journal) -> Iterator[Violation]:
    answers: dict[str, list[Answered]] = defaultdict(list)
    for answer in journal.answers:
        answers[answer.request_id].append(answer)
    for request in journal.malformed:
        given = answers[request]
        if len(given) != 1:
            what = "malformed, and never refused" if not given else "refused more than once"
            yield violation(what, request=request)
        elif not 400 <= given[0].status < 500:
            yield violation("malformed, and not refused", request=request, status=given[0].status)


def check_i34(history: History) -> Checked:
    """Streams and durables are as declared; a stream loses messages by age and in no other way."""
    found = [violation(f"differs from what is declared: {each}") for each in history.drift]
    for stream in history.streams:
        kept = stream.last_sequence - stream.first_sequence + 1
        if stream.last_sequence and stream.messages != kept:
            found.append(violation("messages are missing from within", stream=stream.name))
    for fact in history.facts:
        standing = history.stream_by_name.get(fact.stream)
        if standing is None or fact.stream_sequence is None or fact.published_at is None:
            continue
        gone = fact.stream_sequence < standing.first_sequence
        old = bool(standing.max_age) and (
            history.clock.machine - fact.published_at >= standing.max_age
        )
        if gone and not old:
            found.append(violation("gone before its age", stream=fact.stream, event=fact.id))
    return Checked(len(history.streams) + len(history.durables), tuple(found))
