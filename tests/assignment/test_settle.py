"""One look at the floor on a real database: what it reads, and that it chooses as the plain form.

Who has which eligibility stands in rows here, so that a crowd is there without its journeys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from psycopg import Connection, Cursor
from pydantic.fields import FieldInfo
from sqlalchemy import event, text
from sqlmodel import Session, select

from contracts.assignment import OfferMade
from contracts.roster import Accreditation, EligibilityEstablished, Qualification
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    LiveState,
    Need,
    PersonId,
    Priority,
    Role,
    Stage,
)
from services.assignment import reading, store, writing
from services.assignment.app import SERVICE
from services.assignment.choice import choose
from services.assignment.domain import Look, Rules
from services.assignment.floor import Floor
from services.assignment.forecast import forecast_from
from services.assignment.reading import LOOK_BACK, LineOnTheFloor
from services.assignment.settle import ChoiceOutdated, decide, offer_all, rules_from
from services.assignment.store import ContactRow, EligibilityRow, OfferRow, PersonRow
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.traces import Step
from services.bus.work import Work, new_id
from tests.assignment.builders import MARCH, NEXT_YEAR, SOS, published_terms

NOON = datetime(2020, 4, 6, 12, 0, tzinfo=UTC)
NEEDS = (Need.SOLITUDE, Need.ECOUTE_GENERALISTE)


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(published_terms())
        yield under_test


def an_eligibility_row(person_id: str, role: Role, dice: Random) -> EligibilityRow:
    languages = (LanguageCode.FR, LanguageCode.EN)
    established = EligibilityEstablished(
        person_id=PersonId(person_id),
        programme=SOS,
        established_at=MARCH,
        valid_until=NEXT_YEAR,
        qualification=Qualification(
            roles=(role,),
            languages=languages[: dice.choice([1, 2])],
            topics=NEEDS[: dice.choice([0, 1, 2])],
            declines=NEEDS[: dice.choice([0, 0, 1])],
            accreditations=(
                Accreditation(
                    channel=Channel.PHONE, level=dice.choice([1, 1, 2, 3]), valid_until=NEXT_YEAR
                ),
            ),
        ),
    )
    return EligibilityRow(
        person_id=person_id,
        programme=SOS,
        version=1,
        valid_until=NEXT_YEAR,
        roles=[role.value],
        qualification=established.qualification.model_dump(mode="json"),
    )


def a_person_row(person_id: str, role: Role, dice: Random) -> PersonRow:
    return PersonRow(
        person_id=person_id,
        programme=SOS,
        role=role,
        state=dice.choice([LiveState.READY, LiveState.READY, LiveState.WRAPPING_UP]),
        since=NOON - timedelta(seconds=dice.randrange(600)),
        consecutive_contacts=dice.choice([0, 2]),
        wrapped_up_at=dice.choice([None, NOON - timedelta(seconds=200)]),
    )


def a_contact_row(state: str, dice: Random) -> ContactRow:
    joined_at = NOON - timedelta(seconds=dice.randrange(200))
    return ContactRow(
        contact_id=new_id(),
        programme=SOS,
        channel=Channel.PHONE,
        stage=dice.choice([Stage.LISTENER, Stage.LISTENER, Stage.REGULATOR]),
        state=state,
        priority=dice.choice([None, *Priority]),
        need=dice.choice([*NEEDS, Need.UNKNOWN]),
        languages=dice.choice([[], ["fr"], ["en"], ["fr", "en"]]),
        waiting_since=joined_at - timedelta(seconds=dice.randrange(30)),
        joined_at=joined_at,
        front=dice.choice([False, True]),
        declined_by=dice.choice([[], ["p1"]]),
        sought=dice.choice([None, None, "p1"]),
        slowed=dice.choice([False, False, True]),
    )


def a_crowd(floor: ServiceUnderTest, people: int, waiting: int, seed: int) -> None:
    """So many people on duty, so many contacts that wait, and as many that are over."""
    dice = Random(seed)
    with floor.session() as session, session.begin():
        for number in range(people):
            person_id, role = f"p{number}-{seed}", dice.choice([Role.LISTENER, Role.REGULATOR])
            session.add(an_eligibility_row(person_id, role, dice))
            session.add(a_person_row(person_id, role, dice))
        for state in (store.WAITING, store.ENDED):
            session.add_all([a_contact_row(state, dice) for _ in range(waiting)])


def a_look(floor: ServiceUnderTest) -> tuple[LineOnTheFloor, Rules]:
    """What is seen of the line, and its rules."""
    with floor.session() as session:
        (line,) = reading.lines_on_the_floor(session, floor.now())
        assert line.programme_version is not None
        return line, rules_from(store.terms_of(session, SOS, line.programme_version))


@contextmanager
def statements(floor: ServiceUnderTest) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    class Noting(Cursor[tuple[object, ...]]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            asked.append(query)
            return super().execute(query, params, **options)

    def note(driver: Connection, *_: object) -> None:
        driver.cursor_factory = Noting

    event.listen(floor.lane.engine, "checkout", note)
    yield asked
    event.remove(floor.lane.engine, "checkout", note)
    floor.lane.engine.dispose()


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_decided_on_as_the_plain_form_decides(floor: ServiceUnderTest, seed: int) -> None:
    a_crowd(floor, people=12, waiting=15, seed=seed)
    line, rules = a_look(floor)
    assert line.joined, "without callers at risk nothing would be held back"
    forecast = forecast_from(line.joined, NOON - LOOK_BACK, NOON, rules)
    plain = choose(line.waiting, line.on_duty, Look(NOON, rules, forecast))
    decision = decide(line, Floor(rules), NOON)
    assert decision.proposals
    assert decision.proposals == plain.proposals
    assert set(decision.outcomes) == set(plain.outcomes)
    assert decision.next_look_at == plain.next_look_at


def test_many_offers_of_one_look_are_each_written_and_announced(floor: ServiceUnderTest) -> None:
    a_crowd(floor, people=12, waiting=15, seed=7)
    floor.settle()
    made = {offer.offer_id: offer for offer in floor.announced(OfferMade)}
    assert len(made) > 2

    def rows(session: Session) -> list[tuple[OfferRow, ContactRow, PersonRow]]:
        found = (
            select(OfferRow, ContactRow, PersonRow)
            .where(OfferRow.offer_id == ContactRow.offer_id)
            .where(OfferRow.offer_id == PersonRow.offer_id)
        )
        return list(session.exec(found).all())

    offered = floor.read(rows)
    assert {offer.offer_id for offer, _, _ in offered} == set(made)
    for offer, contact, person in offered:
        announced = made[offer.offer_id]  # type: ignore[index]
        assert (offer.contact_id, offer.person_id) == (contact.contact_id, person.person_id)
        assert (offer.state, contact.state, person.state) == ("open", "offered", "offered")
        assert (offer.made_at, offer.expires_at) == (announced.made_at, announced.expires_at)
        assert offer.reasons == [reason.value for reason in announced.reasons]
        assert (offer.version, contact.offers, person.contact_id) == (1, 1, contact.contact_id)
        assert floor.deadlines()["offer_expires", offer.offer_id] == offer.expires_at


def an_offer_row(person_id: str, eligibility_version: int) -> OfferRow:
    return OfferRow(
        offer_id=new_id(),
        contact_id=new_id(),
        person_id=person_id,
        programme=SOS,
        channel=Channel.PHONE,
        stage=Stage.LISTENER,
        state=store.OPEN,
        made_at=NOON,
        expires_at=NOON + timedelta(seconds=20),
        reasons=[],
        rules_version="triage-2026.1",
        eligibility_version=eligibility_version,
    )


def test_offer_on_another_eligibility_is_never_written(floor: ServiceUnderTest) -> None:
    a_crowd(floor, people=2, waiting=0, seed=8)
    sound, stale = an_offer_row("p0-8", 1), an_offer_row("p1-8", 2)
    with floor.session() as session:
        assert not writing.make_offers(session, [sound, stale])
        session.rollback()
        assert writing.make_offers(session, [sound])


def test_offer_on_a_lapsed_eligibility_is_never_written(floor: ServiceUnderTest) -> None:
    a_crowd(floor, people=1, waiting=0, seed=9)
    floor.at(NEXT_YEAR)
    with floor.session() as session:
        assert not writing.make_offers(session, [an_offer_row("p0-9", 1)])


def test_floor_where_nobody_waits_is_seen_in_one_statement(floor: ServiceUnderTest) -> None:
    a_crowd(floor, people=12, waiting=0, seed=10)
    floor.settle()  # a version's terms are read once
    with statements(floor) as asked:
        floor.settle()
    assert len(asked) == 2, "the lease with the moment, and the lines on the floor"


def test_backlog_with_nobody_free_is_seen_in_one_statement(floor: ServiceUnderTest) -> None:
    a_crowd(floor, people=12, waiting=15, seed=11)
    with floor.session() as session, session.begin():
        session.execute(text("UPDATE assignment.person SET state = 'wrapping_up'"))
    floor.settle()
    with statements(floor) as asked:
        floor.settle()
    assert len(asked) == 2, "the lease with the moment, and the lines on the floor"


SINCE_THE_LOOK = {
    "person": "UPDATE assignment.person SET version = version + 1",
    "contact": "UPDATE assignment.contact SET state = 'ended' WHERE state = 'waiting'",
    "contact offered before": "UPDATE assignment.contact SET offers = offers + 1",
    "eligibility": "UPDATE assignment.eligibility SET version = version + 1",
}


@pytest.mark.parametrize("moved", SINCE_THE_LOOK)
def test_offer_of_what_has_moved_since_the_look_is_never_written(
    floor: ServiceUnderTest, moved: str
) -> None:
    a_crowd(floor, people=12, waiting=15, seed=13)
    line, rules = a_look(floor)
    decision = decide(line, Floor(rules), NOON)
    with floor.session() as session, session.begin():
        session.execute(text(SINCE_THE_LOOK[moved]))
    with floor.session() as session:
        in_force = store.terms_of(session, SOS, 1)
        work = Work(session, NOON, "assignment", new_id(), Step("assignment", "settle", None))
        with pytest.raises(ChoiceOutdated):
            offer_all(work, line, in_force, decision.proposals)


def test_look_that_offers_asks_six_statements(floor: ServiceUnderTest) -> None:
    a_crowd(floor, people=12, waiting=15, seed=14)
    a_look(floor)  # the terms of a line are read once
    with statements(floor) as asked:
        floor.settle()
    assert floor.announced(OfferMade)
    assert len(asked) == 6, "lease and moment, look, offers, why others wait, inbox, outbox"


#: What is written when a row is made, and by nothing that changes it later.
NEVER_SAVED = {
    ContactRow: {
        "contact_id",
        "programme",
        "channel",
        "waiting_since",
        "sought",
        "slowed",
        "obstacles",
    },
    PersonRow: {"person_id", "last_beat"},
    OfferRow: set(OfferRow.model_fields) - {"state", "version"},
}
OTHER_VALUES: dict[Any, object] = {
    str: "another",
    int: 17,
    bool: True,
    list[str]: ["another"],
    datetime: NOON + timedelta(hours=1),
}


def another_value(field: FieldInfo) -> object:
    """A value of the field's type, or of its type where it may also be empty."""
    types = (field.annotation, *get_args(field.annotation))
    return next(OTHER_VALUES[one] for one in types if one in OTHER_VALUES)


@pytest.mark.parametrize("kind", NEVER_SAVED)
def test_every_field_that_may_change_is_saved(
    floor: ServiceUnderTest, kind: type[ContactRow] | type[PersonRow] | type[OfferRow]
) -> None:
    dice = Random(12)
    with floor.session() as session, session.begin():
        contact, offer = a_contact_row(store.WAITING, dice), an_offer_row("p0-12", 1)
        contact.front = contact.untriaged = False
        session.add_all([contact, offer, a_person_row("p0-12", Role.LISTENER, dice)])
    others = {
        name: another_value(field)
        for name, field in kind.model_fields.items()
        if name not in NEVER_SAVED[kind]
    }
    with floor.session() as session, session.begin():
        row = session.exec(select(kind)).one()
        for name, value in others.items():
            setattr(row, name, value)
        writing.save(session)
    saved = floor.read(lambda session: session.exec(select(kind)).one())
    assert {name: getattr(saved, name) for name in others} == others
