"""What each event changes on the desks: lock, fold, save, tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.anonymity import LiftEvent
from contracts.assignment import (
    ContactSentUntriaged,
    LiveStateEntered,
    OfferDeclined,
    OfferEvent,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
)
from contracts.contact import (
    ContactEnded,
    ContactOpened,
    HumanWanted,
    NatureCorrected,
    UrgencyDeclared,
)
from contracts.envelope import Reply, SessionId, done, refused
from contracts.partner import PartnerWebhookFact
from contracts.programme import ProgrammePublished
from contracts.quality import HourCounted
from contracts.referral import (
    ReferralAnswered,
    ReferralClosed,
    ReferralConsented,
    ReferralExpired,
    ReferralFact,
    ReferralProposed,
    ReferralSent,
    ReferralUndelivered,
)
from contracts.report import AtRiskReportEvent, AtRiskReportWritten, LegalReportEvent
from contracts.rescue import RescueEvent, RescueFailed, RescueStarted
from contracts.risk import AlertEvent, AlertUnreached, DutyCallEvent, Standing, UnreachedWhy
from contracts.roster import EligibilityEstablished
from contracts.shift import HoleFilled, HoleForeseen
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    Clock,
    ClockStep,
    ContactId,
    Destination,
    LiveState,
    LiveStateReason,
    OfferReason,
    Outcome,
    PersonId,
    ProgrammeId,
    ReferralState,
    Role,
    TextKind,
)
from services.bus.work import Work, new_id
from services.console import helping, matters, noted, partner_people, plan, presence, staff, store
from services.console.domain import (
    SUPERVISED,
    OfferFact,
    OfferStanding,
    SessionAsked,
    hold,
    left_stage,
    refuse_session,
    release,
    stages_left,
    step_offer,
)
from services.console.messages import (
    AlertShown,
    CallShown,
    ContactGone,
    ContactNoticed,
    ContactOver,
    ContactShown,
    HourFigures,
    LiftTold,
    LiveStateShown,
    MessageKind,
    Notice,
    OfferGone,
    OfferOver,
    OfferShown,
    ReferralMoved,
    ReportMoved,
    RescueShown,
    SessionOpened,
    TextWritten,
)
from services.console.settings import KEEP_FOR, SWEEP_EVERY

_OFFER_SHOWN = set(OfferShown.model_fields)
_CONTACT_SHOWN = set(ContactShown.model_fields)
_ALERT_SHOWN = set(AlertShown.model_fields)
_LIFT_TOLD = set(LiftTold.model_fields) - {"came_of_it"}
_RESCUE_SHOWN = set(RescueShown.model_fields) - {"came_of_it", "report_by", "why"}

# --- offers -------------------------------------------------------------------------------------


def on_offer_made(event: OfferMade, work: Work) -> None:
    """Show the offer, unless it is already known to be taken or over; supervisors hear of one that
    gives way in level or language.

    Of an offer of which anything is known this changes nothing (`step_offer`), so that lock, fold
    and save are one statement.
    """
    shown = OfferShown(**event.model_dump(include=_OFFER_SHOWN))
    store.show_offer(work.session, event, shown)
    for reason in _TOLD_OF.keys() & set(event.reasons):
        _notice(event.contact_id, event.programme, _TOLD_OF[reason], work)


_TOLD_OF: dict[OfferReason, Notice] = {
    OfferReason.FALLBACK_LEVEL: Notice.BELOW_LEVEL,
    OfferReason.FALLBACK_LANGUAGE: Notice.ANOTHER_LANGUAGE,
}


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """Put the contact on the desk; and off again at once if it has already gone on."""
    known = store.lock_offer(work.session, event)
    if step_offer(known.standing, OfferFact.TAKEN).tells is None:
        return
    contact = hold(known.contact, event.stage, event.offer_id, event.taken_at)
    store.show_contact(work.session, event, contact, _contact_shown(event, known.shown))
    if left_stage(contact, event.stage):
        store.save_standing(work.session, event.offer_id, OfferStanding.OVER)
        over = ContactOver.HANDED_OVER if contact.ended_at is None else ContactOver.ENDED
        _contact_over(_take_of(event), over, contact.outcome, work)


def on_offer_declined(event: OfferDeclined, work: Work) -> None:
    """Take the offer off the desk."""
    _offer_over(event, OfferFact.DECLINED, work)


def on_offer_expired(event: OfferExpired, work: Work) -> None:
    """Take the offer off the desk."""
    _offer_over(event, OfferFact.EXPIRED, work)


def on_offer_withdrawn(event: OfferWithdrawn, work: Work) -> None:
    """Take the offer, or the contact that had been taken by it, off the desk."""
    _offer_over(event, OfferFact.WITHDRAWN, work)


def _offer_over(event: OfferEvent, fact: OfferFact, work: Work) -> None:
    known = store.lock_offer(work.session, event)
    step = step_offer(known.standing, fact)
    if step.tells is MessageKind.OFFER_OVER:
        store.close_offer(work.session, event, _offer_gone(event, fact, work))
        return
    if step.standing is not known.standing:
        store.save_standing(work.session, event.offer_id, step.standing)
    if step.tells is MessageKind.CONTACT_OVER:
        contact = release(known.contact, event.offer_id)
        store.save_contact(work.session, event.contact_id, contact)
        _contact_over(_take_of(event), ContactOver.WITHDRAWN, None, work)


def _offer_gone(event: OfferEvent, fact: OfferFact, work: Work) -> OfferGone:
    return OfferGone(
        offer_id=event.offer_id,
        contact_id=event.contact_id,
        why=OfferOver(fact.value),
        reason=event.reason if isinstance(event, OfferWithdrawn) else None,
        at=work.now,
    )


def _contact_shown(event: OfferTaken, offered: dict[str, Any]) -> ContactShown:
    """What the desk shows of a contact: what its offer had said, and what the take adds."""
    known = {key: offered[key] for key in ("need", "languages") if key in offered}
    return ContactShown.model_validate(known | event.model_dump(include=_CONTACT_SHOWN))


# --- contacts -----------------------------------------------------------------------------------


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Count the contact where it waits."""
    known = store.lock_contact(work.session, event.contact_id, event.programme)
    contact = replace(
        known,
        opened_at=event.opened_at,
        first_stage=event.first_stage,
        channel=event.channel,
        language=event.language,
    )
    store.save_contact(work.session, event.contact_id, contact)


