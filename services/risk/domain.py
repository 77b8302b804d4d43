"""The escalation of an alert, as a value.

Who takes it next, and when it goes on by itself. The surprising thing: an alert has no clock of its
own but the policy it was raised with; what a programme says later changes nothing for it, and a
level never goes down. Every step is decided by one function below; none knows a clock or a table.

Source of the rungs and their seconds: DESIGN 8 (30 s, 90 s, then every minute).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.programme import RiskPolicy
from contracts.risk import AlertId, EscalationReason, Standing, UnreachedWhy
from contracts.vocabulary import ContactId, PersonId, ProgrammeId, Refusal, RiskSignal, Role

SUPERVISORS, NEXT_PEOPLE, DUTY = 1, 2, 3

#: Who may be beside a contact that others have taken.
_BESIDE = frozenset({Role.SUPERVISOR, Role.DUTY_PROFESSIONAL})

#: A key that is pressed again so soon calls nobody twice.
JUST_CALLED = timedelta(seconds=10)

#: What a line without terms known here is served by: the design's own figures.
DESIGN_POLICY = RiskPolicy()


@dataclass(frozen=True)
class Line:
    """Whom the roster of a line has for each rung."""

    supervisors: bool
    regulators: bool
    duty_list: tuple[PersonId, ...]  #: who can be called, in that order: those in a shift first
    duty_unreachable: bool = False  #: there are others, who left no way to call them


@dataclass(frozen=True)
class Alert:
    """An alert. `since` is when its clock began: as it was raised, or as it came up again."""

    alert_id: AlertId
    contact_id: ContactId
    programme: ProgrammeId
    raised_by: PersonId
    raised_as: Role
    raised_at: datetime
    policy: RiskPolicy
    since: datetime
    signals: tuple[RiskSignal, ...] = ()
    standing: Standing = Standing.OPEN
    level: int = SUPERVISORS
    held_by: PersonId | None = None
    held_since: datetime | None = None
    calls: int = 0  #: to the duty professional
    called_at: datetime | None = None  #: of the last of them
    contact_over: bool = False

    @property
    def over(self) -> bool:
        """A human has ended it."""
        return self.standing in (Standing.STOOD_DOWN, Standing.CLOSED)


def next_at(alert: Alert) -> datetime | None:
    """When it goes on by itself; None while somebody has it, or once it is over."""
    if alert.standing is not Standing.OPEN:
        return None
    policy = alert.policy
    if alert.level == SUPERVISORS:
        return alert.since + timedelta(seconds=policy.next_person_seconds)
    if alert.level == NEXT_PEOPLE:
        return alert.since + timedelta(seconds=policy.duty_seconds)
    called_at = alert.called_at or alert.since
    return called_at + timedelta(seconds=policy.call_again_seconds)


@dataclass(frozen=True)
class MayNot:
    """Asking again will not help."""

    why: Refusal
    field: str | None = None


@dataclass(frozen=True)
class AlreadySo:
    """It is so already (a double click): nothing is announced again."""


@dataclass(frozen=True)
class Changed:
    """The alert as it is from now on."""

    alert: Alert


# --- raising --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContactKnown:
    """What risk has heard of a contact; of one it never heard of, nothing."""

    programme: ProgrammeId | None = None
    holders: Collection[PersonId] = ()  #: everybody who has taken it so far
    ended: bool = False


@dataclass(frozen=True)
class Asker:
    """Who asks, as what, on which line."""

    person_id: PersonId
    role: Role
    programme: ProgrammeId


@dataclass(frozen=True)
class Raised:
    """A new alert. `confirmed`: who raised it is known to be, or have been, in the contact."""

    alert: Alert
    confirmed: bool


def judge_raising(
    raising: Alert, contact: ContactKnown, standing: Alert | None, line: Line
) -> Raised | Changed | AlreadySo | MayNot:
    """Judge a key that was pressed; `raising` is the alert as it would be.

    Not hearing of a contact, or of its end, is our lateness and no reason to refuse: the person's
    word is taken, and said to be just that. Refused is who is known not to be in it: another line's
    people, and anybody but a supervisor while others have it. While one is open for the contact a
    second press adds its signals to it.
    """
    if contact.programme not in (None, raising.programme):
        return MayNot(Refusal.NOT_IN_PROGRAMME, "contact_id")
    confirmed = raising.raised_by in contact.holders
    if contact.holders and not confirmed and raising.raised_as not in _BESIDE:
        return MayNot(Refusal.NOT_YOURS, "contact_id")
    if standing is not None:
        signals = in_order((*standing.signals, *raising.signals))
        if signals == standing.signals:
            return AlreadySo()
        return Changed(replace(standing, signals=signals))
    level = first_level(line)
    new = replace(
        raising,
        level=level,
        calls=int(level == DUTY),
        called_at=raising.since if level == DUTY else None,
        signals=in_order(raising.signals),
        contact_over=contact.ended,
    )
    return Raised(new, confirmed)


def in_order(signals: Collection[RiskSignal]) -> tuple[RiskSignal, ...]:
    """Each signal once, in the order of the protocol."""
    return tuple(signal for signal in RiskSignal if signal in set(signals))


def first_level(line: Line) -> int:
    """The first rung that has anybody: nobody is waited for whom the roster does not know."""
    if line.supervisors:
        return SUPERVISORS
    return NEXT_PEOPLE if line.regulators else DUTY


def unreached_on(level: int, line: Line) -> UnreachedWhy | None:
    """Why nobody can be reached on a rung of this line, as far as the roster knows; else None."""
    if level == DUTY:
        if line.duty_list:
            return None
        nobody = UnreachedWhy.NO_DUTY_PROFESSIONAL
        return UnreachedWhy.NO_WAY_TO_CALL if line.duty_unreachable else nobody
    return None if line.supervisors else UnreachedWhy.NO_SUPERVISOR


# --- going on -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Escalated:
    """The alert as it is from now on, and why; `due_at` when a clock did it."""

    alert: Alert
    reason: EscalationReason
    due_at: datetime | None = None


@dataclass(frozen=True)
class NotDue:
    """Nothing to do: somebody has it, it is over, or its time has not come."""


def judge_time(alert: Alert, now: datetime) -> Escalated | NotDue:
    """Send it on when its time has come. Late by whatever it is late: one rung at a time."""
    due_at = next_at(alert)
    if due_at is None or now < due_at:
        return NotDue()
    return Escalated(_up(alert, now), EscalationReason.UNANSWERED, due_at)


def judge_escalation(alert: Alert, by: Asker, now: datetime) -> Escalated | AlreadySo | MayNot:
    """Send it on because a human says so: also while somebody has it, who keeps it meanwhile."""
    hindrance = _hindrance(alert, by)
    if hindrance is not None:
        return hindrance
    if by.role is Role.LISTENER and by.person_id != alert.raised_by:
        return MayNot(Refusal.NOT_YOURS)
    if alert.called_at is not None and now - alert.called_at < JUST_CALLED:
        return AlreadySo()
    return Escalated(reopened(alert, now), EscalationReason.BY_HAND)


def reopened(alert: Alert, now: datetime) -> Alert:
    """The alert on the next rung, wanting somebody more; one that was taken has its clock anew."""
    since = now if alert.standing is Standing.TAKEN else alert.since
    return _up(replace(alert, standing=Standing.OPEN, since=since), now)


def alarmed_again(alert: Alert, now: datetime) -> Alert:
    """The alert as it comes up again when rescue has failed: on the last rung, at once."""
    last = replace(alert, standing=Standing.OPEN, level=DUTY, since=now)
    return _up(last, now)


def _up(alert: Alert, now: datetime) -> Alert:
    level = min(alert.level + 1, DUTY)
    if level < DUTY:
        # By hand before its time: the duty professional's clock still counts from the beginning.
        return replace(alert, level=level)
    return replace(alert, level=DUTY, calls=alert.calls + 1, called_at=now)


def whom_to_call(alert: Alert, line: Line) -> PersonId | None:
    """Who of the duty list is called this time: each in turn, then round again."""
    if alert.level < DUTY or not line.duty_list:
        return None
    return line.duty_list[(alert.calls - 1) % len(line.duty_list)]


# --- taking and ending ----------------------------------------------------------------------------


def judge_taking(
    alert: Alert, by: Asker, now: datetime, take_over: bool
) -> Changed | AlreadySo | MayNot:
    """Judge "I have it".

    Not from who raised it: the point is a second human. Whoever has it keeps it, unless the other
    says to take it over, or more people were wanted.
    """
    hindrance = _hindrance(alert, by)
    if hindrance is not None:
        return hindrance
    if by.person_id == alert.raised_by:
        return MayNot(Refusal.SECOND_PERSON_NEEDED)
    taken = alert.standing is Standing.TAKEN
    if taken and alert.held_by == by.person_id:
        return AlreadySo()
    if taken and not take_over:
        return MayNot(Refusal.WRONG_STATE)
    return Changed(replace(alert, standing=Standing.TAKEN, held_by=by.person_id, held_since=now))


def judge_ending(alert: Alert, by: Asker, standing: Standing) -> Changed | AlreadySo | MayNot:
    """Judge the end of an alert: STOOD_DOWN (it was none) or CLOSED (it was, and is over).

    A human who may take alerts, never who raised it alone; closed is only what somebody had.
    """
    hindrance = _hindrance(alert, by)
    if hindrance is not None and alert.standing is standing and alert.programme == by.programme:
        return AlreadySo()
    if hindrance is not None:
        return hindrance
    if by.person_id == alert.raised_by:
        return MayNot(Refusal.SECOND_PERSON_NEEDED)
    if standing is Standing.CLOSED and alert.held_by is None:
        return MayNot(Refusal.WRONG_STATE)
    return Changed(replace(alert, standing=standing))


def _hindrance(alert: Alert, by: Asker) -> MayNot | None:
    if alert.programme != by.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    return MayNot(Refusal.ALERT_OVER) if alert.over else None
