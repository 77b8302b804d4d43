"""The HTTP application of a door, from a list of its addresses.

The surprising thing: here every error becomes an answer, and what nobody foresaw a line in the log
that says where it was and not in which words: no server gets to see it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from contracts.vocabulary import Refusal
from services.bus.body import Flaw, TooLarge
from services.bus.door import GroundAway, ReplyUnknown
from services.bus.problem import Problem

log = logging.getLogger(__name__)

#: What a door explains; anything else is a failure of ours, and says in the log where it was.
_FORESEEN = (Problem, Flaw, TooLarge, GroundAway, ReplyUnknown, HTTPException)

#: Where a door tells what it answers.
DOCUMENT_PATH = "/openapi.json"

#: On every answer: nothing is kept by the browser, nothing tells where its user was.
_QUIET = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True)
class Address:
    """One verb at one address."""

    method: str
    path: str  #: with its fields in braces
    answer: Callable[[Request], Awaitable[Response]]
    operation: Mapping[str, Any]  #: what the document says of it
    waits: bool = False  #: its answer comes when something happens: it is not slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)


@dataclass(frozen=True)
class Manners:
    """How a door behaves wherever it is asked; an address is None where there is none, a request
    where what was sent is not HTTP.
    """

    explain: Callable[[Request | None, Exception], Response]  #: the answer to an error
    #: An answer was begun: its HTTP status, and how long it took (seconds, machine time).
    count: Callable[[Address | None, int, float], None]
    headers: tuple[tuple[bytes, bytes], ...] = ()  #: on every answer, names in lower case


class Doorway:
    """The whole application of a door: finds who answers, and dresses whatever is answered."""

    def __init__(
        self, addresses: Sequence[Address], document: Mapping[str, Any], manners: Manners
    ) -> None:
        self._told = orjson.dumps(document)
        documented = Address("GET", DOCUMENT_PATH, self._tell_document, {})
        self.addresses = (documented, *addresses)
        self._router = Router(
            [Route(address.path, address, methods=[address.method]) for address in self.addresses],
            redirect_slashes=False,
        )
        self._manners = manners
        self._headers = _QUIET + manners.headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything that is not HTTP is turned away."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope["app"] = self  # Starlette raises then, where it would answer in words of its own
        started, began = False, time.monotonic()

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = self._dressed(message["headers"])
                took = time.monotonic() - began
                self._manners.count(address_of(scope), message["status"], took)
            await send(message)

        try:
            await self._router(scope, receive, dressed)
        except ClientDisconnect:
            return  # nobody reads it
        except Exception as error:
            if not isinstance(error, _FORESEEN):
                address = address_of(scope)
                facts = {"address": "none" if address is None else address.path}
                log.exception("request failed", extra={"facts": facts})
            if not started:
                explained = self._manners.explain(Request(scope), error)
                await explained(scope, receive, dressed)

    def unreadable(self) -> Response:
        """The answer to what is not HTTP."""
        response = self._manners.explain(None, Flaw(Refusal.UNREADABLE))
        response.raw_headers = self._dressed(response.raw_headers)
        self._manners.count(None, response.status_code, 0.0)
        return response

    def _dressed(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        worn = list(headers)
        names = {name for name, _ in worn}
        return worn + [header for header in self._headers if header[0] not in names]

    async def _tell_document(self, _: Request) -> Response:
        return Response(self._told, media_type="application/json")


def address_of(scope: Scope) -> Address | None:
    """The address that answers a request, once it was found."""
    address = scope.get("endpoint")
    return address if isinstance(address, Address) else None
