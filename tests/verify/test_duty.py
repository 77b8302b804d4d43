"""I15 catches a line that seems to have somebody, or nobody."""

from datetime import timedelta

import pytest

from contracts.assignment import LineStaffed
from contracts.envelope import Event
from contracts.vocabulary import LiveState, Role
from deploy.verify.history import Deadline, History
from deploy.verify.silence import check_i15
from tests.assignment.builders import SOS, an_eligibility
from tests.verify.a_run import ARun
from tests.verify.plants import fact_of, unsaid
from tests.verify.recorder import an_id


def said(history: History) -> list[str]:
    return [each.what for each in check_i15(history).violations]


def staffed(run: ARun, somebody: bool) -> LineStaffed:
    return LineStaffed(programme=SOS, staffed=somebody, since=run.now)


def a_shift() -> ARun:
    """Nobody; one comes, a second; they pause and go, the last one too."""
    run = ARun()
    run.line()
    run.work("assignment", staffed(run, False))
    for name in ("lis-1", "lis-2"):
        (fact,) = run.work("roster", an_eligibility(name, Role.LISTENER))
        run.work("assignment", heard=fact)
        run.takes_duty_as(name, Role.LISTENER)
        said: list[Event] = [run.enters(name, LiveState.READY)]
        run.work("assignment", *said, *([staffed(run, True)] if name == "lis-1" else []))
    run.work("assignment", run.enters("lis-1", LiveState.PAUSED))
    run.work("assignment", run.enters("lis-1", LiveState.OFF_DUTY))
    run.work("assignment", run.enters("lis-2", LiveState.OFF_DUTY), staffed(run, False))
    return run


def test_line_of_which_the_truth_was_said_is_fine() -> None:
    assert said(a_shift().history()) == []


@pytest.mark.parametrize(
    ("somebody", "which", "found"),
    [
        (True, 0, "somebody is there, and callers are told otherwise"),
        (False, 1, "nobody is there, and callers are told otherwise"),
    ],
)
def test_change_that_was_not_said_is_found(somebody: bool, which: int, found: str) -> None:
    history = a_shift().history()
    told = [
        fact
        for fact in history.facts
        if isinstance(fact.event, LineStaffed) and fact.event.staffed is somebody
    ]
    fact = fact_of(history, lambda event: event is told[which].event)
    assert found in said(unsaid(history, fact))


def test_nothing_is_claimed_of_a_line_nobody_spoke_of() -> None:
    run = ARun()
    run.line()
    run.person("lis-1")
    assert said(run.history()) == []


@pytest.mark.parametrize("ends", [True, False])
def test_pass_without_an_end_is_found(ends: bool) -> None:
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    run.opens("ana")
    run.offers("ana", "reg-1")
    run.takes("ana")
    run.triages("ana")
    run.offers_way_out("ana")
    run.goes("ana")
    contact, until = an_id("ana"), run.now + timedelta(hours=6)
    run.contacts[contact] = run.contacts[contact]._replace(pass_until=until)
    if ends:
        run.deadlines.append(Deadline("intake", "pass_over", contact, until))
    assert said(run.history()) == ([] if ends else ["has a return pass that nobody ends"])
