"""Where an at-risk report is written and a legal one proposed, each by whom it is theirs to do.

What is typed stays in its field until it is sealed: a redraw leaves the form alone, a no is said
beside it. Risk keeps the words; nothing of them is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.report import (
    Danger,
    LegalGround,
    LegalReportNamed,
    ProposeLegalReport,
    ReportId,
    TakenOverBy,
)
from contracts.vocabulary import ContactId, Refusal, RiskSignal
from services.bus.body import flaw_of
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console import owing, store
from services.console.departements import code_of
from services.console.matters import MatterKind
from services.console.pages import PAGES, Drawn, Frame
from services.console.pictures import Desk
from services.console.press import (
    Press,
    asks_for_a_part,
    done_or_problem,
    pressed,
    reader_of,
    replied,
)
from services.console.problem import refusal_problem
from services.console.report_page import FORM_BYTES, GONE, Found, found, legal_words_in, report_in
from services.console.risk_door import REPORT_LETTERS, Report, RiskDoor
from services.console.settings import Settings
from services.console.talk import contact_in
from services.pages.forms import contract_of
from services.pages.words import to_translate

WRITE, PROPOSE = "/fiches/{report_id}/ecrire", "/signaler/{contact_id}"

_NO_RECIPIENT = Problem(
    409,
    "no_recipient",
    to_translate("Cette ligne n'a pas de destinataire pour ce signalement. Votre texte est là."),
)


def writing_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of both."""
    pages = WritingPages(door, settings)
    return [
        Address("GET", WRITE, pages.show_report, {}),
        Address("POST", WRITE, pages.write_report, {}),
        Address("GET", PROPOSE, pages.show_proposal, {}),
        Address("POST", PROPOSE, pages.propose, {}),
    ]


class WritingPages:
    """The two forms."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._risk = RiskDoor(settings)
        self._frame = Frame(door, settings)

    async def show_report(self, request: Request) -> Response:
        """The form of a report; Problem 403 when it is somebody else's to write."""
        reader = await reader_of(request, self._door)
        owed = await self._door.read(
            partial(_owed, viewer=reader.desk, report_id=report_in(request))
        )
        if owed is None:
            raise GONE
        if not owing.may_write(reader.desk, owed.found.had):
            raise refusal_problem(Refusal.NOT_YOURS, "report_id")
        shown = {
            "report": owed.found.report,
            "ended_at": owed.ended_at,
            "kept_until": owed.kept_until,
            "signals": tuple(RiskSignal),
            "dangers": tuple(Danger),
            "takers": tuple(TakenOverBy),
            "proposes": reader.desk.role in ProposeLegalReport.roles,
        }
        drawn = Drawn("write_report_part.html", shown, owed.found.names)
        return await self._frame.draw(request, reader, drawn)

    async def write_report(self, request: Request) -> Response:
        """Have it sealed."""
        press = await pressed(request, self._door, FORM_BYTES)
        report = _report_of(press)
        await self._risk.write_report(press.reader.desk, report_in(request), report)
        return _kept(request, press, "report_written.html")

    async def show_proposal(self, request: Request) -> Response:
        """The form of a proposal; Problem 410 when the contact is not known here any more."""
        reader = await reader_of(request, self._door)
        contact_id = contact_in(request)
        knows = partial(_knows, viewer=reader.desk, contact_id=contact_id)
        if not await self._door.read(knows):
            raise refusal_problem(Refusal.CONTACT_OVER, "contact_id")
        shown = {"contact_id": contact_id, "grounds": tuple(LegalGround)}
        drawn = Drawn("propose_part.html", shown)
        return await self._frame.draw(request, reader, drawn)

    async def propose(self, request: Request) -> Response:
        """Propose it, then have its words sealed; sent again it is proposed once."""
        press = await pressed(request, self._door, FORM_BYTES)
        words = legal_words_in(press)
        if "departement" in press.fields:
            place = code_of(press.take("departement"), "departement")
            press.fields["departement"] = place
        command = contract_of(ProposeLegalReport, press.fields | dict(request.path_params))
        reply = await replied(self._door, press, command)
        if reply.refusal is Refusal.UNKNOWN_RELAY:
            raise _NO_RECIPIENT
        named = LegalReportNamed.model_validate(done_or_problem(reply).result, extra="ignore")
        await self._risk.write_legal_report(press.reader.desk, named.report_id, words)
        return _kept(request, press, "report_proposed.html", named=named)


def _kept(request: Request, press: Press, template: str, **said: Any) -> Response:
    if asks_for_a_part(request):
        return PAGES.response(template, press.reader.look, **said)
    return RedirectResponse("/", 303)


def _report_of(press: Press) -> Report:
    words = press.take_text("what_happened", REPORT_LETTERS)
    try:
        return Report.model_validate(press.fields | {"what_happened": words})
    except ValidationError as error:
        raise flaw_of(error) from None


@dataclass(frozen=True)
class _Owed:
    """A report to write, and its contact."""

    found: Found
    ended_at: datetime | None  #: None: the contact goes on, or is not known here any more
    kept_until: datetime | None


def _owed(session: Session, viewer: Desk, report_id: ReportId) -> _Owed | None:
    read = found(session, viewer, (MatterKind.AT_RISK_REPORT, report_id))
    if read is None:
        return None
    contact_id = read.report.contact_id
    assert contact_id is not None, "a report is of a contact"
    contact = session.get(store.ContactRow, contact_id)
    ended_at = None if contact is None else contact.ended_at
    return _Owed(read, ended_at, owing.forgotten_at(session, contact_id))


def _knows(session: Session, viewer: Desk, contact_id: ContactId) -> bool:
    contact = session.get(store.ContactRow, contact_id)
    if contact is not None:
        return contact.programme == viewer.programme
    return owing.report_of(session, viewer.programme, contact_id) is not None
