"""What a desk shows, whatever the order in which its facts arrive."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from contracts.vocabulary import (
    ContactState,
    Destination,
    LiveState,
    PersonId,
    Refusal,
    Role,
    Stage,
)
from services.console.domain import (
    SHIFT_GRACE,
    ContactFacts,
    OfferFact,
    OfferStanding,
    OfferStep,
    Place,
    SessionAsked,
    SessionEnd,
    SessionFacts,
    end_of_session,
    left_stage,
    place_of,
    refuse_session,
    step_offer,
)
from services.console.messages import MessageKind
from tests.console.facts import LINE, LISTENER, NOON, later


def told_by(*facts: OfferFact) -> list[MessageKind]:
    """What a desk is told when these facts arrive in this order."""
    known: OfferStanding | None = None
    told = []
    for fact in facts:
        step = step_offer(known, fact)
        known = step.standing
        told += [] if step.tells is None else [step.tells]
    return told


OFFERS = {
    "made": ((OfferFact.MADE,), [MessageKind.OFFER]),
    "made twice": ((OfferFact.MADE, OfferFact.MADE), [MessageKind.OFFER]),
    "declined": (
        (OfferFact.MADE, OfferFact.DECLINED),
        [MessageKind.OFFER, MessageKind.OFFER_OVER],
    ),
    "expired, then withdrawn": (
        (OfferFact.MADE, OfferFact.EXPIRED, OfferFact.WITHDRAWN),
        [MessageKind.OFFER, MessageKind.OFFER_OVER],
    ),
    "over, then taken": (
        (OfferFact.MADE, OfferFact.EXPIRED, OfferFact.TAKEN),
        [MessageKind.OFFER, MessageKind.OFFER_OVER],
    ),
    "withdrawn before it is known to be made": ((OfferFact.WITHDRAWN, OfferFact.MADE), []),
    "expired before it is known to be made": ((OfferFact.EXPIRED, OfferFact.MADE), []),
    "taken before it is known to be made": (
        (OfferFact.TAKEN, OfferFact.MADE),
        [MessageKind.CONTACT],
    ),
    "taken twice": ((OfferFact.TAKEN, OfferFact.TAKEN), [MessageKind.CONTACT]),
    "taken, then withdrawn": (
        (OfferFact.MADE, OfferFact.TAKEN, OfferFact.WITHDRAWN),
        [MessageKind.OFFER, MessageKind.CONTACT, MessageKind.CONTACT_OVER],
    ),
    "withdrawn after the take, heard before it": (
        (OfferFact.MADE, OfferFact.WITHDRAWN, OfferFact.TAKEN),
        [MessageKind.OFFER, MessageKind.OFFER_OVER],
    ),
}


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_is_told_once_and_never_after_it_is_over(name: str) -> None:
    facts, told = OFFERS[name]
    assert told_by(*facts) == told


@pytest.mark.parametrize(
    "facts", [*permutations((OfferFact.MADE, OfferFact.TAKEN, OfferFact.WITHDRAWN))]
)
def test_whatever_the_order_a_withdrawn_take_leaves_the_desk_empty(
    facts: tuple[OfferFact, ...],
) -> None:
    told = told_by(*facts)
    shown = told.count(MessageKind.OFFER) + told.count(MessageKind.CONTACT)
    gone = told.count(MessageKind.OFFER_OVER) + told.count(MessageKind.CONTACT_OVER)
    became_contact = MessageKind.OFFER in told and MessageKind.CONTACT in told
    assert shown - gone == (1 if became_contact else 0)


@pytest.mark.parametrize("known", OfferStanding)
def test_that_it_was_made_says_nothing_of_an_offer_already_known(known: OfferStanding) -> None:
    """`on_offer_made` is one statement on the strength of this."""
    assert step_offer(None, OfferFact.MADE) == OfferStep(OfferStanding.OPEN, MessageKind.OFFER)
    assert step_offer(known, OfferFact.MADE) == OfferStep(known, None)


PLACES = {
    "nothing but a take yet": (ContactFacts(), None),
    "opened": (
        ContactFacts(opened_at=NOON, first_stage=Stage.REGULATOR),
        Place(ContactState.WAITING_REGULATOR, NOON),
    ),
    "opened on a line without regulators": (
        ContactFacts(opened_at=NOON, first_stage=Stage.LISTENER),
        Place(ContactState.WAITING_LISTENER, NOON),
    ),
    "with a regulator": (
        ContactFacts(opened_at=NOON, first_stage=Stage.REGULATOR, regulator_since=later(5)),
        Place(ContactState.WITH_REGULATOR, later(5)),
    ),
    "taken before it is known to be opened": (
        ContactFacts(regulator_since=later(5)),
        Place(ContactState.WITH_REGULATOR, later(5)),
    ),
    "triaged": (
        ContactFacts(
            opened_at=NOON,
            regulator_since=later(5),
            sent_on_at=later(60),
            destination=Destination.LISTENER,
        ),
        Place(ContactState.WAITING_LISTENER, later(60)),
    ),
    "sent on untriaged": (
        ContactFacts(opened_at=NOON, sent_on_at=later(40)),
        Place(ContactState.WAITING_LISTENER, later(40)),
    ),
    "answered by the regulator, intake ends it": (
        ContactFacts(opened_at=NOON, sent_on_at=later(60), destination=Destination.INFORMED),
        Place(ContactState.ENDED, later(60)),
    ),
    "with a listener": (
        ContactFacts(opened_at=NOON, sent_on_at=later(60), listener_since=later(70)),
        Place(ContactState.WITH_LISTENER, later(70)),
    ),
    "ended, whatever else was said": (
        ContactFacts(opened_at=NOON, listener_since=later(70), ended_at=later(900)),
        Place(ContactState.ENDED, later(900)),
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_contact_is_counted_where_it_is(name: str) -> None:
    facts, place = PLACES[name]
    assert place_of(facts) == place


def test_the_regulator_is_free_when_the_contact_goes_to_a_listener_not_before() -> None:
    assert not left_stage(ContactFacts(opened_at=NOON), Stage.REGULATOR)
    sent = ContactFacts(sent_on_at=NOON, destination=Destination.LISTENER)
    assert left_stage(sent, Stage.REGULATOR)
    assert not left_stage(sent, Stage.LISTENER)
    assert left_stage(ContactFacts(ended_at=NOON), Stage.LISTENER)


def test_a_session_is_refused_for_a_role_the_person_does_not_hold() -> None:
    asked = SessionAsked(LISTENER, Role.REGULATOR, LINE)
    assert refuse_session(asked, (Role.LISTENER,), True) is Refusal.ROLE_NOT_PERMITTED
    assert refuse_session(asked, None, True) is Refusal.UNKNOWN_PERSON
    assert refuse_session(asked, (Role.REGULATOR,), False) is Refusal.UNKNOWN_PROGRAMME
    assert refuse_session(asked, (Role.REGULATOR,), True) is None


def test_the_operator_may_come_before_the_line_the_coordinator_before_the_roster() -> None:
    assert (
        refuse_session(SessionAsked(PersonId("someone"), Role.OPERATOR, LINE), None, False) is None
    )
    assert (
        refuse_session(SessionAsked(PersonId("someone"), Role.COORDINATOR, LINE), None, True)
        is None
    )


def a_session(**changes: Any) -> SessionFacts:
    """A listener's, in a shift from noon to four, opened at noon for a day."""
    said: dict[str, Any] = {
        "role": Role.LISTENER,
        "opened_at": NOON,
        "expires_at": NOON + timedelta(hours=24),
        "held": (Role.LISTENER,),
        "shift_ends_at": FOUR,
    }
    return SessionFacts(**said | changes)


