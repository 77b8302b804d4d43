"""Stands for a Service of the cluster: one address, behind it whichever pod is ready.

As kube-proxy does it: a connection goes to the pod that was chosen when it began, and stays there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

_CHUNK_BYTES = 64 * 1024


class Entrance:
    """One address; `backend` is the port new connections go to, 0 while no pod is ready."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.backend = 0
        self.refused = 0  #: connections nobody could be found for
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Let go of every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _on_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            inside, out = await asyncio.open_connection("127.0.0.1", self.backend)
            await asyncio.gather(_carry(reader, out), _carry(inside, writer))
        except OSError:
            self.refused += 1
        except asyncio.CancelledError:
            pass  # the entrance closes; asyncio's own callback would complain
        finally:
            writer.close()
            self._carrying.discard(task)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until that way ends; then the other side hears of it."""
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.close()
