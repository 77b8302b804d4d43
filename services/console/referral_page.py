"""Leading a person on to a relay: proposed, agreed to in so many words, sent.

Nothing of a case is sent before the person's yes, and only the fields they said yes to. That the
relay may know who they are is said before, where it is so or not known.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Command, Reply, ReplyStatus
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
from services.console.pages import (
    ONCE,
    PAGES,
    WORD,
    Reader,
    command_id_of,
    problem_of_reply,
    reader_of,
    taken,
)
from services.console.sessions import page_word
from services.console.settings import Settings
from services.pages.forms import contract_of, read_form


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
        fields = await read_form(request, self._longest)
        reader = await reader_of(request, self._door, taken(fields, WORD))
        once, called = taken(fields, ONCE), taken(fields, "called")
        contact = await self._door.read(
            partial(desk_view.contact_of, person_id=reader.desk.person_id)
        )
        urgency = (None if contact is None else contact.priority) or Priority.P4
        asked = {"urgency": urgency, **fields, **request.path_params}
        command = contract_of(ProposeReferral, asked)
        reply = await self._done(command, reader, once)
        made = ReferralMade.model_validate(reply.result)
        shown = {"made": made, "called": called, "asked": command, "once": once}
        return self._draw("consent.html", reader, shown)

    async def send(self, request: Request) -> Response:
        """Record the yes and send what it covers."""
        fields = await read_form(request, self._longest)
        reader = await reader_of(request, self._door, taken(fields, WORD))
        once, called = taken(fields, ONCE), taken(fields, "called")
        await self._done(contract_of(RecordConsent, fields | request.path_params), reader, once)
        await self._done(contract_of(SendReferral, dict(request.path_params)), reader, once)
        return self._draw("referral_told.html", reader, {"called": called})

    async def leave_it(self, request: Request) -> Response:
        """The person said no: nothing is sent."""
        fields = await read_form(request, self._longest)
        reader = await reader_of(request, self._door, taken(fields, WORD))
        asked = {"why": ReferralClosing.PERSON_REFUSED, **request.path_params}
        await self._done(contract_of(CloseReferral, asked), reader, taken(fields, ONCE))
        return self._draw("referral_told.html", reader, {"called": ""})

    def _draw(self, template: str, reader: Reader, shown: dict[str, Any]) -> Response:
        return PAGES.response(template, reader.look, word=page_word(reader.token), **shown)

    async def _done(self, command: Command, reader: Reader, once: str) -> Reply:
        reply = await self._door.send(command, reader.desk, command_id_of(command, reader, once))
        if reply.status is not ReplyStatus.DONE:
            raise problem_of_reply(reply)
        return reply
