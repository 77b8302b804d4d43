"""The relays of a line's country: those nobody has verified first, for who verifies them.

Nothing is sent to a relay nobody has verified, so a line that leads callers on begins here.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from contracts.referral import RelaysSeen, SeeRelays
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import store
from services.console.pages import Drawn, Frame
from services.console.press import asked, reader_of
from services.console.relay_numbers import numbers
from services.console.settings import Settings
from services.console.staff import names_of


def directory_addresses(door: Door, settings: Settings) -> list[Address]:
    """The address of the page."""
    frame = Frame(door, settings)

    async def show(request: Request) -> Response:
        reader = await reader_of(request, door)
        terms = await door.read(partial(store.terms_of, programme=reader.desk.programme))
        question = SeeRelays() if terms is None else SeeRelays(country=terms.country)
        reply = await asked(door, reader, question)
        seen = RelaysSeen.model_validate(reply.result or {"relays": ()}, extra="ignore")
        shown = {
            "wanting": [each for each in seen.relays if each.verified_at is None],
            "verified": [each for each in seen.relays if each.verified_at is not None],
            "more": seen.more,
            "numbers": numbers(),
            "refers": terms is None or terms.frame.refers,
        }
        people = {each.said_by for each in seen.relays if each.said_by is not None}
        names = await door.read(partial(names_of, person_ids=people))
        return await frame.draw(request, reader, Drawn("directory_part.html", shown, names))

    return [Address("GET", "/relais", show, {})]
