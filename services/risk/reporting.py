"""What risk does with reports: owe one after danger, keep what is written, decide a legal one.

The surprising thing: a legal report is no referral. It asks nobody's consent, goes to an authority
of the country and département, and takes two named people, one of them a professional.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field, Session, select

from contracts.envelope import Reply, done, refused
from contracts.frame import ReportRecipient
from contracts.report import (
    AtRiskReportMissed,
    AtRiskReportOwed,
    AtRiskReportRead,
    AtRiskReportWritten,
    Danger,
    DecideLegalReport,
    LegalGround,
    LegalReportDecided,
    LegalReportNamed,
    LegalReportProposed,
    ProposeLegalReport,
    ReportId,
    TakenOverBy,
)
from contracts.risk import AlertId
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    ContactId,
    Departement,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    RelayId,
    ReportKind,
    RiskSignal,
    Role,
)
from services.bus.driver import ask
from services.bus.work import Work, derived_id
from services.risk import store
from services.risk.domain import Asker
from services.risk.store import Row, moment

#: An at-risk report is written while it is remembered; a proposal, to be settled by the operator.
WRITTEN_WITHIN = timedelta(hours=24)
_OWED_FOR = frozenset({Priority.P1, Priority.P2})
_OWED, _WRITTEN, _READ = "owed", "written", "read"


class ReportRow(Row, table=True):
    """An at-risk report: closed words, and a sealed part."""

    __tablename__ = "at_risk_report"

    report_id: ReportId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    priority: str | None = None
    alert_id: AlertId | None = Field(default=None, sa_type=Text)
    due_at: datetime = moment(nullable=False)
    state: str = _OWED
    written_by: PersonId | None = Field(default=None, sa_type=Text)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"at_risk_report:{self.report_id}"


class LegalReportRow(Row, table=True):
    """A legal report: closed words, and a sealed part."""

    __tablename__ = "legal_report"

    report_id: ReportId = Field(primary_key=True, sa_type=Text)
    contact_id: ContactId = Field(sa_type=Text)
    programme: ProgrammeId = Field(sa_type=Text)
    ground: str
    kind: str
    recipient: RelayId = Field(sa_type=Text)
    departement: str | None = None
    proposed_by: PersonId = Field(sa_type=Text)
    proposed_as: str
    proposed_at: datetime = moment(nullable=False)
    decided: bool = False
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    version: int = 0

    @property
    def aggregate(self) -> str:
        """Name of what `version` counts."""
        return f"legal_report:{self.report_id}"


# --- at-risk reports ------------------------------------------------------------------------------


def on_contact_triaged(event: ContactTriaged, work: Work) -> None:
    """P1 or P2: a report is owed, whatever becomes of the contact."""
    if event.priority in _OWED_FOR:
        owe_report(Owing(event.contact_id, event.programme, event.priority), work)


@dataclass(frozen=True)
class Owing:
    """For what a report is owed: a priority, or an alert."""

    contact_id: ContactId
    programme: ProgrammeId
    priority: Priority | None = None
    alert_id: AlertId | None = None


_OWE = """
    INSERT INTO risk.at_risk_report
        (report_id, contact_id, programme, priority, alert_id, due_at, state, version)
    VALUES (%(report_id)s, %(contact_id)s, %(programme)s, %(priority)s, %(alert_id)s, %(due_at)s,
        'owed', 0)
    ON CONFLICT (report_id) DO NOTHING RETURNING report_id
