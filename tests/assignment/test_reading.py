"""What is known of people between two looks, on a real database: it is what another would read."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session

from contracts.assignment import DeclineOffer, EndDuty, FinishWrapUp, Pause, Resume, StartDuty
from contracts.contact import ContactOpened
from contracts.programme import AssignmentTerms
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    Need,
    Outcome,
    PersonId,
    Priority,
    Role,
    SkillCode,
    Stage,
)
from services.assignment import reading, store, writing
from services.assignment.app import SERVICE
from services.assignment.domain import PersonOnDuty
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from tests.assignment.builders import NEXT_YEAR, SOS, an_eligibility, published_terms
from tests.assignment.test_handlers import (
    LISTENER,
    NOON,
    OTHER,
    REGULATOR,
    a_contact_opened,
    ended,
    last_offer,
    on_duty,
    take,
    triaged,
)


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    """A regulator, two listeners, and one caller who waits for a language that nobody speaks."""
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        never = AssignmentTerms(language_fallback_seconds=0)
        under_test.deliver(published_terms(2, assignment=never))
        under_test.deliver(
            ContactOpened(
                contact_id=ContactId(new_id()),
                programme=SOS,
                programme_version=1,
                channel=Channel.PHONE,
                language=LanguageCode.LB,
                first_stage=Stage.LISTENER,
                opened_at=NOON,
            )
        )
        for person, role in (
            (LISTENER, Role.LISTENER),
            (OTHER, Role.LISTENER),
            (REGULATOR, Role.REGULATOR),
        ):
            under_test.deliver(an_eligibility(person, role))
            on_duty(under_test, person, role)
        yield under_test


def people(session: Session, now: datetime) -> set[PersonOnDuty]:
    (line,) = reading.lines_on_the_floor(session, now)
    assert len({person.person_id for person in line.on_duty}) == len(line.on_duty)
    return set(line.on_duty)


def seen(floor: ServiceUnderTest) -> set[PersonOnDuty]:
    """The people as the assigner sees them, which is as one sees them who knows nothing yet."""
    now = floor.now()
    known = people_now(floor)
    with Session(create_engine(floor.lane.engine.url)) as session:
        assert known == people(session, now)
    return known


def people_now(floor: ServiceUnderTest) -> set[PersonOnDuty]:
    with floor.session() as session:
        return people(session, floor.now())


def later(floor: ServiceUnderTest, seconds: float) -> None:
    floor.at(floor.now() + timedelta(seconds=seconds))
    floor.fire_deadlines()
    floor.settle()


def established_anew(floor: ServiceUnderTest) -> None:
    """A listener has learnt much; one of two accreditations lapses within the hour."""
    soon = floor.now() + timedelta(minutes=30)
    floor.deliver(
        EligibilityEstablished(
            person_id=PersonId(LISTENER),
            programme=SOS,
            established_at=NOON,
            valid_until=NEXT_YEAR - timedelta(days=1),
            shift_ends_at=NEXT_YEAR,
            accepts_last_minutes=True,
            qualification=Qualification(
                roles=(Role.LISTENER, Role.REGULATOR),
                languages=(LanguageCode.FR, LanguageCode.EN),
                topics=(Need.SOLITUDE,),
                skills=(SkillCode("SK-REGUL"),),
                declines=(Need.ECOUTE_GENERALISTE,),
                accreditations=(
                    Accreditation(channel=Channel.PHONE, level=3, valid_until=NEXT_YEAR),
                    Accreditation(channel=Channel.CHAT, level=2, valid_until=soon),
                ),
            ),
        ),
        version=2,
    )


def a_contact_to_the_listener(floor: ServiceUnderTest) -> ContactId:
    contact_id = a_contact_opened(floor)
    take(floor, Role.REGULATOR)
    triaged(floor, contact_id, Priority.P4)
    return contact_id


def a_day(floor: ServiceUnderTest) -> Iterator[str]:
    """Everything that can happen to people on duty, step by step."""
    floor.ask(Pause(), OTHER, Role.LISTENER)
    yield "paused"
    contact_id = a_contact_to_the_listener(floor)
    yield "offered"
    floor.ask(DeclineOffer(offer_id=last_offer(floor).offer_id), LISTENER, Role.LISTENER)
    yield "declined"
    later(floor, 61)  # who declined is asked again when nobody else is free
    yield "offered again"
    later(floor, 30)
    yield "missed"
    later(floor, 61)
    yield "missed again, or asked again"
    floor.ask(Resume(), LISTENER, Role.LISTENER)
    floor.settle()
    take(floor)
    yield "talking"
    established_anew(floor)
    yield "established anew"
    later(floor, 600)
    ended(floor, contact_id, Outcome.LISTENED)
    yield "wrapping up"
    floor.ask(FinishWrapUp(hard=True), LISTENER, Role.LISTENER)
    yield "resting"
    later(floor, 601)
    yield "rested"
    later(floor, 1800)
    yield "one accreditation lapsed"
    floor.ask(EndDuty(), LISTENER, Role.LISTENER)
    yield "gone"
    floor.ask(StartDuty(), LISTENER, Role.REGULATOR)
    yield "back in another role"
    with floor.session() as session, session.begin():
        minute_ago = "clock_timestamp() - interval '1 minute'"
        session.execute(text(f"UPDATE assignment.person SET last_beat = {minute_ago}"))
        session.execute(text(f"UPDATE assignment.lease SET since = {minute_ago}"))
    floor.settle()
    yield "nobody is heard any more"


#: One region and one contact at a time for everyone, as yet.
NEVER_CHANGES = {"person_id", "region"}


def test_whatever_happens_to_people_is_seen_at_the_next_look(floor: ServiceUnderTest) -> None:
    days = [{person.person_id: person for person in seen(floor)}]
    for _ in a_day(floor):
        days.append({person.person_id: person for person in seen(floor)})
    for name in {field.name for field in fields(PersonOnDuty)} - NEVER_CHANGES:
        values = {getattr(day[LISTENER], name) for day in days if LISTENER in day}
        assert len(values) > 1, f"{name} never changed, so this says nothing of it"


def test_person_who_has_not_changed_is_not_read_again(floor: ServiceUnderTest) -> None:
    before = seen(floor)
    floor.ask(Pause(), OTHER, Role.LISTENER)
    same = {id(person) for person in before} & {id(person) for person in people_now(floor)}
    assert len(same) == 2, "the other two"


def test_what_is_taken_back_is_not_known(floor: ServiceUnderTest) -> None:
    with floor.session() as session:
        person = store.person_of(session, LISTENER)
        assert person is not None
        person.missed_offers, person.version = 1, person.version + 1
        writing.save(session)
        assert {person.missed_offers for person in people(session, NOON)} == {0, 1}
        session.rollback()
    with floor.session() as session, session.begin():
        session.execute(text("UPDATE assignment.person SET version = version + 1"))
    assert {person.missed_offers for person in seen(floor)} == {0}


def test_only_who_is_on_duty_is_kept_in_mind(floor: ServiceUnderTest) -> None:
    for _ in range(3):
        floor.ask(Pause(), OTHER, Role.LISTENER)
        floor.ask(Resume(), OTHER, Role.LISTENER)
        seen(floor)
    assert len(reading.known_people(floor.lane.engine)) == 3
    floor.ask(EndDuty(), OTHER, Role.LISTENER)
    seen(floor)
    assert len(reading.known_people(floor.lane.engine)) == 2


def test_wish_is_seen_though_it_is_announced_to_nobody(floor: ServiceUnderTest) -> None:
    floor.ask(Pause(), OTHER, Role.LISTENER)
    a_contact_to_the_listener(floor)
    take(floor)
    seen(floor)
    floor.ask(Pause(), LISTENER, Role.LISTENER)
    with floor.session() as session:
        (line,) = reading.lines_on_the_floor(session, NOON)
    assert line.rows[LISTENER]["wish"] == "paused"
