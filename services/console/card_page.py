"""The emergency card at a desk, and the one key that sends P1 with nothing else filled in.

The key raises the alert first and decides P1 then: whatever becomes of the second, somebody is
told. The card is written and read at risk's door, incomplete as it is, and kept nowhere here.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from contracts.rescue import RescueNamed, RescueService, StartRescue
from contracts.risk import RaiseAlert
from contracts.triage import DecideTriage
from contracts.vocabulary import Destination, Priority, Refusal
from services.bus.body import Flaw, flaw_of
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console import store
from services.console.pages import PAGES
from services.console.pictures import domain_now
from services.console.press import (
    Reader,
    done_or_problem,
    done_response,
    pressed,
    reader_of,
    replied,
    sent,
)
from services.console.risk_door import Card, RiskDoor
from services.console.sessions import page_word
from services.console.settings import Settings
from services.console.talk import contact_in


class CardPages:
    """The card of a contact, and P1 by one key."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes
        self._risk = RiskDoor(settings)

    def addresses(self) -> list[Address]:
        """The addresses of the parts."""
        return [
            Address("POST", "/vital/{contact_id}", self.decide_vital, {}),
            Address("GET", "/card/{contact_id}", self.show, {}),
            Address("POST", "/card/{contact_id}", self.write, {}),
            Address("POST", "/card/{contact_id}/rescue", self.call_rescue, {}),
        ]

    async def decide_vital(self, request: Request) -> Response:
        """Raise the alert, then decide P1 and stay: the card opens meanwhile."""
        press = await pressed(request, self._door, self._longest)
        contact_id = contact_in(request)
        decision = DecideTriage(
            contact_id=contact_id, priority=Priority.P1, destination=Destination.RESCUE
        )
        raised = await replied(self._door, press, RaiseAlert(contact_id=contact_id))
        decided = await replied(self._door, press, decision)
        for reply in (raised, decided):
            done_or_problem(reply)
        return done_response(request)

    async def show(self, request: Request) -> Response:
        """The form, with what was written last."""
        reader = await reader_of(request, self._door)
        contact_id = contact_in(request)
        read = await self._risk.card(reader.desk, contact_id)
        terms = await self._door.read(partial(store.terms_of, programme=reader.desk.programme))
        return PAGES.response(
            "emergency_card.html",
            reader.look,
            contact_id=contact_id,
            card=Card() if read is None else read.card,
            written_at=None if read is None else read.written_at,
            services=await self._risk.services(reader.desk),
            line=reader.desk.programme if terms is None else terms.name,
            zone="UTC" if terms is None else terms.timezone,
            word=page_word(reader.token),
            once=str(uuid4()),
        )

    async def write(self, request: Request) -> Response:
        """Have the card sealed as it is."""
        press = await pressed(request, self._door, self._longest)
        card = _card_in(press.fields)
        await self._risk.write_card(press.reader.desk, contact_in(request), card)
        return await self._tell(press.reader)

    async def call_rescue(self, request: Request) -> Response:
        """Say that one calls rescue; the card goes along, and never holds the call up."""
        press = await pressed(request, self._door, self._longest)
        reader, contact_id = press.reader, contact_in(request)
        whom = _service_in(press.fields)
        rescue = StartRescue(contact_id=contact_id, whom=whom, confirmed=True)
        reply = await sent(self._door, press, rescue)
        called = {
            "called_by": reader.desk.person_id,
            "called_at": await self._door.read(domain_now),
        }
        sealed = True
        try:
            card = _card_in(press.fields).model_copy(update=called)
            await self._risk.write_card(reader.desk, contact_id, card)
        except (Flaw, Problem):
            sealed = False  # said beside the number: the call matters more than the card
        return await self._tell(
            reader, RescueNamed.model_validate(reply.result, extra="ignore"), sealed
        )

    async def _tell(
        self, reader: Reader, called: RescueNamed | None = None, sealed: bool = True
    ) -> Response:
        at = await self._door.read(domain_now)
        return PAGES.response(
            "card_told.html",
            reader.look,
            called=called,
            sealed=sealed,
            at=at,
            zone=reader.desk.zone,
        )


def _service_in(fields: dict[str, Any]) -> RescueService:
    """Whom to call; the number that is right anywhere where nobody said."""
    try:
        return RescueService(fields.get("service", RescueService.EUROPEAN))
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "service") from None


def _card_in(fields: dict[str, Any]) -> Card:
    try:
        return Card.model_validate(fields)
    except ValidationError as error:
        raise flaw_of(error) from None
