"""TLS in front of a Postgres built without it: what follows the handshake is the server's."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.authority import Shown

#: More than TLS puts into one: nothing is left in the buffer that `select` does not see.
_WHOLE_RECORD = 65536
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


@contextmanager
def a_front(port: int, shown: Shown) -> Iterator[int]:
    """Yield a port of 127.0.0.1 that asks for TLS, shows a certificate and leads to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, port, context), daemon=True).start()
        yield listening.getsockname()[1]


def _accept(listening: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with suppress(OSError):  # closed: the test is over
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_carry, args=(client, port, context), daemon=True).start()


def _carry(client: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while client.recv(8) != _SSL_REQUEST:
            client.sendall(b"N")  # an offer of another encryption, which libpq makes first
        client.sendall(b"S")
        with (
            context.wrap_socket(client, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            while True:
                ready, _, _ = select.select((inside, server), (), ())
                for one, other in ((inside, server), (server, inside)):
                    if one in ready:
                        if not (data := one.recv(_WHOLE_RECORD)):
                            return
                        other.sendall(data)
