"""Preferences, ladders and last minutes, on a real database: from what is told to what is offered.

What each rule decides is in test_soft_rules; here, that what others say reaches it.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.assignment import EndDuty, FinishWrapUp, OfferMade
from contracts.contact import ContactOpened
from contracts.frame import Federation, FrameTerms, Member
from contracts.programme import AssignmentTerms
from contracts.roster import EligibilityEstablished
from contracts.vocabulary import (
    Channel,
    ContactId,
    Departement,
    LanguageCode,
    LiveState,
    OfferReason,
    OrganisationId,
    PersonId,
    Pool,
    Priority,
    Role,
    Stage,
)
from services.assignment.app import SERVICE
from services.assignment.domain import NobodyReason
from services.assignment.store import ContactRow
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from tests.assignment.builders import SOS, an_eligibility, published_terms
from tests.assignment.test_handlers import (
    LISTENER,
    NOON,
    OTHER,
    ended,
    on_duty,
    state_of,
    take,
    triaged,
)


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(published_terms())
        for person in (LISTENER, OTHER):
            under_test.deliver(an_eligibility(person, Role.LISTENER))
        yield under_test


def somebody_calls(floor: ServiceUnderTest, **said: Any) -> ContactId:
    opened = ContactOpened(
        contact_id=ContactId(new_id()),
        programme=SOS,
        programme_version=1,
        channel=Channel.PHONE,
        language=LanguageCode.FR,
        first_stage=Stage.LISTENER,
        opened_at=floor.now(),
    ).model_copy(update=said)
    floor.deliver(opened)
    floor.settle()
    return opened.contact_id


def the_offer(floor: ServiceUnderTest, contact_id: ContactId) -> OfferMade:
    (made,) = [each for each in floor.announced(OfferMade) if each.contact_id == contact_id]
    return made


def later(floor: ServiceUnderTest, seconds: float) -> None:
    floor.at(floor.now() + timedelta(seconds=seconds))
    floor.fire_deadlines()
    floor.settle()


def established(floor: ServiceUnderTest, version: int, **shift: Any) -> EligibilityEstablished:
    said = {"established_at": floor.now()} | shift
    event = an_eligibility(LISTENER, Role.LISTENER).model_copy(update=said)
    floor.deliver(event, version=version)
    return event


def test_who_comes_back_is_offered_to_who_they_were_cut_off_from(floor: ServiceUnderTest) -> None:
    on_duty(floor, LISTENER, Role.LISTENER)
    floor.at(NOON + timedelta(seconds=5))
    on_duty(floor, OTHER, Role.LISTENER)
    contact_id = somebody_calls(floor, sought=PersonId(OTHER))
    offer = the_offer(floor, contact_id)
    assert offer.person_id == OTHER
    assert OfferReason.SOUGHT_AGAIN in offer.reasons


def test_slowed_caller_waits_behind_one_who_came_later_and_is_served(
    floor: ServiceUnderTest,
) -> None:
    slowed = somebody_calls(floor, slowed=True)
    floor.at(NOON + timedelta(seconds=5))
    after = somebody_calls(floor)
    on_duty(floor, LISTENER, Role.LISTENER)
    assert the_offer(floor, after).person_id == LISTENER
    on_duty(floor, OTHER, Role.LISTENER)
    assert the_offer(floor, slowed).person_id == OTHER


def test_language_nobody_speaks_is_answered_in_the_lines_own_after_its_delay(
    floor: ServiceUnderTest,
) -> None:
    more = AssignmentTerms(language_fallback_seconds=120)
    floor.deliver(published_terms(24, assignment=more), version=24)
    on_duty(floor, LISTENER, Role.LISTENER)
    contact_id = somebody_calls(floor, language=LanguageCode.LB)
    later(floor, 119)
    assert floor.announced(OfferMade) == []
    later(floor, 1)
    assert OfferReason.FALLBACK_LANGUAGE in the_offer(floor, contact_id).reasons


def test_message_never_takes_the_listener_of_who_waits_on_the_telephone(
    floor: ServiceUnderTest,
) -> None:
    writes = an_eligibility(LISTENER, Role.LISTENER)
    (phone,) = writes.qualification.accreditations
    both = (phone, phone.model_copy(update={"channel": Channel.MESSAGE}))
    brings = writes.qualification.model_copy(update={"accreditations": both})
    floor.deliver(writes.model_copy(update={"qualification": brings}), version=2)
    message = somebody_calls(floor, channel=Channel.MESSAGE)
    floor.at(NOON + timedelta(hours=1))
    call = somebody_calls(floor)
    on_duty(floor, LISTENER, Role.LISTENER)
    assert the_offer(floor, call).person_id == LISTENER
    take(floor)
    ended(floor, call)
    floor.ask(FinishWrapUp(), LISTENER, Role.LISTENER)
    floor.settle()
    assert the_offer(floor, message).person_id == LISTENER


def obstacles(floor: ServiceUnderTest, contact_id: ContactId) -> list[str]:
    return floor.read(lambda session: session.get_one(ContactRow, contact_id).obstacles)


def test_why_nobody_is_offered_a_contact_is_kept_with_it(floor: ServiceUnderTest) -> None:
    more = AssignmentTerms(language_fallback_seconds=120)
    floor.deliver(published_terms(24, assignment=more), version=24)
    contact_id = somebody_calls(floor, language=LanguageCode.LB)
    assert obstacles(floor, contact_id) == [NobodyReason.NOBODY_ON_DUTY]
    on_duty(floor, LISTENER, Role.LISTENER)
    assert obstacles(floor, contact_id) == [NobodyReason.NO_SHARED_LANGUAGE]
    later(floor, 120)
    assert the_offer(floor, contact_id).person_id == LISTENER
    later(floor, 21)
    assert obstacles(floor, contact_id) == [NobodyReason.NO_SHARED_LANGUAGE], "till next time"


# --- the end of a shift ---------------------------------------------------------------------------


def test_last_minutes_begin_by_themselves_and_a_yes_ends_them(floor: ServiceUnderTest) -> None:
    ends = NOON + timedelta(minutes=21)
    established(floor, 2, shift_ends_at=ends)
    on_duty(floor, LISTENER, Role.LISTENER)
    later(floor, 61)
    contact_id = somebody_calls(floor)
    assert floor.announced(OfferMade) == []
    established(floor, 3, shift_ends_at=ends, accepts_last_minutes=True)
    floor.settle()
    assert the_offer(floor, contact_id).person_id == LISTENER


def test_end_of_a_shift_ends_no_talk(floor: ServiceUnderTest) -> None:
    established(floor, 2, shift_ends_at=NOON + timedelta(minutes=30))
    on_duty(floor, LISTENER, Role.LISTENER)
    somebody_calls(floor)
    take(floor)
    later(floor, 3600)
    established(floor, 3)
    floor.settle()
    assert state_of(floor, LISTENER) is LiveState.TALKING


def test_who_stays_after_the_shift_is_offered_nothing_until_they_come_anew(
    floor: ServiceUnderTest,
) -> None:
    ends = NOON + timedelta(minutes=30)
    established(floor, 2, shift_ends_at=ends, accepts_last_minutes=True)
    on_duty(floor, LISTENER, Role.LISTENER)
    floor.at(ends)
    established(floor, 3)  # the roster knows of no shift any more
    contact_id = somebody_calls(floor, priority=Priority.P4)
    assert floor.announced(OfferMade) == []
    floor.ask(EndDuty(), LISTENER, Role.LISTENER)
    on_duty(floor, LISTENER, Role.LISTENER)
    assert the_offer(floor, contact_id).person_id == LISTENER


def test_shift_that_is_taken_off_the_plan_has_no_last_minutes(floor: ServiceUnderTest) -> None:
    established(floor, 2, shift_ends_at=NOON + timedelta(minutes=10))
    on_duty(floor, LISTENER, Role.LISTENER)
    contact_id = somebody_calls(floor)
    assert floor.announced(OfferMade) == []
    established(floor, 3)
    floor.settle()
    assert the_offer(floor, contact_id).person_id == LISTENER


# --- federations ----------------------------------------------------------------------------------

PARIS, MARSEILLE = OrganisationId("asso-paris"), OrganisationId("asso-marseille")


def a_federation(pool: Pool) -> FrameTerms:
    members = (Member(organisation=MARSEILLE, departements=(Departement("13"),)),)
    return FrameTerms(federation=Federation(pool=pool, associations=2, members=members))


def of(person: PersonId, organisation: OrganisationId) -> EligibilityEstablished:
    event = an_eligibility(person, Role.LISTENER)
    brings = event.qualification.model_copy(update={"organisation": organisation})
    return event.model_copy(update={"qualification": brings})


@pytest.mark.parametrize(
    ("pool", "version", "expected"),
    [(Pool.REGIONAL_FIRST, 21, OTHER), (Pool.SPLIT, 22, OTHER), (Pool.ANYBODY, 23, LISTENER)],
)
def test_caller_of_a_federation_is_heard_from_their_region(
    floor: ServiceUnderTest, pool: Pool, version: int, expected: str
) -> None:
    floor.deliver(published_terms(version, frame=a_federation(pool)), version=version)
    for person, organisation in ((LISTENER, PARIS), (OTHER, MARSEILLE)):
        floor.deliver(of(PersonId(person), organisation), version=2)
        on_duty(floor, person, Role.LISTENER)
        later(floor, 1)
    contact_id = ContactId(new_id())
    triaged(floor, contact_id, departement=Departement("13"))
    floor.settle()
    assert the_offer(floor, contact_id).person_id == expected
