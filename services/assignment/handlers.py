"""What assignment does with each event, command and deadline.

Everything here runs on the one thread of the leased assigner; the decision itself follows in
`settle.py`, after each commit. A contact that is over stays over, whatever comes late.
"""

from __future__ import annotations

from collections.abc import Callable

from contracts.assignment import (
    BeatHeart,
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    HardContactNoted,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.contact import ContactEnded, ContactOpened, HumanWanted
from contracts.envelope import Reply, done, not_yet, refused
from contracts.programme import ProgrammePublished
from contracts.roster import EligibilityEstablished
from contracts.synthetic import may_meet
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Destination,
    LiveState,
    LiveStateReason,
    Outcome,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    Stage,
    WithdrawalReason,
)
from services.assignment import live, store, writing
from services.assignment.rest import (
    Paused,
    StillReady,
    after_missed_offer,
    load_when_taken,
    load_when_wrapped_up,
    rest_after,
)
from services.assignment.settle import rules_from
from services.assignment.store import ContactRow, OfferInFull, OfferRow, PersonRow
from services.bus.work import Work

#: Whoever a human has found so is offered no way out any more, whatever they find later.
AT_RISK = frozenset({Priority.P1, Priority.P2})


def on_programme_published(event: ProgrammePublished, work: Work) -> None:
    """A line has new terms; contacts that wait are looked at again.

    Of a new line it is said whether anybody is on duty: nobody is, until somebody comes.
    """
    store.keep_terms(work.session, event)
    live.staff(work, event.programme)


def on_eligibility_established(event: EligibilityEstablished, work: Work) -> None:
    """The roster says anew what a person may be offered; a live contact is never touched."""
    assert work.envelope is not None
    store.keep_eligibility(work.session, event, work.envelope.version)


def on_contact_opened(event: ContactOpened, work: Work) -> None:
    """Somebody waits. Already known (triaged or ended came first): nothing to add."""
    writing.add_contact(
        work.session,
        ContactRow(
            contact_id=event.contact_id,
            programme=event.programme,
            channel=event.channel,
            stage=event.first_stage,
            state=store.WAITING,
            languages=[] if event.language == "unknown" else [event.language],
            waiting_since=event.waiting_since or event.opened_at,
            joined_at=event.opened_at,
            priority=event.priority,
            front=event.in_front,
            sought=event.sought,
            slowed=event.slowed,
        ),
    )


def on_human_wanted(event: HumanWanted, work: Work) -> None:
    """Who read a message says its writer needs a human now: it goes up while it waits."""
    contact = store.contact_of(work.session, event.contact_id)
    if contact is not None and contact.state in (store.WAITING, store.OFFERED):
        contact.priority = event.priority
        contact.was_at_risk |= event.priority in AT_RISK
        work.session.add(contact)


def on_contact_triaged(event: ContactTriaged, work: Work) -> None:
    """The regulator sends the contact to a listener and is free at once.

    RESCUE leaves the two together; any other destination ends the contact, and its end frees the
    regulator. A correction before a listener has taken the contact changes how it is served, never
    since when it waits; an offer that is out stands.
    """
    if event.destination is not Destination.LISTENER:
        return
    contact, with_whom = store.contact_in_full(work.session, event.contact_id)
    if contact is None:
        contact = ContactRow(
            contact_id=event.contact_id, programme=event.programme, channel=event.channel,
            stage=Stage.REGULATOR, state=store.TAKEN, waiting_since=event.opened_at,
            joined_at=event.opened_at,
        )  # fmt: skip
    heard = contact.stage == Stage.LISTENER and contact.state == store.TAKEN
    if contact.state == store.ENDED or heard:
        return
    if contact.stage == Stage.REGULATOR:
        if with_whom is not None:
            _free_the_regulator(*with_whom, work)
        contact.stage, contact.state, contact.front = Stage.LISTENER, store.WAITING, False
        contact.joined_at, contact.untriaged = event.decided_at, False
        contact.declined_by, contact.offers, contact.offer_id = [], 0, None
    contact.priority, contact.need = event.priority, event.need
    contact.heard, contact.was_at_risk = True, contact.was_at_risk or event.priority in AT_RISK
    contact.languages = [language for language in event.languages if language != "unknown"]
    contact.departement = event.departement
    work.session.add(contact)