def on_urgency_declared(event: UrgencyDeclared, work: Work) -> None:
    """Show that a caller says it is urgent, to who answers first and who has them: it ranks nobody.

    Said of a contact we have not heard of yet, it is kept until it opens here.
    """
    known = store.lock_contact(work.session, event.contact_id, event.programme)
    contact = replace(known, urgent_at=event.declared_at)
    store.save_contact(work.session, event.contact_id, contact)
    if contact.ended_at is None:
        told = ContactNoticed(
            contact_id=event.contact_id, what=Notice.SAYS_URGENT, at=event.declared_at
        )
        hearers = store.Hearers(
            event.contact_id, event.programme, supervisors=True, regulators=True
        )
        store.tell(work.session, hearers, told, work.now)


def on_contact_triaged(event: ContactTriaged, work: Work) -> None:
    """The contact waits for a listener and the regulator's desk is free, or intake ends it.

    A call for rescue moves nothing: the human stays until rescue has the person. Of P1 and P2
    supervisors are told, wherever it went ("superviseur informé", `priorities` of the protocol).
    """
    known = store.lock_contact(work.session, event.contact_id, event.programme)
    contact = replace(known, priority=event.priority)
    if event.destination is Destination.RESCUE:
        store.save_contact(work.session, event.contact_id, contact)
    else:
        contact = replace(contact, sent_on_at=event.decided_at, destination=event.destination)
        left = store.leave_stages(work.session, event.contact_id, contact, stages_left(contact))
        for take in left:
            _contact_over(take, ContactOver.HANDED_OVER, None, work)
    if event.priority in SUPERVISED:
        _notice(event.contact_id, event.programme, Notice.URGENT, work)


def on_contact_sent_untriaged(event: ContactSentUntriaged, work: Work) -> None:
    """The contact waits for a listener; no regulator could be reached."""
    known = store.lock_contact(work.session, event.contact_id, event.programme)
    if known.sent_on_at is None:
        contact = replace(known, sent_on_at=event.sent_at)
        store.save_contact(work.session, event.contact_id, contact)
        noted.forget(work.session, event.contact_id)


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """Whoever is in the contact has it no more. Open offers are withdrawn by assignment."""
    known = store.lock_contact(work.session, event.contact_id, event.programme)
    contact = replace(known, ended_at=event.ended_at, outcome=event.outcome)
    left = store.leave_stages(work.session, event.contact_id, contact, stages_left(contact))
    for take in left:
        _contact_over(take, ContactOver.ENDED, contact.outcome, work)


