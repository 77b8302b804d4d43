"""What partners read and may ask, for whoever wants to know it: the page of contracts/, as it is.

At this door, because partners' people come in here too and a caller's door has nothing for an
engineer; without a session, because who writes a partner's program has none, and nothing of it is
secret (it is in the wheel).
"""

from __future__ import annotations

from functools import partial
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from services.bus.door import Door
from services.bus.doorway import Address
from services.console.role_table import CONTRACT
from services.console.settings import Settings

#: The page has its own sheet in it, and nothing else.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def contract_addresses(_: Door, __: Settings) -> list[Address]:
    """The page and its AsyncAPI document, by the names they have in the wheel."""
    return [Address("GET", path, partial(_tell, path, _written(path)), {}) for path in CONTRACT]


def _written(path: str) -> bytes:
    return resources.files("contracts").joinpath(path.rpartition("/")[2]).read_bytes()


async def _tell(path: str, body: bytes, _: Request) -> Response:
    kind = "text/html" if path.endswith(".html") else "application/json"
    headers = {"Cache-Control": "public, max-age=3600", "Content-Security-Policy": _POLICY}
    return Response(body, headers=headers, media_type=kind)
