"""Where reports are written and read, and at-risk ones exported without their sealed part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from sqlmodel import Field
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract, Reply, done
from contracts.privacy import ops, staff
from contracts.report import Danger, DecideLegalReport, ReportId, TakenOverBy
from contracts.risk import AlertId, RiskCapability
from contracts.vocabulary import ContactId, Moment, PersonId, Priority, Refusal, RiskSignal, Role
from services.bus.body import read_body, read_contract
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, ref
from services.bus.problem import ProblemTold
from services.bus.sealing import WrongKey, key_from, opened, sealed_in
from services.bus.work import Work, new_id
from services.risk import audit, reporting
from services.risk.audit import AuditEntry, AuditKind
from services.risk.callout import SEAL_KEY
from services.risk.domain import Asker
from services.risk.problem import refusal_problem
from services.risk.settings import Settings
from services.risk.store import Row, moment

_PATH = "/at-risk-reports/{report_id}"
_LEGAL_PATH = "/legal-reports/{report_id}"


#: Letters of a report; in UTF-8 each takes up to four bytes, beside the rest of the body.
_LETTERS, _LEGAL_LETTERS = 4000, 8000
_LONGEST_BODY_BYTES = _LEGAL_LETTERS * 4 + 4096


class ReportGiven(Contract):
    """A report as it is written: closed words, and what they cannot say."""

    signals: Annotated[tuple[RiskSignal, ...], ops("What was noticed", max_length=12)] = ()
    danger: Annotated[Danger, ops("How it stood at the end")] = Danger.NOT_ASSESSED
    taken_over_by: Annotated[TakenOverBy, ops("Who goes on with the person")] = TakenOverBy.NOBODY
    what_happened: Annotated[str, staff("Sealed; read by a supervisor", max_length=_LETTERS)] = ""


class LegalReportWords(Contract):
    """What an authority is told: of whom, what was seen or said, where."""

    words: Annotated[
        str, staff("Sealed; read by the two who decide", min_length=1, max_length=_LEGAL_LETTERS)
    ]


class ReportTold(Contract):
    """A report, as far as it may be listed."""

    report_id: Annotated[ReportId, ops("The report")]
    contact_id: Annotated[ContactId, ops("The contact")]
    priority: Annotated[Priority | None, ops("If it is owed for that")] = None
    alert_id: Annotated[AlertId | None, ops("If it is owed for one")] = None
    due_at: Annotated[Moment, ops("Until when it is to be written", unit="UTC, domain time")]
    state: Annotated[str, ops("owed, written or read")]
    written_by: Annotated[PersonId | None, staff("Who wrote it")] = None


class ReportsTold(Contract):
    """Reports of a line, the first due first."""

    reports: Annotated[tuple[ReportTold, ...], ops("The reports")] = ()


class ReportRead(Contract):
    """The sealed part of a report."""

    report: Annotated[ReportTold, ops("The report")]
    what_happened: Annotated[str, staff("As it was written")]


class ExportRow(Row, table=True):
    """That data left: what the audit must have an entry for."""

    __tablename__ = "export"

    export_id: str = Field(primary_key=True)
    at: datetime = moment(nullable=False)
    by: str
    reports: int


class Reports:
    """What can be asked about reports."""

    models: tuple[type[Contract], ...] = (
        ReportGiven, ReportsTold, ReportRead, LegalReportWords,
    )  # fmt: skip

    def __init__(
        self, door: Door, settings: Settings, who: Callable[[Request], Awaitable[RiskCapability]]
    ) -> None:
        self._door = door
        self._settings = settings
        self._who = who

    def addresses(self) -> tuple[Address, ...]:
        """Where it is asked."""
        security: list[dict[str, list[str]]] = [{"bearer": []}]
        listing = answers(content(ref(ReportsTold)), ProblemTold)
        return (
            Address("GET", "/at-risk-reports", self.see_all, {
                "summary": "The reports of the line.", "security": security, "responses": listing,
            }),
            Address("PUT", _PATH, self.write, {
                "summary": "Write a report.", "security": security,
                "requestBody": content(ref(ReportGiven)),
            }),
            Address("GET", _PATH, self.read, {
                "summary": "Read a report: a supervisor, and it is known that they did.",
                "security": security,
                "responses": answers(content(ref(ReportRead)), ProblemTold),
            }),
            Address("PUT", _LEGAL_PATH, self.write_legal, {
                "summary": "Write what an authority is to be told, until it is decided.",
                "security": security, "requestBody": content(ref(LegalReportWords)),
            }),
            Address("GET", _LEGAL_PATH, self.read_legal, {
                "summary": "Read it to decide or to send it on: kept in the audit.",
                "security": security,
                "responses": answers(content(ref(LegalReportWords)), ProblemTold),
            }),
            Address("POST", "/exports/at-risk-reports", self.export, {
                "summary": "Take the reports out, without their sealed part: kept in the audit.",
                "security": security, "responses": listing,
            }),
        )  # fmt: skip

    async def see_all(self, request: Request) -> Response:
        """List the reports: all of them for supervisors, one's own for others."""
        asker = await self._who(request)
        rows = await self._door.read(partial(reporting.reports_of, programme=asker.programme))
        sees_all = asker.role in (Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)
        mine = tuple(_told(row) for row in rows if sees_all or row.written_by == asker.person_id)
        return _json(ReportsTold(reports=mine))

    async def write(self, request: Request) -> Response:
        """Keep a report, its words sealed."""
        asker = await self._who(request)
        report_id = request.path_params["report_id"]
        given = read_contract(ReportGiven, await read_body(request, _LONGEST_BODY_BYTES))
        plain = given.what_happened.encode()
        sealed = sealed_in(self._key(), plain, _place_of(report_id))
        written = reporting.Written(given.signals, given.danger, given.taken_over_by, sealed)
        handler = partial(reporting.write_report, report_id, _by(asker), written)
        _checked(await self._door.answer(new_id(), "report", handler))
        return Response(status_code=204)

    async def read(self, request: Request) -> Response:
        """Show a report to a supervisor."""
        asker = await self._who(request)
        if asker.role not in (Role.SUPERVISOR, Role.DUTY_PROFESSIONAL):
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        report_id = request.path_params["report_id"]
        handler = partial(reporting.read_report, report_id, _by(asker))
        _checked(await self._door.answer(new_id(), "read report", handler))
        row = await self._door.read(partial(reporting.report, report_id=report_id))
        if row is None or row.sealed is None:
            raise refusal_problem(Refusal.UNKNOWN_REPORT, "report_id")
        try:
            words = opened(self._key(), row.sealed, _place_of(report_id)).decode()
        except WrongKey:
            raise refusal_problem(Refusal.UNKNOWN_REPORT, "report_id") from None
        return _json(ReportRead(report=_told(row), what_happened=words))

    async def write_legal(self, request: Request) -> Response:
        """Keep the words of a legal report, sealed."""
        asker = await self._who(request)
        report_id = request.path_params["report_id"]
        given = read_contract(LegalReportWords, await read_body(request, _LONGEST_BODY_BYTES))
        sealed = sealed_in(self._key(), given.words.encode(), _legal_place_of(report_id))
        handler = partial(reporting.write_legal_report, report_id, _by(asker), sealed)
        _checked(await self._door.answer(new_id(), "legal report", handler))
        return Response(status_code=204)

    async def read_legal(self, request: Request) -> Response:
        """Show the words to who may decide it; that they were shown is in the chain first."""
        asker = await self._who(request)
        report_id = request.path_params["report_id"]
        row = await self._door.read(partial(reporting.legal_report, report_id=report_id))
        if row is None or row.programme != asker.programme or row.sealed is None:
            raise refusal_problem(Refusal.UNKNOWN_REPORT, "report_id")
        if asker.role not in DecideLegalReport.roles:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        try:
            words = opened(self._key(), row.sealed, _legal_place_of(report_id)).decode()
        except WrongKey:
            raise refusal_problem(Refusal.UNKNOWN_REPORT, "report_id") from None
        export = Export(new_id(), "legal_report", 1)
        _checked(
            await self._door.answer(new_id(), "export", partial(_keep_export, export, _by(asker)))
        )
        return _json(LegalReportWords(words=words))

    async def export(self, request: Request) -> Response:
        """Take the closed words out; that it was done, by whom, is in the chain before they go."""
        asker = await self._who(request)
        if asker.role is not Role.SUPERVISOR:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        rows = await self._door.read(partial(reporting.reports_of, programme=asker.programme))
        export = Export(new_id(), "at_risk_reports", len(rows))
        handler = partial(_keep_export, export, _by(asker))
        _checked(await self._door.answer(new_id(), "export", handler))
        return _json(ReportsTold(reports=tuple(_told(row) for row in rows)))

    def _key(self) -> bytes:
        return key_from(self._settings.keys_dir / SEAL_KEY)


