"""What risk's door shows: alerts that are not over, and the calls made for one. No case content."""

from __future__ import annotations

from typing import Annotated

from sqlmodel import Session

from contracts.envelope import Contract
from contracts.privacy import ops, staff
from contracts.risk import (
    LEVELS,
    AlertId,
    CallWay,
    DutyCallId,
    RiskCapability,
    Standing,
    UnreachedWhy,
)
from contracts.vocabulary import ContactId, Moment, PersonId, ProgrammeId, RiskSignal, Role
from services.bus.driver import ask, only
from services.risk import duty, store
from services.risk.domain import DUTY, NEXT_PEOPLE
from services.risk.telling import said_of

_UTC = "UTC, domain time"


class SignalTold(Contract):
    """An alert as it is."""

    alert_id: Annotated[AlertId, ops("The alert")]
    version: Annotated[
        int, ops("Its version: a stream that is older says less", unit="count", ge=0)
    ]
    contact_id: Annotated[ContactId, ops("The contact it is about")]
    programme: Annotated[ProgrammeId, ops("The line")]
    raised_by: Annotated[PersonId, staff("Who pressed the key")]
    raised_as: Annotated[Role, ops("As what")]
    raised_at: Annotated[Moment, ops("When", unit=_UTC)]
    signals: Annotated[tuple[RiskSignal, ...], ops("What was noticed, if said")] = ()
    standing: Annotated[Standing, ops("Where it is; open: nobody has taken it yet")]
    level: Annotated[int, ops("How far it has gone", **LEVELS)]
    held_by: Annotated[PersonId | None, staff("Who has taken it")] = None
    held_since: Annotated[Moment | None, ops("Since when", unit=_UTC)] = None
    calls: Annotated[int, ops("Calls to the duty professional", unit="count", ge=0)] = 0
    next_at: Annotated[Moment | None, ops("When it goes on by itself", unit=_UTC)] = None
    contact_over: Annotated[bool, ops("The contact has ended, the alert has not")] = False
    unreached: Annotated[UnreachedWhy | None, ops("Why nobody can be reached, if so")] = None
    rescue_alone: Annotated[
        bool, ops("Nobody has it in time: whoever is in the contact may call rescue alone")
    ] = False


class SignalsTold(Contract):
    """Every alert of a line that is not over and concerns who asks, the oldest first."""

    at: Annotated[Moment, ops("When this was so", unit=_UTC)]
    signals: Annotated[tuple[SignalTold, ...], ops("The alerts")] = ()


class AttemptTold(Contract):
    """One attempt at a call."""

    number: Annotated[int, ops("Which", unit="count from 1", ge=1)]
    ended_at: Annotated[Moment, ops("When it was over", unit=_UTC)]
    milliseconds: Annotated[int, ops("How long it took (machine time)", unit="ms", ge=0)]
    status: Annotated[int | None, ops("HTTP status of the answer, if there was one")] = None
    failure: Annotated[str | None, ops("Kind of the failure, if there was none")] = None


class CallTold(Contract):
    """A call, and what came of it."""

    call_id: Annotated[DutyCallId, ops("The call")]
    person_id: Annotated[PersonId, staff("Whom it was to")]
    way: Annotated[CallWay, ops("How")]
    made_at: Annotated[Moment, ops("When it was ordered", unit=_UTC)]
    expires_at: Annotated[Moment, ops("Until when it was carried out", unit=_UTC)]
    state: Annotated[str, ops("waiting, delivered, lapsed or not_needed")]
    attempts: Annotated[tuple[AttemptTold, ...], ops("Every attempt")] = ()


class CallsTold(Contract):
    """Calls for an alert. Delivered is not taken: that stands with the alert."""

    alert_id: Annotated[AlertId, ops("The alert")]
    calls: Annotated[tuple[CallTold, ...], ops("The calls, the oldest first")] = ()


def concerns(row: store.AlertRow, viewer: RiskCapability) -> bool:
    """Whether somebody may see an alert: theirs, or their rung's."""
    if row.programme != viewer.programme:
        return False
    if viewer.person_id in (row.raised_by, row.held_by) or viewer.role is Role.SUPERVISOR:
        return True
    if viewer.role is Role.REGULATOR:
        return row.level >= NEXT_PEOPLE
    return viewer.role is Role.DUTY_PROFESSIONAL and row.level >= DUTY


def signals_told(session: Session, viewer: RiskCapability) -> SignalsTold:
    """What is open on the line of who asks, as far as it concerns them."""
    now = only(ask(session, "SELECT public.helpline_now() AS now")).now
    rows = store.open_alerts(session, viewer.programme)
    told = tuple(_signal(row) for row in rows if concerns(row, viewer))
    return SignalsTold(at=now, signals=told)


def _signal(row: store.AlertRow) -> SignalTold:
    alone = row.standing == Standing.OPEN.value and row.level >= NEXT_PEOPLE and not row.held_by
    unreached = None if row.unreached is None else UnreachedWhy(row.unreached)
    return SignalTold(
        **said_of(row.alert), version=row.version, unreached=unreached, rescue_alone=alone
    )


def calls_told(session: Session, viewer: RiskCapability, alert_id: str) -> CallsTold | None:
    """The calls for an alert; None when it is unknown, or does not concern who asks."""
    row = session.get(store.AlertRow, alert_id)
    if row is None or not concerns(row, viewer):
        return None
    attempts = duty.attempts_of(session, row.alert_id)
    return CallsTold(
        alert_id=row.alert_id,
        calls=tuple(_call(call, attempts) for call in duty.calls_of(session, row.alert_id)),
    )


def _call(call: duty.DutyCallRow, attempts: list[duty.AttemptRow]) -> CallTold:
    made = tuple(
        AttemptTold(
            number=each.number,
            ended_at=each.ended_at,
            milliseconds=each.milliseconds,
            status=each.status,
            failure=each.failure,
        )
        for each in attempts
        if each.call_id == call.call_id
    )
    return CallTold(
        call_id=call.call_id,
        person_id=call.person_id,
        way=CallWay(call.way),
        made_at=call.made_at,
        expires_at=call.expires_at,
        state=call.state,
        attempts=made,
    )
