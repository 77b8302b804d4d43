"""The two reports, each with its sealed part: shown only to who asks for it, and known to be.

A page is drawn without the words. They come by a press, are read at risk's door, and a redraw of
the page leaves them where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from contracts.report import ProposeLegalReport, ReportId
from contracts.vocabulary import PersonId, Refusal
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console import matters, owing
from services.console.matters import MatterKind, MatterRow
from services.console.pages import PAGES, Drawn, Frame
from services.console.pictures import Desk
from services.console.press import Press, Reader, asks_for_a_part, done_response, pressed, reader_of
from services.console.risk_door import LEGAL_LETTERS, RiskDoor
from services.console.settings import Settings
from services.console.staff import names_of

AT_RISK, LEGAL = "/fiches/{report_id}", "/signalements/{report_id}"

GONE = Problem(410, "report_gone", "Cette fiche n'est plus ici.")

#: A form's own words beside the text; a letter may take four bytes, each written with three.
FORM_BYTES = LEGAL_LETTERS * 4 * 3 + 4096


def report_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of both kinds."""
    pages = ReportPages(door, settings)
    return [
        Address("GET", AT_RISK, pages.show_at_risk, {}),
        Address("POST", AT_RISK, pages.read_at_risk, {}),
        Address("GET", LEGAL, pages.show_legal, {}),
        Address("POST", LEGAL, pages.read_legal, {}),
        Address("POST", f"{LEGAL}/mots", pages.write_legal, {}),
    ]


class ReportPages:
    """The page of a report."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._risk = RiskDoor(settings)
        self._frame = Frame(door, settings)

    async def show_at_risk(self, request: Request) -> Response:
        """An at-risk report without its words."""
        reader = await reader_of(request, self._door)
        return await self._draw(request, reader, MatterKind.AT_RISK_REPORT)

    async def read_at_risk(self, request: Request) -> Response:
        """Its words, to who asks for them."""
        reader = (await self._pressed(request)).reader
        words = await self._risk.read_report(reader.desk, report_in(request))
        return await self._draw(request, reader, MatterKind.AT_RISK_REPORT, words)

    async def show_legal(self, request: Request) -> Response:
        """A legal report without its words."""
        reader = await reader_of(request, self._door)
        return await self._draw(request, reader, MatterKind.LEGAL_REPORT)

    async def read_legal(self, request: Request) -> Response:
        """Its words, to who decides."""
        reader = (await self._pressed(request)).reader
        words = await self._risk.read_legal_report(reader.desk, report_in(request))
        return await self._draw(request, reader, MatterKind.LEGAL_REPORT, words)

    async def write_legal(self, request: Request) -> Response:
        """Have its words sealed."""
        press = await pressed(request, self._door, FORM_BYTES)
        words = legal_words_in(press)
        await self._risk.write_legal_report(press.reader.desk, report_in(request), words)
        return done_response(request)

    async def _pressed(self, request: Request) -> Press:
        return await pressed(request, self._door, self._settings.longest_body_bytes)

    async def _draw(
        self, request: Request, reader: Reader, kind: MatterKind, words: str | None = None
    ) -> Response:
        if words is not None and asks_for_a_part(request):
            return PAGES.response("report_words.html", reader.look, words=words)
        report_id = report_in(request)
        read = await self._door.read(partial(found, viewer=reader.desk, key=(kind, report_id)))
        if read is None:
            raise GONE
        legal = kind is MatterKind.LEGAL_REPORT
        shown = {"report": read.report, "legal": legal, "words": words, "had": read.had}
        shown["proposes"] = reader.desk.role in ProposeLegalReport.roles
        drawn = Drawn("report_part.html", shown, read.names)
        return await self._frame.draw(request, reader, drawn)


def legal_words_in(press: Press) -> str:
    """What an authority is to be told; Flaw when it is nothing, or too much."""
    words = press.take_text("words", LEGAL_LETTERS)
    if not words.strip():
        raise Flaw(Refusal.INVALID_FIELD, "words")
    return words


def report_in(request: Request) -> ReportId:
    """The report an address names."""
    return ReportId(request.path_params["report_id"])


@dataclass(frozen=True)
class Found:
    """A report, with who took its contact."""

    report: MatterRow
    had: Sequence[PersonId]  #: the last one first
    names: Mapping[str, str]


def found(session: Session, viewer: Desk, key: tuple[MatterKind, ReportId]) -> Found | None:
    """A report of the viewer's line."""
    report = matters.of_line(session, viewer.programme, *key)
    if report is None:
        return None
    assert report.contact_id is not None, "a report is of a contact"
    had = owing.who_had(session, report.contact_id)
    return Found(report, had, names_of(session, {*report.people, *had}))
