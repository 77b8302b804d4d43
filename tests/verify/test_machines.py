"""I04 catches what was planted: in each aggregate, and in the product of all of a contact's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.assignment import (
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
)
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Event
from contracts.vocabulary import LiveState, LiveStateReason, Outcome, PersonId, Role, Stage
from deploy.verify.history import Fact, History
from deploy.verify.machines import LIVE_STATES, MACHINES, OFFER, PERSON, check_i04
from services.registry import SERVICES
from tests.verify.a_run import ARun, a_day
from tests.verify.plants import fact_of, said_otherwise, unsaid, with_fact, without_fact
from tests.verify.recorder import an_id

Plant = Callable[[History], History]


def said(history: History) -> set[str]:
    return {each.what for each in check_i04(history).violations}


def swapped(history: History, kind: type[Event], other: type[Event]) -> History:
    """Two facts of one aggregate in the opposite order of versions."""
    first = fact_of(history, lambda event: type(event) is kind)
    second = next(
        each
        for each in history.facts
        if type(each.event) is other and each.aggregate == first.aggregate
    )
    turned = with_fact(history, first, version=second.version)
    return with_fact(turned, second, version=first.version)


def entering(reason: str) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, LiveStateEntered) and event.reason == reason


def broken_chain(history: History) -> History:
    fact = fact_of(history, entering("offer_taken"))
    assert isinstance(fact.event, LiveStateEntered)
    since = fact.event.previous_since - timedelta(seconds=1)
    return with_fact(history, fact, event=fact.event.model_copy(update={"previous_since": since}))


def forbidden_state(history: History) -> History:
    fact = fact_of(history, entering("offer_taken"))
    assert isinstance(fact.event, LiveStateEntered)
    changes = {"state": LiveState.RESTING, "reason": LiveStateReason.RESTED}
    return with_fact(history, fact, event=fact.event.model_copy(update=changes))


OWN: dict[str, tuple[Plant, str]] = {
    "a contact that ends before it opens": (
        lambda history: swapped(history, ContactOpened, ContactEnded),
        "not allowed where it stands",
    ),
    "an offer taken before it was made": (
        lambda history: swapped(history, OfferMade, OfferTaken),
        "not allowed where it stands",
    ),
    "an open offer withdrawn as taken": (
        lambda history: said_otherwise(history, OfferWithdrawn, was_taken=True),
        "not allowed where it stands",
    ),
    "a person who rests in the middle of a talk": (forbidden_state, "not allowed where it stands"),
    "a live state that does not follow": (broken_chain, "does not follow from the one before"),
    "an offer that changes hands": (
        lambda history: said_otherwise(history, OfferTaken, person_id=PersonId("lis-9")),
        "does not follow from the one before",
    ),
    "a person who does not come from off duty": (
        lambda history: said_otherwise(history, LiveStateEntered, previous=LiveState.READY),
        "does not begin off duty",
    ),
    "a fact nobody can read": (
        lambda history: replace(
            history, facts=(replace(history.facts[0], event=None), *history.facts[1:])
        ),
        "its own contract cannot read it",
    ),
    "an aggregate nobody declared": (
        lambda history: with_fact(history, history.facts[0], aggregate="mood:x"),
        "no machine is declared",
    ),
}


@pytest.mark.parametrize(("plant", "what"), OWN.values(), ids=OWN.keys())
def test_history_that_is_no_word_of_its_machine_is_found(plant: Plant, what: str) -> None:
    assert what in said(plant(a_day().history()))


def test_offer_ends_once() -> None:
    assert OFFER.first_stray(["made", "taken", "withdrawn, was taken"]) is None
    assert OFFER.first_stray(["made", "expired", "taken"]) == 2
    assert OFFER.first_stray(["made", "declined", "withdrawn"]) == 2
    assert OFFER.first_stray(["taken"]) == 0


def test_every_live_state_can_be_left_and_reached() -> None:
    assert LIVE_STATES.keys() == set(LiveState)
    reached = {state for states in LIVE_STATES.values() for state in states}
    assert reached == set(LiveState)
    assert PERSON.first_stray(["ready: asked", "talking: offer_taken"]) == 1


def test_every_aggregate_of_a_publisher_has_a_machine() -> None:
    """Whoever adds an event adds a machine: otherwise nobody judges its history."""
    publishers = {service.name for service in SERVICES if service.publishes}
    assert {service for service, _ in MACHINES} == publishers


# --- the product ----------------------------------------------------------------------------------


def lost(wanted: Callable[[Event], bool]) -> Plant:
    return lambda history: without_fact(history, fact_of(history, wanted))


def an_event(kind: type[Event]) -> Callable[[Event], bool]:
    return lambda event: type(event) is kind


def offered_while_talking(history: History) -> History:
    """A second offer of a contact somebody holds, in a work of its own right after the take."""
    taken = fact_of(history, lambda event: isinstance(event, OfferTaken))
    made = fact_of(history, lambda event: isinstance(event, OfferMade))
    again: Fact = replace(
        made, id=an_id("again"), sequence=taken.sequence, aggregate="offer:x", txid=taken.txid
    )
    return replace(history, facts=(*history.facts, again))


def abandoned_while_heard(history: History) -> History:
    heard = fact_of(
        history,
        lambda event: isinstance(event, ContactEnded) and event.outcome is Outcome.LISTENED,
    )
    assert isinstance(heard.event, ContactEnded)
    event = heard.event.model_copy(update={"outcome": Outcome.ABANDONED})
    return with_fact(history, heard, event=event)


PRODUCT: dict[str, tuple[Plant, str]] = {
    "offered while somebody holds it": (
        offered_while_talking,
        "not allowed while the contact is taken",
    ),
    "taken without an offer": (
        lost(an_event(OfferMade)),
        "not allowed while the contact is waiting",
    ),
    "declined by somebody who holds nothing": (
        lambda history: said_otherwise(history, OfferDeclined, offer_id=an_id("other")),
        "not allowed while the contact is offered",
    ),
    "rings on after the caller left": (
        lost(an_event(OfferWithdrawn)),
        "goes on ringing after the contact left",
    ),
    "held on after the talk": (
        lost(entering("contact_ended")),
        "is not free after the contact left",
    ),
    "regulator held on after triage": (
        lost(entering("handed_over")),
        "is not free after the contact left",
    ),
    "offered to a listener before triage": (
        lambda history: said_otherwise(history, OfferMade, stage=Stage.LISTENER),
        "not allowed while the contact is waiting",
    ),
    "a listener took it, and it is said to be abandoned": (
        abandoned_while_heard,
        "goes on ringing after the contact left",
    ),
    "ended by somebody who never took it": (
        lambda history: said_otherwise(history, ContactEnded, person_id=PersonId("lis-9")),
        "ended with somebody who never took it",
    ),
    "triaged before anybody took it": (
        lambda history: unsaid(history, fact_of(history, an_event(OfferTaken))),
        "triaged before any human had it",
    ),
    "an expiry nobody was offered": (
        lambda history: said_otherwise(history, OfferExpired, contact_id=an_id("nobody")),
        "not allowed while the contact is unknown",
    ),
}


@pytest.mark.parametrize(("plant", "what"), PRODUCT.values(), ids=PRODUCT.keys())
def test_contact_whose_histories_do_not_fit_together_is_found(plant: Plant, what: str) -> None:
    assert what in said(plant(a_day().history()))


def test_contact_sent_down_the_ladder_fits_together() -> None:
    run = ARun()
    run.line()
    run.person("lis-1")
    run.opens("ana")
    run.wait(60)
    run.sends_untriaged("ana", "lis-1")
    run.misses("ana")
    run.offers("ana", "lis-1", stage=Stage.LISTENER, untriaged=True)
    run.takes("ana")
    run.ends("ana")
    run.wraps_up("lis-1")
    assert said(run.history()) == set()


def test_contact_is_sent_down_the_ladder_once_and_only_while_it_waits() -> None:
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    run.person("lis-1")
    run.opens("ana")
    run.offers("ana", "reg-1")
    run.takes("ana")
    run.sends_untriaged("ana", "lis-1")
    assert "not allowed while the contact is taken" in said(run.history(still_open=True))


def test_triage_heard_of_after_the_end_brings_nobody_back() -> None:
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    run.person("lis-1")
    run.opens("ana")
    run.offers("ana", "reg-1")
    run.takes("ana")
    run.ends("ana", Outcome.DROPPED)
    run.wraps_up("reg-1")
    (fact,) = run.work("triage", run.decision("ana"))
    run.work("assignment", heard=fact)
    assert said(run.history()) == set()
    run.offers("ana", "lis-1")
    assert said(run.history()) == {"not allowed while the contact is ended"}


def test_silent_person_let_go_of_and_the_next_one_asked_in_one_work() -> None:
    """Seen on a loaded machine: the withdrawal and the new offer share a transaction."""
    run = ARun()
    run.line()
    run.person("reg-1")
    run.person("reg-2")
    run.opens("ana")
    run.falls_silent("ana", then="reg-2", person="reg-1")
    assert said(run.history(still_open=True)) == set()
