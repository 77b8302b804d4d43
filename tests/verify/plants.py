"""Spoiling a history: one row lost, changed, or saying something else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.envelope import Event
from deploy.verify.history import Fact, History


def fact_of(history: History, wanted: Callable[[Event], bool]) -> Fact:
    """The first fact whose event is wanted."""
    return next(each for each in history.facts if each.event is not None and wanted(each.event))


def with_fact(history: History, fact: Fact, **changes: Any) -> History:
    """The history with one fact changed; `event` also changes its body."""
    if "event" in changes:
        changes["body"] = changes["event"].model_dump_json()
    changed = replace(fact, **changes)
    facts = tuple(changed if each is fact else each for each in history.facts)
    return replace(history, facts=facts)


def without_fact(history: History, fact: Fact) -> History:
    """The history without one ledger row."""
    return replace(history, facts=tuple(each for each in history.facts if each is not fact))


def unsaid(history: History, fact: Fact) -> History:
    """The history without one event, neither in a ledger nor on a stream."""
    messages = tuple(each for each in history.messages if each.id != fact.id)
    return replace(without_fact(history, fact), messages=messages)


def said_otherwise(history: History, kind: type[Event], **changes: Any) -> History:
    """The history with the first event of a type saying something else."""
    fact = fact_of(history, lambda event: type(event) is kind)
    assert fact.event is not None
    return with_fact(history, fact, event=fact.event.model_copy(update=changes))


def message_said_otherwise(history: History, kind: type[Event], **changes: Any) -> History:
    """The history with the first message of a type saying something else, where it stands."""
    fact = fact_of(history, lambda event: type(event) is kind)
    assert fact.event is not None
    body = fact.event.model_copy(update=changes).model_dump_json().encode()
    messages = tuple(
        replace(each, body=body) if each.id == fact.id else each for each in history.messages
    )
    return replace(history, messages=messages)
