"""What events leave on the desks, on a real Postgres."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from itertools import permutations

import pytest
from sqlalchemy import text
from sqlmodel import select

from contracts.assignment import OfferTaken
from contracts.contact import ContactEnded
from contracts.envelope import Event
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    ContactId,
    ContactState,
    Destination,
    LiveState,
    LiveStateReason,
    OfferId,
    OfferReason,
    Outcome,
    PersonId,
    Priority,
    Role,
    Stage,
)
from services.bus.testing import ServiceUnderTest
from services.bus.transact import Committed, Verdict
from services.console.pictures import board_of, news_for
from services.console.store import ContactRow, DeskMessageRow, DeskRow, SessionRow
from tests.console import facts
from tests.console.facts import CONTACT, LISTENER, NOON, OFFER, REGULATOR, SECOND_OFFER

OTHER = ContactId("55555555-5555-4555-8555-555555555555")


def desk(console: ServiceUnderTest, person_id: str) -> DeskRow:
    found = console.read(lambda session: session.get(DeskRow, person_id))
    assert found is not None
    return found


def told(console: ServiceUnderTest, person_id: str) -> list[tuple[int, str]]:
    news = console.read(lambda session: news_for(session, {person_id: 0}))
    return [(one.number, one.kind) for one in news]


def test_an_offer_is_on_the_desk_with_all_it_needs(console: ServiceUnderTest) -> None:
    console.deliver(facts.made())
    offer = desk(console, LISTENER).offer
    assert offer is not None
    assert offer["expires_at"] == facts.made().expires_at.isoformat().replace("+00:00", "Z")
    assert (offer["need"], offer["languages"]) == ("solitude", ["fr"])
    assert told(console, LISTENER) == [(1, "offer")]


def test_an_offer_withdrawn_before_it_is_known_to_be_made_is_never_shown(
    console: ServiceUnderTest,
) -> None:
    console.deliver(facts.withdrawn(), version=2)
    console.deliver(facts.made(), version=1)
    assert told(console, LISTENER) == []


def test_a_taken_offer_becomes_the_contact_and_keeps_what_was_said_of_it(
    console: ServiceUnderTest,
) -> None:
    console.deliver(facts.made())
    console.deliver(facts.taken(), version=2)
    row = desk(console, LISTENER)
    assert row.offer is None
    assert row.contact is not None
    assert (row.contact["contact_id"], row.contact["need"]) == (CONTACT, "solitude")
    assert told(console, LISTENER) == [(1, "offer"), (2, "contact")]


def test_an_offer_heard_to_be_made_after_its_take_is_not_shown(console: ServiceUnderTest) -> None:
    console.deliver(facts.taken(), version=2)
    console.deliver(facts.made(), version=1)
    assert desk(console, LISTENER).offer is None
    assert told(console, LISTENER) == [(1, "contact")]


def test_a_newer_offer_stays_when_an_older_one_is_over(console: ServiceUnderTest) -> None:
    console.deliver(facts.made())
    console.deliver(facts.made(offer_id=SECOND_OFFER))
    console.deliver(facts.expired(), version=2)
    offer = desk(console, LISTENER).offer
    assert offer is not None
    assert offer["offer_id"] == SECOND_OFFER


def test_of_two_chats_the_first_is_on_the_desk_again_once_the_second_is_over(
    console: ServiceUnderTest,
) -> None:
    second = facts.taken().model_copy(
        update={"offer_id": SECOND_OFFER, "contact_id": OTHER, "taken_at": facts.later(60)}
    )
    console.deliver(facts.taken())
    console.deliver(second)
    both = desk(console, LISTENER)
    assert both.contact is not None
    assert (both.contact["contact_id"], set(both.held)) == (OTHER, {OFFER, SECOND_OFFER})
    console.deliver(facts.ended().model_copy(update={"contact_id": OTHER}))
    first = desk(console, LISTENER).contact
    assert first is not None
    assert first["contact_id"] == CONTACT
    console.deliver(facts.ended())
    assert (desk(console, LISTENER).contact, desk(console, LISTENER).held) == (None, {})


def test_end_of_the_first_of_two_chats_leaves_the_second_on_the_desk(
    console: ServiceUnderTest,
) -> None:
    second = facts.taken().model_copy(update={"offer_id": SECOND_OFFER, "contact_id": OTHER})
    console.deliver(facts.taken())
    console.deliver(second)
    console.deliver(facts.ended())
    left = desk(console, LISTENER)
    assert left.contact is not None
    assert (left.contact["contact_id"], set(left.held)) == (OTHER, {SECOND_OFFER})


def test_the_regulator_is_free_once_the_contact_is_triaged(console: ServiceUnderTest) -> None:
    console.deliver(facts.made(Stage.REGULATOR))
    console.deliver(facts.taken(Stage.REGULATOR), version=2)
    console.deliver(facts.triaged())
    assert desk(console, REGULATOR).contact is None
    assert [kind for _, kind in told(console, REGULATOR)] == ["offer", "contact", "contact_over"]


def test_a_call_for_rescue_leaves_the_regulator_with_the_person(
    console: ServiceUnderTest,
) -> None:
    console.deliver(facts.taken(Stage.REGULATOR))
    console.deliver(facts.triaged(Destination.RESCUE))
    assert desk(console, REGULATOR).contact is not None


@pytest.mark.parametrize("destination", [Destination.LISTENER, Destination.RESCUE])
@pytest.mark.parametrize(
    ("priority", "notices"), [(Priority.P1, 1), (Priority.P2, 1), (Priority.P3, 0)]
)
def test_supervisors_are_told_of_a_contact_that_cannot_wait(
    console: ServiceUnderTest, destination: Destination, priority: Priority, notices: int
) -> None:
    supervisor = PersonId("supervisor-1")
    console.deliver(facts.entered(person_id=supervisor, role=Role.SUPERVISOR))
    decided = facts.triaged(destination).model_copy(update={"priority": priority})
    console.deliver(decided)
    kinds = [kind for _, kind in told(console, supervisor)]
    assert kinds.count("notice") == notices


def test_a_take_heard_after_the_end_is_told_and_taken_back_at_once(
    console: ServiceUnderTest,
) -> None:
    console.deliver(facts.made())
    console.deliver(facts.ended(Outcome.LISTENED), version=2)
    console.deliver(facts.taken(), version=2)
    assert [kind for _, kind in told(console, LISTENER)] == ["offer", "contact", "contact_over"]
    assert desk(console, LISTENER).contact is None


def test_the_end_of_a_contact_says_how_it_ended(console: ServiceUnderTest) -> None:
    console.deliver(facts.taken())
    console.deliver(facts.ended(Outcome.REFERRED), version=2)
    with console.session() as session:
        last = session.exec(select(DeskMessageRow).order_by(text("number DESC")).limit(1)).one()
    assert (last.body["why"], last.body["outcome"]) == ("ended", "referred")


def test_a_withdrawn_take_puts_the_contact_back_in_its_line(console: ServiceUnderTest) -> None:
    console.deliver(facts.opened(first_stage=Stage.LISTENER))
    console.deliver(facts.taken())
    console.deliver(facts.withdrawn(was_taken=True), version=2)
    contact = console.read(lambda session: session.get_one(ContactRow, CONTACT))
    assert (contact.state, contact.since) == (ContactState.WAITING_LISTENER, NOON)
    assert desk(console, LISTENER).contact is None


def test_an_older_take_that_is_withdrawn_leaves_the_newer_one(console: ServiceUnderTest) -> None:
    console.deliver(facts.taken(Stage.REGULATOR))
    console.deliver(facts.taken(Stage.REGULATOR, SECOND_OFFER, LISTENER))
    console.deliver(facts.withdrawn(OFFER, Stage.REGULATOR, was_taken=True), version=2)
    contact = console.read(lambda session: session.get_one(ContactRow, CONTACT))
    assert contact.state == ContactState.WITH_REGULATOR
    assert desk(console, REGULATOR).contact is None
    assert desk(console, LISTENER).contact is not None


def test_the_board_comes_back_to_nobody_waiting_whatever_the_order(
    console: ServiceUnderTest,
) -> None:
    whole = (
        (facts.opened(), 1),
        (facts.taken(Stage.REGULATOR), 2),
        (facts.triaged(), 1),
        (facts.ended(), 2),
    )
    for number, order in enumerate(permutations(whole)):
        ids = dict.fromkeys(("contact_id", "offer_id"), f"{number:08d}{CONTACT[8:]}")
        for event, version in order:
            about = {name: id for name, id in ids.items() if name in type(event).model_fields}
            console.deliver(event.model_copy(update=about), version=version)
        assert desk(console, REGULATOR).contact is None, order
    board = console.read(lambda session: board_of(session, facts.LINE))
    assert (board.regulators.waiting, board.listeners.waiting) == (0, 0)
    assert (board.regulators.with_human, board.listeners.with_human) == (0, 0)


def test_the_board_counts_who_waits_who_is_ready_and_the_hours(console: ServiceUnderTest) -> None:
    console.deliver(facts.opened())
    console.deliver(facts.entered())
    console.deliver(facts.entered(LiveState.PAUSED, REGULATOR, Role.REGULATOR))
    console.deliver(facts.hour_counted(2))
    console.deliver(facts.hour_counted(3), version=2)
    board = console.read(lambda session: board_of(session, facts.LINE))
    assert (board.regulators.waiting, board.regulators.longest_since) == (1, NOON)
    assert board.listeners.on_duty == {LiveState.READY: 1}
    assert board.regulators.on_duty == {LiveState.PAUSED: 1}
    assert [hour.opened for hour in board.hours] == [3]


def test_numbers_are_dense_and_start_at_one_for_each_desk(console: ServiceUnderTest) -> None:
    for version in range(1, 6):
        console.deliver(facts.entered(), version=version)
    console.deliver(facts.made(Stage.REGULATOR))
    assert [number for number, _ in told(console, LISTENER)] == [1, 2, 3, 4, 5]
    assert [number for number, _ in told(console, REGULATOR)] == [1]


def test_workers_at_once_neither_block_nor_leave_anything_on_a_desk(
    console: ServiceUnderTest,
) -> None:
    """Both humans are in every contact; each fact of it may come in the middle of another."""
    events: list[Event] = []
    for number in range(12):
        ids = {"contact_id": ContactId(f"{number:08d}{CONTACT[8:]}")}
        for event in (
            facts.opened(),
            facts.made(Stage.REGULATOR, OfferId(f"{number:08d}{OFFER[8:]}")),
            facts.taken(Stage.REGULATOR, OfferId(f"{number:08d}{OFFER[8:]}")),
            facts.triaged(),
            facts.made(offer_id=OfferId(f"{number:08d}{SECOND_OFFER[8:]}")),
            facts.taken(offer_id=OfferId(f"{number:08d}{SECOND_OFFER[8:]}")),
            facts.ended(),
        ):
            events.append(event.model_copy(update=ids))
    order = sorted(events, key=lambda event: sha256(event.model_dump_json().encode()).digest())
    with ThreadPoolExecutor(2) as workers:
        verdicts = [each.verdict for each in workers.map(deliver_whenever(console), order)]
    assert set(verdicts) <= {Verdict.HANDLED, Verdict.LATE}
    for person_id in (REGULATOR, LISTENER):
        news = told(console, person_id)
        assert [number for number, _ in news] == list(range(1, len(news) + 1))
        kinds = [kind for _, kind in news]
        assert kinds.count("contact") == kinds.count("contact_over") == 12
        assert desk(console, person_id).contact is None


def deliver_whenever(console: ServiceUnderTest) -> Callable[[Event], Committed]:
    """Deliver with the version of its place in the history of its aggregate."""
    places: dict[type[Event], int] = {ContactEnded: 2, OfferTaken: 2}
    return lambda event: console.deliver(event, version=places.get(type(event), 1))


def test_an_event_delivered_twice_is_told_once(console: ServiceUnderTest) -> None:
    console.deliver(facts.entered(), id="44444444-4444-4444-8444-444444444444")
    console.deliver(facts.entered(), id="44444444-4444-4444-8444-444444444444")
    assert told(console, LISTENER) == [(1, "live_state")]


def test_what_is_older_than_a_day_is_forgotten_and_open_contacts_stay(
    console: ServiceUnderTest,
) -> None:
    other = ContactId("55555555-5555-4555-8555-555555555555")
    console.deliver(facts.opened(other))
    console.deliver(facts.made())
    console.deliver(facts.ended(), version=2)
    console.at(NOON + timedelta(days=1, hours=1))
    console.fire_deadlines()
    with console.session() as session:
        assert session.exec(select(DeskMessageRow)).all() == []
        assert [row.contact_id for row in session.exec(select(ContactRow))] == [other]
        assert session.exec(select(SessionRow)).all() == []
    assert ("sweep", "old") in console.deadlines()


def test_a_desk_keeps_counting_after_its_messages_were_forgotten(
    console: ServiceUnderTest,
) -> None:
    console.deliver(facts.made())
    console.at(NOON + timedelta(days=1, hours=1))
    console.fire_deadlines()
    console.deliver(facts.expired(OFFER), version=2)
    assert told(console, LISTENER) == [(2, "offer_over")]


# --- what is written ------------------------------------------------------------------------------


def supervised(console: ServiceUnderTest) -> PersonId:
    """A supervisor on duty for the line."""
    person_id = PersonId("supervisor-1")
    entered = facts.entered().model_copy(update={"person_id": person_id, "role": Role.SUPERVISOR})
    console.deliver(entered)
    return person_id


def test_who_has_the_contact_hears_that_something_was_written(console: ServiceUnderTest) -> None:
    supervisor = supervised(console)
    console.deliver(facts.taken())
    console.deliver(facts.sealed())
    assert told(console, LISTENER) == [(1, "contact"), (2, "text")]
    assert told(console, supervisor) == [(1, "live_state")]


def test_nobody_is_told_what_they_wrote_themselves(console: ServiceUnderTest) -> None:
    console.deliver(facts.taken())
    console.deliver(facts.sealed(AuthorKind.LISTENER))
    assert told(console, LISTENER) == [(1, "contact")]


def test_supervisors_hear_of_a_text_that_asks_for_attention(console: ServiceUnderTest) -> None:
    supervisor = supervised(console)
    console.deliver(facts.sealed(attention=Attention.RAISE))
    assert told(console, supervisor) == [(1, "live_state"), (2, "text")]


def test_a_text_of_a_contact_nobody_has_is_told_to_nobody(console: ServiceUnderTest) -> None:
    console.deliver(facts.taken())
    console.deliver(facts.withdrawn(), version=2)
    console.deliver(facts.sealed())
    assert "text" not in [kind for _, kind in told(console, LISTENER)]


# --- what supervisors hear of who talks with whom -------------------------------------------------


def noticed(console: ServiceUnderTest, person_id: str) -> list[str]:
    query = select(DeskMessageRow).where(
        DeskMessageRow.person_id == person_id, DeskMessageRow.kind == "notice"
    )
    rows = console.read(lambda session: session.exec(query.order_by("number")).all())
    return [row.body["what"] for row in rows]


GIVES_WAY = {
    OfferReason.FALLBACK_LEVEL: ["below_level"],
    OfferReason.FALLBACK_LANGUAGE: ["another_language"],
    OfferReason.FALLBACK_TOPIC: [],
}


@pytest.mark.parametrize("reason", GIVES_WAY)
def test_supervisors_hear_of_an_offer_that_gives_way_in_level_or_language(
    console: ServiceUnderTest, reason: OfferReason
) -> None:
    supervisor = supervised(console)
    made = facts.made().model_copy(update={"reasons": (OfferReason.WAITED_LONGEST, reason)})
    console.deliver(made)
    assert noticed(console, supervisor) == GIVES_WAY[reason]
    assert [kind for _, kind in told(console, LISTENER)] == ["offer"]


def test_supervisors_and_regulators_hear_of_a_desk_lost_in_a_talk_and_back(
    console: ServiceUnderTest,
) -> None:
    supervisor = supervised(console)
    console.deliver(facts.entered(LiveState.READY, REGULATOR, Role.REGULATOR))
    lost = facts.entered(LiveState.TALKING).model_copy(
        update={"reason": LiveStateReason.HEARTBEAT_LOST, "contact_id": CONTACT}
    )
    console.deliver(lost)
    back = lost.model_copy(update={"reason": LiveStateReason.HEARTBEAT_BACK})
    console.deliver(back, version=2)
    for person_id in (supervisor, REGULATOR):
        assert noticed(console, person_id) == ["desk_lost", "desk_back"]


def test_desk_lost_beside_no_talk_is_told_to_nobody_else(console: ServiceUnderTest) -> None:
    supervisor = supervised(console)
    lost = facts.entered(LiveState.PAUSED).model_copy(
        update={"reason": LiveStateReason.HEARTBEAT_LOST, "contact_id": CONTACT}
    )
    console.deliver(lost)
    assert noticed(console, supervisor) == []