def _take_of(event: OfferEvent) -> store.Taken:
    return store.Taken(event.offer_id, event.contact_id, event.person_id, event.stage)


def _contact_over(
    take: store.Taken, over: ContactOver, outcome: Outcome | None, work: Work
) -> None:
    gone = ContactGone(
        offer_id=take.offer_id,
        contact_id=take.contact_id,
        stage=take.stage,
        why=over,
        outcome=outcome if over is ContactOver.ENDED else None,
        at=work.now,
    )
    store.close_contact(work.session, take.person_id, gone)


# --- alerts -------------------------------------------------------------------------------------


def on_alert(event: AlertEvent, work: Work) -> None:
    """Show the alert as it is to everybody whom it concerns, whatever has happened to it."""
    told = event.model_dump(include=_ALERT_SHOWN)
    store.show_alert(work.session, AlertShown(**told, unreached=_unreached(event, work)), work.now)


def _unreached(event: AlertEvent, work: Work) -> UnreachedWhy | None:
    """Nobody could be reached, until somebody is: it stands until the alert is taken or over."""
    if isinstance(event, AlertUnreached):
        return event.why
    if event.standing is not Standing.OPEN:
        return None
    before = store.alert_shown(work.session, event.alert_id)
    return None if before is None else before.unreached


def on_lift(event: LiftEvent, work: Work) -> None:
    """Tell whoever may be the second person, and who asked."""
    matters.keep(work.session, matters.of_lift(event))
    told = LiftTold(**event.model_dump(include=_LIFT_TOLD), came_of_it=event.fact)
    store.tell_line(work.session, event.programme, event.asked_by, told, work.now)


def on_report(event: AtRiskReportEvent | LegalReportEvent, work: Work) -> None:
    """Tell the supervisors and professionals of the line, and who had the contact."""
    legal = isinstance(event, LegalReportEvent)
    matter = (
        matters.of_legal_report(event)
        if isinstance(event, LegalReportEvent)
        else matters.of_report(event)
    )
    matters.keep(work.session, matter)
    told = ReportMoved(
        report_id=event.report_id,
        contact_id=event.contact_id,
        legal=legal,
        came_of_it=event.fact,
        at=work.now,
    )
    who = event.proposed_by if isinstance(event, LegalReportEvent) else _writer_of(event)
    store.tell_line(work.session, event.programme, who, told, work.now)


def _writer_of(event: AtRiskReportEvent) -> PersonId | None:
    return event.written_by if isinstance(event, AtRiskReportWritten) else None


def on_rescue(event: RescueEvent, work: Work) -> None:
    """Tell whoever is told of its alert what came of a rescue; heard first, who called it."""
    matters.keep(work.session, matters.of_rescue(event))
    told = RescueShown(
        **event.model_dump(include=_RESCUE_SHOWN),
        came_of_it=event.fact,
        report_by=event.report_by if isinstance(event, RescueStarted) else None,
        why=event.why if isinstance(event, RescueFailed) else None,
    )
    alert = store.alert_shown(work.session, event.alert_id) or _alert_of(event)
    store.tell_of_alert(work.session, alert, told, work.now)


def _alert_of(event: RescueEvent) -> AlertShown:
    """The alert of a rescue we hear of before it."""
    return AlertShown(
        alert_id=event.alert_id,
        contact_id=event.contact_id,
        programme=event.programme,
        raised_by=event.started_by,
        raised_as=event.started_as,
        raised_at=event.started_at,
        standing=Standing.OPEN,
        level=1,
    )


def on_duty_call(event: DutyCallEvent, work: Work) -> None:
    """Tell whoever is told of the alert what came of a call; of one over, or unknown, nobody."""
    matters.keep(work.session, matters.of_duty_call(event))
    alert = store.alert_shown(work.session, event.alert_id)
    if alert is None or alert.standing is not Standing.OPEN:
        return
    told = CallShown(
        call_id=event.call_id,
        alert_id=event.alert_id,
        person_id=event.person_id,
        way=event.way,
        came_of_it=event.fact,
        at=work.now,
    )
    store.tell_of_alert(work.session, alert, told, work.now)


# --- people, lines, figures ---------------------------------------------------------------------


