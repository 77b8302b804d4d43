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
    GiveContactMeans,
    ProposeReferral,
    RecordConsent,
    ReferralHandedOver,
    ReferralMade,
    SendReferral,
)
from contracts.sealing import seal
from contracts.vocabulary import (
    Priority,
    ReferralClosing,
    ReferralField,
    Refusal,
    SealingKey,
)
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import desk_view
from services.console.pages import PAGES
from services.console.press import Reader, pressed, sent
from services.console.sessions import page_word
from services.console.settings import Settings
from services.pages.forms import contract_of

#: Letters of how a person wants to be reached: a name, a number, when, and what not to do.
_LONGEST_MEANS = 300


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
        called, key = press.take("called"), press.take("seal_to")
        means = press.take_text("contact_means", _LONGEST_MEANS).strip()
        if means:
            agreed = press.fields.get("scope", [])
            press.fields["scope"] = [*agreed, ReferralField.CONTACT_MEANS]
        yes = contract_of(RecordConsent, press.fields | request.path_params)
        await sent(self._door, press, yes)
        if means:
            await sent(self._door, press, _sealed(means, key, request))
        wish = contract_of(SendReferral, dict(request.path_params))
        reply = await sent(self._door, press, wish)
        handed = ReferralHandedOver.model_validate(reply.result, extra="ignore")
        shown = {"called": called, "code": handed.withdrawal_code}
        return _draw("referral_told.html", press.reader, shown)

    async def leave_it(self, request: Request) -> Response:
        """The person said no: nothing is sent."""
        press = await pressed(request, self._door, self._longest)
        said = {"why": ReferralClosing.PERSON_REFUSED, **request.path_params}
        await sent(self._door, press, contract_of(CloseReferral, said))
        return _draw("referral_told.html", press.reader, {"called": "", "code": None})


def _sealed(means: str, key: str, request: Request) -> GiveContactMeans:
    """How the person wants to be reached, closed to everybody but the partner from here on."""
    try:
        sealed = seal(means, SealingKey(key))
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "seal_to") from None
    given = {"contact_means": sealed, "sealed_to": key, **request.path_params}
    return contract_of(GiveContactMeans, given)


def _draw(template: str, reader: Reader, shown: dict[str, Any]) -> Response:
    return PAGES.response(template, reader.look, word=page_word(reader.token), **shown)
