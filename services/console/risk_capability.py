"""Hands a desk the capability with which it asks risk's own door, for when nothing else answers.

A desk asks for it when its session opens and keeps it in memory: in the hour it is needed the
console may be as silent as everything else. It stands for a shift; risk holds the role against the
roster at every request.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract
from contracts.privacy import ops, reference
from contracts.risk import RISK_PURPOSE, RISK_ROLES, RiskCapability
from contracts.vocabulary import Moment, Refusal
from services.bus import capability
from services.bus.door import Door
from services.console.pictures import Desk, domain_now
from services.console.problem import refusal_problem
from services.console.sessions import who_asks

RISK_CAPABILITY_PATH = "/desk/risk-capability"

#: Domain time; a desk asks for another one before.
STANDS_FOR = timedelta(hours=12)


class RiskCapabilityHandedOut(Contract):
    """The way of one person to risk's own door."""

    capability: Annotated[str, reference("Bearer token for risk's own door")]
    expires_at: Annotated[Moment, ops("Until when it stands", unit="UTC, domain time")]


async def hand_out(door: Door, request: Request) -> Response:
    """Answer with a capability for the session's person."""
    told = signed_for(await who_asks(request, door), await door.read(domain_now))
    return Response(told.model_dump_json(), 201, media_type="application/json")


def signed_for(desk: Desk, now: datetime) -> RiskCapabilityHandedOut:
    """A capability for a session; Problem when its role has none."""
    if desk.role not in RISK_ROLES:
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
    said = RiskCapability(
        session_id=desk.session_id,
        person_id=desk.person_id,
        role=desk.role,
        programme=desk.programme,
        expires_at=now + STANDS_FOR,
    )
    signed = capability.sign(capability.key_from_environment(), RISK_PURPOSE, said)
    return RiskCapabilityHandedOut(capability=signed, expires_at=said.expires_at)
