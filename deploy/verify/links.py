"""I25: two contacts of one caller share no value, beyond the window in which they may come back.

Who called is known to nobody, the checker included; so nothing that could be a caller's may stand
beside two contacts. What is a line's or a person's on duty may: it is told apart from any contact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

import orjson

from contracts.contact import ContactOpened
from contracts.programme import ProgrammePublished
from deploy.verify.history import History
from deploy.verify.traces import Trace, traces_in, values_in
from deploy.verify.turns import HONOURED_WITHIN_SECONDS
from deploy.verify.verdict import Checked, Violation, violation

#: The declared exceptions. They join contacts for their window, which is checked as well.
_WAYS_BACK = frozenset({"intake.contact.return_hash", "intake.slowed_return.return_hash"})
#: Fields beside a contact whose values are the directory's, or the line's words and numbers for
#: whoever waits, of which no event speaks. Whatever lies in such a field is not a caller's either.
_OF_NO_CALLER = frozenset({"relay_id", "ladder"})


def check_i25(history: History) -> Checked:
    """Nothing that could be a caller's stands beside two contacts, but for the way back."""
    beside: dict[str, dict[str, str]] = defaultdict(dict)
    for trace in (*history.traces, *_told(history)):
        if trace.place not in _WAYS_BACK and not _is_of_no_caller(trace.place):
            beside[trace.value].setdefault(trace.contact_id, trace.place)
    common = _common(history)
    found = [
        _joins(beside[value]) for value in beside if len(beside[value]) > 1 and value not in common
    ]
    found.extend(_outlived(history))
    found.extend(_own_moments(history))
    contacts = {contact for places in beside.values() for contact in places}
    return Checked(len(contacts) + len(history.ways_back), tuple(found))


def _told(history: History) -> Iterator[Trace]:
    """What events say of a contact, and what led to those of its own life."""
    for fact in history.facts:
        yield from _in_body(fact.type, fact.body)
        if fact.service == "intake" and fact.contact_id and fact.caused_by:
            yield Trace(f"{fact.type} caused_by", fact.contact_id, fact.caused_by)
        trace = fact.envelope.get("traceparent")
        if fact.contact_id and trace:
            yield Trace(f"{fact.type} traceparent", fact.contact_id, trace.split("-")[1])
    for message, _ in history.odd_messages:
        yield from _in_body(message.type, message.body)


def _in_body(type_name: str, body: str | bytes) -> Iterator[Trace]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    yield from traces_in(type_name, told)


def _is_of_no_caller(place: str) -> bool:
    return not _OF_NO_CALLER.isdisjoint(place.split("."))


def _common(history: History) -> frozenset[str]:
    """Whatever is said of lines and people where no contact is spoken of."""
    return history.said_of_lines | frozenset(
        value
        for fact in history.facts
        if fact.contact_id is None
        for value in values_in(orjson.loads(fact.body))
    )


def _joins(places: dict[str, str]) -> Violation:
    (one, here), (other, there), *_ = sorted(places.items())
    ids = {"contact": one, "place": here, "other": other, "there": there}
    return violation("one value stands beside two contacts", **ids)


def _outlived(history: History) -> Iterator[Violation]:
    """Ways back that stand although their window is over."""
    windows: dict[tuple[str, int], int] = {
        (event.programme, event.programme_version): event.terms.returning.window_minutes
        for _, event in history.told(ProgrammePublished)
    }
    overdue = history.clock.domain - history.domain(HONOURED_WITHIN_SECONDS)
    for way in history.ways_back:
        until = way.until
        if until is None:
            window = windows.get((way.programme, way.programme_version), 0)
            until = way.ended_at + timedelta(minutes=window)
        if until < overdue:
            yield violation("a way back outlives its window", contact=way.contact_id)


def _own_moments(history: History) -> Iterator[Violation]:
    """The wait of before, to the minute: its exact moment is another contact's."""
    for _, event in history.told(ContactOpened):
        since = event.waiting_since
        if since is not None and (since.second or since.microsecond):
            yield violation("opened with the moment of another", contact=event.contact_id)