def on_live_state_entered(event: LiveStateEntered, work: Work) -> None:
    """Show the person what they are doing; supervisors and regulators hear of a lost desk, and who
    may ask for a supervisor that one has come or gone.
    """
    before = _supervises(event, work)
    shown = LiveStateShown(
        programme=event.programme,
        role=event.role,
        state=event.state,
        reason=event.reason,
        since=event.entered_at,
        until=event.until,
        contact_id=event.contact_id,
        missed_offers=event.missed_offers,
    )
    store.enter_live_state(work.session, event.person_id, shown, event.entered_at)
    if event.previous is LiveState.OFF_DUTY:
        store.begin_without_shift(work.session, event.person_id, event.programme, event.entered_at)
    if _supervises(event, work) is not before:
        presence.tell_change(work.session, event.person_id, event.programme, event.entered_at)
    what = _DESK.get(event.reason)
    if what is not None and event.state is LiveState.TALKING and event.contact_id is not None:
        told = ContactNoticed(contact_id=event.contact_id, what=what, at=event.entered_at)
        hearers = store.Hearers(
            event.contact_id, event.programme, supervisors=True, regulators=True
        )
        store.tell(work.session, hearers, told, work.now)


def _supervises(event: LiveStateEntered, work: Work) -> bool:
    """Whether a supervisor is there for who asks for one; nobody else is looked up."""
    if event.role is not Role.SUPERVISOR:
        return False
    return event.person_id in presence.supervisors_of(work.session, event.programme)


#: A desk that is lost during a talk by telephone, and heard again.
_DESK: dict[LiveStateReason, Notice] = {
    LiveStateReason.HEARTBEAT_LOST: Notice.DESK_LOST,
    LiveStateReason.HEARTBEAT_BACK: Notice.DESK_BACK,
}


