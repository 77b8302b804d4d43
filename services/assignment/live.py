"""What people on duty do from now on, and what becomes of an offer: rows changed, facts announced.

Every change of a live state goes through `enter`; every end of an offer through `close_offer`. A
wish made during a contact (pause, go home) is kept and granted when the person is free. The
surprising thing: who chats may be offered another chat and goes on talking meanwhile, whatever
becomes of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contracts.assignment import (
    LineStaffed,
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferTaken,
    OfferWithdrawn,
)
from contracts.vocabulary import (
    Channel,
    ContactId,
    LiveState,
    LiveStateReason,
    OfferId,
    PersonId,
    Priority,
    ProgrammeId,
    Role,
    Stage,
    WithdrawalReason,
)
from services.assignment import store
from services.assignment.rest import LiveLoad, Rest
from services.assignment.store import ContactRow, LineRow, OfferRow, PersonRow
from services.bus.work import Work

_IN_CONTACT = (LiveState.OFFERED, LiveState.TALKING)


def load_of(person: PersonRow) -> LiveLoad:
    """What rest depends on."""
    return LiveLoad(person.consecutive_contacts, person.wrapped_up_at)


def enter(  # noqa: PLR0913 - a state, why, and until when
    work: Work,
    person: PersonRow,
    state: LiveState,
    reason: LiveStateReason,
    until: datetime | None = None,
) -> None:
    """Have a person do something else from now on, and say so."""
    previous, previous_since = LiveState(person.state), person.since
    if state not in _IN_CONTACT:
        person.offer_id, person.held, person.out_of_sight = None, [], False
        if state is not LiveState.WRAPPING_UP:
            person.contact_id = None
    person.state, person.since = state.value, work.now
    work.announce(
        LiveStateEntered(
            person_id=PersonId(person.person_id),
            programme=ProgrammeId(person.programme),
            role=Role(person.role),
            state=state,
            reason=reason,
            entered_at=work.now,
            previous=previous,
            previous_since=previous_since,
            until=until,
            contact_id=ContactId(person.contact_id) if person.contact_id else None,
            missed_offers=person.missed_offers,
        ),
        of=person,
    )
    if (previous is LiveState.OFF_DUTY) is not (state is LiveState.OFF_DUTY):
        staff(work, person.programme, person.person_id, there=state is not LiveState.OFF_DUTY)


def staff(work: Work, programme: str, but: str = "", *, there: bool = False) -> None:
    """Say when the first person is there for a line, or nobody is any more; `but` is who moves."""
    line = store.line_of(work.session, programme)
    staffed = there or store.is_staffed(work.session, programme, but)
    if line is not None and line.staffed is staffed:
        return
    if line is None:
        line = LineRow(programme=programme, staffed=staffed)
    line.staffed = staffed
    said = LineStaffed(programme=ProgrammeId(programme), staffed=staffed, since=work.now)
    work.announce(said, of=line)
    work.session.add(line)


def go_on(work: Work, person: PersonRow, reason: LiveStateReason) -> bool:
    """Whether the person is in a contact still, and goes on with the one taken last."""
    if not person.held:
        return False
    person.offer_id = person.held[-1]
    person.contact_id = store.contact_held(work.session, person.offer_id)
    enter(work, person, LiveState.TALKING, reason)
    return True


def stop_asking(work: Work, person: PersonRow, reason: LiveStateReason) -> None:
    """The person is no longer asked to take a contact: go on with those they are in, or be free."""
    if not go_on(work, person, reason):
        be_free(work, person, reason)


def let_go(work: Work, person: PersonRow, offer: OfferRow, reason: LiveStateReason) -> bool:
    """A contact the person had taken is no longer theirs; whether it was the last.

    Who is asked to take another beside the last is asked no more: they finish first.
    """
    person.held = [offer_id for offer_id in person.held if offer_id != offer.offer_id]
    if person.offer_id == offer.offer_id:
        go_on(work, person, reason)
    elif person.held:
        enter(work, person, LiveState.TALKING, reason)
    else:
        take_back(work, person, WithdrawalReason.PERSON_WRAPS_UP)
    return not person.held


def take_back(work: Work, person: PersonRow, why: WithdrawalReason) -> None:
    """The contact a person is asked to take is offered to others instead, if they are asked one."""
    offer = store.offer_of(work.session, person.offer_id) if person.offer_id else None
    if offer is None or offer.state != store.OPEN:
        return
    withdraw(work, offer, why)
    contact = store.contact_of(work.session, offer.contact_id)
    if contact is not None and contact.state == store.OFFERED:
        back_in_front(contact)


def be_free(work: Work, person: PersonRow, reason: LiveStateReason) -> None:
    """The person is in no contact any more: grant their wish, or rest, or be ready."""
    wish, person.wish = person.wish, None
    if wish is not None:
        enter(work, person, LiveState(wish), LiveStateReason.ASKED)
    elif person.rest_until is not None and person.rest_until > work.now:
        enter(work, person, LiveState.RESTING, reason, until=person.rest_until)
        work.set_deadline("rest_over", person.person_id, person.rest_until)
    else:
        enter(work, person, LiveState.READY, reason)


def rest(work: Work, person: PersonRow, owed: Rest | None) -> None:
    """The wrap-up is over: rest where it is owed."""
    person.rest_until = owed.until if owed else None
    be_free(work, person, owed.reason if owed else LiveStateReason.ASKED)


def back_in_front(contact: ContactRow, declined_by: str | None = None) -> None:
    """The contact is offered again: in front of its class, with its original wait (I14)."""
    contact.state, contact.front, contact.offer_id = store.WAITING, True, None
    if declined_by is not None:
        contact.declined_by = [*contact.declined_by, declined_by]


def take(work: Work, offer: OfferRow, contact: ContactRow) -> None:
    """The offer is taken: from now on they talk."""
    offer.state, contact.state = store.TAKEN, store.TAKEN
    contact.stage = offer.stage
    work.clear_deadline("offer_expires", offer.offer_id)
    work.announce(
        OfferTaken(
            **about(offer),
            taken_at=work.now,
            waiting_since=contact.joined_at,
            priority=Priority(contact.priority) if contact.priority else None,
            untriaged=contact.untriaged and offer.stage == Stage.LISTENER,
        ),
        of=offer,
    )


def decline(work: Work, offer: OfferRow) -> None:
    """The person said no."""
    close_offer(work, offer, store.DECLINED)
    work.announce(OfferDeclined(**about(offer), declined_at=work.now), of=offer)


def expire(work: Work, offer: OfferRow) -> None:
    """Nobody answered in time."""
    close_offer(work, offer, store.EXPIRED)
    work.announce(OfferExpired(**about(offer), expired_at=work.now), of=offer)


def withdraw(work: Work, offer: OfferRow, reason: WithdrawalReason) -> None:
    """The offer, or the take, no longer stands."""
    was_taken = offer.state == store.TAKEN
    close_offer(work, offer, store.WITHDRAWN)
    work.announce(
        OfferWithdrawn(**about(offer), withdrawn_at=work.now, reason=reason, was_taken=was_taken),
        of=offer,
    )


def close_offer(work: Work, offer: OfferRow, state: str) -> None:
    """The offer is no longer live."""
    offer.state = state
    work.clear_deadline("offer_expires", offer.offer_id)


def about(offer: OfferRow) -> dict[str, Any]:
    """What every fact about an offer says."""
    return {
        "offer_id": OfferId(offer.offer_id),
        "contact_id": ContactId(offer.contact_id),
        "programme": ProgrammeId(offer.programme),
        "person_id": PersonId(offer.person_id),
        "stage": Stage(offer.stage),
        "channel": Channel(offer.channel),
    }
