"""What the roster does when a contact weighs: a debrief is offered, and nobody forgets it.

A row has an owner and a deadline from the start. Nothing of it leaves for anybody but the person
and the supervisors of the line; quality does not hear of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contracts.assignment import HardContactNoted
from contracts.care import (
    AnswerDebrief,
    CloseDebrief,
    DebriefClosed,
    DebriefEvent,
    DebriefOffered,
    DebriefOverdue,
    DebriefWanted,
)
from contracts.envelope import Reply, done, refused
from contracts.risk import AlertRaised
from contracts.vocabulary import (
    DebriefCause,
    DebriefClosing,
    DebriefId,
    PersonId,
    ProgrammeId,
    Refusal,
    Role,
)
from services.bus.work import Work, derived_id
from services.roster import metrics, store
from services.roster.domain import ASKS_NOTHING, HEARS_CALLERS
from services.roster.shifts import Span

#: An alert and the hard contact it was raised in are talked about together.
_ONE_TALK = timedelta(hours=12)


def on_hard_contact_noted(event: HardContactNoted, work: Work) -> None:
    """Offer a debrief to who says that it was hard."""
    _offer(event.person_id, event.programme, DebriefCause.HARD_CONTACT, work)


def on_alert_raised(event: AlertRaised, work: Work) -> None:
    """Offer a debrief to who was with somebody in danger."""
    if event.raised_as in HEARS_CALLERS:
        _offer(event.raised_by, event.programme, DebriefCause.ALERT, work)


def _offer(person: PersonId, programme: ProgrammeId, cause: DebriefCause, work: Work) -> None:
    if store.was_offered_since(work.session, person, work.now - _ONE_TALK):
        return
    terms = store.terms_at(work.session, programme, work.now)
    asks = (terms.roster if terms else None) or ASKS_NOTHING
    row = store.DebriefRow(
        debrief_id=DebriefId(derived_id("debrief", work.cause)),
        programme=programme,
        person_id=person,
        cause=cause,
        owner=_supervisor_on_shift(programme, person, work),
        offered_at=work.now,
        due_at=work.now + timedelta(hours=asks.debrief_hours),
    )
    work.session.add(row)
    work.set_deadline("debrief", row.debrief_id, row.due_at)
    _say(DebriefOffered, row, work)
    metrics.record_debrief(programme, "offered")


def _supervisor_on_shift(programme: ProgrammeId, person: PersonId, work: Work) -> PersonId | None:
    """The supervisor whose shift it is, the longest there; nobody debriefs themself."""
    moment: datetime = work.now
    around = Span(moment, moment + timedelta(microseconds=1))
    for shift in store.shifts_between(work.session, programme, around):
        if shift.role == Role.SUPERVISOR and shift.person_id not in (None, person):
            return shift.person_id
    return None


def on_answer_debrief(command: AnswerDebrief, work: Work) -> Reply:
    """The person would like it, or not. Theirs alone to say, and to say again."""
    row = store.debrief_to_change(work.session, command.debrief_id)
    if row is None:
        return refused(Refusal.UNKNOWN_DEBRIEF, "debrief_id")
    if row.person_id != work.command.actor:
        return refused(Refusal.NOT_YOURS, "debrief_id")
    if row.closed:
        return refused(Refusal.WRONG_STATE, "debrief_id")
    if not command.wanted:
        return _close(row, DebriefClosing.NOT_WANTED, work)
    row.wanted = True
    _say(DebriefWanted, row, work)
    metrics.record_debrief(row.programme, "wanted")
    return done(row.version)


def on_close_debrief(command: CloseDebrief, work: Work) -> Reply:
    """A supervisor of the line has held it; nobody holds their own."""
    row = store.debrief_to_change(work.session, command.debrief_id)
    if row is None or row.programme != work.command.programme:
        return refused(Refusal.UNKNOWN_DEBRIEF, "debrief_id")
    if row.person_id == work.command.actor:
        return refused(Refusal.NOT_YOURS, "debrief_id")
    if row.closed:
        return refused(Refusal.WRONG_STATE, "debrief_id")
    return _close(row, DebriefClosing.HELD, work)


def _close(row: store.DebriefRow, how: DebriefClosing, work: Work) -> Reply:
    row.closed = True
    work.clear_deadline("debrief", row.debrief_id)
    work.announce(DebriefClosed(**_facts(row), how=how), of=row)
    metrics.record_debrief(row.programme, how.value)
    return done(row.version)


def on_debrief_due(key: str, work: Work) -> None:
    """Neither held nor turned down: any supervisor of the line sees it as late."""
    row = store.debrief_to_change(work.session, key)
    if row is None or row.closed:
        return
    row.owner = None
    _say(DebriefOverdue, row, work)
    metrics.record_debrief(row.programme, "overdue")


def _say(fact: type[DebriefEvent], row: store.DebriefRow, work: Work) -> None:
    work.announce(fact(**_facts(row)), of=row)


def _facts(row: store.DebriefRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in DebriefEvent.model_fields}
