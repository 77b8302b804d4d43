"""The one address at which what the edge holds is shown, once, to who calls rescue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from contracts.anonymity import LiftId
from contracts.envelope import Contract
from contracts.privacy import public, staff
from contracts.risk import RiskCapability
from contracts.vocabulary import Refusal
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, ref
from services.bus.problem import Problem, ProblemTold
from services.bus.work import new_id
from services.risk import lifting
from services.risk.domain import Asker
from services.risk.edge import EdgeAsked, EdgeSilent, number_of
from services.risk.problem import refusal_problem
from services.risk.settings import Settings


class NumberShown(Contract):
    """What the edge holds. Write it on the card or call it: it is not shown again."""

    found: Annotated[bool, public("The edge held something")]
    number: Annotated[str | None, staff("The number")] = None


class Lifts:
    """Showing a lift."""

    models: tuple[type[Contract], ...] = (NumberShown,)

    def __init__(
        self, door: Door, settings: Settings, who: Callable[[Request], Awaitable[RiskCapability]]
    ) -> None:
        self._door = door
        self._settings = settings
        self._who = who

    def addresses(self) -> tuple[Address, ...]:
        """Where it is shown."""
        told = {
            "summary": "Show what the edge holds of the caller, once.",
            "security": [{"bearer": []}],
            "responses": answers(content(ref(NumberShown)), ProblemTold),
        }
        return (Address("POST", "/lifts/{lift_id}/number", self.show, told),)

    async def show(self, request: Request) -> Response:
        """Take the showing up, ask the edge, keep that it was shown, show it."""
        shown_to = await self._who(request)
        asker = Asker(shown_to.person_id, shown_to.role, shown_to.programme)
        lift_id = request.path_params["lift_id"]
        began = await self._door.answer(
            new_id(), "show", partial(lifting.begin_showing, lift_id, asker)
        )
        if began.refusal is not None:
            raise refusal_problem(began.refusal, began.field)
        number = await self._ask_edge(LiftId(lift_id))
        keep = partial(lifting.keep_shown, lift_id, asker, number is not None)
        await self._door.answer(new_id(), "shown", keep)
        told = NumberShown(found=number is not None, number=number)
        return Response(told.model_dump_json(), media_type="application/json")

    async def _ask_edge(self, lift_id: LiftId) -> str | None:
        contact_id = await self._door.read(partial(lifting.contact_of, lift_id=lift_id))
        if contact_id is None:
            raise refusal_problem(Refusal.UNKNOWN_RESCUE, "lift_id")
        try:
            return await number_of(
                self._settings, EdgeAsked(lift_id=lift_id, contact_id=contact_id)
            )
        except EdgeSilent:
            give_back = partial(lifting.give_back, lift_id)
            await self._door.answer(new_id(), "give back", give_back)
            detail = "Le standard ne répond pas ; redemandez, et appelez les secours sans attendre."
            raise Problem(503, "edge_silent", detail) from None
