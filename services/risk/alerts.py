"""Raising an alert and passing it on: because of a key, a clock, or a rescue that failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from contracts.risk import AlertEscalated, AlertId, AlertRaised, Standing
from contracts.vocabulary import ContactId, RiskSignal
from services.bus.work import Work
from services.risk import metrics, store
from services.risk.calling import call_duty
from services.risk.domain import (
    DUTY,
    AlreadySo,
    Asker,
    Changed,
    Escalated,
    Line,
    MayNot,
    Raised,
    judge_raising,
    next_at,
    unreached_on,
    whom_to_call,
)
from services.risk.reporting import Owing, owe_report
from services.risk.telling import said_of, say_unreached


@dataclass(frozen=True)
class Raising:
    """An alert as somebody wants it raised; its id, should it be a new one."""

    alert_id: AlertId
    by: Asker
    contact_id: ContactId
    signals: tuple[RiskSignal, ...] = ()


def raise_alert(raising: Raising, work: Work) -> store.AlertRow | MayNot:
    """The alert of a contact: a new one, or the one that is open, with the new signals."""
    known = store.contact(work.session, raising.contact_id)
    standing = store.alert_of_contact(work.session, raising.contact_id)
    row = _new_row(raising, work)
    line = store.line(work.session, row.programme, row.raised_by)
    open_one = None if standing is None else standing.alert
    match judge_raising(row.alert, known, open_one, line):
        case Raised(alert, confirmed):
            row.confirmed = confirmed
            row.keep(alert)
            work.session.add(row)
            _announce_raised(row, work)
            metrics.record_raised(row.programme)
            owe_report(Owing(row.contact_id, row.programme, alert_id=row.alert_id), work)
            _look_after(row, line, work)
            return row
        case Changed(alert):
            assert standing is not None
            standing.keep(alert)
            _announce_raised(standing, work)
            return standing
        case AlreadySo():
            assert standing is not None
            return standing
        case MayNot() as hindrance:
            return hindrance
        case unexpected:
            assert_never(unexpected)


def _new_row(raising: Raising, work: Work) -> store.AlertRow:
    by = raising.by
    found = store.policy_for(work.session, by.programme)
    return store.AlertRow(
        alert_id=raising.alert_id,
        contact_id=raising.contact_id,
        programme=by.programme,
        raised_by=by.person_id,
        raised_as=by.role.value,
        raised_at=work.now,
        policy=found.policy.model_dump(),
        policy_version=found.version,
        confirmed=False,
        since=work.now,
        signals=[signal.value for signal in raising.signals],
        standing=Standing.OPEN.value,
        level=1,
    )


def _announce_raised(row: store.AlertRow, work: Work) -> None:
    alert = row.alert
    event = AlertRaised(
        **said_of(alert),
        policy=alert.policy,
        policy_version=row.policy_version,
        confirmed_in_contact=row.confirmed,
    )
    work.announce(event, of=row)


def escalate(row: store.AlertRow, escalated: Escalated, work: Work) -> None:
    """Keep and announce that an alert went on; call whom the rung wants called."""
    by_hand = work.asker
    row.keep(escalated.alert)
    event = AlertEscalated(
        **said_of(escalated.alert),
        reason=escalated.reason,
        escalated_at=work.now,
        due_at=escalated.due_at,
        escalated_by=None if by_hand is None else by_hand.actor,
        escalated_as=None if by_hand is None else by_hand.role,
    )
    work.announce(event, of=row)
    metrics.record_escalation(row.programme, row.level, escalated.reason)
    line = store.line(work.session, row.programme, row.raised_by)
    _look_after(row, line, work)


def _look_after(row: store.AlertRow, line: Line, work: Work) -> None:
    """Set the clock, say when this rung reaches nobody, call whom it wants called."""
    set_clock(row, work)
    unreached = unreached_on(row.level, line)
    if unreached is not None and (row.level == DUTY or row.unreached != unreached):
        say_unreached(row, unreached, work)
    row.unreached = None if unreached is None else unreached.value
    person_id = whom_to_call(row.alert, line)
    if person_id is not None:
        call_duty(row, person_id, work)


def set_clock(row: store.AlertRow, work: Work) -> None:
    at: datetime | None = next_at(row.alert)
    if at is None:
        work.clear_deadline("escalation", row.alert_id)
    else:
        work.set_deadline("escalation", row.alert_id, at)
