"""Three servers on this machine that know each other, as the cluster has them; for rehearsals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from deploy.embedded.nats import SERVER_FILE, EmbeddedNats
from deploy.embedded.ports import spare_port
from deploy.embedded.processes import size_of, spawn
from services.bus.provision.declared import PERMANENT
from services.bus.provision.keys import ensure_keys
from services.bus.provision.permissions import server_conf
from services.bus.table import Service

_FRAME = """\
server_name: "three-{number}"
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitoring}"
# The shortest there are: clients are asked to leave one after the other.
lame_duck_grace_period: "500ms"
lame_duck_duration: "30s"
cluster {{
  name: "helpline"
  listen: "127.0.0.1:{route}"
  # Clients are told of all three: what in the cluster the Service leads to.
  routes: [{routes}]
}}
include "{server_file}"
"""
_LOOK_EVERY_SECONDS = 0.05


class Three:
    """Three servers on new volumes; each keeps its ports when it starts again."""

    def __init__(self, folder: Path, tables: Sequence[Service], keys: Path) -> None:
        self._routes = [spare_port() for _ in range(3)]
        self._monitoring = [spare_port() for _ in range(3)]
        self.ports = [spare_port() for _ in range(3)]
        self.servers: list[EmbeddedNats] = []
        public_keys = ensure_keys(keys, tuple(tables))
        for number in range(3):
            (place := folder / f"three-{number}").mkdir(parents=True)
            (place / SERVER_FILE).write_text(server_conf(tables, public_keys, place, PERMANENT))
            self.servers.append(EmbeddedNats(place / "nats.conf", place, place / "nats.log"))
            self.listen_at(number, self.ports[number])

    def listen_at(self, number: int, port: int) -> None:
        """Have a server listen to clients there from its next start on."""
        self.ports[number] = port
        self.servers[number].config.write_text(
            _FRAME.format(
                number=number,
                port=port,
                monitoring=self._monitoring[number],
                route=self._routes[number],
                routes=", ".join(f'"nats://127.0.0.1:{each}"' for each in self._routes),
                server_file=SERVER_FILE,
            )
        )

    @property
    def urls(self) -> list[str]:
        """Their addresses, now or after their next start."""
        return [f"nats://127.0.0.1:{port}" for port in self.ports]

    async def begin(self) -> None:
        """Start them together; StartRefused when one does not get healthy.

        None is healthy before there is a quorum, so that each is started before any is waited for.
        """
        for server in self.servers:
            server.child = spawn(server.program())
        await asyncio.gather(*(_until_healthy(server, 0) for server in self.servers))

    def stop(self) -> None:
        """End those that run."""
        for server in self.servers:
            server.stop()


async def begin(server: EmbeddedNats) -> None:
    """Start a server again and wait until it is healthy; StartRefused when it is not."""
    log_start = size_of(server.log)
    server.child = spawn(server.program())  # here: a child ends with the thread that started it
    await _until_healthy(server, log_start)


async def _until_healthy(server: EmbeddedNats, log_start: int) -> None:
    assert server.child is not None
    server.address = await asyncio.to_thread(server.wait_ready, server.child, log_start)


async def leave(server: EmbeddedNats, within_seconds: float = 60) -> None:
    """Have a server leave as a lame duck: leaderships first, then its clients, then itself.

    Raises TimeoutError when it is still there then.
    """
    pid = server.running_pid()
    assert pid is not None, "it does not run"
    async with asyncio.timeout(within_seconds):
        os.kill(pid, signal.SIGUSR2)
        while server.running_pid() is not None:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
