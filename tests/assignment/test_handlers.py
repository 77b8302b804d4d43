"""Assignment on a real database: offers, answers, deadlines, rest, and what comes late."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.assignment import (
    BeatHeart,
    ContactSentUntriaged,
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    LiveStateEntered,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import ReplyStatus
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Channel,
    ContactId,
    Departement,
    Destination,
    EndedBy,
    ForWhom,
    LanguageCode,
    LiveState,
    LiveStateReason,
    Nature,
    Need,
    Outcome,
    PersonId,
    Priority,
    Refusal,
    Role,
    Stage,
    WithdrawalReason,
)
from services.assignment.app import SERVICE
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from tests.assignment.builders import SOS, an_eligibility, published_terms

NOON = datetime(2020, 4, 6, 12, 0, tzinfo=UTC)
LISTENER, OTHER, REGULATOR = "v00001", "v00002", "g00001"


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(published_terms())
        for person, role in (
            (LISTENER, Role.LISTENER),
            (OTHER, Role.LISTENER),
            (REGULATOR, Role.REGULATOR),
        ):
            under_test.deliver(an_eligibility(person, role))
        yield under_test


def on_duty(floor: ServiceUnderTest, person: str, role: Role) -> None:
    assert floor.ask(StartDuty(), person, role).status is ReplyStatus.DONE
    floor.settle()


def a_contact_opened(floor: ServiceUnderTest, contact_id: str | None = None) -> ContactId:
    opened = ContactOpened(
        contact_id=ContactId(contact_id or new_id()),
        programme=SOS,
        programme_version=1,
        channel=Channel.PHONE,
        language=LanguageCode.UNKNOWN,
        first_stage=Stage.REGULATOR,
        opened_at=floor.now(),
    )
    floor.deliver(opened)
    floor.settle()
    return opened.contact_id


def triaged(
    floor: ServiceUnderTest,
    contact_id: ContactId,
    priority: Priority = Priority.P4,
    version: int = 1,
    departement: Departement | None = None,
) -> None:
    floor.deliver(
        ContactTriaged(
            contact_id=contact_id,
            programme=SOS,
            programme_version=1,
            channel=Channel.PHONE,
            opened_at=floor.now(),
            priority=priority,
            departement=departement,
            destination=Destination.LISTENER,
            need=Need.SOLITUDE,
            languages=(LanguageCode.FR,),
            for_whom=ForWhom.SELF,
            decided_by=PersonId(REGULATOR),
            decided_at=floor.now(),
            proposed_priority=priority,
            rules_version="triage-2026.1",
        ),
        version=version,
    )
    floor.settle()


def ended(
    floor: ServiceUnderTest, contact_id: ContactId, outcome: Outcome = Outcome.LISTENED
) -> None:
    floor.deliver(
        ContactEnded(
            contact_id=contact_id,
            programme=SOS,
            channel=Channel.PHONE,
            opened_at=NOON,
            ended_at=floor.now(),
            kept_until=floor.now() + timedelta(days=400),
            outcome=outcome,
            nature=Nature.ORDINARY,
            ended_by=EndedBy.CALLER,
        ),
        version=2,
    )
    floor.settle()


def last_offer(floor: ServiceUnderTest) -> OfferMade:
    return floor.announced(OfferMade)[-1]


def state_of(floor: ServiceUnderTest, person: str) -> LiveState:
    entered = [e for e in floor.announced(LiveStateEntered) if e.person_id == person]
    return entered[-1].state


def take(floor: ServiceUnderTest, role: Role = Role.LISTENER) -> OfferMade:
    offer = last_offer(floor)
    reply = floor.ask(TakeOffer(offer_id=offer.offer_id), offer.person_id, role)
    assert reply.status is ReplyStatus.DONE
    return offer


def a_contact_with(floor: ServiceUnderTest, listener: str) -> ContactId:
    """A contact that `listener` is talking with."""
    on_duty(floor, REGULATOR, Role.REGULATOR)
    on_duty(floor, listener, Role.LISTENER)
    contact_id = a_contact_opened(floor)
    take(floor, Role.REGULATOR)
    triaged(floor, contact_id)
    assert take(floor).person_id == listener
    return contact_id


def test_contact_goes_to_a_regulator_then_to_a_listener(floor: ServiceUnderTest) -> None:
    a_contact_with(floor, LISTENER)
    stages = [(offer.stage, offer.person_id) for offer in floor.announced(OfferMade)]
    assert stages == [(Stage.REGULATOR, REGULATOR), (Stage.LISTENER, LISTENER)]
    assert len(floor.announced(OfferTaken)) == 2
    assert state_of(floor, REGULATOR) is LiveState.READY
    assert state_of(floor, LISTENER) is LiveState.TALKING


def test_wrap_up_then_ready_or_rest_after_a_hard_contact(floor: ServiceUnderTest) -> None:
    contact_id = a_contact_with(floor, LISTENER)
    ended(floor, contact_id)
    assert state_of(floor, LISTENER) is LiveState.WRAPPING_UP
    floor.ask(FinishWrapUp(hard=True), LISTENER, Role.LISTENER)
    assert state_of(floor, LISTENER) is LiveState.RESTING
    floor.at(NOON + timedelta(seconds=601))
    floor.fire_deadlines()
    assert state_of(floor, LISTENER) is LiveState.READY


def test_nobody_resting_is_offered_anything(floor: ServiceUnderTest) -> None:
    ended(floor, a_contact_with(floor, LISTENER))
    floor.ask(FinishWrapUp(hard=True), LISTENER, Role.LISTENER)
    offers = len(floor.announced(OfferMade))
    triaged(floor, a_contact_opened_and_taken(floor))
    assert len(floor.announced(OfferMade)) == offers + 1, "the regulator's only"


def a_contact_opened_and_taken(floor: ServiceUnderTest) -> ContactId:
    contact_id = a_contact_opened(floor)
    take(floor, Role.REGULATOR)
    return contact_id


def test_caller_who_leaves_stops_the_ringing(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contact_id = a_contact_opened(floor)
    ended(floor, contact_id, Outcome.ABANDONED)
    withdrawn = floor.announced(OfferWithdrawn)[-1]
    assert withdrawn.reason is WithdrawalReason.CONTACT_ENDED
    assert state_of(floor, REGULATOR) is LiveState.READY
    reply = floor.ask(TakeOffer(offer_id=withdrawn.offer_id), REGULATOR, Role.REGULATOR)
    assert reply.refusal is Refusal.OFFER_OVER


def test_take_of_a_contact_that_had_left_frees_the_listener_at_once(
    floor: ServiceUnderTest,
) -> None:
    contact_id = a_contact_with(floor, LISTENER)
    ended(floor, contact_id, Outcome.ABANDONED)
    assert floor.announced(OfferWithdrawn)[-1].was_taken
    assert state_of(floor, LISTENER) is LiveState.READY


def test_declined_contact_goes_to_another_in_front_with_its_wait(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contact_id = a_contact_opened_and_taken(floor)
    on_duty(floor, LISTENER, Role.LISTENER)
    on_duty(floor, OTHER, Role.LISTENER)
    triaged(floor, contact_id)
    first = last_offer(floor)
    floor.at(NOON + timedelta(seconds=5))
    floor.ask(DeclineOffer(offer_id=first.offer_id), first.person_id, Role.LISTENER)
    floor.settle()
    second = last_offer(floor)
    assert {first.person_id, second.person_id} == {LISTENER, OTHER}
    assert second.waiting_since == first.waiting_since
    assert (first.attempt, second.attempt) == (1, 2)


def test_expired_offer_is_made_again_and_the_second_missed_one_pauses(
    floor: ServiceUnderTest,
) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    a_contact_opened(floor)
    for missed in (1, 2):
        floor.at(last_offer(floor).expires_at + timedelta(seconds=1))
        floor.fire_deadlines()
        floor.settle()
        assert len(floor.announced(OfferExpired)) == missed
    assert state_of(floor, REGULATOR) is LiveState.PAUSED
    entered = floor.announced(LiveStateEntered)[-1]
    assert (entered.reason, entered.missed_offers) == (LiveStateReason.TWO_MISSED_OFFERS, 2)
    assert floor.ask(Resume(), REGULATOR, Role.REGULATOR).status is ReplyStatus.DONE
    floor.settle()
    assert len(floor.announced(OfferMade)) == 3


def test_offer_past_its_time_cannot_be_taken(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    a_contact_opened(floor)
    offer = last_offer(floor)
    floor.at(offer.expires_at)
    reply = floor.ask(TakeOffer(offer_id=offer.offer_id), REGULATOR, Role.REGULATOR)
    assert reply.refusal is Refusal.OFFER_OVER


def test_offer_of_another_person_cannot_be_taken(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    a_contact_opened(floor)
    reply = floor.ask(TakeOffer(offer_id=last_offer(floor).offer_id), LISTENER, Role.LISTENER)
    assert reply.refusal is Refusal.NOT_YOURS


def test_pause_in_a_contact_is_granted_at_its_end(floor: ServiceUnderTest) -> None:
    contact_id = a_contact_with(floor, LISTENER)
    floor.ask(Pause(), LISTENER, Role.LISTENER)
    assert state_of(floor, LISTENER) is LiveState.TALKING
    ended(floor, contact_id)
    floor.ask(FinishWrapUp(), LISTENER, Role.LISTENER)
    assert state_of(floor, LISTENER) is LiveState.PAUSED


def test_leaving_duty_with_an_offer_gives_it_to_another(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contact_id = a_contact_opened_and_taken(floor)
    on_duty(floor, LISTENER, Role.LISTENER)
    triaged(floor, contact_id)
    floor.ask(EndDuty(), LISTENER, Role.LISTENER)
    assert floor.announced(OfferWithdrawn)[-1].reason is WithdrawalReason.PERSON_LEFT_DUTY
    on_duty(floor, OTHER, Role.LISTENER)
    assert last_offer(floor).person_id == OTHER


def test_no_regulator_in_time_sends_the_contact_untriaged_to_a_listener(
    floor: ServiceUnderTest,
) -> None:
    on_duty(floor, LISTENER, Role.LISTENER)
    a_contact_opened(floor)
    assert floor.announced(OfferMade) == []
    floor.at(NOON + timedelta(seconds=61))
    assert floor.fire_deadlines() >= 1, "it looks again by itself"
    floor.settle()
    offer = last_offer(floor)
    assert (offer.person_id, offer.stage, offer.untriaged) == (LISTENER, Stage.LISTENER, True)
    assert floor.announced(ContactSentUntriaged)[-1].priority is Priority.P3


def test_end_that_comes_before_the_beginning_leaves_nothing_waiting(
    floor: ServiceUnderTest,
) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contact_id = ContactId(new_id())
    ended(floor, contact_id, Outcome.ABANDONED)
    floor.deliver(
        ContactOpened(
            contact_id=contact_id,
            programme=SOS,
            programme_version=1,
            channel=Channel.PHONE,
            language=LanguageCode.UNKNOWN,
            first_stage=Stage.REGULATOR,
            opened_at=NOON,
        )
    )
    floor.settle()
    assert floor.announced(OfferMade) == []


def test_lapsed_accreditation_cannot_come_on_duty(floor: ServiceUnderTest) -> None:
    lapsed = an_eligibility("v00009", Role.LISTENER, valid_until=NOON - timedelta(days=1))
    floor.deliver(lapsed)
    reply = floor.ask(StartDuty(), "v00009", Role.LISTENER)
    assert reply.refusal is Refusal.ACCREDITATION_LAPSED


def test_accreditation_that_lapses_on_duty_ends_the_offers_not_the_talk(
    floor: ServiceUnderTest,
) -> None:
    short = an_eligibility(LISTENER, Role.LISTENER, valid_until=NOON + timedelta(minutes=5))
    floor.deliver(short, version=2)
    contact_id = a_contact_with(floor, LISTENER)
    floor.at(NOON + timedelta(minutes=6))
    floor.settle()
    assert state_of(floor, LISTENER) is LiveState.TALKING
    ended(floor, contact_id)
    floor.ask(FinishWrapUp(), LISTENER, Role.LISTENER)
    offers = len(floor.announced(OfferMade))
    triaged(floor, a_contact_opened_and_taken(floor))
    assert len(floor.announced(OfferMade)) == offers + 1, "the regulator's only"


def test_corrected_priority_moves_a_contact_that_still_waits(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contacts = []
    for _ in range(2):
        contact_id = a_contact_opened_and_taken(floor)
        triaged(floor, contact_id)
        contacts.append(contact_id)
    triaged(floor, contacts[1], Priority.P3, version=2)
    on_duty(floor, LISTENER, Role.LISTENER)
    assert last_offer(floor).contact_id == contacts[1]
    assert last_offer(floor).priority is Priority.P3


def test_empty_roster_says_not_yet_and_offers_nothing(floor: ServiceUnderTest) -> None:
    reply = floor.ask(StartDuty(), "v99999", Role.LISTENER)
    assert reply.status is ReplyStatus.NOT_YET
    a_contact_opened(floor)
    assert floor.announced(OfferMade) == []


def silence(floor: ServiceUnderTest) -> None:
    """No desk has been heard for a minute, and we have listened all the while."""
    minute_ago = "clock_timestamp() - interval '1 minute'"
    with floor.session() as session, session.begin():
        session.execute(text(f"UPDATE assignment.person SET last_beat = {minute_ago}"))
        session.execute(text(f"UPDATE assignment.lease SET since = {minute_ago}"))


def test_silent_desk_is_passed_over(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    a_contact_opened(floor)
    silence(floor)
    floor.settle()
    assert floor.announced(OfferWithdrawn)[-1].reason is WithdrawalReason.PERSON_UNREACHABLE
    assert state_of(floor, REGULATOR) is LiveState.PAUSED


def test_assigner_that_has_just_come_holds_no_silence_against_anybody(
    floor: ServiceUnderTest,
) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    silence(floor)
    with floor.session() as session, session.begin():
        session.execute(text("UPDATE assignment.lease SET since = clock_timestamp()"))
    floor.settle()
    assert state_of(floor, REGULATOR) is LiveState.READY


def test_one_heartbeat_speaks_for_all_desks_its_console_has_heard(floor: ServiceUnderTest) -> None:
    for person, role in ((LISTENER, Role.LISTENER), (OTHER, Role.LISTENER)):
        on_duty(floor, person, role)
    on_duty(floor, REGULATOR, Role.REGULATOR)
    silence(floor)
    heard = BeatHeart(others=(PersonId(OTHER), PersonId("v99999")))
    assert floor.ask(heard, LISTENER, Role.LISTENER).status is ReplyStatus.DONE
    floor.settle()
    assert state_of(floor, LISTENER) is LiveState.READY
    assert state_of(floor, OTHER) is LiveState.READY
    assert state_of(floor, REGULATOR) is LiveState.PAUSED, "nobody has heard this desk"
    with floor.session() as session:
        people = session.execute(text("SELECT person_id FROM assignment.person")).scalars()
        assert set(people) == {LISTENER, OTHER, REGULATOR}, "who is not known is not made"


def test_take_that_comes_too_late_locks_nobody(floor: ServiceUnderTest) -> None:
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contact_id = a_contact_opened(floor)
    offer = last_offer(floor)
    ended(floor, contact_id, Outcome.ABANDONED)
    with floor.session() as other, other.begin():
        other.execute(text("SELECT FROM assignment.person FOR UPDATE"))
        other.execute(text("SELECT FROM assignment.contact FOR UPDATE"))
        other.execute(text("SELECT FROM assignment.offer FOR UPDATE"))
        reply = floor.ask(TakeOffer(offer_id=offer.offer_id), REGULATOR, Role.REGULATOR)
    assert reply.refusal is Refusal.OFFER_OVER
