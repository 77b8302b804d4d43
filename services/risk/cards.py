"""The emergency card: what rescue needs, as the person said it. Filled in 20 s, sent as it is.

It comes in at this door, is sealed, and goes out again to who is with the person or holds their
alert. It never crosses the bus, no log has it, and after a day nothing of it is left.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Annotated

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract, Reply, done, refused
from contracts.privacy import ops, public, staff
from contracts.rescue import RescueService
from contracts.risk import RiskCapability
from contracts.vocabulary import ContactId, Moment, PersonId, Refusal, Role
from services.bus.body import Flaw, read_body, read_contract
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, ref
from services.bus.problem import ProblemTold
from services.bus.sealing import WrongKey, key_from, opened, sealed_in
from services.bus.work import Work, new_id
from services.risk import rescue_store, store
from services.risk.callout import SEAL_KEY
from services.risk.problem import refusal_problem
from services.risk.rescue import CARD_KEPT_FOR, numbers_of
from services.risk.rescue_store import CardRow
from services.risk.settings import Settings

_PATH = "/contacts/{contact_id}/card"
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Known(StrEnum):
    """Yes, no, or nobody knows: never a guess."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class EmergencyCard(Contract):
    """All of it may be missing: an incomplete card is sent, too."""

    place: Annotated[str, staff("Where the person is, as said", max_length=300)] = ""
    place_read_back: Annotated[bool, staff("It was read back and is right")] = False
    who: Annotated[str, staff("Who it is, as said", max_length=200)] = ""
    what_now: Annotated[str, staff("What is happening", max_length=500)] = ""
    conscious: Annotated[Known, staff("Whether they are")] = Known.UNKNOWN
    alone: Annotated[Known, staff("Whether they are")] = Known.UNKNOWN
    call_back: Annotated[str, staff("A number, if they gave one", max_length=30)] = ""
    service: Annotated[RescueService | None, ops("Whom was called")] = None
    called_by: Annotated[PersonId | None, staff("Who called")] = None
    called_at: Annotated[Moment | None, ops("When", unit="UTC, domain time")] = None
    answered: Annotated[Known, ops("Whether anybody answered")] = Known.UNKNOWN


class CardTold(Contract):
    """A card, and how old it is."""

    card: Annotated[EmergencyCard, staff("The card")]
    written_by: Annotated[PersonId, staff("Who wrote it last")]
    written_at: Annotated[Moment, ops("When", unit="UTC, domain time")]
    erased_at: Annotated[Moment, ops("When nothing of it will be left", unit="UTC, domain time")]


class ServiceTold(Contract):
    """One service that can be called."""

    service: Annotated[RescueService, public("Whom")]
    number: Annotated[str, public("Its number in this country")]
    in_writing: Annotated[bool, public("By text only")] = False


class ServicesTold(Contract):
    """Whom to call in the country of the line."""

    country: Annotated[str | None, public("The country, if the line is known here")] = None
    services: Annotated[tuple[ServiceTold, ...], public("The services")] = ()


