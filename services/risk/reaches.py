"""How a duty professional says where they can be called: an address of their own, or a browser.

Addresses never cross the bus: they come in here, are sealed, and go out again only to be dialled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import orjson
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract, Reply, done
from contracts.privacy import public, staff
from contracts.risk import CallWay, RiskCapability
from contracts.vocabulary import Refusal, Role
from contracts.webhooks import new_secret
from services.bus.body import Flaw, read_body, read_contract
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, ref
from services.bus.problem import ProblemTold
from services.bus.sealing import key_from, sealed_in
from services.bus.work import Work, new_id
from services.risk import duty
from services.risk.callout import PUSH_KEY, SEAL_KEY
from services.risk.problem import refusal_problem
from services.risk.push import Sender
from services.risk.settings import Settings

_PATH = "/duty/reach/{way}"


class ReachGiven(Contract):
    """Where somebody can be called."""

    address: Annotated[str, staff("https://... of the receiver, or of the push service")]


class ReachKept(Contract):
    """That it is kept; the secret of a webhook is told here and never again."""

    way: Annotated[CallWay, public("How")]
    secret: Annotated[str | None, staff("For the receiver, to check our signature")] = None


class ReachesTold(Contract):
    """By which ways somebody can be called, and what a browser needs to subscribe."""

    ways: Annotated[tuple[CallWay, ...], public("The ways that are kept")] = ()
    push_key: Annotated[str, public("`applicationServerKey`")]


class Reaches:
    """The three things a duty professional can ask about how they are called."""

    models: tuple[type[Contract], ...] = (ReachGiven, ReachKept, ReachesTold)

    def __init__(
        self, door: Door, settings: Settings, who: Callable[[Request], Awaitable[RiskCapability]]
    ) -> None:
        self._door = door
        self._settings = settings
        self._who = who

    def addresses(self) -> tuple[Address, ...]:
        """Where they ask."""
        security: list[dict[str, list[str]]] = [{"bearer": []}]
        giving = {
            "summary": "Say where I can be called.",
            "security": security,
            "requestBody": content(ref(ReachGiven)),
            "responses": answers(content(ref(ReachKept)), ProblemTold),
        }
        seeing = {
            "summary": "By which ways I can be called.",
            "security": security,
            "responses": answers(content(ref(ReachesTold)), ProblemTold),
        }
        leaving = {"summary": "Do not call me this way any more.", "security": security}
        return (
            Address("GET", "/duty/reach", self.see, seeing),
            Address("PUT", _PATH, self.give, giving),
            Address("DELETE", _PATH, self.take_away, leaving),
        )

    async def give(self, request: Request) -> Response:
        """Keep an address, sealed; refused when it could not be dialled anyway."""
        asker, way = await self._professional(request), _way_in(request)
        given = read_contract(
            ReachGiven, await read_body(request, self._settings.longest_body_bytes)
        )
        if not self._settings.may_dial(given.address):
            raise Flaw(Refusal.INVALID_FIELD, "address")
        secret = new_secret() if way is CallWay.WEBHOOK else None
        place = duty.place_of(asker.programme, asker.person_id, way)
        plain = orjson.dumps({"address": given.address, "secret": secret})
        key = key_from(self._settings.keys_dir / SEAL_KEY)
        sealed = sealed_in(key, plain, place)
        await self._door.answer(new_id(), "reach", partial(_keep, asker, way, sealed))
        return _json(ReachKept(way=way, secret=secret))

    async def see(self, request: Request) -> Response:
        """Tell which ways are kept: never an address."""
        asker = await self._professional(request)
        rows = await self._door.read(
            partial(duty.reaches_of, programme=asker.programme, person_id=asker.person_id)
        )
        sender = Sender(key_from(self._settings.keys_dir / PUSH_KEY))
        ways = tuple(CallWay(row.way) for row in rows)
        return _json(ReachesTold(ways=ways, push_key=sender.public_key))

    async def take_away(self, request: Request) -> Response:
        """Forget an address; what was never there is gone as well."""
        asker, way = await self._professional(request), _way_in(request)
        await self._door.answer(new_id(), "reach", partial(_forget, asker, way))
        return Response(status_code=204)

    async def _professional(self, request: Request) -> RiskCapability:
        asker = await self._who(request)
        if asker.role is not Role.DUTY_PROFESSIONAL:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        return asker


def _keep(asker: RiskCapability, way: CallWay, sealed: bytes, work: Work) -> Reply:
    row = duty.ReachRow(
        programme=asker.programme,
        person_id=asker.person_id,
        way=way.value,
        sealed=sealed,
        since=work.now,
    )
    duty.keep_reach(work.session, row)
    return done()


def _forget(asker: RiskCapability, way: CallWay, work: Work) -> Reply:
    duty.forget_reach(work.session, asker.programme, asker.person_id, way)
    return done()


def _way_in(request: Request) -> CallWay:
    try:
        return CallWay(request.path_params["way"])
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "way") from None


def _json(said: Contract) -> Response:
    return Response(said.model_dump_json(exclude_none=True), media_type="application/json")