"""


def owe_report(owing: Owing, work: Work) -> None:
    """Owe a report for a contact, once, for whichever reason comes first.

    Its id is the contact's, and the row is made by one statement that gives way: an alert must
    never fail for a report that is owed already.
    """
    report_id = ReportId(derived_id("at-risk report", owing.contact_id))
    due_at = work.now + WRITTEN_WITHIN
    facts = {**vars(owing), "report_id": report_id, "due_at": due_at}
    if ask(work.session, _OWE, facts).fetchone() is None:
        return
    row = work.session.get_one(ReportRow, report_id)
    work.announce(AtRiskReportOwed(**_said_of(row), owed_at=work.now), of=row)
    work.set_deadline("report", report_id, due_at)


@dataclass(frozen=True)
class Written:
    """What is written in a report."""

    signals: tuple[RiskSignal, ...]
    danger: Danger
    taken_over_by: TakenOverBy
    sealed: bytes


def write_report(report_id: str, by: Asker, written: Written, work: Work) -> Reply:
    """Keep a report: by who was with the person, or a supervisor. Written late is written.

    Until it is read, who wrote it may write it anew; nobody writes over the words of another.
    """
    row = work.session.get(ReportRow, report_id, with_for_update=True)
    if row is None or row.programme != by.programme:
        return refused(Refusal.UNKNOWN_REPORT, "report_id")
    known = store.contact(work.session, row.contact_id)
    beside = by.role in (Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)
    if known.holders and by.person_id not in known.holders and not beside:
        return refused(Refusal.NOT_YOURS, "report_id")
    if row.state == _READ or row.written_by not in (None, by.person_id):
        return refused(Refusal.WRONG_STATE)
    row.state, row.written_by, row.sealed = _WRITTEN, by.person_id, written.sealed
    event = AtRiskReportWritten(
        **_said_of(row),
        written_by=by.person_id,
        written_as=by.role,
        written_at=work.now,
        signals=written.signals,
        danger=written.danger,
        taken_over_by=written.taken_over_by,
    )
    work.announce(event, of=row)
    work.clear_deadline("report", row.report_id)
    return done(row.version)


def read_report(report_id: str, by: Asker, work: Work) -> Reply:
    """Keep that a supervisor has read a report; a second reading is no new fact."""
    row = work.session.get(ReportRow, report_id, with_for_update=True)
    if row is None or row.programme != by.programme or row.sealed is None:
        return refused(Refusal.UNKNOWN_REPORT, "report_id")
    if row.state == _WRITTEN:
        row.state = _READ
        event = AtRiskReportRead(
            **_said_of(row), read_by=by.person_id, read_as=by.role, read_at=work.now
        )
        work.announce(event, of=row)
    return done(row.version)


def report(session: Session, report_id: str) -> ReportRow | None:
    """A report."""
    return session.get(ReportRow, report_id)


def reports_of(session: Session, programme: ProgrammeId) -> list[ReportRow]:
    """Every report of a line, the first due first."""
    query = select(ReportRow).where(ReportRow.programme == programme)
    return list(session.exec(query.order_by(ReportRow.due_at)).all())  # type: ignore[arg-type]


def on_report_due(key: str, work: Work) -> None:
    """Nobody has written it in time."""
    row = work.session.get(ReportRow, key, with_for_update=True)
    if row is not None and row.state == _OWED:
        work.announce(AtRiskReportMissed(**_said_of(row), missed_at=work.now), of=row)


def _said_of(row: ReportRow) -> dict[str, Any]:
    return {
        "report_id": row.report_id,
        "contact_id": row.contact_id,
        "programme": row.programme,
        "priority": None if row.priority is None else Priority(row.priority),
        "alert_id": row.alert_id,
        "due_at": row.due_at,
    }


# --- legal reports --------------------------------------------------------------------------------


def kind_of(ground: LegalGround, urgent: bool) -> ReportKind:
    """Which report it is: a minor's goes to whoever looks into it, unless the danger is grave.

    France: information préoccupante, code de l'action sociale et des familles L226-2-1;
    signalement to the prosecutor, L226-4, and for adults code pénal 434-3.
    """
    if urgent or ground is not LegalGround.MINOR_IN_DANGER:
        return ReportKind.JUSTICE
    return ReportKind.CONCERN


def recipient_of(
    listed: Collection[ReportRecipient], kind: ReportKind, departement: Departement | None
) -> RelayId | None:
    """To whom a line sends a report: that of the place, else that of any other; None: to nobody."""
    by_place = {each.departement: each.recipient for each in listed if each.kind is kind}
    return by_place.get(departement, by_place.get(None))


def on_propose_legal_report(command: ProposeLegalReport, work: Work) -> Reply:
    """One person finds that it must be made."""
    asker = work.command
    known = store.contact(work.session, command.contact_id)
    if known.programme not in (None, asker.programme):
        return refused(Refusal.NOT_IN_PROGRAMME, "contact_id")
    kind = kind_of(command.ground, command.urgent)
    listed = store.recipients_of(work.session, asker.programme)
    to = recipient_of(listed, kind, command.departement)
    if to is None:
        return refused(Refusal.UNKNOWN_RELAY)
    row = LegalReportRow(
        report_id=ReportId(derived_id("legal report", asker.command_id)),
        contact_id=command.contact_id,
        programme=asker.programme,
        ground=command.ground.value,
        kind=kind.value,
        recipient=to,
        departement=command.departement,
        proposed_by=asker.actor,
        proposed_as=asker.role.value,
        proposed_at=work.now,
    )
    work.session.add(row)
    work.announce(LegalReportProposed(**_said_of_legal(row)), of=row)
    return done(row.version, LegalReportNamed(report_id=row.report_id, kind=kind, recipient=to))


def on_decide_legal_report(command: DecideLegalReport, work: Work) -> Reply:
    """The second person's decision; one of the two is a professional."""
    row = work.session.get(LegalReportRow, command.report_id, with_for_update=True)
    asker = work.command
    if row is None or row.programme != asker.programme:
        return refused(Refusal.UNKNOWN_REPORT, "report_id")
    if row.decided:
        return refused(Refusal.WRONG_STATE)
    professional = Role.DUTY_PROFESSIONAL in (Role(row.proposed_as), asker.role)
    if asker.actor == row.proposed_by or not professional:
        return refused(Refusal.SECOND_PERSON_NEEDED)
    row.decided = True
    event = LegalReportDecided(
        **_said_of_legal(row),
        made=command.make,
        decided_by=asker.actor,
        decided_as=asker.role,
        decided_at=work.now,
    )
    work.announce(event, of=row)
    return done(row.version)


def write_legal_report(report_id: str, by: Asker, sealed: bytes, work: Work) -> Reply:
    """Keep what an authority is to be told: by who proposed it or a professional, until decided."""
    row = work.session.get(LegalReportRow, report_id, with_for_update=True)
    if row is None or row.programme != by.programme:
        return refused(Refusal.UNKNOWN_REPORT, "report_id")
    if by.person_id != row.proposed_by and by.role is not Role.DUTY_PROFESSIONAL:
        return refused(Refusal.NOT_YOURS, "report_id")
    if row.decided:
        return refused(Refusal.WRONG_STATE)
    row.sealed = sealed
    work.session.add(row)
    return done(row.version)


def legal_report(session: Session, report_id: str) -> LegalReportRow | None:
    """A legal report."""
    return session.get(LegalReportRow, report_id)


def _said_of_legal(row: LegalReportRow) -> dict[str, Any]:
    return {
        "report_id": row.report_id,
        "contact_id": row.contact_id,
        "programme": row.programme,
        "ground": LegalGround(row.ground),
        "kind": ReportKind(row.kind),
        "recipient": row.recipient,
        "departement": row.departement,
        "proposed_by": row.proposed_by,
        "proposed_as": Role(row.proposed_as),
        "proposed_at": row.proposed_at,
    }
