"""The page on which a supervisor reads a talk along, and answers who asked for help in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.envelope import Reply
from contracts.vocabulary import Refusal
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.work import Work, new_id
from services.console import reading_with
from services.console.pages import Drawn, Frame
from services.console.press import Reader, done_or_problem, pressed, reader_of
from services.console.reading_with import Opening, ReadingReason
from services.console.settings import Settings
from services.console.talk import contact_in

PATH = "/lire-avec/{contact_id}"


def reading_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the page."""
    page = ReadingPage(door, settings)
    return [
        Address("GET", PATH, page.show, {}),
        Address("POST", PATH, page.open, {}),
        Address("POST", f"{PATH}/fin", page.close, {}),
    ]


class ReadingPage:
    """A talk, beside who is in it."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._frame = Frame(door, settings)

    async def show(self, request: Request) -> Response:
        """The talk when it is open, else what has to be said to open it."""
        reader = await reader_of(request, self._door)
        contact_id = contact_in(request)
        found = partial(reading_with.reading_of, desk=reader.desk, contact_id=contact_id)
        shown = {
            "contact_id": contact_id,
            "reading": await self._door.read(found),
            "reasons": tuple(ReadingReason),
        }
        return await self._frame.draw(request, reader, Drawn("reading_part.html", shown))

    async def open(self, request: Request) -> Response:
        """Log it and tell who has the talk; the page then shows the lines."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        try:
            reason = ReadingReason(press.take("reason"))
        except ValueError:
            raise Flaw(Refusal.INVALID_FIELD, "reason") from None
        opening = Opening(press.reader.desk, contact_in(request), reason)
        await self._do(press.reader, partial(reading_with.open_reading, opening))
        return RedirectResponse(f"/lire-avec/{contact_in(request)}", 303)

    async def close(self, request: Request) -> Response:
        """Read along no more."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        closing = partial(reading_with.close_reading, press.reader.desk, contact_in(request))
        await self._do(press.reader, closing)
        return RedirectResponse(f"/lire-avec/{contact_in(request)}", 303)

    async def _do(self, reader: Reader, handler: Callable[[Work], Reply]) -> None:
        done_or_problem(await self._door.answer(new_id(), reader.desk.session_id, handler))
