"""What a person reads before their first contact, and what is known of these pages' access."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.bus.door import Door
from services.bus.doorway import Address
from services.console.pages import PAGES, Drawn, Frame, look_of
from services.console.press import reader_of
from services.console.settings import Settings


def guide_addresses(door: Door, settings: Settings) -> list[Address]:
    """The guide of a role, for who is in; the statement of accessibility, for everybody."""
    frame = Frame(door, settings)

    async def guide(request: Request) -> Response:
        reader = await reader_of(request, door)
        return await frame.draw(request, reader, Drawn("guide.html", {}))

    async def accessibility(request: Request) -> Response:
        look = look_of(request)
        return PAGES.response("accessibility.html", look, demonstration=door.development)

    return [
        Address("GET", "/aide", guide, {}),
        Address("GET", "/accessibilite", accessibility, {}),
    ]