@dataclass(frozen=True)
class Export:
    """What leaves: which kind of reports, how many."""

    export_id: str
    what: str
    reports: int


def _keep_export(export: Export, by: Asker, work: Work) -> Reply:
    row = ExportRow(
        export_id=export.export_id, at=work.now, by=by.person_id, reports=export.reports
    )
    work.session.add(row)
    entry = AuditEntry(
        at=work.now,
        kind=AuditKind.EXPORT.value,
        programme=by.programme,
        actor=by.person_id,
        role=by.role.value,
        subject=export.export_id,
        reason=export.what,
    )
    audit.append(work.session, entry)
    return done()


def _told(row: reporting.ReportRow) -> ReportTold:
    return ReportTold(
        report_id=row.report_id,
        contact_id=row.contact_id,
        priority=None if row.priority is None else Priority(row.priority),
        alert_id=row.alert_id,
        due_at=row.due_at,
        state=row.state,
        written_by=row.written_by,
    )


def _by(asker: RiskCapability) -> Asker:
    return Asker(asker.person_id, asker.role, asker.programme)


def _checked(reply: Reply) -> None:
    if reply.refusal is not None:
        raise refusal_problem(reply.refusal, reply.field)


def _place_of(report_id: str) -> str:
    return f"at-risk report {report_id}"


def _legal_place_of(report_id: str) -> str:
    return f"legal report {report_id}"


def _json(said: Contract) -> Response:
    return Response(said.model_dump_json(), media_type="application/json")
