"""Three servers that know each other, with the accounts and keys of a ground."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.embedded.nats import SERVER_FILE, EmbeddedNats
from deploy.embedded.ports import spare_port
from deploy.embedded.processes import size_of, spawn
from services.bus.provision.declared import PERMANENT
from services.bus.provision.keys import ensure_keys
from services.bus.provision.permissions import server_conf
from services.bus.table import Service


def three_servers(folder: Path, tables: tuple[Service, ...], keys: Path) -> list[EmbeddedNats]:
    """Three servers on new volumes, not started; each keeps its ports when it starts again."""
    routes = [spare_port() for _ in range(3)]
    public_keys = ensure_keys(keys, tables)
    servers = []
    for number, route in enumerate(routes):
        (place := folder / f"three-{number}").mkdir()
        (place / "nats.conf").write_text(
            f"""
server_name: "three-{number}"
listen: "127.0.0.1:{spare_port()}"
http: "127.0.0.1:{spare_port()}"
lame_duck_grace_period: "500ms"
lame_duck_duration: "30s"
cluster {{
  name: "helpline", listen: "127.0.0.1:{route}"
  routes: [{", ".join(f'"nats://127.0.0.1:{each}"' for each in routes)}]
}}
include "{SERVER_FILE}"
"""
        )
        (place / SERVER_FILE).write_text(server_conf(tables, public_keys, place, PERMANENT))
        servers.append(EmbeddedNats(place / "nats.conf", place, place / "nats.log"))
    return servers


@contextmanager
def running_servers(servers: list[EmbeddedNats]) -> Iterator[list[str]]:
    """Run them together for the length of the block: their addresses.

    None is healthy before there is a quorum, so that each is started before any is waited for.
    """
    with ExitStack() as stack:
        begun = []
        for server in servers:
            log_start = size_of(server.log)
            server.child = spawn(server.program())
            stack.callback(server.stop)
            begun.append((server, server.child, log_start))
        for server, child, log_start in begun:
            server.address = server.wait_ready(child, log_start)
        yield [server.address.url for server in servers]