FOUR = NOON + timedelta(hours=4)
HALF_PAST_FOUR = FOUR + SHIFT_GRACE
TOMORROW = NOON + timedelta(hours=24)

ENDS: dict[str, tuple[SessionFacts, datetime, SessionEnd | None]] = {
    "in the shift": (a_session(), NOON, None),
    "just before the grace is over": (
        a_session(live=LiveState.READY),
        HALF_PAST_FOUR - timedelta(seconds=1),
        None,
    ),
    "the grace is over": (a_session(live=LiveState.READY), HALF_PAST_FOUR, SessionEnd.SHIFT_OVER),
    "came after the shift": (a_session(opened_at=FOUR), HALF_PAST_FOUR, None),
    "has no shift": (a_session(shift_ends_at=None), HALF_PAST_FOUR, None),
    "expired without a shift": (a_session(shift_ends_at=None), TOMORROW, SessionEnd.EXPIRED),
    "a supervisor's shift": (
        a_session(role=Role.SUPERVISOR, held=(Role.SUPERVISOR,)),
        HALF_PAST_FOUR,
        SessionEnd.SHIFT_OVER,
    ),
    "a coordinator who also listens": (
        a_session(role=Role.COORDINATOR, held=(Role.LISTENER,)),
        HALF_PAST_FOUR,
        None,
    ),
    "vouched for, and unknown to the roster": (
        a_session(role=Role.COORDINATOR, held=None),
        NOON,
        None,
    ),
    "vouched for, expired": (
        a_session(role=Role.COORDINATOR, held=None),
        TOMORROW,
        SessionEnd.EXPIRED,
    ),
    "role lost": (a_session(held=()), NOON, SessionEnd.ROLE_LOST),
    "unknown to the roster": (a_session(held=None), NOON, SessionEnd.ROLE_LOST),
}

#: What makes a session needed.
THEIRS: dict[str, dict[str, Any]] = {
    "talking": {"live": LiveState.TALKING},
    "a wrap-up": {"live": LiveState.WRAPPING_UP},
    "a contact": {"has_contact": True, "live": LiveState.RESTING},
    "an alert": {"has_alert": True},
}


@pytest.mark.parametrize("name", ENDS)
def test_a_session_ends_with_the_shift_by_time_or_by_the_roster(name: str) -> None:
    facts, now, end = ENDS[name]
    assert end_of_session(facts, now) is end


@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("name", ENDS)
def test_no_session_ends_while_a_contact_a_wrap_up_or_an_alert_is_theirs(
    name: str, theirs: str
) -> None:
    facts, now, _ = ENDS[name]
    assert end_of_session(replace(facts, **THEIRS[theirs]), now) is None


@pytest.mark.parametrize(
    "live", sorted(set(LiveState) - {LiveState.TALKING, LiveState.WRAPPING_UP})
)
def test_any_other_state_keeps_no_session(live: LiveState) -> None:
    assert end_of_session(a_session(live=live), HALF_PAST_FOUR) is SessionEnd.SHIFT_OVER
    assert end_of_session(a_session(live=live, held=()), NOON) is SessionEnd.ROLE_LOST
    assert end_of_session(a_session(live=live), TOMORROW) is SessionEnd.EXPIRED
