"""What each event changes on the desks: lock, fold, save, tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Reply, SessionId, done, refused
from contracts.programme import ProgrammePublished
from contracts.quality import HourCounted
from contracts.roster import EligibilityEstablished
from contracts.triage import ContactTriaged
from contracts.vocabulary import Destination, Outcome, Stage
from services.bus.work import Work, new_id
from services.console import store
from services.console.domain import (
    OfferFact,
    OfferStanding,
    SessionAsked,
    left_stage,
    refuse_session,
    step_offer,
)
from services.console.messages import (
    ContactGone,
    ContactOver,
    ContactShown,
    HourFigures,
    LiveStateShown,
    MessageKind,
    OfferGone,
    OfferOver,
    OfferShown,
    SessionOpened,
)
from services.console.settings import KEEP_FOR, SWEEP_EVERY

# --- offers -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Folded:
    """An offer after a fact, under the lock of its contact; `tells` is what its desk is told."""

    contact: store.ContactRow
    offer: store.OfferRow
    tells: MessageKind | None


def _fold(event: OfferEvent, fact: OfferFact, work: Work) -> _Folded:
    """Fold a fact into the offer's row, made when this is the first fact about it."""
    contact = store.lock_contact(work.session, event.contact_id, event.programme)
    offer = store.offer_of(work.session, event.offer_id)
    step = step_offer(None if offer is None else OfferStanding(offer.standing), fact)
    if offer is None:
        offer = store.OfferRow(
            offer_id=event.offer_id,
            contact_id=event.contact_id,
            person_id=event.person_id,
            stage=event.stage,
            standing=step.standing,
        )
        work.session.add(offer)
    offer.standing = step.standing
    return _Folded(contact, offer, step.tells)


def on_offer_made(event: OfferMade, work: Work) -> None:
    """Show the offer, unless it is already known to be over."""
    folded = _fold(event, OfferFact.MADE, work)
    if folded.tells is None:
        return
    shown = OfferShown(**event.model_dump(include=set(OfferShown.model_fields)))
    folded.offer.shown = shown.model_dump(mode="json")
    desk = store.lock_desk(work.session, event.person_id)
    desk.offer = folded.offer.shown
    store.tell(work.session, desk, shown, event.made_at)


def on_offer_taken(event: OfferTaken, work: Work) -> None:
    """Put the contact on the desk; and off again at once if it has already gone on."""
    folded = _fold(event, OfferFact.TAKEN, work)
    if folded.tells is None:
        return
    contact = folded.contact
    contact.hold(event.stage, event.offer_id, event.taken_at)
    shown = _contact_shown(event, folded.offer.shown or {})
    desk = store.lock_desk(work.session, event.person_id)
    _clear_offer(desk, event.offer_id)
    desk.contact = shown.model_dump(mode="json")
    store.tell(work.session, desk, shown, event.taken_at)
    if left_stage(contact.facts(), event.stage):
        over = ContactOver.HANDED_OVER if contact.ended_at is None else ContactOver.ENDED
        _contact_over(folded.offer, over, contact, work)


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
    folded = _fold(event, fact, work)
    if folded.tells is MessageKind.CONTACT_OVER:
        folded.contact.release(event.offer_id)
        _contact_over(folded.offer, ContactOver.WITHDRAWN, folded.contact, work)
    if folded.tells is not MessageKind.OFFER_OVER:
        return
    gone = OfferGone(
        offer_id=event.offer_id,
        contact_id=event.contact_id,
        why=OfferOver(fact.value),
        reason=event.reason if isinstance(event, OfferWithdrawn) else None,
        at=work.now,
    )
    desk = store.lock_desk(work.session, event.person_id)
    _clear_offer(desk, event.offer_id)
    store.tell(work.session, desk, gone, work.now)


def _contact_shown(event: OfferTaken, offered: dict[str, Any]) -> ContactShown:
    """What the desk shows of a contact: what its offer had said, and what the take adds."""
    known = {key: offered[key] for key in ("need", "languages") if key in offered}
    taken = event.model_dump(include=set(ContactShown.model_fields))
    return ContactShown.model_validate(known | taken)


