"""Two versions side by side: what is left to the newer, and what is sent to the older."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from contracts.envelope import CommandId, EventEnvelope, EventId, SessionId, Stream, done
from contracts.risk import RaiseAlert
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, Role
from services.bus.commands import Asking
from services.bus.consumer import Consumer
from services.bus.decode import NEWER, ReadEvent, Unreadable
from services.bus.lane import Lane
from services.bus.stream import Delivery
from services.bus.transact import Transactions
from tests.bus.tally import TALLY


class Handed:
    """A delivered message: what was answered for it."""

    stream_sequence = 7

    def __init__(self, read: object, deliveries: int) -> None:
        self.read = read
        self.deliveries = deliveries
        self.answers: list[str] = []

    async def ack(self) -> None:
        self.answers.append("ack")

    async def give_back(self, after: timedelta) -> None:
        self.answers.append("given back")


class Reading(Consumer):
    """A consumer that notes what it parks."""

    def __init__(self) -> None:
        transactions = cast(Transactions, type("T", (), {"service": TALLY})())
        super().__init__(transactions, Stream.CONTACT, cast(Lane, None), lambda _: None)
        self.parked: list[str] = []

    async def _park(self, delivery: Delivery, *, reason: str, **facts: str | None) -> None:
        self.parked.append(reason)


def read_by_old(read: object, deliveries: int) -> tuple[list[str], list[str]]:
    handed, consumer = Handed(read, deliveries), Reading()
    asyncio.run(consumer.on_delivery(cast(Delivery, handed)))
    return handed.answers, consumer.parked


def test_an_event_only_the_newer_version_knows_is_left_to_it() -> None:
    unknown = Unreadable(NEWER, "ce-type")
    assert read_by_old(unknown, 1) == (["given back"], [])
    assert read_by_old(unknown, 12) == (["given back"], [])


def test_an_event_only_the_newer_version_consumes_is_left_to_it() -> None:
    envelope = EventEnvelope(
        id=EventId(str(uuid4())),
        source="assignment",
        type="offer.taken.v1",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        aggregate=f"offer:{uuid4()}",
        version=1,
        programme=ProgrammeId("sos-crise"),
    )
    known = ReadEvent(envelope, cast(Any, None))
    assert read_by_old(known, 1) == (["given back"], [])
    assert read_by_old(known, 13) == ([], ["not_consumed"])


def test_after_a_rollback_it_is_parked_in_the_end_and_blocks_nothing() -> None:
    assert read_by_old(Unreadable(NEWER, "ce-type"), 13) == ([], [NEWER])


def test_what_nobody_will_ever_read_is_parked_at_once() -> None:
    assert read_by_old(Unreadable("json_invalid"), 1) == ([], ["json_invalid"])


class Wire:
    """Takes a command as NATS would."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def ask(self, subject: str, headers: dict[str, str], body: str, seconds: float) -> bytes:
        self.bodies.append(body)
        return json.dumps({"status": "done", "added_in_the_next_version": 1}).encode()


class Somebody:
    """Who asks."""

    session_id = SessionId(str(uuid4()))
    person_id = PersonId("person-one")
    role = Role.LISTENER
    programme = ProgrammeId("sos-crise")


class Clock:
    async def in_machine_seconds(self, seconds: float) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def test_a_command_sends_no_default_and_takes_a_reply_that_says_more() -> None:
    """The older one refuses a field it does not know; the newer one may answer with one."""
    wire = Wire()
    asking = Asking("console", cast(Any, wire), cast(Any, Clock()))
    command = RaiseAlert(contact_id=ContactId(str(uuid4())))
    asker = Somebody()
    reply = asyncio.run(
        asking.send(command, asker, CommandId(str(uuid4())), timedelta(seconds=1), None)
    )
    assert reply == done()
    (body,) = wire.bodies
    assert json.loads(body).keys() == {"contact_id"}, "and no signals"
