"""Which ports of 127.0.0.1 the platform listens on, kept between runs.

A port somebody wrote into a browser or a client should be there tomorrow: what was chosen is
recorded in the run folder and asked for first.
"""

import json
import os
import random
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.trouble import StartRefused

#: Below Linux' range for outgoing connections (32768 and up), so that no client takes the port of
#: a server that is being restarted.
_SPARE_PORTS = range(20_000, 30_000)
#: A process looks in a part of its own first: between looking and listening another might take it.
_PARTS = 40
_given: set[int] = set()  #: by this process, whoever listens there by now


def is_free(port: int) -> bool:
    """Say whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as trial:
        # As the servers do: a connection closed a moment ago must not count as taken.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        trial.listen(1)
        return True


def spare_port() -> int:
    """Return a port that is free now, and that this process has not returned before."""
    own = _SPARE_PORTS[os.getpid() % _PARTS :: _PARTS]
    for port in (*random.sample(own, len(own)), *random.sample(_SPARE_PORTS, 200)):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise StartRefused("No free port was found.", "See who holds them with `ss -ltnp`.")


@dataclass(frozen=True)
class KeptPorts:
    """The ports of one run folder, in a small JSON file of names and numbers."""

    path: Path

    def keep(self, name: str, wanted: int) -> int:
        """Return the port of `name`: last time's, else `wanted`, else a spare one; record it.

        `wanted` 0 is no wish.
        """
        for port in (self.read().get(name), wanted):
            if port and is_free(port):
                return self._record(name, port)
        return self._record(name, spare_port())

    def insist(self, name: str, wanted: int) -> int:
        """Return last time's port of `name`, else `wanted`; StartRefused when it is taken.

        For the doors people and programs know by number: another number would be no help.
        """
        port = self.read().get(name, wanted)
        if not is_free(port):
            raise StartRefused(
                f"Port {port} of 127.0.0.1, the platform's {name}, is taken by another program.",
                f"See who holds it with `ss -ltnp 'sport = :{port}'` and stop it, "
                "or start with --spare-ports.",
            )
        return self._record(name, port)

    def read(self) -> dict[str, int]:
        """Return the recorded ports; none when there is no record yet or it cannot be read."""
        try:
            recorded = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): int(port) for name, port in recorded.items()}

    def _record(self, name: str, port: int) -> int:
        self.path.write_text(json.dumps(self.read() | {name: port}, indent=2, sort_keys=True))
        return port