class Cards:
    """What can be asked about rescue beside calling it."""

    models: tuple[type[Contract], ...] = (EmergencyCard, CardTold, ServicesTold)

    def __init__(
        self, door: Door, settings: Settings, who: Callable[[Request], Awaitable[RiskCapability]]
    ) -> None:
        self._door = door
        self._settings = settings
        self._who = who

    def addresses(self) -> tuple[Address, ...]:
        """Where it is asked."""
        security: list[dict[str, list[str]]] = [{"bearer": []}]
        writing = {
            "summary": "Write the emergency card, as far as it is known.",
            "security": security,
            "requestBody": content(ref(EmergencyCard)),
        }
        reading = {
            "summary": "Read the emergency card.",
            "security": security,
            "responses": answers(content(ref(CardTold)), ProblemTold),
        }
        naming = {
            "summary": "Whom to call in the country of the line.",
            "security": security,
            "responses": answers(content(ref(ServicesTold)), ProblemTold),
        }
        return (
            Address("PUT", _PATH, self.write, writing),
            Address("GET", _PATH, self.read, reading),
            Address("GET", "/rescue-services", self.name_services, naming),
        )

    async def write(self, request: Request) -> Response:
        """Keep the newest card, sealed."""
        asker, contact_id = await self._who(request), _contact_in(request)
        body = await read_body(request, self._settings.longest_body_bytes)
        card = read_contract(EmergencyCard, body)
        key = key_from(self._settings.keys_dir / SEAL_KEY)
        plain = card.model_dump_json(exclude_defaults=True).encode()
        sealed = sealed_in(key, plain, _place_of(contact_id))
        reply = await self._door.answer(new_id(), "card", partial(_keep, asker, contact_id, sealed))
        if reply.refusal is not None:
            raise refusal_problem(reply.refusal, reply.field)
        return Response(status_code=204)

    async def read(self, request: Request) -> Response:
        """Show the card to whom it concerns."""
        asker, contact_id = await self._who(request), _contact_in(request)
        row = await self._door.read(partial(_card_for, asker=asker, contact_id=contact_id))
        try:
            key = key_from(self._settings.keys_dir / SEAL_KEY)
            plain = opened(key, row.sealed, _place_of(contact_id))
        except WrongKey:
            raise refusal_problem(Refusal.UNKNOWN_CONTACT, "contact_id") from None
        told = CardTold(
            card=EmergencyCard.model_validate_json(plain, extra="ignore"),
            written_by=row.written_by,
            written_at=row.written_at,
            erased_at=row.written_at + CARD_KEPT_FOR,
        )
        return Response(told.model_dump_json(), media_type="application/json")

    async def name_services(self, request: Request) -> Response:
        """Tell whom to call; of a line we have not heard of, 112."""
        asker = await self._who(request)
        country = await self._door.read(partial(rescue_store.country_of, programme=asker.programme))
        services = tuple(
            ServiceTold(service=service, number=each.number, in_writing=each.in_writing)
            for service, each in numbers_of(country).items()
        )
        told = ServicesTold(country=country, services=services)
        return Response(told.model_dump_json(), media_type="application/json")


def on_card_over_due(key: str, work: Work) -> None:
    """The day of a card is over: delete it."""
    rescue_store.erase_card(work.session, key)


def _keep(asker: RiskCapability, contact_id: ContactId, sealed: bytes, work: Work) -> Reply:
    if not _concerns(work.session, asker, contact_id):
        return refused(Refusal.NOT_YOURS, "contact_id")
    row = CardRow(
        contact_id=contact_id,
        programme=asker.programme,
        sealed=sealed,
        written_by=asker.person_id,
        written_at=work.now,
    )
    rescue_store.keep_card(work.session, row)
    work.set_deadline("card_over", contact_id, work.now + CARD_KEPT_FOR)
    return done()


def _card_for(session: Session, asker: RiskCapability, contact_id: ContactId) -> CardRow:
    row = rescue_store.card_of(session, contact_id)
    if row is None or row.programme != asker.programme:
        raise refusal_problem(Refusal.UNKNOWN_CONTACT, "contact_id")
    if row.written_by != asker.person_id and not _concerns(session, asker, contact_id):
        raise refusal_problem(Refusal.NOT_YOURS, "contact_id")
    return row


def _concerns(session: Session, asker: RiskCapability, contact_id: ContactId) -> bool:
    """Who is, or was, with the person; supervisors and duty professionals of the line.

    Of a contact we have not heard of, whoever is at a desk of the line: their word is taken, as it
    is for the alert.
    """
    known = store.contact(session, contact_id)
    if known.programme not in (None, asker.programme):
        return False
    if asker.role in (Role.SUPERVISOR, Role.DUTY_PROFESSIONAL) or not known.holders:
        return True
    return asker.person_id in known.holders


def _contact_in(request: Request) -> ContactId:
    contact_id = request.path_params["contact_id"]
    if not re.match(_UUID, contact_id):
        raise Flaw(Refusal.INVALID_FIELD, "contact_id")
    return ContactId(contact_id)


def _place_of(contact_id: ContactId) -> str:
    return f"emergency card of {contact_id}"
