"""Information cards looked up beside a talk, or at a desk that is free: a fact to read to a caller.

What is typed leaves this page as bare words (`contracts.looking_up`) and is kept nowhere. Only
cards of the line that hold at that moment come back; one that expires while it is on the screen is
marked there, by the page's own clock.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from contracts.information import CardsFound, LookUpCards
from contracts.looking_up import words_of
from services.bus.door import Door
from services.bus.doorway import Address
from services.console.departements import code_of
from services.console.information_page import Shown
from services.console.pages import PAGES, Drawn, Frame
from services.console.press import Reader, asked, asks_for_a_part, pressed
from services.console.settings import Settings
from services.console.staff import names_of
from services.pages.forms import contract_of

SEARCH = "/chercher-une-fiche"
#: Letters of a question; what comes after says nothing more.
MOST_LETTERS = 200


def search_addresses(door: Door, settings: Settings) -> list[Address]:
    """The address of the search."""
    search = InformationSearch(door, settings)
    return [Address("POST", SEARCH, search.look_up, {})]


class InformationSearch:
    """The search and what it found."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes
        self._frame = Frame(door, settings)

    async def look_up(self, request: Request) -> Response:
        """Cards that answer, as a part of the page; without scripts a page of their own."""
        press = await pressed(request, self._door, self._longest)
        words, place = words_of(press.take_text("words", MOST_LETTERS)), press.take("departement")
        said = {"words": words, "departement": code_of(place, "departement") if place else None}
        found = CardsFound(cards=())
        if words:
            reply = await asked(self._door, press.reader, contract_of(LookUpCards, said))
            found = CardsFound.model_validate(reply.result, extra="ignore")
        return await self._draw(request, press.reader, found, asked_for=bool(words))

    async def _draw(
        self, request: Request, reader: Reader, found: CardsFound, *, asked_for: bool
    ) -> Response:
        zone = reader.desk.zone
        cards = [
            Shown(each.card_id, each.version, each.card, "holds", zone) for each in found.cards
        ]
        people = {each.head.owner_id for each in cards if each.head.owner_id is not None}
        names = await self._door.read(partial(names_of, person_ids=people))
        shown: dict[str, Any] = {
            "cards": cards,
            "asked_for": asked_for,
            "zone": zone,
            "owner_names": names,
        }
        if asks_for_a_part(request):
            return PAGES.response("information_found.html", reader.look, **shown)
        drawn = Drawn("information_found_part.html", shown, names, address="/part")
        return await self._frame.draw(request, reader, drawn)