def on_contact_ended(event: ContactEnded, work: Work) -> None:
    """The contact is over: stop ringing, or let its person finish. Unknown: remember that it is."""
    contact, with_whom = store.contact_in_full(work.session, event.contact_id)
    if contact is None:
        contact = ContactRow(
            contact_id=event.contact_id, programme=event.programme, channel=event.channel,
            stage=Stage.REGULATOR, state=store.ENDED, waiting_since=event.opened_at,
            joined_at=event.opened_at,
        )  # fmt: skip
    contact.state, contact.offer_id = store.ENDED, None
    work.session.add(contact)
    if with_whom is None:
        return
    offer, person = with_whom
    heard = offer.state == store.TAKEN and not _left_the_line(event)
    if heard:
        live.close_offer(work, offer, store.OVER)
    else:
        live.withdraw(work, offer, WithdrawalReason.CONTACT_ENDED)
    reason = LiveStateReason.CONTACT_ENDED if heard else LiveStateReason.OFFER_WITHDRAWN
    if offer.offer_id not in person.held:
        if person.offer_id == offer.offer_id:
            live.stop_asking(work, person, reason)
    elif live.let_go(work, person, offer, reason):
        if heard and offer.stage == Stage.LISTENER:
            live.enter(work, person, LiveState.WRAPPING_UP, LiveStateReason.CONTACT_ENDED)
        else:
            live.be_free(work, person, reason)


def _left_the_line(event: ContactEnded) -> bool:
    """Whether the caller left while, as intake judges it, nobody was with them yet."""
    by_way_out = event.outcome in (Outcome.RETURN_PASS_GIVEN, Outcome.OVERFLOWED)
    return event.outcome is Outcome.ABANDONED or (by_way_out and event.stage is None)


def on_start_duty(command: StartDuty, work: Work) -> Reply:
    """Somebody comes on duty, for the line and in the role of their session."""
    asker = work.command
    if not may_meet(asker.actor, asker.programme):
        return refused(Refusal.NOT_ELIGIBLE)
    eligible = store.eligibility_of(work.session, asker.actor, asker.programme)
    if eligible is None or store.terms_in_force(work.session, asker.programme, work.now) is None:
        return not_yet()  # the roster's or the line's event is still on its way
    if asker.role not in eligible.roles:
        return refused(Refusal.NOT_ELIGIBLE)
    if eligible.valid_until <= work.now:
        return refused(Refusal.ACCREDITATION_LAPSED)
    person = store.person_of(work.session, asker.actor)
    if person is None:
        person = PersonRow(
            person_id=asker.actor, programme=asker.programme, role=asker.role,
            state=LiveState.OFF_DUTY, since=work.now,
        )  # fmt: skip
        work.session.add(person)
    person.wish = None
    if person.state in (LiveState.OFF_DUTY, LiveState.PAUSED):
        moved_from = person.programme
        person.programme, person.role, person.missed_offers = asker.programme, asker.role, 0
        if eligible.shift_ends_at is not None and eligible.shift_ends_at <= work.now:
            eligible.shift_ends_at = None  # who comes after a shift has come by themselves
            work.session.add(eligible)
        live.be_free(work, person, LiveStateReason.ASKED)
        work.session.flush()
        if moved_from != person.programme:
            live.staff(work, moved_from)
            live.staff(work, person.programme)
    store.note_beat(work.session, asker.actor)
    return done(person.version)


def on_end_duty(command: EndDuty, work: Work) -> Reply:
    """Somebody goes home; a contact they are in goes on to its end."""
    return _leave(work, LiveState.OFF_DUTY, WithdrawalReason.PERSON_LEFT_DUTY)


def on_pause(command: Pause, work: Work) -> Reply:
    """Somebody wants no offer for now."""
    return _leave(work, LiveState.PAUSED, WithdrawalReason.PERSON_LEFT_DUTY)


def on_resume(command: Resume, work: Work) -> Reply:
    """Somebody is ready again; a rest that is owed goes on."""
    person = store.person_of(work.session, work.command.actor)
    if person is None or person.state == LiveState.OFF_DUTY:
        return refused(Refusal.WRONG_STATE)
    person.wish = None
    if person.state == LiveState.PAUSED:
        person.missed_offers = 0
        live.be_free(work, person, LiveStateReason.ASKED)
    work.session.add(person)
    store.note_beat(work.session, person.person_id)
    return done(person.version)


def on_take_offer(command: TakeOffer, work: Work) -> Reply:
    """The person takes the contact, if the offer still stands."""
    return _answer_offer(command.offer_id, work, _take)


def on_decline_offer(command: DeclineOffer, work: Work) -> Reply:
    """The person says no; the contact goes to the next one, in front."""
    return _answer_offer(command.offer_id, work, _decline)


def on_finish_wrap_up(command: FinishWrapUp, work: Work) -> Reply:
    """The person has finished after a contact; rest follows where it is owed."""
    person = store.person_of(work.session, work.command.actor)
    if person is None or person.state != LiveState.WRAPPING_UP:
        return refused(Refusal.WRONG_STATE)
    if command.hard:
        noted = HardContactNoted(
            person_id=PersonId(person.person_id),
            programme=ProgrammeId(person.programme),
            noted_at=work.now,
        )
        work.announce(noted, of=person)
    _wrapped_up(person, work, hard=command.hard)
    return done(person.version)


def on_beat_heart(command: BeatHeart, work: Work) -> Reply:
    """The desk is there, and so are the others its console has heard from."""
    store.note_beat(work.session, work.command.actor, *command.others)
    return done()


