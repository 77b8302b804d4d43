"""One alert: who has it, whom it reached, and every verb on it.

Calling rescue is an address of its own, because its answer is a number to be dialled at once.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from contracts.report import ProposeLegalReport
from contracts.rescue import Arrival, RescueNamed, RescueService, StartRescue
from contracts.risk import AlertId, AlertOutcome, StandDownReason
from contracts.vocabulary import ContactId, Refusal
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import board_view, owing, store
from services.console.messages import AlertShown
from services.console.pages import PAGES, Drawn, Frame
from services.console.pictures import Desk, may_see_alert
from services.console.press import Reader, pressed, reader_of, sent
from services.console.problem import refusal_problem
from services.console.risk_door import ANYWHERE, RiskDoor
from services.console.role_table import READS_REPORTS
from services.console.settings import Settings
from services.pages.forms import contract_of

#: Machine time the page of an alert waits for risk.
_PATIENCE_SECONDS = 1.0


def alarm_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of an alert's page."""
    page = AlarmPage(door, settings)
    return [
        Address("GET", "/alertes/{alert_id}", page.show, {}),
        Address("POST", "/secours/{contact_id}", page.call_rescue, {}),
    ]


class AlarmPage:
    """The page of one alert."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._risk = RiskDoor(settings)
        self._frame = Frame(door, settings)

    async def _services(self, desk: Desk) -> tuple[RescueService, ...]:
        """Those the country of the line has; every one there is, where risk does not say at once:
        an alert is shown whatever becomes of risk.
        """
        named = await self._risk.services(desk, _PATIENCE_SECONDS)
        return tuple(RescueService) if named is ANYWHERE else tuple(each.service for each in named)

    async def show(self, request: Request) -> Response:
        """The alert as it is; Problem 410 when there is none here for who asks, or no more."""
        reader = await reader_of(request, self._door)
        alert_id = AlertId(request.path_params["alert_id"])
        alert, seen = await self._door.read(partial(_seen, reader=reader, alert_id=alert_id))
        if alert is None:
            raise refusal_problem(Refusal.ALERT_OVER, "alert_id")
        shown: dict[str, Any] = {
            "alert": alert,
            "seen": seen,
            "reasons": tuple(StandDownReason),
            "outcomes": tuple(AlertOutcome),
            "services": await self._services(reader.desk),
            "arrivals": tuple(Arrival),
            "reads": reader.desk.role in READS_REPORTS,
            "proposes": reader.desk.role in ProposeLegalReport.roles,
        }
        shown |= await self._door.read(
            partial(_written_of, viewer=reader.desk, contact_id=alert.contact_id)
        )
        drawn = Drawn("alarm_part.html", shown, seen.names)
        return await self._frame.draw(request, reader, drawn)

    async def call_rescue(self, request: Request) -> Response:
        """Start a rescue; the answer is whom to call, now."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        command = contract_of(StartRescue, press.fields | dict(request.path_params))
        reply = await sent(self._door, press, command)
        named = RescueNamed.model_validate(reply.result, extra="ignore")
        return PAGES.response("rescue_called.html", press.reader.look, named=named)


def _written_of(session: Session, viewer: Desk, contact_id: ContactId) -> dict[str, Any]:
    """The report of the contact, and whether it is theirs to write."""
    report = owing.report_of(session, viewer.programme, contact_id)
    writes = owing.may_write(viewer, owing.who_had(session, contact_id))
    return {"report": report, "writes": writes}


def _seen(
    session: Session, reader: Reader, alert_id: AlertId
) -> tuple[AlertShown | None, board_view.Seen]:
    alert = store.alert_shown(session, alert_id)
    if alert is not None and not may_see_alert(reader.desk, alert):
        alert = None
    return alert, board_view.seen_by(session, reader.desk)
