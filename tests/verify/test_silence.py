"""I15 catches what was planted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.assignment import OfferWithdrawn
from contracts.envelope import Event
from contracts.vocabulary import Channel, Clock, LiveState, Role, Stage
from deploy.verify.history import Deadline, History
from deploy.verify.silence import check_i15, longest_silence
from tests.assignment.builders import SOS
from tests.quality.builders import AContact, a_published_programme, at
from tests.verify.a_run import ARun, a_day
from tests.verify.plants import with_fact
from tests.verify.recorder import Recorder, an_id


def said(history: History) -> list[str]:
    return [each.what for each in check_i15(history).violations]


def someone_waits(seconds: float = 5) -> ARun:
    run = ARun()
    run.line()
    run.person("reg-1", Role.REGULATOR)
    run.opens("ana")
    run.wait(seconds)
    return run


def someone_is_offered() -> ARun:
    run = someone_waits()
    run.offers("ana", "reg-1")
    return run


def unlooked_after(history: History) -> History:
    return replace(history, deadlines=())


def unknown_to_assignment(history: History) -> History:
    return replace(history, lines=())


PLANTS: dict[str, tuple[Callable[[], ARun], Callable[[History], History], str]] = {
    "without anybody's next look": (
        someone_waits,
        unlooked_after,
        "waits, and nobody will look again",
    ),
    "unknown to who should care": (
        someone_waits,
        unknown_to_assignment,
        "waits, and assignment does not know them",
    ),
    "under an offer that never ends": (
        someone_is_offered,
        unlooked_after,
        "offered, and the offer has no end",
    ),
    "when the run is over": (
        someone_waits,
        lambda history: replace(history, still_open=False),
        "waits, and the run is over",
    ),
    "for whom nobody did a thing": (
        lambda: someone_waits(601),
        lambda history: history,
        "in limbo now",
    ),
}


@pytest.mark.parametrize(("begin", "plant", "what"), PLANTS.values(), ids=PLANTS.keys())
def test_caller_who_waits(
    begin: Callable[[], ARun], plant: Callable[[History], History], what: str
) -> None:
    history = begin().history(still_open=True)
    assert not [each for each in said(history) if each != what]
    assert what in said(plant(history))


def test_news_on_its_way_is_no_silence_while_the_run_goes_on() -> None:
    history = unknown_to_assignment(someone_waits().history(still_open=True))
    unheard = tuple(row for row in history.handled if row.service != "assignment")
    assert said(replace(history, handled=unheard)) == []


def test_deadline_nobody_honours_is_found() -> None:
    history = a_day().history()
    due_at = history.clock.domain - timedelta(seconds=60)
    forgotten = Deadline("intake", "any", "key", due_at)
    planted = replace(history, deadlines=(*history.deadlines, forgotten))
    assert said(planted) == ["a deadline nobody honours"]
    fast = replace(planted, clock=replace(history.clock, rate=60.0))
    assert said(fast) == [], "at 60x a minute is one second of machine time"


def test_rest_without_an_end_is_found() -> None:
    history = a_day().history()
    resting = [each for each in history.people if each.state == LiveState.RESTING]
    assert len(resting) == 1
    kept = tuple(each for each in history.deadlines if each.kind != "rest_over")
    assert said(replace(history, deadlines=kept)) == ["rests, and the rest has no end"]


def test_caller_who_was_left_alone_for_a_while_is_found_afterwards() -> None:
    run = someone_waits(700)
    run.offers("ana", "reg-1")
    run.takes("ana")
    run.ends("ana")
    (found,) = check_i15(run.history()).violations
    assert found.what == "was in limbo"
    assert dict(found.ids) == {"contact": an_id("ana")}


def test_time_to_heal_is_machine_time() -> None:
    run = someone_waits(700)
    run.leaves("ana")
    history = run.history()
    assert said(history) == ["was in limbo"]
    assert said(replace(history, clock=replace(history.clock, rate=20.0))) == []


def test_nobody_waits_after_the_end() -> None:
    """Seen with services killed three times: an offer withdrawn long after its caller had left."""
    run = someone_is_offered()
    run.leaves("ana")
    withdrawn = next(fact for fact in run.facts if fact.type == "offer.withdrawn.v1")
    assert isinstance(withdrawn.event, OfferWithdrawn)
    much_later = withdrawn.event.model_copy(
        update={"withdrawn_at": run.now + timedelta(minutes=20)}
    )
    history = with_fact(run.history(), withdrawn, event=much_later)
    assert said(history) == []


def test_long_talk_is_no_silence() -> None:
    run = someone_is_offered()
    run.takes("ana")
    run.wait(3600)
    run.ends("ana")
    assert said(run.history()) == []


def test_silence_is_counted_between_signs_while_nobody_talks() -> None:
    run = someone_waits(40)
    run.offers("ana", "reg-1")
    run.wait(10)
    run.takes("ana")
    run.wait(900)
    run.ends("ana")
    events = [fact.event for fact in run.facts if fact.event is not None]
    silence = longest_silence(events)
    assert timedelta(seconds=40) <= silence < timedelta(seconds=41)


M = AContact("m", channel=Channel.MESSAGE)
HOUR = 3600.0
#: Hours after the opening, by the line's clocks: 4 h to a first reading, 48 h to the answer.
MESSAGES: dict[str, tuple[list[Event], list[str]]] = {
    "read in time and answered in time": (
        [
            M.first_read(3 * HOUR, 0),
            M.rang(24 * HOUR, 0, Clock.ANSWER),
            M.taken(Stage.LISTENER, 30 * HOUR),
        ],
        [],
    ),
    "read late, a supervisor had heard": (
        [M.rang(4 * HOUR, 0, Clock.FIRST_READING), M.taken(Stage.LISTENER, 30 * HOUR)],
        [],
    ),
    "another message restarts both": (
        [M.first_read(3 * HOUR, 0), M.asks(47 * HOUR), M.taken(Stage.LISTENER, 50.9 * HOUR)],
        [],
    ),
    "no clock rang when nobody read it": (
        [M.taken(Stage.LISTENER, 5 * HOUR)],
        ["was in limbo"],
    ),
    "no clock rang when nobody answered": (
        [M.first_read(3 * HOUR, 0), M.taken(Stage.LISTENER, 49 * HOUR)],
        ["was in limbo"],
    ),
    "nobody came after the last": (
        [
            M.first_read(3 * HOUR, 0),
            M.rang(48 * HOUR, 0, Clock.ANSWER),
            M.taken(Stage.LISTENER, 49 * HOUR),
        ],
        ["was in limbo"],
    ),
}


def a_message(*told: Event, until: float) -> History:
    """Its clock to the answer stands, as intake has it while a message waits."""
    run = Recorder()
    for event in (a_published_programme(), M.opened(), M.asks(0), *told):
        run.work(event.publisher, event)
    run.now = at(until)
    run.deadlines.append(Deadline("intake", "answer", M.id, run.now + timedelta(hours=1)))
    return run.history()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_silent_beyond_its_own_clocks_alone(name: str) -> None:
    told, expected = MESSAGES[name]
    assert said(a_message(*told, M.ended(60 * HOUR), until=61 * HOUR)) == expected


def test_a_message_that_waits_in_its_time_is_in_no_limbo_now() -> None:
    read = M.first_read(3 * HOUR, 0)
    assert said(a_message(read, until=47 * HOUR)) == []
    assert said(a_message(read, until=49 * HOUR)) == ["in limbo now"]


def test_watch_of_quality_is_owner_enough() -> None:
    history = someone_waits().history(still_open=True)
    assert history.has_deadline("quality", "limbo", SOS)
    assert said(history) == []
