"""Calls to the duty professional: ordered with the escalation, carried out after it, looked after.

What is decided here is plain: every way of the person is tried at once, again and again until the
call lapses, which it does when the next one is due. That a receiver has it is one fact
(`DutyCallDelivered`), that a human takes the alert another (`AlertAcknowledged`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.envelope import Reply, done
from contracts.risk import (
    CallWay,
    DutyCallDelivered,
    DutyCalled,
    DutyCallId,
    DutyCallLapsed,
    Standing,
    UnreachedWhy,
)
from contracts.vocabulary import PersonId
from services.bus.work import Work, derived_id
from services.risk import duty, metrics, store
from services.risk.telling import say_unreached

#: Machine time between two attempts of a call that does not get through.
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


def pause_after(attempts: int) -> float:
    """Machine time until the next attempt, after so many (1 and up)."""
    return _PAUSES_SECONDS[min(attempts, len(_PAUSES_SECONDS)) - 1]


def call_duty(row: store.AlertRow, person_id: PersonId, work: Work) -> None:
    """Order a call to this person by every way there is to them."""
    until = work.now + timedelta(seconds=row.alert.policy.call_again_seconds)
    for reach in duty.reaches_of(work.session, row.programme, person_id):
        call = duty.DutyCallRow(
            call_id=DutyCallId(derived_id("duty call", row.alert_id, str(row.calls), reach.way)),
            alert_id=row.alert_id,
            contact_id=row.contact_id,
            programme=row.programme,
            person_id=person_id,
            way=reach.way,
            round=row.calls,
            made_at=work.now,
            expires_at=until,
            try_at=_AT_ONCE,
        )
        work.session.add(call)
        work.announce(DutyCalled(**said_of(call)), of=call)
        work.set_deadline("call_over", call.call_id, until)
        metrics.record_call(row.programme, CallWay(reach.way))


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt. `status` of the answer, or `failure`, a word of ours."""

    number: int
    milliseconds: int
    status: int | None = None
    failure: str | None = None

    @property
    def got_through(self) -> bool:
        """The receiver said that it has it."""
        return self.status is not None and 200 <= self.status < 300


def keep_attempt(call_id: DutyCallId, attempt: Attempt, work: Work) -> Reply:
    """Keep what came of an attempt; announce that the receiver has it, if so."""
    call = duty.call_to_change(work.session, call_id)
    assert call is not None, "a call in hand is never deleted"
    work.session.add(
        duty.AttemptRow(
            call_id=call_id,
            number=attempt.number,
            ended_at=work.now,
            milliseconds=attempt.milliseconds,
            status=attempt.status,
            failure=attempt.failure,
        )
    )
    metrics.record_attempt(CallWay(call.way), attempt.got_through)
    if call.state != duty.WAITING:
        return done()
    if not attempt.got_through:
        duty.try_again(work.session, call_id, pause_after(attempt.number))
        return done()
    call.state = duty.DELIVERED
    event = DutyCallDelivered(**said_of(call), delivered_at=work.now, attempts=attempt.number)
    work.announce(event, of=call)
    work.clear_deadline("call_over", call_id)
    return done()


def on_call_over_due(key: str, work: Work) -> None:
    """The time of a call is over: if it was still wanted and no receiver has it, say so."""
    call = duty.call_to_change(work.session, key)
    if call is None or call.state != duty.WAITING:
        return
    row = store.alert_to_change(work.session, call.alert_id)
    if row is None or row.standing != Standing.OPEN.value:
        call.state = duty.NOT_NEEDED
        return
    call.state = duty.LAPSED
    work.announce(
        DutyCallLapsed(**said_of(call), lapsed_at=work.now, attempts=call.attempts), of=call
    )
    metrics.record_lapsed(call.programme, CallWay(call.way))
    others = duty.calls_of_round(work.session, call.alert_id, call.round)
    if all(other.state == duty.LAPSED for other in others):
        say_unreached(row, UnreachedWhy.NOT_ANSWERED, work)


def said_of(call: duty.DutyCallRow) -> dict[str, Any]:
    """What every event about a call says of it."""
    return {
        "call_id": call.call_id,
        "alert_id": call.alert_id,
        "contact_id": call.contact_id,
        "programme": call.programme,
        "person_id": call.person_id,
        "way": CallWay(call.way),
        "made_at": call.made_at,
        "expires_at": call.expires_at,
    }
