"""The wire between a browser and a door, which can be cut: what a telephone in a tunnel does.

Chromium's own offline mode leaves a stream that is open alone. A wire that is cut closes what goes
through it and takes nothing new; a wire that is silent keeps it open and lets nothing through,
which nobody is told of.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route

_CHUNK_BYTES = 65_536


@dataclass
class Wire:
    """A wire to a door; `door` is the address at its near end."""

    far: tuple[str, int]
    door: str = ""
    _here: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _open: threading.Event = field(default_factory=threading.Event)
    _cut: bool = False
    _running: set[socket.socket] = field(default_factory=set)

    @classmethod
    def to(cls, door: str) -> Wire:
        """Lay a wire to a door."""
        url = urlsplit(door)
        assert url.hostname is not None
        assert url.port is not None
        wire = cls((url.hostname, url.port))
        wire.door = f"http://127.0.0.1:{wire._here.getsockname()[1]}"
        wire._open.set()
        threading.Thread(target=wire._serve, daemon=True).start()
        return wire

    def cut(self) -> None:
        """Close everything, take nothing."""
        self._cut = True
        self._hang_up()

    def go_silent(self) -> None:
        """Let nothing through, and tell nobody."""
        self._open.clear()

    def speak_again(self) -> None:
        """What was held back comes through after all; nothing was closed."""
        self._open.set()

    def mend(self) -> None:
        """As before; what was open is gone, as after any loss."""
        self._cut = False
        self._hang_up()
        self._open.set()

    def take_away(self) -> None:
        """For good."""
        self.cut()
        self._open.set()
        self._here.close()

    def _hang_up(self) -> None:
        for each in tuple(self._running):
            _shut(each)

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._here.accept()
            except OSError:
                return
            if self._cut:
                near.close()
                continue
            try:
                far = socket.create_connection(self.far, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._running |= {near, far}
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(_CHUNK_BYTES):
                self._open.wait()
                target.sendall(said)
        _shut(source)
        _shut(target)
        self._running -= {source, target}


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


class Held:
    """What a page asks of one address is on its way, until it is let go."""

    def __init__(self, page: Page, address: str) -> None:
        self._holds, self._routes = True, list[Route]()
        page.route(address, self._take)

    def let_go(self) -> None:
        """It arrives, and so does what is asked from now on."""
        self._holds = False
        for each in self._routes:
            each.continue_()

    def _take(self, route: Route) -> None:
        if self._holds:
            self._routes.append(route)
        else:
            route.continue_()


#: What can befall a wire.
LOSSES: dict[str, Callable[[Wire], None]] = {
    "a wire that is cut": Wire.cut,
    "a wire that is silent": Wire.go_silent,
}
