"""I15 for who writes: both clocks of a message run from the newest one, until somebody answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from contracts.contact import ContactEnded
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenEvent
from contracts.vocabulary import AuthorKind, Clock, ClockStep, ContactId, TextKind
from deploy.verify.history import Fact, History
from deploy.verify.verdict import Violation, violation


def clocks_of_messages(history: History) -> Iterator[Violation]:
    """A fact speaks of the newest message before it, and who waits for an answer has a clock.

    Intake changes a contact under its lock, so that the sequence of its facts is their order.
    """
    newest: dict[ContactId, datetime] = {}
    waiting: set[ContactId] = set()
    for fact in sorted(_of_intake(history), key=lambda fact: fact.sequence):
        match fact.event:
            case TextSealed(kind=TextKind.MESSAGE, author=AuthorKind.CALLER) as message:
                newest[message.contact_id] = message.sealed_at
                waiting.add(message.contact_id)
            case WrittenEvent() as event:
                if event.asked_at != newest.get(event.contact_id):
                    yield violation(
                        "a clock ran from an older message", contact=event.contact_id, event=fact.id
                    )
                if _is_last(event):
                    waiting.discard(event.contact_id)
            case ContactEnded() as ended:
                waiting.discard(ended.contact_id)
    for contact_id in sorted(waiting):
        if not history.has_deadline("intake", "answer", contact_id):
            yield violation("a message waits, and no clock runs", contact=contact_id)


def _of_intake(history: History) -> Iterator[Fact]:
    return (fact for fact in history.facts if fact.service == "intake")


def _is_last(event: WrittenEvent) -> bool:
    """Whether nothing more rings for this message."""
    match event:
        case WrittenAnswered():
            return True
        case WrittenClockRang():
            return (event.clock, event.step) == (Clock.ANSWER, ClockStep.LATE)
        case _:
            return False
