"""What a person's own history says they are owed."""

from datetime import timedelta

import pytest

from contracts.assignment import LiveStateEntered, OfferTaken
from contracts.programme import RestRules
from contracts.vocabulary import (
    Channel,
    ContactId,
    LiveState,
    LiveStateReason,
    OfferId,
    PersonId,
    Role,
    Stage,
)
from deploy.verify.person import Person, after_entering, after_take
from tests.assignment.builders import SOS
from tests.verify.recorder import TEN_O_CLOCK, an_id

REST = RestRules(
    after_hard_seconds=900, max_consecutive_contacts=2, break_seconds=600,
    missed_offers_before_pause=2,
)  # fmt: skip


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def take(person: Person, at: float, stage: Stage = Stage.LISTENER) -> Person:
    taken = OfferTaken(
        offer_id=OfferId(an_id("offer")),
        contact_id=ContactId(an_id("ana")),
        programme=SOS,
        person_id=PersonId(person.person_id),
        stage=stage,
        channel=Channel.PHONE,
        taken_at=TEN_O_CLOCK + minutes(at),
        waiting_since=TEN_O_CLOCK,
    )
    return after_take(person, taken, REST)


def finish(
    person: Person,
    at: float,
    state: LiveState = LiveState.READY,
    reason: LiveStateReason = LiveStateReason.ASKED,
    until: float | None = None,
) -> Person:
    entered = LiveStateEntered(
        person_id=PersonId(person.person_id),
        programme=SOS,
        role=Role.LISTENER,
        state=state,
        reason=reason,
        entered_at=TEN_O_CLOCK + minutes(at),
        previous=LiveState.WRAPPING_UP,
        previous_since=TEN_O_CLOCK,
        until=None if until is None else TEN_O_CLOCK + minutes(until),
    )
    return after_entering(person, entered, REST)


def test_rest_follows_several_contacts_in_a_row_whatever_is_said() -> None:
    person = finish(take(Person("lis-1"), 0), 20)
    assert person.rest_until == TEN_O_CLOCK + minutes(20), "one contact, no rest owed"
    person = finish(take(person, 21), 40)
    assert (person.in_a_row, person.rest_until) == (2, TEN_O_CLOCK + minutes(50))


def test_pause_as_long_as_a_break_begins_a_new_row() -> None:
    person = take(finish(take(Person("lis-1"), 0), 20), 30)
    assert person.in_a_row == 1


@pytest.mark.parametrize(("until", "owed"), [(None, 35), (30, 35), (40, 40)])
def test_hard_contact_is_followed_by_its_rest_at_least(until: float | None, owed: float) -> None:
    hard = LiveStateReason.REST_AFTER_HARD
    person = finish(take(Person("lis-1"), 0), 20, LiveState.RESTING, hard, until)
    assert person.rest_until == TEN_O_CLOCK + minutes(owed)


def test_regulating_is_no_contact_in_the_row() -> None:
    assert take(Person("reg-1"), 0, Stage.REGULATOR).in_a_row == 0
