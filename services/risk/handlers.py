"""What risk does with each event, command and deadline of an alert: load, decide, save, announce.

Facts about contacts and people reach us in any order and late. None of them is ever needed: a key
pressed in a contact we have not heard of is an alert all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import assert_never

from contracts.assignment import OfferTaken
from contracts.contact import ContactEnded
from contracts.envelope import CommandEnvelope, Reply, done, refused
from contracts.programme import ProgrammePublished
from contracts.risk import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertClosed,
    AlertId,
    AlertNamed,
    AlertStoodDown,
    CloseAlert,
    EscalateAlert,
    RaiseAlert,
    StandDownAlert,
    Standing,
)
from contracts.roster import EligibilityEstablished
from contracts.vocabulary import PersonId, Refusal, Role
from services.bus.work import Work, derived_id
from services.risk import audit, metrics, store
from services.risk.alerts import Raising, escalate, raise_alert, set_clock
from services.risk.audit import AuditEntry, AuditKind
from services.risk.domain import (
    Alert,
    AlreadySo,
    Asker,
    Changed,
    Escalated,
    MayNot,
    NotDue,
    judge_ending,
    judge_escalation,
    judge_taking,
    judge_time,
)
from services.risk.telling import said_of

# --- what the others say --------------------------------------------------------------------------


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Keep the policy of this version: alerts raised once it is in force are frozen with it."""
    store.keep_programme(work.session, event)


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """Know who is in the contact, also when we hear of it first by this."""
    store.hold(work.session, event)


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """The contact is over. Its alert is not: only a human closes it."""
    store.end_contact(work.session, event)


def on_eligibility_established(event: EligibilityEstablished, work: Work) -> None:
    """Know whom each rung has: supervisors, regulators, the duty list. A change is audited."""
    before = store.keep_eligibility(work.session, event)
    if set(before) != set(event.qualification.roles):
        audit.append(work.session, _role_change(event, before, work))


def _role_change(event: EligibilityEstablished, before: Collection[Role], work: Work) -> AuditEntry:
    had, has = (",".join(sorted(roles)) for roles in (before, event.qualification.roles))
    return AuditEntry(
        at=work.now,
        kind=AuditKind.ROLE_CHANGE.value,
        programme=event.programme,
        actor="roster",
        role="service",
        subject=event.person_id,
        reason=f"{had or 'none'} -> {has or 'none'}",
    )


# --- commands -------------------------------------------------------------------------------------


def on_raise_alert(command: RaiseAlert, work: Work) -> Reply:
    """Raise an alert, or add signals to the one that is open for the contact."""
    asker = work.command
    raising = Raising(
        AlertId(derived_id("alert", asker.command_id)),  # a repeat can only mean this one
        asker_of(asker),
        command.contact_id,
        command.signals,
    )
    match raise_alert(raising, work):
        case MayNot(why, field):
            return refused(why, field)
        case row:
            return done(row.version, AlertNamed(alert_id=row.alert_id))


def on_acknowledge(command: AcknowledgeAlert, work: Work) -> Reply:
    """A named human has it: its clock stops."""
    row = store.alert_to_change(work.session, command.alert_id)
    if row is None:
        return refused(Refusal.UNKNOWN_ALERT, "alert_id")
    before, asker = row.alert, work.command
    match _moved_on(row, work) or judge_taking(
        before, asker_of(asker), work.now, command.take_over
    ):
        case Changed(alert):
            _take(row, alert, before.held_by, work)
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def _take(row: store.AlertRow, alert: Alert, before: PersonId | None, work: Work) -> None:
    row.keep(alert)
    row.unreached = None
    event = AlertAcknowledged(
        **said_of(alert),
        acknowledged_by=work.command.actor,
        acknowledged_as=work.command.role,
        acknowledged_at=work.now,
        taken_over_from=None if before == work.command.actor else before,
    )
    work.announce(event, of=row)
    metrics.record_taken(row.programme, row.level)
    set_clock(row, work)


def on_escalate(command: EscalateAlert, work: Work) -> Reply:
    """The next people, now, because a human wants them."""
    row = store.alert_to_change(work.session, command.alert_id)
    if row is None:
        return refused(Refusal.UNKNOWN_ALERT, "alert_id")
    match _moved_on(row, work) or judge_escalation(row.alert, asker_of(work.command), work.now):
        case Escalated() as escalated:
            escalate(row, escalated, work)
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def on_stand_down(command: StandDownAlert, work: Work) -> Reply:
    """It is no alert, says a named human."""
    row = store.alert_to_change(work.session, command.alert_id)

    def stood_down(alert: Alert) -> AlertStoodDown:
        return AlertStoodDown(
            **said_of(alert),
            reason=command.reason,
            stood_down_by=work.command.actor,
            stood_down_as=work.command.role,
            stood_down_at=work.now,
        )

    return _end(row, Standing.STOOD_DOWN, stood_down, work)


def on_close(command: CloseAlert, work: Work) -> Reply:
    """It is over, says a named human."""
    row = store.alert_to_change(work.session, command.alert_id)

    def closed(alert: Alert) -> AlertClosed:
        return AlertClosed(
            **said_of(alert),
            outcome=command.outcome,
            closed_by=work.command.actor,
            closed_as=work.command.role,
            closed_at=work.now,
        )

    return _end(row, Standing.CLOSED, closed, work)


def _end(
    row: store.AlertRow | None,
    standing: Standing,
    event_of: Callable[[Alert], AlertStoodDown | AlertClosed],
    work: Work,
) -> Reply:
    if row is None:
        return refused(Refusal.UNKNOWN_ALERT, "alert_id")
    match _moved_on(row, work) or judge_ending(row.alert, asker_of(work.command), standing):
        case Changed(alert):
            row.keep(alert)
            work.announce(event_of(alert), of=row)
            metrics.record_ended(row.programme, standing)
            set_clock(row, work)
            return done(row.version)
        case AlreadySo():
            return done(row.version)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def _moved_on(row: store.AlertRow, work: Work) -> MayNot | None:
    """Refuse who has seen an older version, where they say which they saw."""
    if work.command.expected_version in (None, row.version):
        return None
    return MayNot(Refusal.STALE_VERSION)


# --- the clock ------------------------------------------------------------------------------------


def on_escalation_due(key: str, work: Work) -> None:
    """Nobody took it in time."""
    row = store.alert_to_change(work.session, AlertId(key))
    if row is None:
        return
    match judge_time(row.alert, work.now):
        case Escalated() as escalated:
            escalate(row, escalated, work)
        case NotDue():
            set_clock(row, work)
        case unexpected:
            assert_never(unexpected)


def asker_of(envelope: CommandEnvelope) -> Asker:
    """Who asks, in the domain's words."""
    return Asker(envelope.actor, envelope.role, envelope.programme)
