"""The volunteers of a line: what of each comes to its end, and what they have followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from contracts.roster import SeeVolunteers, VolunteerSeen, VolunteersSeen
from contracts.vocabulary import PersonId, Role, SupervisionKind
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console.pages import Drawn, Frame
from services.console.pictures import domain_now
from services.console.press import Reader, asked, reader_of
from services.console.settings import Settings
from services.console.staff import names_of
from services.console.week_page import KINDS

#: What comes to its end within this is shown first.
SOON = timedelta(days=30)

_GONE = Problem(410, "volunteer_gone", "Cette personne n'est pas sur cette ligne.")


@dataclass(frozen=True)
class Shown:
    """What a page shows, and who is named on it."""

    people: tuple[VolunteerSeen, ...]
    values: Mapping[str, Any]


def people_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the pages."""
    pages = PeoplePages(door, settings)
    return [
        Address("GET", "/benevoles", pages.show_all, {}),
        Address("GET", "/benevoles/{person_id}", pages.show, {}),
    ]


class PeoplePages:
    """The page of everybody, and of one."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._frame = Frame(door, settings)

    async def show_all(self, request: Request) -> Response:
        """Everybody, those first of whom something comes to its end first."""
        reader = await reader_of(request, self._door)
        seen = await self._see(reader, SeeVolunteers())
        now = await self._door.read(domain_now)
        soon = [
            (each, due) for each in seen.volunteers for due in each.dues if due.due_at < now + SOON
        ]
        soon.sort(key=lambda pair: pair[1].due_at)
        values = {"volunteers": seen.volunteers, "soon": soon, "more": seen.more}
        shown = Shown(seen.volunteers, values)
        return await self._draw(request, reader, "people_part.html", shown)

    async def show(self, request: Request) -> Response:
        """One of them; Problem 404 or 410 when the line has no such volunteer."""
        reader = await reader_of(request, self._door)
        person_id = PersonId(request.path_params["person_id"])
        seen = await self._see(reader, SeeVolunteers(person_id=person_id))
        if not seen.volunteers:
            raise _GONE
        values = {"volunteer": seen.volunteers[0], "kinds_of_supervision": tuple(SupervisionKind)}
        shown = Shown(seen.volunteers, values)
        return await self._draw(request, reader, "person_part.html", shown)

    async def _see(self, reader: Reader, wanted: SeeVolunteers) -> VolunteersSeen:
        reply = await asked(self._door, reader, wanted)
        return VolunteersSeen.model_validate(reply.result or {"volunteers": ()}, extra="ignore")

    async def _draw(self, request: Request, reader: Reader, part: str, shown: Shown) -> Response:
        ids = tuple(each.person_id for each in shown.people)
        names = await self._door.read(partial(names_of, person_ids=ids))
        kinds = {"kinds": KINDS} if reader.desk.role is Role.COORDINATOR else {}
        drawn = Drawn(part, {**shown.values, **kinds}, names)
        return await self._frame.draw(request, reader, drawn)
