"""Which pages may ask risk's door from a browser: those of our desks, for alerts and nothing else.

A desk whose console is silent reads what is open and takes it here (`SHARED`). Cards, reports and
lifts are for the console itself: no page of whatever origin gets to read their answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from services.bus.doorway import Address, address_of
from services.risk.settings import origin_of

#: What a desk asks by itself.
SHARED = frozenset({("GET", "/open-signals"), ("POST", "/alerts/{alert_id}/acknowledge")})
_PATHS = frozenset(path for _, path in SHARED)

_ASKED_WITH = "authorization, content-type, idempotency-key"
#: Machine time a browser may remember the answer to its question beforehand.
_REMEMBERED_SECONDS = "600"


@dataclass(frozen=True)
class Origins:
    """The origins of our desks' pages (`Settings.desk_origins`); empty: no page may ask."""

    known: frozenset[str]

    def with_preflights(self, addresses: Iterable[Address]) -> list[Address]:
        """These addresses, and for the shared ones what a browser asks before it asks."""
        told: list[Address] = []
        for address in addresses:
            if (address.method, address.path) not in SHARED:
                told.append(address)
                continue
            answer = self._shared(address.answer)
            told.append(Address(address.method, address.path, answer, address.operation))
            told.append(Address("OPTIONS", address.path, self._preflight(address.method), {}))
        return told

    def tell(self, request: Request | None, response: Response) -> Response:
        """Let a page of ours read this answer, an error too, of an address that is shared."""
        if request is None:
            return response
        address = address_of(request.scope)
        if address is None or address.path not in _PATHS:
            return response
        response.headers.add_vary_header("Origin")
        origin = request.headers.get("origin")
        if origin is not None and self._is_ours(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
        return response

    def _is_ours(self, origin: str) -> bool:
        try:
            return origin_of(origin) in self.known
        except ValueError:
            return False

    def _shared(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            return self.tell(request, await answer(request))

        return answered

    def _preflight(self, method: str) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            response = self.tell(request, Response(status_code=204))
            if "access-control-allow-origin" in response.headers:
                response.headers["Access-Control-Allow-Methods"] = method
                response.headers["Access-Control-Allow-Headers"] = _ASKED_WITH
                response.headers["Access-Control-Max-Age"] = _REMEMBERED_SECONDS
            return response

        return answered