def on_offer_expires_due(key: str, work: Work) -> None:
    """Nobody answered in time: the contact goes on, in front; two in a row pause the person."""
    found = store.offer_in_full(work.session, key, work.now)
    if found is None or found.in_full is None:
        return
    offer, contact, person, in_force = found.in_full
    live.expire(work, offer)
    if contact.state == store.OFFERED:
        live.back_in_front(contact)
    if person.offer_id != offer.offer_id:
        return
    match after_missed_offer(person.missed_offers, rules_from(in_force)):
        case Paused(reason):
            person.missed_offers += 1
            if person.held:  # paused once they are in no contact any more
                person.wish = person.wish or LiveState.PAUSED.value
                live.go_on(work, person, LiveStateReason.OFFER_EXPIRED)
            else:
                live.enter(work, person, LiveState.PAUSED, reason)
        case StillReady(missed_offers):
            person.missed_offers = missed_offers
            live.stop_asking(work, person, LiveStateReason.OFFER_EXPIRED)


def on_rest_over_due(key: str, work: Work) -> None:
    """A rest has ended; a person who paused or left meanwhile is left alone."""
    person = store.person_of(work.session, key)
    if person is None or person.state != LiveState.RESTING:
        return
    if person.rest_until is not None and person.rest_until > work.now:
        return  # a later rest, with a deadline of its own
    live.enter(work, person, LiveState.READY, LiveStateReason.RESTED)


def on_look_again_due(key: str, work: Work) -> None:
    """Time alone may have changed the decision; what follows every commit looks at it."""


def _free_the_regulator(offer: OfferRow, person: PersonRow, work: Work) -> None:
    if offer.state == store.OPEN:
        live.withdraw(work, offer, WithdrawalReason.CONTACT_ENDED)
    else:
        live.close_offer(work, offer, store.OVER)
    if offer.offer_id in person.held:
        if live.let_go(work, person, offer, LiveStateReason.HANDED_OVER):
            live.be_free(work, person, LiveStateReason.HANDED_OVER)
    elif person.offer_id == offer.offer_id:
        live.stop_asking(work, person, LiveStateReason.HANDED_OVER)


def _answer_offer(offer_id: str, work: Work, answer: Callable[[OfferInFull, Work], None]) -> Reply:
    found = store.offer_in_full(work.session, offer_id, work.now)
    if found is None:
        return refused(Refusal.UNKNOWN_OFFER, "offer_id")
    if found.person_id != work.command.actor:
        return refused(Refusal.NOT_YOURS, "offer_id")
    if found.in_full is None or found.in_full.offer.expires_at <= work.now:
        return refused(Refusal.OFFER_OVER, "offer_id")
    offer, contact, person, _ = found.in_full
    if contact.state != store.OFFERED:
        return refused(Refusal.CONTACT_OVER, "offer_id")
    person.missed_offers = 0
    answer(found.in_full, work)
    return done(offer.version)


def _take(found: OfferInFull, work: Work) -> None:
    offer, contact, person, in_force = found
    if offer.stage == Stage.LISTENER:
        load = load_when_taken(live.load_of(person), work.now, rules_from(in_force))
        person.consecutive_contacts = load.consecutive_contacts
    live.take(work, offer, contact)
    person.held = [*person.held, offer.offer_id]
    live.enter(work, person, LiveState.TALKING, LiveStateReason.OFFER_TAKEN)


def _decline(found: OfferInFull, work: Work) -> None:
    offer, contact, person, _ = found
    live.decline(work, offer)
    live.back_in_front(contact, declined_by=person.person_id)
    live.stop_asking(work, person, LiveStateReason.OFFER_DECLINED)


def _leave(work: Work, wish: LiveState, why: WithdrawalReason) -> Reply:
    """Pause or go home: at once when free, after the contact when in one."""
    person = store.person_of(work.session, work.command.actor)
    if person is None or person.state == LiveState.OFF_DUTY:
        return refused(Refusal.WRONG_STATE)
    work.session.add(person)
    match LiveState(person.state):
        case LiveState.TALKING:
            person.wish = wish.value
            if person.offer_id not in person.held:  # asked to take another beside it
                live.take_back(work, person, why)
                live.go_on(work, person, LiveStateReason.OFFER_WITHDRAWN)
        case LiveState.WRAPPING_UP:
            person.wish = wish.value
            if wish is LiveState.OFF_DUTY:
                _wrapped_up(person, work, hard=False)
        case LiveState.OFFERED:
            live.take_back(work, person, why)
            live.enter(work, person, wish, LiveStateReason.ASKED)
        case state if state is not wish:
            live.enter(work, person, wish, LiveStateReason.ASKED)
    return done(person.version)


def _wrapped_up(person: PersonRow, work: Work, *, hard: bool) -> None:
    in_force = store.terms_in_force(work.session, person.programme, work.now)
    load = load_when_wrapped_up(live.load_of(person), work.now)
    person.wrapped_up_at = load.wrapped_up_at
    owed = rest_after(load, hard, rules_from(in_force)) if in_force is not None else None
    live.rest(work, person, owed)
