"""Leading a person on to a relay: proposed, agreed to in so many words, sent.

Nothing of a case is sent before the person's yes, and only the fields they said yes to. That the
relay may know who they are is said before, where it is so or not known.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from contracts.referral import (
    CloseReferral,
    ProposeReferral,
    RecordConsent,
    ReferralMade,
    SendReferral,
)
from contracts.vocabulary import Priority, ReferralClosing
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import desk_view
from services.console.pages import PAGES
from services.console.press import Reader, pressed, sent
from services.console.sessions import page_word
from services.console.settings import Settings
from services.pages.forms import contract_of


class ReferralPages:
    """The two steps of a referral beside a talk."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes

    def addresses(self) -> list[Address]:
        """The addresses of the parts."""
        return [
            Address("POST", "/refer/{contact_id}", self.propose, {}),
            Address("POST", "/referral/{referral_id}/yes", self.send, {}),
            Address("POST", "/referral/{referral_id}/no", self.leave_it, {}),
        ]

    async def propose(self, request: Request) -> Response:
        """Propose a relay; the answer is what to say to the person and what they may agree to."""
        press = await pressed(request, self._door, self._longest)
        called, person_id = press.take("called"), press.reader.desk.person_id
        contact = await self._door.read(partial(desk_view.contact_of, person_id=person_id))
        urgency = (None if contact is None else contact.priority) or Priority.P4
        said = {"urgency": urgency, **press.fields, **request.path_params}
        command = contract_of(ProposeReferral, said)
        reply = await sent(self._door, press, command)
        made = ReferralMade.model_validate(reply.result, extra="ignore")
        shown = {"made": made, "called": called, "asked": command, "once": press.once}
        return _draw("consent.html", press.reader, shown)

    async def send(self, request: Request) -> Response:
        """Record the yes and send what it covers."""
        press = await pressed(request, self._door, self._longest)
        called = press.take("called")
        yes = contract_of(RecordConsent, press.fields | request.path_params)
        await sent(self._door, press, yes)
        await sent(self._door, press, contract_of(SendReferral, dict(request.path_params)))
        return _draw("referral_told.html", press.reader, {"called": called})

    async def leave_it(self, request: Request) -> Response:
        """The person said no: nothing is sent."""
        press = await pressed(request, self._door, self._longest)
        said = {"why": ReferralClosing.PERSON_REFUSED, **request.path_params}
        await sent(self._door, press, contract_of(CloseReferral, said))
        return _draw("referral_told.html", press.reader, {"called": ""})


def _draw(template: str, reader: Reader, shown: dict[str, Any]) -> Response:
    return PAGES.response(template, reader.look, word=page_word(reader.token), **shown)
