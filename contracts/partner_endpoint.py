"""A partner's webhook as it is dialled: its address, and one post to it.

Redirects are not followed. `http` and other ports are for a receiver on this machine alone.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from contracts.vocabulary import LONGEST_WEBHOOK_URL, WEBHOOK_URL

_HERE = ("localhost", "127.0.0.1", "::1")
_HUNG_UP = (ConnectionError, ssl.SSLEOFError)
_HTTPS, _HTTP = 443, 80


class NoAddress(Exception):
    """The platform would not post there; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What came of a post: a status, or why there is none."""

    status: int | None
    seconds: float
    failure: str = ""
    hung_up: bool = False

    def __str__(self) -> str:
        return f"answered {self.status}" if self.status is not None else self.failure

    @property
    def taken(self) -> bool:
        """Whether the receiver says that it has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether it says that it will not have it."""
        return self.status is not None and 400 <= self.status < 500


@dataclass(frozen=True)
class Endpoint:
    """Where a partner listens."""

    url: SplitResult
    number: str  #: the address that is dialled
    trusted: ssl.SSLContext
    give_up_seconds: float

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post once, on a connection of its own."""
        began = time.monotonic()
        status, failure, hung_up = None, "", False
        try:
            status = self._status(headers, body)
        except TimeoutError:
            failure = f"no answer within {self.give_up_seconds:.0f} s"
        except ssl.SSLCertVerificationError as error:
            failure = f"its certificate is not valid: {error.verify_message}"
        except ConnectionRefusedError:
            failure = "nobody listens there"
        except (*_HUNG_UP, HTTPException) as error:
            failure, hung_up = f"hung up: {type(error).__name__}", True
        except OSError as error:
            failure = f"no answer: {type(error).__name__}"
        return Answer(status, time.monotonic() - began, failure, hung_up)

    def _status(self, headers: Mapping[str, str], body: bytes) -> int:
        host, port = str(self.url.hostname), _port(self.url)
        dialled = socket.create_connection((self.number, port), self.give_up_seconds)
        try:
            if self.url.scheme == "https":
                dialled = self.trusted.wrap_socket(dialled, server_hostname=host)
            connection = HTTPConnection(host, port)
            connection.sock = dialled
            with suppress(*_HUNG_UP):  # refused before it was read; the answer is there
                connection.request("POST", self.url.path or "/", body, dict(headers))
            return connection.getresponse().status
        finally:
            dialled.close()


def endpoint(url: str, trusted: ssl.SSLContext, give_up_seconds: float) -> Endpoint:
    """Read an address and look its name up once. Raises NoAddress."""
    try:
        parts = urlsplit(url)
        host, _ = str(parts.hostname), parts.port
    except ValueError:
        raise NoAddress("it is no address") from None
    if host in _HERE or host.endswith(".localhost"):
        if parts.scheme not in ("http", "https") or parts.query or parts.username:
            raise NoAddress("http or https, no user and no query")
        if re.fullmatch(r"[!-~]*", parts.path) is None:
            raise NoAddress("a path of plain letters")
        return Endpoint(parts, "::1" if host == "::1" else "127.0.0.1", trusted, give_up_seconds)
    if len(url) > LONGEST_WEBHOOK_URL or re.fullmatch(WEBHOOK_URL, url, re.ASCII) is None:
        raise NoAddress("https, a name in lower case, a path of plain letters, no query")
    if _port(parts) != _HTTPS:
        raise NoAddress("port 443 alone")
    return Endpoint(parts, _public_number(host), trusted, give_up_seconds)


def _port(url: SplitResult) -> int:
    return url.port or (_HTTPS if url.scheme == "https" else _HTTP)


def _public_number(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, _HTTPS, type=socket.SOCK_STREAM)
    except OSError:
        raise NoAddress("nobody knows the name") from None
    numbers = [str(where[0]) for *_, where in found]
    inside = [each for each in numbers if not ip_address(each).is_global]
    if inside:
        raise NoAddress(f"{inside[0]} is no public address")
    return numbers[0]
