"""Ways out on a real database: to whom they are offered, once; and whether anybody is on duty."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.assignment import (
    DeclineOffer,
    EndDuty,
    LineStaffed,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    Pause,
    StartDuty,
    WayOutOffered,
)
from contracts.contact import ContactEnded
from contracts.envelope import ReplyStatus
from contracts.programme import AssignmentTerms
from contracts.vocabulary import (
    Channel,
    ContactId,
    EndedBy,
    LiveState,
    Nature,
    Outcome,
    Priority,
    ProgrammeId,
    Role,
    WayOut,
)
from contracts.writing import ReturnTerms
from services.assignment.app import SERVICE
from services.bus.testing import ServiceUnderTest, service_under_test
from tests.assignment.builders import SOS, an_eligibility, published_terms
from tests.assignment.test_handlers import (
    LISTENER,
    NOON,
    OTHER,
    REGULATOR,
    a_contact_opened,
    a_contact_opened_and_taken,
    on_duty,
    state_of,
    take,
    triaged,
)

#: A way out is offered as soon as somebody waits.
OFFERING = AssignmentTerms(way_out=True, way_out_share=0.0)


@pytest.fixture
def floor(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(published_terms(11, assignment=OFFERING))
        for person, role in (
            (LISTENER, Role.LISTENER),
            (OTHER, Role.LISTENER),
            (REGULATOR, Role.REGULATOR),
        ):
            under_test.deliver(an_eligibility(person, role))
        yield under_test


def one_who_waits(floor: ServiceUnderTest, priority: Priority = Priority.P4) -> ContactId:
    """A contact that a regulator has sent to the listening line, where nobody is free."""
    on_duty(floor, REGULATOR, Role.REGULATOR)
    contact_id = a_contact_opened_and_taken(floor)
    triaged(floor, contact_id, priority)
    return contact_id


def offered(floor: ServiceUnderTest) -> list[ContactId]:
    return [each.contact_id for each in floor.announced(WayOutOffered)]


@pytest.mark.parametrize("priority", [Priority.P3, Priority.P4, Priority.P5])
def test_who_waits_for_a_listener_is_offered_a_way_out_once(
    floor: ServiceUnderTest, priority: Priority
) -> None:
    contact_id = one_who_waits(floor, priority)
    way_out = floor.announced(WayOutOffered)[-1]
    assert (way_out.contact_id, way_out.way_out) == (contact_id, WayOut.RETURN_PASS)
    assert way_out.valid_until == NOON + timedelta(minutes=10)
    floor.at(NOON + timedelta(hours=1))
    floor.settle()
    assert offered(floor) == [contact_id]


@pytest.mark.parametrize("priority", [Priority.P1, Priority.P2])
def test_who_is_at_risk_is_offered_no_way_out(floor: ServiceUnderTest, priority: Priority) -> None:
    one_who_waits(floor, priority)
    assert offered(floor) == []


def test_who_was_found_at_risk_once_is_offered_none_after_a_correction(
    floor: ServiceUnderTest,
) -> None:
    contact_id = one_who_waits(floor, Priority.P2)
    triaged(floor, contact_id, Priority.P4, version=2)
    assert offered(floor) == []


def test_nobody_is_offered_a_way_out_before_a_human_has_heard_them(floor: ServiceUnderTest) -> None:
    """Sent untriaged, declined, back in the line, and served as P3: by software."""
    on_duty(floor, REGULATOR, Role.REGULATOR)
    floor.ask(Pause(), REGULATOR, Role.REGULATOR)
    on_duty(floor, LISTENER, Role.LISTENER)
    a_contact_opened(floor)
    floor.at(NOON + timedelta(seconds=61))
    floor.settle()
    offer = floor.announced(OfferMade)[-1]
    assert offer.untriaged
    floor.ask(DeclineOffer(offer_id=offer.offer_id), LISTENER, Role.LISTENER)
    floor.settle()
    floor.at(NOON + timedelta(minutes=30))
    floor.settle()
    assert offered(floor) == []


def test_no_way_out_is_offered_where_the_programme_does_not_allow_it(
    fresh_database: str, tmp_path: Path
) -> None:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as floor:
        floor.deliver(published_terms())
        floor.deliver(an_eligibility(REGULATOR, Role.REGULATOR))
        one_who_waits(floor)
        floor.at(NOON + timedelta(minutes=30))
        floor.settle()
        assert offered(floor) == []


def test_line_without_return_passes_offers_another_line(
    fresh_database: str, tmp_path: Path
) -> None:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as floor:
        none = ReturnTerms(return_pass=False)
        floor.deliver(published_terms(12, assignment=OFFERING, returning=none))
        floor.deliver(an_eligibility(REGULATOR, Role.REGULATOR))
        one_who_waits(floor)
        assert floor.announced(WayOutOffered)[-1].way_out is WayOut.ANOTHER_LINE


def test_who_was_offered_a_way_out_is_served_as_before(floor: ServiceUnderTest) -> None:
    contact_id = one_who_waits(floor)
    assert offered(floor) == [contact_id]
    on_duty(floor, LISTENER, Role.LISTENER)
    made = floor.announced(OfferMade)[-1]
    assert (made.contact_id, made.person_id) == (contact_id, LISTENER)
    assert made.waiting_since == NOON


def test_nobody_is_offered_a_way_out_while_somebody_free_can_be_offered(
    floor: ServiceUnderTest,
) -> None:
    on_duty(floor, LISTENER, Role.LISTENER)
    one_who_waits(floor)
    assert floor.announced(OfferMade)[-1].person_id == LISTENER
    assert offered(floor) == []


def test_yes_that_crossed_a_take_frees_the_listener_at_once(floor: ServiceUnderTest) -> None:
    """Intake had ended the contact before it heard of the take: nobody was with the caller."""
    contact_id = one_who_waits(floor)
    on_duty(floor, LISTENER, Role.LISTENER)
    take(floor)
    assert len(floor.announced(OfferTaken)) == 2
    floor.deliver(
        ContactEnded(
            contact_id=contact_id, programme=SOS, channel=Channel.PHONE, opened_at=NOON,
            ended_at=NOON, outcome=Outcome.RETURN_PASS_GIVEN, nature=Nature.ORDINARY,
            ended_by=EndedBy.CALLER, kept_until=NOON + timedelta(days=400),
        ),
        version=2,
    )  # fmt: skip
    floor.settle()
    assert floor.announced(OfferWithdrawn)[-1].was_taken
    assert state_of(floor, LISTENER) is LiveState.READY


# --- whether anybody is on duty -------------------------------------------------------------------


def said_of(floor: ServiceUnderTest, programme: str = SOS) -> list[bool]:
    return [e.staffed for e in floor.announced(LineStaffed) if e.programme == programme]


def test_line_is_said_to_have_nobody_until_the_first_comes_and_once_the_last_has_left(
    floor: ServiceUnderTest,
) -> None:
    assert said_of(floor) == [False]
    on_duty(floor, LISTENER, Role.LISTENER)
    on_duty(floor, REGULATOR, Role.REGULATOR)
    assert said_of(floor) == [False, True]
    floor.ask(EndDuty(), LISTENER, Role.LISTENER)
    floor.ask(Pause(), REGULATOR, Role.REGULATOR)
    assert said_of(floor) == [False, True], "who pauses is on duty"
    floor.ask(EndDuty(), REGULATOR, Role.REGULATOR)
    assert said_of(floor) == [False, True, False]
    floor.ask(StartDuty(), LISTENER, Role.LISTENER)
    assert said_of(floor) == [False, True, False, True]


def test_new_version_of_a_line_says_nothing_anew_of_who_is_there(floor: ServiceUnderTest) -> None:
    on_duty(floor, LISTENER, Role.LISTENER)
    floor.deliver(published_terms(13, assignment=OFFERING), version=2)
    assert said_of(floor) == [False, True]


def test_who_comes_back_from_a_pause_for_another_line_leaves_the_first(
    floor: ServiceUnderTest,
) -> None:
    other = ProgrammeId("sos-amitie")
    floor.deliver(published_terms().model_copy(update={"programme": other}))
    eligible = an_eligibility(LISTENER, Role.LISTENER)
    floor.deliver(eligible.model_copy(update={"programme": other}), version=2)
    on_duty(floor, LISTENER, Role.LISTENER)
    floor.ask(Pause(), LISTENER, Role.LISTENER)
    reply = floor.ask(StartDuty(), LISTENER, Role.LISTENER, programme=other)
    assert reply.status is ReplyStatus.DONE
    assert (said_of(floor), said_of(floor, other)) == ([False, True, False], [False, True])


def test_what_was_said_of_a_line_stands_in_its_row(floor: ServiceUnderTest) -> None:
    on_duty(floor, LISTENER, Role.LISTENER)
    with floor.session() as session:
        rows = session.execute(text("SELECT programme, staffed, version FROM assignment.line"))
        assert [tuple(row) for row in rows] == [(SOS, True, 2)]
