"""Desks that are not heard any more: what becomes of their people and of whom they talk with.

Who could be offered something is paused. What is written goes back to the head of its line: a desk
that is gone answers nobody. The surprising thing: who talks by telephone goes on, for the voice may
not depend on the desk; supervisors and regulators are told, and told again when the desk is back.
"""

from __future__ import annotations

from datetime import timedelta

from contracts.vocabulary import Channel, LiveState, LiveStateReason, WithdrawalReason
from services.assignment import live, store, writing
from services.assignment.reading import LineOnTheFloor
from services.assignment.store import OfferRow, PersonRow
from services.bus.work import Work


def mind(work: Work, line: LineOnTheFloor) -> bool:
    """Whether a desk of this line was lost or is back, and something was done about it."""
    if line.programme_version is None:
        return False
    in_force = store.terms_of(work.session, line.programme, line.programme_version)
    lost_after = timedelta(seconds=in_force.terms.times.heartbeat_lost_seconds)
    lost = line.silence is not None and line.silence > lost_after
    back = line.silence_of_lost is not None and line.silence_of_lost <= lost_after
    if lost:
        for person in store.silent_people(work.session, line.programme, lost_after):
            _lose(work, person)
    if back:
        for person in store.people_seen_again(work.session, line.programme, lost_after):
            person.out_of_sight = False
            live.enter(work, person, LiveState.TALKING, LiveStateReason.HEARTBEAT_BACK)
    if lost or back:
        writing.save(work.session)
    return lost or back


def _lose(work: Work, person: PersonRow) -> None:
    held = [store.offer_of(work.session, offer_id) for offer_id in person.held]
    taken = [offer for offer in held if offer is not None]
    if any(offer.channel == Channel.PHONE for offer in taken):
        person.out_of_sight = True
        live.enter(work, person, LiveState.TALKING, LiveStateReason.HEARTBEAT_LOST)
        return
    if person.offer_id not in person.held:
        live.take_back(work, person, WithdrawalReason.PERSON_UNREACHABLE)
    for offer in taken:
        _give_back(work, offer)
    person.wish = None
    live.enter(work, person, LiveState.PAUSED, LiveStateReason.HEARTBEAT_LOST)


def _give_back(work: Work, offer: OfferRow) -> None:
    """A written contact waits again at the head of its line, since when it waited before."""
    live.withdraw(work, offer, WithdrawalReason.PERSON_UNREACHABLE)
    contact = store.contact_of(work.session, offer.contact_id)
    if contact is not None and contact.state == store.TAKEN:
        live.back_in_front(contact)
