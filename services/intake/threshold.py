"""What stands around the door: no request too large comes in, no answer leaves without its notice.

It also ends what nobody foresaw, by kind and place, so that no server writes a payload to a log.
"""

from __future__ import annotations

import logging
import unicodedata

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.intake import metrics

log = logging.getLogger(__name__)

NOTICE_HEADER = "Helpline-Notice"

_LONGEST_DROPPED_BYTES = 8 * 1024 * 1024

#: On every answer: nothing is kept by the browser, nothing tells where the caller was.
_QUIET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def in_ascii(sentence: str) -> str:
    """A sentence for a header: RFC 9110 wants ASCII there; the body has it with its accents."""
    plain = unicodedata.normalize("NFKD", sentence)
    return plain.encode("ascii", "ignore").decode()


def route_of(scope: Scope) -> str:
    """The template of the route that answers, never an address: a closed set."""
    return getattr(scope.get("route"), "path", "none")


class Threshold:
    """Around the whole application of the door; `notice` is None in production only."""

    def __init__(self, app: ASGIApp, longest_body_bytes: int, notice: str | None) -> None:
        self._app = app
        self._longest = longest_body_bytes
        self._notice = notice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; anything that is not HTTP is turned away."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(MutableHeaders(scope=message))
                metrics.record_answered(route_of(scope), message["status"])
            await send(message)

        try:
            await self._app(scope, self._measured(receive), dressed)
        except ClientDisconnect:
            return  # nobody reads it
        except Exception:
            # The application has answered 500 by then (`Voice`); what is left is to say where.
            log.exception("request failed", extra={"facts": {"route": route_of(scope)}})

    def _dress(self, headers: MutableHeaders) -> None:
        for name, text in _QUIET.items():
            headers.setdefault(name, text)
        if self._notice is not None:
            headers.setdefault(NOTICE_HEADER, in_ascii(self._notice))

    def _measured(self, receive: Receive) -> Receive:
        """Count the body as it comes; its declared length is only a promise.

        What exceeds the limit is read and dropped, up to a point, so that a client that is still
        sending hears the answer. The exception is Starlette's own: FastAPI lets no other through.
        """
        size = 0

        async def measured() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size <= self._longest:
                return message
            while message.get("more_body") and size < _LONGEST_DROPPED_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
            raise HTTPException(413)

        return measured
