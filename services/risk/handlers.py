"""What risk does with each event, command and deadline of an alert: load, decide, save, announce.

Facts about contacts and people reach us in any order and late. None of them is ever needed: a key
pressed in a contact we have not heard of is an alert all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from contracts.assignment import LiveStateEntered, OfferTaken
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import CommandEnvelope, Reply, done, refused
from contracts.programme import ProgrammePublished
from contracts.risk import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertId,
    AlertNamed,
    AlertRaised,
    AlertStoodDown,
    CloseAlert,
    EscalateAlert,
    RaiseAlert,
    StandDownAlert,
    Standing,
)
from contracts.roster import EligibilityEstablished
from contracts.vocabulary import PersonId, Refusal
from services.bus.work import Work, derived_id
from services.risk import metrics, store
from services.risk.calling import call_duty
from services.risk.domain import (
    DUTY,
    Alert,
    AlreadySo,
    Asker,
    Changed,
    Escalated,
    Line,
    MayNot,
    NotDue,
    Raised,
    judge_ending,
    judge_escalation,
    judge_raising,
    judge_taking,
    judge_time,
    next_at,
    unreached_on,
    whom_to_call,
)
from services.risk.telling import said_of, say_unreached

# --- what the others say --------------------------------------------------------------------------


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Keep the policy of this version: alerts raised from now on are frozen with it."""
    store.keep_programme(work.session, event)


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Know the contact, unless it is over already: then its end said all we need."""
    store.open_contact(work.session, event)


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """Know who is in the contact, also when we hear of it first by this."""
    store.hold(work.session, event)


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """The contact is over. Its alert is not: only a human closes it."""
    store.end_contact(work.session, event)


def on_live_state_entered(event: LiveStateEntered, work: Work) -> None:
    """Know who is on duty, to say at once when no supervisor is."""
    store.keep_live_state(work.session, event)


def on_eligibility_established(event: EligibilityEstablished, work: Work) -> None:
    """Know whom each rung has: supervisors, regulators, the duty list."""
    store.keep_eligibility(work.session, event)


# --- commands -------------------------------------------------------------------------------------


def on_raise_alert(command: RaiseAlert, work: Work) -> Reply:
    """Raise an alert, or add signals to the one that is open for the contact."""
    known = store.contact(work.session, command.contact_id)
    standing = store.alert_of_contact(work.session, command.contact_id)
    row = _new_row(command, work, known.programme_version)
    line = store.line(work.session, row.programme, row.raised_by)
    open_one = None if standing is None else standing.alert
    match judge_raising(row.alert, known, open_one, line):
        case Raised(alert, confirmed):
            row.confirmed = confirmed
            row.keep(alert)
            work.session.add(row)
            _announce_raised(row, work)
            metrics.record_raised(row.programme)
            _look_after(row, line, work)
            return _named(row)
        case Changed(alert):
            assert standing is not None
            standing.keep(alert)
            _announce_raised(standing, work)
            return _named(standing)
        case AlreadySo():
            assert standing is not None
            return _named(standing)
        case MayNot(why, field):
            return refused(why, field)
        case unexpected:
            assert_never(unexpected)


def _new_row(command: RaiseAlert, work: Work, version: int | None) -> store.AlertRow:
    """The alert as it would be. Its id comes from the command: a repeat can only mean this one."""
    asker = work.command
    found = store.policy_for(work.session, asker.programme, version)
    return store.AlertRow(
        alert_id=AlertId(derived_id("alert", asker.command_id)),
        contact_id=command.contact_id,
        programme=asker.programme,
        raised_by=asker.actor,
        raised_as=asker.role.value,
        raised_at=work.now,
        policy=found.policy.model_dump(),
        policy_version=found.version,
        confirmed=False,
        since=work.now,
        signals=[signal.value for signal in command.signals],
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
    _set_clock(row, work)


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
            _set_clock(row, work)
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
            _set_clock(row, work)
        case unexpected:
            assert_never(unexpected)


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
    _set_clock(row, work)
    unreached = unreached_on(row.level, line)
    if unreached is not None and (row.level == DUTY or row.unreached != unreached):
        say_unreached(row, unreached, work)
    row.unreached = None if unreached is None else unreached.value
    person_id = whom_to_call(row.alert, line)
    if person_id is not None:
        call_duty(row, person_id, work)


def _set_clock(row: store.AlertRow, work: Work) -> None:
    at: datetime | None = next_at(row.alert)
    if at is None:
        work.clear_deadline("escalation", row.alert_id)
    else:
        work.set_deadline("escalation", row.alert_id, at)


def asker_of(envelope: CommandEnvelope) -> Asker:
    """Who asks, in the domain's words."""
    return Asker(envelope.actor, envelope.role, envelope.programme)


def _named(row: store.AlertRow) -> Reply:
    return done(row.version, AlertNamed(alert_id=row.alert_id))
