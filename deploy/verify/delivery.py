"""I05 to I10: what was committed is what was published, and each event has its effect once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from contracts.envelope import Stream
from deploy.verify.history import Fact, History, Message, is_copy_of
from deploy.verify.verdict import Checked, Violation, violation
from services.bus.decode import Unreadable

#: How long a committed row may stay unpublished (I08: 10 s after heal, machine time).
_PUBLISHED_WITHIN = timedelta(seconds=10)


def check_i05(history: History) -> Checked:
    """Versions of an aggregate, counted by its one publisher, are 1..n without a hole."""
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for fact in history.facts:
        versions[fact.service, fact.aggregate].append(fact.version)
    found = [
        violation("versions are not 1..n", service=service, aggregate=aggregate)
        for (service, aggregate), counted in versions.items()
        if sorted(counted) != list(range(1, len(counted) + 1))
    ]
    return Checked(len(versions), tuple(found))


def check_i06(history: History) -> Checked:
    """What a durable is for was handled once by its service, or is parked; the skipped do nothing.

    That an event cannot be handled twice is the inbox's primary key; that its effects are of one
    transaction is I10.
    """
    parked = {(row.durable, row.stream_sequence) for row in history.parked}
    unreadable = {
        (message.stream, message.sequence)
        for message, read in history.odd_messages
        if isinstance(read, Unreadable)
    }
    count = 0
    found: list[Violation] = []
    for message in history.messages:
        if (message.stream, message.sequence) in unreadable:
            continue  # I33
        stream = Stream(message.stream)
        for service, _ in history.readers.get(message.type, ()):
            if not history.is_drained_to(service.name, stream, message.sequence):
                continue
            count += 1
            if message.id in history.handled_by.get(service.name, {}):
                continue
            if (service.durable(stream), message.sequence) not in parked:
                found.append(
                    violation(
                        "on the stream, not in the inbox of its consumer",
                        service=service.name,
                        event=message.id,
                        type=message.type,
                    )
                )
    return Checked(count, (*found, *_effects_of_skipped(history), *_from_nowhere(history)))


def _effects_of_skipped(history: History) -> Iterator[Violation]:
    """An event that came late to a consumer that skips late ones has no effect at all."""
    skipping = {
        (service.name, type_name)
        for type_name, readers in history.readers.items()
        for service, even_late in readers
        if not even_late
    }
    for fact in history.facts:
        cause = history.handled_by.get(fact.service, {}).get(fact.caused_by or "")
        if cause is not None and cause.late and (cause.service, cause.type) in skipping:
            yield violation(
                "caused by an event that was skipped as late", event=fact.id, cause=cause.id
            )


def _from_nowhere(history: History) -> Iterator[Violation]:
    """An event that was handled is in its publisher's ledger, or at least on a stream."""
    if any(stream.first_sequence > 1 for stream in history.streams):
        return  # what has aged out cannot be told from what never was
    for row in history.handled:
        told = row.id in history.fact_by_id or row.id in history.messages_by_id
        if row.kind == "event" and not told:
            ids = {"service": row.service, "event": row.id}
            yield violation("handled, and in no ledger and on no stream", **ids)


def check_i07(history: History) -> Checked:
    """One id is one content: between ledgers, between repeats on a stream, and between the two."""
    found = [
        violation("two ledger rows with one id", event=id)
        for id, count in Counter(fact.id for fact in history.facts).items()
        if count > 1
    ]
    for id, messages in history.messages_by_id.items():
        fact = history.fact_by_id.get(id)
        if fact is not None:
            differing = next((m for m in messages if not is_copy_of(m, fact)), None)
            what = "differs from its ledger row"
        else:
            differing = next((m for m in messages if not _same(m, messages[0])), None)
            what = "differs from its repeat"
        if differing is not None:
            place = f"{differing.stream}/{differing.sequence}"
            found.append(violation(what, event=id, message=place))
    return Checked(len(history.messages), tuple(found))


def _same(one: Message, other: Message) -> bool:
    return (one.subject, one.body, _ours(one)) == (other.subject, other.body, _ours(other))


def _ours(message: Message) -> dict[str, str]:
    return {name: text for name, text in message.headers.items() if name.startswith("ce-")}


def check_i08(history: History) -> Checked:
    """Every committed row is on its stream within 10 s or set aside with an alarm; nothing else."""
    found = [
        violation("committed, and not on its stream", event=fact.id, type=fact.type)
        for fact in history.facts
        if _is_due(history, fact) and not _is_on_stream(history, fact)
    ]
    for message in history.messages:
        if message.id not in history.fact_by_id:
            place = f"{message.stream}/{message.sequence}"
            found.append(violation("on a stream without a ledger row", message=place))
    return Checked(len(history.facts) + len(history.messages), tuple(found))


def _is_due(history: History, fact: Fact) -> bool:
    if fact.refused is not None or _has_aged_out(history, fact):
        return False
    fresh = fact.committed_at > history.clock.machine - _PUBLISHED_WITHIN
    return fact.published_at is not None or not fresh


def _has_aged_out(history: History, fact: Fact) -> bool:
    stream = history.stream_by_name.get(fact.stream)
    if stream is None or fact.stream_sequence is None:
        return False
    return fact.stream_sequence < stream.first_sequence


def _is_on_stream(history: History, fact: Fact) -> bool:
    return any(each.stream == fact.stream for each in history.messages_by_id.get(fact.id, ()))


def check_i09(history: History) -> Checked:
    """A row stamped with a stream sequence can be read there, under the same id."""
    stamped = [fact for fact in history.facts if fact.published_at is not None]
    found = [
        violation("acknowledged, and not readable where it was", event=fact.id, type=fact.type)
        for fact in stamped
        if not _has_aged_out(history, fact) and not _is_where_stamped(history, fact)
    ]
    return Checked(len(stamped), tuple(found))


def _is_where_stamped(history: History, fact: Fact) -> bool:
    if fact.stream_sequence is None:
        return False
    message = history.message_at.get((fact.stream, fact.stream_sequence))
    return message is not None and message.id == fact.id


def check_i10(history: History) -> Checked:
    """What caused a fact was handled by the same service, in the same transaction.

    What a partner is told names no cause: something was handled in its transaction.
    """
    found: list[Violation] = []
    worked = {
        (service, row.txid) for service, rows in history.handled_by.items() for row in rows.values()
    }
    for fact in history.facts:
        if fact.stream == Stream.PARTNER and fact.caused_by is None:
            if (fact.service, fact.txid) not in worked:
                found.append(violation("committed with no cause", event=fact.id))
            continue
        cause = history.handled_by.get(fact.service, {}).get(fact.caused_by or "")
        if cause is None:
            found.append(violation("its cause is in no inbox", event=fact.id, cause=fact.caused_by))
        elif cause.txid != fact.txid:
            found.append(violation("committed apart from its cause", event=fact.id, cause=cause.id))
    return Checked(len(history.facts), tuple(found))
