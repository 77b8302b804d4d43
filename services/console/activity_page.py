"""What was published of a line's activity: one edition on the page, all of them to take away.

It reads and publishes nothing: an operator publishes, with `just share`.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from contracts.activity import ActivityEdition, ActivitySeen, SeeActivity
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console.activity_files import answered_of, chart_of, csv_of, name_of, panels_of
from services.console.pages import Drawn, Frame
from services.console.press import Reader, asked, reader_of
from services.console.settings import Settings
from services.pages.forms import contract_of

_GONE = Problem(410, "edition_unknown", "Cette édition n'existe pas.")

#: An edition never changes, and the board moves nothing of it: the page is not drawn anew.
_KINDS = "state"


def activity_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the page and of what it gives away."""
    page = ActivityPage(door, settings)
    return [
        Address("GET", "/activite", page.show, {}),
        Address("GET", "/activite/tableau", page.table, {}),
        Address("GET", "/activite/graphique", page.chart, {}),
    ]


class ActivityPage:
    """Published editions."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._frame = Frame(door, settings)

    async def show(self, request: Request) -> Response:
        """The edition an address names, the newest when it names none."""
        reader = await reader_of(request, self._door)
        seen = await self._see(request, reader)
        if seen.shown is None and request.query_params:
            raise _GONE
        shown = {
            "seen": seen,
            "edition": seen.shown,
            "panels": panels_of(seen.shown) if seen.shown else (),
            "answered": answered_of(seen.shown) if seen.shown else None,
            "kinds": _KINDS,
        }
        return await self._frame.draw(request, reader, Drawn("activity_part.html", shown))

    async def table(self, request: Request) -> Response:
        """The edition as CSV."""
        reader = await reader_of(request, self._door)
        edition = await self._edition(request, reader)
        return _file(csv_of(edition), name_of(edition, "csv"), "text/csv")

    async def chart(self, request: Request) -> Response:
        """The edition as a picture, in the reader's language."""
        reader = await reader_of(request, self._door)
        edition = await self._edition(request, reader)
        return _file(chart_of(edition, reader.look), name_of(edition, "svg"), "image/svg+xml")

    async def _edition(self, request: Request, reader: Reader) -> ActivityEdition:
        seen = await self._see(request, reader)
        if seen.shown is None:
            raise _GONE
        return seen.shown

    async def _see(self, request: Request, reader: Reader) -> ActivitySeen:
        reply = await asked(self._door, reader, _wanted(request))
        return ActivitySeen.model_validate(reply.result or {}, extra="ignore")


def _wanted(request: Request) -> SeeActivity:
    """Which edition an address names; Flaw when it names none that could be."""
    query = request.query_params
    named = {
        field: query[name]
        for name, field in (("periode", "period"), ("de", "of"), ("edition", "edition"))
        if query.get(name)
    }
    return contract_of(SeeActivity, named)


def _file(content: str, name: str, media_type: str) -> Response:
    """Saved, not shown: what is in it is the reader's to give away."""
    told = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, headers=told, media_type=media_type)