def _clear_offer(desk: store.DeskRow, offer_id: str) -> None:
    """A newer offer may already stand there; that one stays."""
    if desk.offer is not None and desk.offer["offer_id"] == offer_id:
        desk.offer = None


# --- contacts -----------------------------------------------------------------------------------


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Count the contact where it waits."""
    contact = store.lock_contact(work.session, event.contact_id, event.programme)
    contact.opened_at = event.opened_at
    contact.first_stage = event.first_stage
    contact.place()


def on_contact_triaged(event: ContactTriaged, work: Work) -> None:
    """The contact waits for a listener and the regulator's desk is free, or intake ends it.

    A call for rescue moves nothing: the human stays until rescue has the person.
    """
    if event.destination is Destination.RESCUE:
        return
    contact = store.lock_contact(work.session, event.contact_id, event.programme)
    contact.sent_on_at = event.decided_at
    contact.destination = event.destination
    contact.place()
    for row in store.taken_offers(work.session, event.contact_id):
        if left_stage(contact.facts(), Stage(row.stage)):
            _contact_over(row, ContactOver.HANDED_OVER, contact, work)


def on_contact_sent_untriaged(event: ContactSentUntriaged, work: Work) -> None:
    """The contact waits for a listener; no regulator could be reached."""
    contact = store.lock_contact(work.session, event.contact_id, event.programme)
    if contact.sent_on_at is None:
        contact.sent_on_at = event.sent_at
        contact.place()


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """Whoever is in the contact has it no more. Open offers are withdrawn by assignment."""
    contact = store.lock_contact(work.session, event.contact_id, event.programme)
    contact.ended_at = event.ended_at
    contact.outcome = event.outcome
    contact.place()
    for row in store.taken_offers(work.session, event.contact_id):
        _contact_over(row, ContactOver.ENDED, contact, work)


def _contact_over(
    row: store.OfferRow, over: ContactOver, contact: store.ContactRow, work: Work
) -> None:
    row.standing = OfferStanding.OVER
    outcome = contact.outcome if over is ContactOver.ENDED else None
    gone = ContactGone(
        offer_id=row.offer_id,  # type: ignore[arg-type] # text of an id we were given
        contact_id=row.contact_id,  # type: ignore[arg-type]
        stage=Stage(row.stage),
        why=over,
        outcome=None if outcome is None else Outcome(outcome),
        at=work.now,
    )
    desk = store.lock_desk(work.session, row.person_id)
    if desk.contact is not None and desk.contact["offer_id"] == row.offer_id:
        desk.contact = None
    store.tell(work.session, desk, gone, work.now)


# --- people, lines, figures ---------------------------------------------------------------------


def on_live_state_entered(event: LiveStateEntered, work: Work) -> None:
    """Show the person what they are doing."""
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


def on_eligibility_established(event: EligibilityEstablished, work: Work) -> None:
    """Know which roles a session may be opened for."""
    roles = [role.value for role in event.qualification.roles]
    store.keep_eligibility(work.session, event.person_id, event.programme, roles)


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """Know the line; and look once an hour for what is to be forgotten."""
    store.keep_programme(work.session, event.programme, event.programme_version, event.terms.name)
    work.set_deadline("sweep", "old", work.now + SWEEP_EVERY)


def on_hour_counted(event: HourCounted, work: Work) -> None:
    """Show the hour on the board."""
    figures = HourFigures(**event.model_dump(include=set(HourFigures.model_fields)))
    store.keep_hour(work.session, event.programme, event.hour, figures.model_dump(mode="json"))


def on_sweep_due(key: str, work: Work) -> None:
    """Forget what is older than a day."""
    store.forget_before(work.session, work.now - KEEP_FOR)
    work.set_deadline("sweep", key, work.now + SWEEP_EVERY)


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
    return done(
        result=SessionOpened(session_id=SessionId(row.session_id), expires_at=row.expires_at)
    )
