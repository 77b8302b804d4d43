"""What risk does with a rescue: keep that a human called, and alarm again when it failed."""

from __future__ import annotations

from typing import Any, assert_never

from contracts.envelope import Reply, done, refused
from contracts.rescue import (
    ReportArrival,
    RescueConfirmed,
    RescueFailed,
    RescueFailure,
    RescueId,
    RescueNamed,
    RescueService,
    RescueStarted,
    StartRescue,
)
from contracts.risk import AlertId, EscalationReason
from contracts.vocabulary import Refusal, Role
from services.bus.work import Work, derived_id
from services.risk import metrics, rescue_store, store
from services.risk.alerts import Raising, escalate, raise_alert
from services.risk.domain import Asker, Escalated, MayNot, alarmed_again
from services.risk.handlers import asker_of
from services.risk.rescue import (
    REPORT_WITHIN,
    Arrived,
    Failed,
    MayCall,
    SaidAlready,
    judge_arrival,
    judge_rescue,
)
from services.risk.rescue_store import RescueRow


def on_start_rescue(command: StartRescue, work: Work) -> Reply:
    """Keep that rescue was called, and raise an alert with it where none is open."""
    asker = asker_of(work.command)
    known = store.contact(work.session, command.contact_id)
    country = rescue_store.country_of(work.session, asker.programme)
    match judge_rescue(asker, known, command.whom, country):
        case MayCall(number):
            alert_id = AlertId(derived_id("alert", work.command.command_id))
            alert = raise_alert(Raising(alert_id, asker, command.contact_id), work)
            if isinstance(alert, MayNot):
                return refused(alert.why, alert.field)
            row = _new_rescue(command, alert, work)
            work.session.add(row)
            work.announce(RescueStarted(**said_of(row), report_by=row.report_by), of=row)
            work.set_deadline("arrival", row.rescue_id, row.report_by)
            metrics.record_rescue(row.programme, "started")
            named = RescueNamed(
                rescue_id=row.rescue_id,
                alert_id=row.alert_id,
                number=number.number,
                in_writing=number.in_writing,
            )
            return done(row.version, named)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def _new_rescue(command: StartRescue, alert: store.AlertRow, work: Work) -> RescueRow:
    asker = work.command
    return RescueRow(
        rescue_id=RescueId(derived_id("rescue", asker.command_id)),
        alert_id=alert.alert_id,
        contact_id=command.contact_id,
        programme=asker.programme,
        service=command.whom.value,
        started_by=asker.actor,
        started_as=asker.role.value,
        started_at=work.now,
        report_by=work.now + REPORT_WITHIN,
    )


def on_report_arrival(command: ReportArrival, work: Work) -> Reply:
    """Somebody has the person, or nobody does: then the alert comes up again at once."""
    row = rescue_store.rescue_to_change(work.session, command.rescue_id)
    if row is None or row.programme != work.command.programme:
        return refused(Refusal.UNKNOWN_RESCUE, "rescue_id")
    asker = asker_of(work.command)
    match judge_arrival(row.outcome, row.started_by, asker, command.arrival):
        case Arrived():
            row.outcome = "confirmed"
            event = RescueConfirmed(
                **said_of(row),
                confirmed_by=asker.person_id,
                confirmed_as=asker.role,
                confirmed_at=work.now,
            )
            work.announce(event, of=row)
            work.clear_deadline("arrival", row.rescue_id)
            metrics.record_rescue(row.programme, "confirmed")
            return done(row.version)
        case Failed(why):
            work.clear_deadline("arrival", row.rescue_id)
            _fail(row, why, work)
            return done(row.version)
        case SaidAlready():
            return done(row.version)
        case MayNot(reason, field):
            return refused(reason, field)
        case unexpected:
            assert_never(unexpected)


def on_arrival_due(key: str, work: Work) -> None:
    """Nobody said that anybody has the person: that is a failure, and said as one."""
    row = rescue_store.rescue_to_change(work.session, RescueId(key))
    if row is not None and row.outcome is None:
        _fail(row, RescueFailure.NO_WORD, work)


def _fail(row: RescueRow, why: RescueFailure, work: Work) -> None:
    """Announce the failure, and have the alert come up again in this very transaction."""
    row.outcome = why.value
    asker = work.asker
    event = RescueFailed(
        **said_of(row),
        why=why,
        failed_at=work.now,
        reported_by=None if asker is None else asker.actor,
        reported_as=None if asker is None else asker.role,
    )
    work.announce(event, of=row)
    metrics.record_rescue(row.programme, "failed")
    _alarm_again(row, work)


def _alarm_again(row: RescueRow, work: Work) -> None:
    """The open alert goes on; where a human had ended it, a new one stands in its place."""
    standing = store.alert_of_contact(work.session, row.contact_id)
    if standing is not None:
        failed = Escalated(alarmed_again(standing.alert, work.now), EscalationReason.RESCUE_FAILED)
        escalate(standing, failed, work)
        return
    caller = Asker(row.started_by, Role(row.started_as), row.programme)
    alert_id = AlertId(derived_id("alert of a failed rescue", row.rescue_id))
    alert = raise_alert(Raising(alert_id, caller, row.contact_id), work)
    assert not isinstance(alert, MayNot), "who may call rescue may raise an alert"
    failed = Escalated(alarmed_again(alert.alert, work.now), EscalationReason.RESCUE_FAILED)
    escalate(alert, failed, work)


def said_of(row: RescueRow) -> dict[str, Any]:
    """What every event about a rescue says of it."""
    return {
        "rescue_id": row.rescue_id,
        "alert_id": row.alert_id,
        "contact_id": row.contact_id,
        "programme": row.programme,
        "service": RescueService(row.service),
        "started_by": row.started_by,
        "started_as": Role(row.started_as),
        "started_at": row.started_at,
    }
