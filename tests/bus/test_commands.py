"""What becomes of a command whose answer is lost, or whose service fails."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import errors

from contracts.assignment import Pause
from contracts.envelope import CommandEnvelope, CommandId, Reply, done, not_yet, refused
from contracts.vocabulary import ProgrammeId, Refusal, Role
from services.bus.clock import DomainClock
from services.bus.commands import Answering, Asking
from services.bus.decode import ReadCommand
from services.bus.door import Asker
from services.bus.lane import Lane
from services.bus.stream import Connection, Delivery
from services.bus.transact import Transactions
from services.bus.work import new_id

ASKER = SimpleNamespace(
    session_id=new_id(), person_id="v00001", role=Role.LISTENER, programme="sos-crise"
)


class Clock:
    async def in_machine_seconds(self, seconds: float) -> datetime:
        return datetime(2026, 1, 14, 12, tzinfo=UTC) + timedelta(seconds=seconds)


class DiesOnce:
    """A service that is killed with the first command in hand, and answers when it is back."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    async def ask(self, subject: str, headers: Any, body: str, seconds: float) -> bytes:
        self.asked.append(headers)
        if len(self.asked) == 1:
            await asyncio.sleep(seconds)
            raise TimeoutError
        return done().model_dump_json().encode()


def test_command_that_died_with_its_service_is_asked_again_with_its_id() -> None:
    service = DiesOnce()
    asking = Asking("console", cast(Connection, service), cast(DomainClock, Clock()))

    async def scene() -> None:
        async with asyncio.timeout(20):
            reply = await asking.send(
                Pause(), cast(Asker, ASKER), CommandId(new_id()), timedelta(seconds=5), None
            )
        assert reply == done()

    asyncio.run(scene())
    assert len(service.asked) == 2
    assert service.asked[0] == service.asked[1], "the same command, so that it takes effect once"


class Fails:
    """The lane of a service in which every piece of work fails alike."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def run(self, call: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "reply", "counted"),
    [
        (psycopg.OperationalError(), not_yet(), 0),
        (errors.LockNotAvailable(), not_yet(), 1),
        (ZeroDivisionError(), refused(Refusal.PLATFORM_FAULT), 1),
    ],
)
def test_a_failure_is_answered_by_its_kind_and_counted_when_it_is_ours(
    error: Exception, reply: Reply, counted: int
) -> None:
    answers = (SimpleNamespace(command=Pause, kept=True),)
    service = SimpleNamespace(name=f"fails-{type(error).__name__}", answers=answers)
    transactions = SimpleNamespace(service=service, handle_command=lambda *_: None)
    answering = Answering(
        cast(Transactions, transactions),
        cast(Lane, Fails(error)),
        cast(DomainClock, Clock()),
        lambda _: None,
    )
    envelope = CommandEnvelope(
        command_id=CommandId(new_id()),
        session_id=ASKER.session_id,
        actor=ASKER.person_id,
        role=ASKER.role,
        programme=ProgrammeId(ASKER.programme),
        deadline=datetime(2026, 1, 14, 13, tzinfo=UTC),
    )
    command = Delivery(cast(Any, None), ReadCommand(envelope, Pause()))
    assert Reply.model_validate_json(asyncio.run(answering.on_command(command))) == reply
    told = {"service": service.name, "work": Pause.type_name()}
    assert REGISTRY.get_sample_value("helpline_bus_failed_total", told) == counted
