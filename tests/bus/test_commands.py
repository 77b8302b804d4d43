"""A command whose answer is lost is asked again, well before its asker gives up."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from contracts.assignment import Pause
from contracts.envelope import CommandId, done
from contracts.vocabulary import Role
from services.bus.clock import DomainClock
from services.bus.commands import Asking
from services.bus.door import Asker
from services.bus.stream import Connection
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
