"""Hands a person at a desk the capability with which they write and read at intake's text door.

Texts never pass through here: the console has no key to them and keeps no copy. Intake has no
sessions, so the console says, signed, who asks; what they may do in the contact intake decides at
each request. It expires soon, so that a session that ends ends this too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import orjson
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract
from contracts.privacy import ops, reference
from contracts.text import TEXT_PURPOSE, TEXT_ROLES, TextCapability
from contracts.vocabulary import ContactId, Moment, Refusal
from services.bus import capability
from services.bus.body import Flaw
from services.bus.door import Door
from services.console.pictures import Desk
from services.console.problem import refusal_problem
from services.console.sessions import who_asks

CAPABILITY_PATH = "/desk/contacts/{contact_id}/text-capability"

#: Domain time; a desk asks for another one before.
STANDS_FOR = timedelta(minutes=15)


class CapabilityHandedOut(Contract):
    """The way of one person to the texts of one contact."""

    capability: Annotated[str, reference("Bearer token for intake's text door")]
    expires_at: Annotated[Moment, ops("Until when it stands", unit="UTC, domain time")]


async def hand_out(door: Door, request: Request) -> Response:
    """Answer with a capability for the session's person."""
    desk = await who_asks(request, door)
    contact_id = ContactId(request.path_params["contact_id"])
    told = signed_for(desk, contact_id)
    return Response(orjson.dumps(told.model_dump(mode="json")), 201, media_type="application/json")


def signed_for(desk: Desk, contact_id: ContactId, offered: bool = False) -> CapabilityHandedOut:
    """A capability for a session; Problem when its role has none, Flaw when this is no contact.

    `offered`: the contact is on this desk as an offer, which the console has just seen.
    """
    if desk.role not in TEXT_ROLES:
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
    try:
        said = TextCapability(
            contact_id=contact_id,
            person_id=desk.person_id,
            role=desk.role,
            programme=desk.programme,
            expires_at=desk.found_at + STANDS_FOR,
            offered=offered,
        )
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "contact_id") from None
    signed = capability.sign(capability.key_from_environment(), TEXT_PURPOSE, said)
    return CapabilityHandedOut(capability=signed, expires_at=said.expires_at)
