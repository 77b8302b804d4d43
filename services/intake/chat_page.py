"""The chat's page: drawn once, then its script asks the door what any program could.

Nothing of the contact is in what is drawn: it is opened by the script, and known to it alone.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from services.bus.door import Door
from services.bus.doorway import Address
from services.intake.answers import LineSeen
from services.intake.page_frame import Drawer, languages_of, reader_of
from services.intake.pages import line_now, look_at
from services.intake.voice import Voice
from services.pages.numbers import as_read


def addresses_of(door: Door, voice: Voice) -> list[Address]:
    """The one address, in no document: people read it."""
    return [Address("GET", "/{programme}/tchat", ChatPage(door, voice).show, {})]


class ChatPage:
    """Where a caller writes with somebody who is there."""

    def __init__(self, door: Door, voice: Voice) -> None:
        self._door = door
        self._voice = voice
        self._drawer = Drawer(voice)

    async def show(self, request: Request) -> Response:
        """The page with its script; while the chat's door is closed, who answers instead."""
        shown = await look_at(self._door, self._voice, request)
        seen, now = shown.looked.seen, line_now(shown)
        offset = now.moment.astimezone(ZoneInfo(seen.timezone)).utcoffset()
        return self._drawer.page(
            "chat.html",
            reader_of(request, languages_of(seen.languages)),
            seen.programme,
            now=now,
            seen=seen,
            terms=shown.looked.terms,
            open=now.is_open(now.chat),
            read_aloud=_as_read(seen),
            offset_minutes=0 if offset is None else int(offset.total_seconds() // 60),
        )


def _as_read(seen: LineSeen) -> dict[str, str]:
    """How numbers the script may be told of are read aloud."""
    return {
        each.number: as_read(each.number, seen.country)
        for each in seen.partners
        if each.number is not None
    }
