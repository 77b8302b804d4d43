"""A debrief is offered after what weighs, and nobody forgets it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.assignment import HardContactNoted
from contracts.care import (
    AnswerDebrief,
    CloseDebrief,
    DebriefClosed,
    DebriefEvent,
    DebriefOffered,
    DebriefOverdue,
)
from contracts.catalogue import EVENTS
from contracts.envelope import Event, Reply, ReplyStatus
from contracts.vocabulary import (
    DebriefClosing,
    DebriefId,
    PersonId,
    ProgrammeId,
    Refusal,
    Role,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from services.registry import SERVICES
from services.roster.app import SERVICE
from tests.roster.builders import NOON, a_qualification, a_volunteer, an_import
from tests.roster.test_planning import a_wish, coordinate, plan, published
from tests.roster.test_shifts import a_planned_line

LINE = ProgrammeId("sos-crise")


@pytest.fixture
def roster(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def hard(roster: ServiceUnderTest, person: str = "v-1", version: int = 1) -> None:
    """Somebody says that a contact was hard."""
    event = HardContactNoted(person_id=PersonId(person), programme=LINE, noted_at=roster.now())
    roster.deliver(event, aggregate=f"person:{person}", version=version)


def offered(roster: ServiceUnderTest) -> DebriefOffered:
    (event,) = roster.announced(DebriefOffered)
    return event


def answer(roster: ServiceUnderTest, debrief: DebriefId, wanted: bool, who: str = "v-1") -> Reply:
    return roster.ask(AnswerDebrief(debrief_id=debrief, wanted=wanted), who, Role.LISTENER)


def hold(roster: ServiceUnderTest, debrief: DebriefId, who: str = "s-1") -> Reply:
    return roster.ask(CloseDebrief(debrief_id=debrief), who, Role.SUPERVISOR)


def test_debrief_is_offered_after_a_hard_contact_with_an_owner_and_a_deadline(
    roster: ServiceUnderTest,
) -> None:
    roster.deliver(published(a_planned_line(("14:00", "18:00"), debrief_hours=48)))
    supervisor = a_qualification(roles=(Role.SUPERVISOR,))
    coordinate(roster, an_import(a_volunteer("s-1", supervisor)))
    plan(roster, a_wish(person="s-1", role=Role.SUPERVISOR))
    roster.at(NOON + timedelta(hours=2))
    hard(roster)
    event = offered(roster)
    assert (event.person_id, event.owner) == ("v-1", "s-1")
    assert event.due_at == NOON + timedelta(hours=50)
    assert roster.deadlines()["debrief", event.debrief_id] == event.due_at


def test_supervisor_alone_on_shift_does_not_own_their_own(roster: ServiceUnderTest) -> None:
    hard(roster, "s-1")
    assert offered(roster).owner is None
    assert hold(roster, offered(roster).debrief_id, "s-1").refusal is Refusal.NOT_YOURS


def test_what_weighed_twice_in_one_evening_is_one_talk(roster: ServiceUnderTest) -> None:
    hard(roster)
    hard(roster, version=2)
    assert len(roster.announced(DebriefOffered)) == 1
    roster.at(NOON + timedelta(hours=13))
    hard(roster, version=3)
    assert len(roster.announced(DebriefOffered)) == 2


def test_turned_down_is_over_and_asks_nobody_again(roster: ServiceUnderTest) -> None:
    hard(roster)
    debrief = offered(roster).debrief_id
    assert answer(roster, debrief, wanted=False).status is ReplyStatus.DONE
    (closed,) = roster.announced(DebriefClosed)
    assert closed.how is DebriefClosing.NOT_WANTED
    assert roster.deadlines() == {}
    assert hold(roster, debrief).refusal is Refusal.WRONG_STATE


def test_wanted_is_held_by_a_supervisor(roster: ServiceUnderTest) -> None:
    hard(roster)
    debrief = offered(roster).debrief_id
    assert answer(roster, debrief, wanted=True).status is ReplyStatus.DONE
    assert hold(roster, debrief).status is ReplyStatus.DONE
    assert roster.announced(DebriefClosed)[0].how is DebriefClosing.HELD


def test_forgotten_one_is_said_to_every_supervisor(roster: ServiceUnderTest) -> None:
    hard(roster)
    roster.at(NOON + timedelta(hours=72))
    assert roster.fire_deadlines() == 1
    (late,) = roster.announced(DebriefOverdue)
    assert (late.person_id, late.owner) == ("v-1", None)
    assert hold(roster, late.debrief_id).status is ReplyStatus.DONE


def test_nobody_answers_for_another_and_no_listener_holds_one(roster: ServiceUnderTest) -> None:
    hard(roster)
    debrief = offered(roster).debrief_id
    assert answer(roster, debrief, wanted=True, who="v-2").refusal is Refusal.NOT_YOURS
    wish = CloseDebrief(debrief_id=debrief)
    assert roster.ask(wish, "v-2", Role.LISTENER).refusal is Refusal.ROLE_NOT_PERMITTED
    unknown = answer(roster, DebriefId(new_id()), wanted=True)
    assert (unknown.refusal, unknown.field) == (Refusal.UNKNOWN_DEBRIEF, "debrief_id")


def readers(event: type[Event]) -> set[str]:
    return {s.name for s in SERVICES if any(on.event is event for on in s.consumes)}


def test_wellbeing_is_told_to_the_console_and_to_nobody_else() -> None:
    debriefs = [event for event in EVENTS if issubclass(event, DebriefEvent)]
    assert len(debriefs) == 4
    assert all(readers(event) == {"console"} for event in debriefs)
    assert readers(HardContactNoted) == {"roster"}
