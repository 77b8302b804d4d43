"""An entrance leads who comes to the pod that is ready, and leaves who has come where they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.embedded.ports import spare_port
from deploy.rollout.entrance import Entrance


@asynccontextmanager
async def a_pod(name: bytes) -> AsyncIterator[int]:
    """A server that says its name for each line it is told."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(name + b"\n")
        writer.close()

    port = spare_port()
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield port
    finally:
        server.close()


def test_a_connection_stays_with_its_pod_and_new_ones_go_to_the_new_one() -> None:
    async def scene() -> None:
        entrance = Entrance(spare_port())
        await entrance.open()
        async with a_pod(b"old") as old, a_pod(b"new") as new:

            async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
                return await asyncio.open_connection("127.0.0.1", entrance.port)

            async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
                writer.write(b"who\n")
                return await asyncio.wait_for(reader.readline(), 5)

            entrance.backend = old
            first = await connect()
            assert await ask(*first) == b"old\n"
            entrance.backend = new
            second = await connect()
            assert await ask(*second) == b"new\n"
            assert await ask(*first) == b"old\n"
            for _, writer in (first, second):
                writer.close()
            entrance.backend = spare_port()
            reader, _ = await connect()
            assert await asyncio.wait_for(reader.read(), 5) == b""
            assert entrance.refused == 1
        await entrance.close()

    asyncio.run(scene())
