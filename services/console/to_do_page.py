"""What is to be seen to on a line, each where it is done."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from contracts.anonymity import LiftVerdict
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import board_view
from services.console.pages import Drawn, Frame
from services.console.press import reader_of
from services.console.settings import Settings


def to_do_addresses(door: Door, settings: Settings) -> list[Address]:
    """The address of the page."""
    frame = Frame(door, settings)

    async def show(request: Request) -> Response:
        reader = await reader_of(request, door)
        seen = await door.read(partial(board_view.seen_by, viewer=reader.desk))
        shown = {"seen": seen, "verdicts": tuple(LiftVerdict)}
        return await frame.draw(request, reader, Drawn("to_do_part.html", shown, seen.names))

    return [Address("GET", "/a-faire", show, {})]