def on_eligibility_established(event: EligibilityEstablished, work: Work) -> None:
    """Know which roles a session may be opened for, and when their shift ends."""
    store.keep_eligibility(work.session, event)


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Know the line; and look once an hour for what is to be forgotten."""
    store.keep_programme(work.session, event)
    work.set_deadline("sweep", "old", work.now + SWEEP_EVERY)


def on_hour_counted(event: HourCounted, work: Work) -> None:
    """Show the hour on the board."""
    figures = HourFigures(**event.model_dump(include=set(HourFigures.model_fields)))
    store.keep_hour(work.session, event.programme, event.hour, figures.model_dump(mode="json"))


def on_hole_foreseen(event: HoleForeseen, work: Work) -> None:
    """Show the coordinator which hour lacks whom."""
    plan.keep_hole(work.session, event)


def on_hole_filled(event: HoleFilled, work: Work) -> None:
    """The hour lacks nobody any more."""
    plan.forget_hole(work.session, event)


def on_sweep_due(key: str, work: Work) -> None:
    """Forget what is older than a day."""
    store.forget_before(work.session, work.now - KEEP_FOR)
    plan.forget_before(work.session, work.now - KEEP_FOR)
    staff.forget_names_before(work.session, work.now - staff.KEEP_NAMES_FOR)
    helping.forget_before(work.session, work.now - KEEP_FOR)
    matters.forget_before(work.session, work.now - KEEP_FOR)
    partner_people.forget_before(work.session, work.now)
    work.set_deadline("sweep", key, work.now + SWEEP_EVERY)


# --- what is written ------------------------------------------------------------------------------


def on_text_sealed(event: TextSealed, work: Work) -> None:
    """Tell who has the contact that something was written; supervisors too, if it is urgent or asks
    for their help.

    Whoever wrote it at a desk knows. A text of a contact nobody has is told to nobody: who takes it
    reads all of it.
    """
    urgent = event.attention in (Attention.RAISE, Attention.RAISE_NOW)
    asks = event.kind is TextKind.HELP
    if event.author in (AuthorKind.REGULATOR, AuthorKind.LISTENER) and not asks:
        return
    if asks:
        helping.keep(work.session, event)
    written = TextWritten(
        contact_id=event.contact_id,
        sealed_id=event.sealed_id,
        what=event.kind,
        author=event.author,
        characters=event.characters,
        position=event.position,
        attention=event.attention,
        at=event.sealed_at,
    )
    hearers = store.Hearers(event.contact_id, event.programme, supervisors=urgent)
    store.tell(work.session, hearers, written, work.now)
    if asks:
        store.tell_supervisors(work.session, event.programme, written, work.now)


def on_referral_moved(event: ReferralFact, work: Work) -> None:
    """Tell who has the contact what became of a referral; supervisors too, if it found nobody."""
    matter = matters.of_referral(event)
    if matter is not None:
        matters.keep(work.session, matter)
    state = _state_of(event)
    moved = ReferralMoved(
        contact_id=event.contact_id,
        referral_id=event.referral_id,
        relay_id=event.relay_id,
        state=state,
        at=work.now,
    )
    found_nobody = matter is not None and not matter.over
    hearers = store.Hearers(event.contact_id, event.programme, supervisors=found_nobody)
    store.tell(work.session, hearers, moved, work.now)


def on_partner_webhook(event: PartnerWebhookFact, work: Work) -> None:
    """Keep among what is to be seen to that a partner is told nothing now."""
    matters.keep(work.session, matters.of_partner(event))


def _state_of(event: ReferralFact) -> ReferralState:
    match event:
        case ReferralProposed():
            return ReferralState.PROPOSED
        case ReferralConsented():
            return ReferralState.CONSENTED
        case ReferralSent() | ReferralUndelivered():
            return ReferralState.SENT
        case ReferralAnswered(accepted=accepted):
            return ReferralState.ACCEPTED if accepted else ReferralState.DECLINED
        case ReferralExpired():
            return ReferralState.EXPIRED
        case ReferralClosed():
            return ReferralState.CLOSED


def on_written_first_read(event: WrittenFirstRead, work: Work) -> None:
    """Supervisors see that a message waits for its first reading no longer."""
    matters.keep(work.session, matters.of_written(event))
    what = Notice.MESSAGE_READ_LATE if event.late else Notice.MESSAGE_READ
    _notice(event.contact_id, event.programme, what, work)


def on_written_answered(event: WrittenAnswered, work: Work) -> None:
    """Supervisors see that a message waits no longer."""
    matters.keep(work.session, matters.of_written(event))
    what = Notice.MESSAGE_ANSWERED_LATE if event.late else Notice.MESSAGE_ANSWERED
    _notice(event.contact_id, event.programme, what, work)


_RUNG: dict[tuple[Clock, ClockStep], Notice] = {
    (Clock.FIRST_READING, ClockStep.WARNED): Notice.FIRST_READING_LATE,
    (Clock.FIRST_READING, ClockStep.LATE): Notice.FIRST_READING_LATE,
    (Clock.ANSWER, ClockStep.WARNED): Notice.ANSWER_WARNED,
    (Clock.ANSWER, ClockStep.LATE): Notice.ANSWER_LATE,
}


def on_written_clock_rang(event: WrittenClockRang, work: Work) -> None:
    """Supervisors hear that a message waits for long, or for too long."""
    matters.keep(work.session, matters.of_written(event))
    _notice(event.contact_id, event.programme, _RUNG[event.clock, event.step], work)


def on_human_wanted(event: HumanWanted, work: Work) -> None:
    """Supervisors hear that somebody who wrote needs a human now."""
    matters.keep(work.session, matters.of_written(event))
    _notice(event.contact_id, event.programme, Notice.HUMAN_WANTED, work)


def on_nature_corrected(event: NatureCorrected, work: Work) -> None:
    """Supervisors see that what kind of contact it was has been put right."""
    _notice(event.contact_id, event.programme, Notice.NATURE_CORRECTED, work)


def _notice(contact_id: ContactId, programme: ProgrammeId, what: Notice, work: Work) -> None:
    told = ContactNoticed(contact_id=contact_id, what=what, at=work.now)
    hearers = store.Hearers(contact_id, programme, supervisors=True)
    store.tell(work.session, hearers, told, work.now)


# --- sessions -----------------------------------------------------------------------------------


def open_session(asked: SessionAsked, token_sha256: str, lasts: timedelta, work: Work) -> Reply:
    """Open a session for a token made at the door; the token itself never comes here."""
    held = store.roles_of(work.session, asked.person_id, asked.programme)
    known = store.knows_programme(work.session, asked.programme)
    refusal = refuse_session(asked, held, known)
    if refusal is not None:
        return refused(refusal)
    row = store.SessionRow(
        token_sha256=token_sha256,
        session_id=new_id(),
        person_id=asked.person_id,
        role=asked.role,
        programme=asked.programme,
        opened_at=work.now,
        expires_at=work.now + lasts,
    )
    work.session.add(row)
    if asked.name is not None:
        staff.keep_name(work.session, asked.person_id, asked.name, work.now)
    return done(
        result=SessionOpened(session_id=SessionId(row.session_id), expires_at=row.expires_at)
    )


def closing_session(token_sha256: str) -> Callable[[Work], Reply]:
    """End a session because its person goes."""

    def close(work: Work) -> Reply:
        store.end_session(work.session, token_sha256)
        return done()

    return close
