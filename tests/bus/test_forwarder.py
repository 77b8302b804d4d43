"""What the sweep publishes and what it leaves alone."""

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, cast

from services.bus.forwarder import Forwarder
from services.bus.lane import Lane
from services.bus.ledger import Ledger, Unpublished
from services.bus.stream import Connection

ROW = Unpublished("CONTACT", "helpline.contact.opened.v1.x.1", {"id": "1", "type": "a.b.v1"}, "{}")


class OneRow:
    """A ledger in which one row waits until it is stamped, and a lane that asks it."""

    service = "intake"

    def __init__(self) -> None:
        self.stamped: list[tuple[str, int]] = []

    async def run(self, call: Callable[[], Any]) -> Any:
        return call()

    @contextmanager
    def autocommit(self) -> Any:
        yield None

    def waiting(self, _: object) -> list[Unpublished]:
        return [] if self.stamped else [ROW]

    def stamp(self, _: object, published: list[tuple[str, int]]) -> None:
        self.stamped += published


class SlowServer:
    """A server that answers a publish when it is let."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.answers = asyncio.Event()

    async def publish(self, stream: str, subject: str, headers: object, body: str) -> int:
        self.published.append(subject)
        await self.answers.wait()
        return len(self.published)


def test_sweep_leaves_alone_what_is_on_its_way() -> None:
    async def scene() -> None:
        rows, server = OneRow(), SlowServer()
        forwarder = Forwarder(cast(Ledger, rows), cast(Lane, rows), cast(Connection, server), 1)
        first = asyncio.create_task(forwarder.sweep())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await forwarder.sweep() == 1
        assert len(server.published) == 1, "published again although its PubAck may still come"
        server.answers.set()
        await first
        await forwarder.stamp()
        assert await forwarder.sweep() == 0
        assert rows.stamped == [("1", 1)]

    asyncio.run(asyncio.wait_for(scene(), 10))
