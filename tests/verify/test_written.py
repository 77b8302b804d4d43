"""Clocks of messages that ran from the wrong one, or ran no more, are found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.text import (
    TextSealed,
    WrittenAnswered,
    WrittenClockRang,
    WrittenEvent,
    WrittenFirstRead,
)
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    Clock,
    ClockStep,
    ContactId,
    SealedId,
    TextKind,
)
from deploy.verify.history import Deadline, History
from deploy.verify.written import clocks_of_messages
from tests.assignment.builders import SOS
from tests.verify.plants import fact_of, said_otherwise
from tests.verify.recorder import Recorder, an_id

ANA = ContactId(an_id("ana"))


class Post(Recorder):
    """Messages of one contact, to and fro."""

    def write(self, author: AuthorKind = AuthorKind.CALLER) -> datetime:
        sealed = TextSealed(
            sealed_id=SealedId(an_id("text", str(len(self.facts)))),
            contact_id=ANA,
            programme=SOS,
            channel=Channel.MESSAGE,
            kind=TextKind.MESSAGE,
            author=author,
            characters=9,
            position=1,
            sealed_at=self.now,
        )
        self.work("intake", sealed)
        if author is AuthorKind.CALLER:
            due = self.now + timedelta(hours=24)
            self.deadlines = [Deadline("intake", "answer", ANA, due)]
        return sealed.sealed_at

    def says(self, event: WrittenEvent) -> None:
        self.work("intake", event)

    def read(self, asked_at: datetime) -> None:
        about: dict[str, Any] = {"contact_id": ANA, "programme": SOS, "asked_at": asked_at}
        self.says(WrittenFirstRead(**about, read_at=self.now))

    def answered(self, asked_at: datetime) -> None:
        self.write(AuthorKind.LISTENER)
        about: dict[str, Any] = {"contact_id": ANA, "programme": SOS, "asked_at": asked_at}
        self.says(WrittenAnswered(**about, answered_at=self.now))
        self.deadlines = []

    def rang(self, asked_at: datetime, step: ClockStep) -> None:
        about: dict[str, Any] = {"contact_id": ANA, "programme": SOS, "asked_at": asked_at}
        self.says(WrittenClockRang(**about, clock=Clock.ANSWER, step=step, rang_at=self.now))


def found(history: History) -> list[str]:
    return [each.what for each in clocks_of_messages(history)]


def a_message_written_twice() -> Post:
    post = Post()
    post.read(post.write())
    again = post.write()
    post.rang(again, ClockStep.WARNED)
    return post


def without_clock(history: History) -> History:
    return replace(history, deadlines=())


PLANTS: dict[str, tuple[Callable[[History], History], list[str]]] = {
    "nothing": (lambda history: history, []),
    "a ring for the message before": (
        lambda history: said_otherwise(
            history, WrittenClockRang, asked_at=_first_message(history).sealed_at
        ),
        ["a clock ran from an older message"],
    ),
    "a message without a clock": (without_clock, ["a message waits, and no clock runs"]),
}


def _first_message(history: History) -> TextSealed:
    event = fact_of(history, lambda event: isinstance(event, TextSealed)).event
    assert isinstance(event, TextSealed)
    return event


@pytest.mark.parametrize(("plant", "expected"), PLANTS.values(), ids=PLANTS.keys())
def test_a_clock_runs_from_the_newest_message(
    plant: Callable[[History], History], expected: list[str]
) -> None:
    assert found(plant(a_message_written_twice().history())) == expected


def test_no_clock_is_owed_once_it_is_answered_or_has_rung_for_the_last_time() -> None:
    answered, late = Post(), Post()
    answered.answered(answered.write())
    assert found(answered.history()) == []
    late.rang(late.write(), ClockStep.LATE)
    assert found(without_clock(late.history())) == []
    late.write()
    assert found(without_clock(late.history())) == ["a message waits, and no clock runs"]
