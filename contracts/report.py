"""Two reports that are not referrals: the at-risk report, and the legal report.

Both have a sealed part, which is written and read at risk's own door and is never here.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, NewType

from pydantic import StringConstraints

from contracts.envelope import Command, Contract, Event, Stream
from contracts.privacy import ops, staff
from contracts.risk import AlertId
from contracts.vocabulary import (
    ContactId,
    Departement,
    Moment,
    PersonId,
    Priority,
    ProgrammeId,
    RelayId,
    ReportKind,
    RiskSignal,
    Role,
)

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_UTC = "UTC, domain time"
ReportId = NewType("ReportId", Annotated[str, StringConstraints(pattern=_UUID)])


class Danger(StrEnum):
    """How the danger stood when the contact ended, as a human saw it; no prediction."""

    PASSED = "passed"
    STAYS = "stays"
    RESCUE_CAME = "rescue_came"
    NOT_ASSESSED = "not_assessed"


class TakenOverBy(StrEnum):
    """Who goes on with the person."""

    RESCUE = "rescue"
    RELAY = "relay"
    PROFESSIONAL = "professional"
    RELATIVE = "relative"
    NOBODY = "nobody"


# --- at-risk report (fiche de situation à risque) -------------------------------------------------


class AtRiskReportEvent(Event):
    """What every fact about an at-risk report says of it: one for each contact that owes one."""

    noun: ClassVar = "at_risk_report"
    publisher: ClassVar = "risk"
    stream: ClassVar = Stream.RISK
    subject_field: ClassVar = "report_id"

    report_id: Annotated[ReportId, ops("The report")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    priority: Annotated[Priority | None, ops("P1 or P2, if it is owed for that")] = None
    alert_id: Annotated[AlertId | None, ops("The alert, if it is owed for one")] = None
    due_at: Annotated[Moment, ops("Until when it is to be written", unit=_UTC)]


class AtRiskReportOwed(AtRiskReportEvent):
    """A contact was P1 or P2, or had an alert: somebody writes what was seen."""

    fact: ClassVar = "owed"

    owed_at: Annotated[Moment, ops("Since when", unit=_UTC)]


class AtRiskReportWritten(AtRiskReportEvent):
    """It is written: closed words here, the rest sealed."""

    fact: ClassVar = "written"

    written_by: Annotated[PersonId, staff("Who")]
    written_as: Annotated[Role, ops("As what")]
    written_at: Annotated[Moment, ops("When", unit=_UTC)]
    signals: Annotated[tuple[RiskSignal, ...], ops("What was noticed", max_length=12)] = ()
    danger: Annotated[Danger, ops("How it stood at the end")]
    taken_over_by: Annotated[TakenOverBy, ops("Who goes on with the person")]


class AtRiskReportRead(AtRiskReportEvent):
    """A supervisor has read it."""

    fact: ClassVar = "read"

    read_by: Annotated[PersonId, staff("Who")]
    read_as: Annotated[Role, ops("As what")]
    read_at: Annotated[Moment, ops("When", unit=_UTC)]


class AtRiskReportMissed(AtRiskReportEvent):
    """Nobody wrote it in time: a supervisor asks."""

    fact: ClassVar = "missed"

    missed_at: Annotated[Moment, ops("When", unit=_UTC)]


# --- legal report (information préoccupante, signalement) -----------------------------------------


class LegalGround(StrEnum):
    """Whom it protects."""

    MINOR_IN_DANGER = "minor_in_danger"
    UNABLE_TO_PROTECT_THEMSELVES = "unable_to_protect_themselves"


class LegalReportEvent(Event):
    """What every fact about a legal report says of it. It needs no consent, and two deciders."""

    noun: ClassVar = "legal_report"
    publisher: ClassVar = "risk"
    stream: ClassVar = Stream.RISK
    subject_field: ClassVar = "report_id"

    report_id: Annotated[ReportId, ops("The report")]
    contact_id: Annotated[ContactId, ops("The contact")]
    programme: Annotated[ProgrammeId, ops("The line")]
    ground: Annotated[LegalGround, ops("Whom it protects")]
    kind: Annotated[ReportKind, ops("Which report")]
    recipient: Annotated[RelayId, ops("To whom it goes: their row in the directory")]
    departement: Annotated[Departement | None, ops("Where the person in danger is, as said")] = None
    proposed_by: Annotated[PersonId, staff("The first decider")]
    proposed_as: Annotated[Role, ops("As what")]
    proposed_at: Annotated[Moment, ops("When", unit=_UTC)]


class LegalReportProposed(LegalReportEvent):
    """One person finds that it must be made; a second is wanted."""

    fact: ClassVar = "proposed"


class LegalReportDecided(LegalReportEvent):
    """A second person has decided with them; one of the two is a professional."""

    fact: ClassVar = "decided"

    made: Annotated[bool, ops("It is made; else it was decided not to")]
    decided_by: Annotated[PersonId, staff("The second decider")]
    decided_as: Annotated[Role, ops("As what")]
    decided_at: Annotated[Moment, ops("When", unit=_UTC)]


_DECIDES = frozenset({Role.DUTY_PROFESSIONAL, Role.SUPERVISOR, Role.REGULATOR})


class ProposeLegalReport(Command):
    """A minor, or somebody who cannot protect themselves, must be protected by others."""

    service: ClassVar = "risk"
    verb: ClassVar = "propose_legal_report"
    roles: ClassVar = _DECIDES

    contact_id: Annotated[ContactId, ops("The contact")]
    ground: Annotated[LegalGround, ops("Whom it protects")]
    urgent: Annotated[bool, ops("To the prosecutor at once: the danger is grave")] = False
    departement: Annotated[Departement | None, ops("Where the person in danger is, as said")] = None


class LegalReportNamed(Contract):
    """What was proposed, and to whom it would go."""

    report_id: Annotated[ReportId, ops("The report")]
    kind: Annotated[ReportKind, ops("Which report")]
    recipient: Annotated[RelayId, ops("To whom: their row in the directory")]


class DecideLegalReport(Command):
    """The second person's decision."""

    service: ClassVar = "risk"
    verb: ClassVar = "decide_legal_report"
    roles: ClassVar = _DECIDES

    report_id: Annotated[ReportId, ops("The report")]
    make: Annotated[bool, ops("Make it, or do not")]
