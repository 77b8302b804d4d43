"""Hands a desk the capability with which it asks risk's own door, for when nothing else answers.

A desk asks for it when its page opens and keeps it in memory: in the hour it is needed the console
may be as silent as everything else. Nobody can call one back, and a session may be signed out of at
any moment: so it stands for half an hour, as long as a session outlives its shift, and a desk that
is well asks for the next one every tenth of that. A desk that is cut off can ask risk for at least
27 minutes; by then every alert nobody took has long gone to the duty professional. A page that
hears of the end of its session drops it at once. Risk holds the role against the roster at every
request, and one the roster takes away opens nothing from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract
from contracts.privacy import ops, reference
from contracts.risk import RISK_PURPOSE, RISK_ROLES, RiskCapability
from contracts.vocabulary import Moment, Refusal, Role
from services.bus import capability
from services.bus.door import Door
from services.console.domain import SHIFT_GRACE
from services.console.pictures import Desk
from services.console.problem import refusal_problem
from services.console.sessions import who_asks

RISK_CAPABILITY_PATH = "/desk/risk-capability"

#: Domain time.
STANDS_FOR = SHIFT_GRACE
#: A desk asks for the next one after this; what is left is how long it can be cut off.
RENEWED_AFTER = STANDS_FOR / 10

#: Whose pages read alerts at risk's own door while the console is silent. A regulator's desk is
#: told of an alert by the person beside it, and has no clock that says the console is silent.
WATCHES = frozenset({Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})


class RiskCapabilityHandedOut(Contract):
    """The way of one person to risk's own door."""

    capability: Annotated[str, reference("Bearer token for risk's own door")]
    expires_at: Annotated[Moment, ops("Until when it stands", unit="UTC, domain time")]


@dataclass(frozen=True)
class SecondWay:
    """What a page is told of the second way of alerts."""

    origin: str  #: of risk's own door, for a browser
    path: str  #: where this console hands the capability out
    renew_seconds: float  #: machine time


def second_way(role: Role, origin: str | None, rate: float) -> SecondWay | None:
    """The second way for a page of this role; None where there is none. `rate`: of domain time."""
    if origin is None or role not in WATCHES:
        return None
    return SecondWay(origin, RISK_CAPABILITY_PATH, RENEWED_AFTER.total_seconds() / rate)


async def hand_out(door: Door, request: Request) -> Response:
    """Answer with a capability for the session's person."""
    told = signed_for(await who_asks(request, door))
    return Response(told.model_dump_json(), 201, media_type="application/json")


def signed_for(desk: Desk) -> RiskCapabilityHandedOut:
    """A capability for a session; Problem when its role has none."""
    if desk.role not in RISK_ROLES:
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
    said = RiskCapability(
        session_id=desk.session_id,
        person_id=desk.person_id,
        role=desk.role,
        programme=desk.programme,
        expires_at=desk.found_at + STANDS_FOR,
    )
    signed = capability.sign(capability.key_from_environment(), RISK_PURPOSE, said)
    return RiskCapabilityHandedOut(capability=signed, expires_at=said.expires_at)
