"""I17 and I35 catch what was planted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.contact import ContactEnded
from contracts.vocabulary import ContactState, Outcome, RelayOutcome, Role, Stage, TallyKind
from deploy.verify.history import Deadline, History, HourStanding
from deploy.verify.shown import check_i17, check_i35
from services.quality.domain import HourFigures, with_relays
from tests.assignment.builders import SOS
from tests.verify.a_run import ARun, a_day
from tests.verify.plants import fact_of
from tests.verify.recorder import an_id


def shown_as(history: History, contact: str, state: ContactState) -> History:
    shown = tuple(
        each._replace(state=state.value) if each.contact_id == contact else each
        for each in history.shown
    )
    return replace(history, shown=shown)


# --- I17 ------------------------------------------------------------------------------------------


def said(history: History) -> list[str]:
    return [each.what for each in check_i17(history).violations]


def a_morning() -> ARun:
    """One waits for a regulator, one is with a regulator, one waits for a listener."""
    run = ARun()
    run.line()
    for number in range(3):
        run.person(f"reg-{number}", Role.REGULATOR)
    for name, regulator in (("ana", "reg-0"), ("ben", "reg-1")):
        run.opens(name)
        run.offers(name, regulator)
        run.takes(name)
    run.triages("ana")
    run.opens("cas")
    return run


def test_true_lines_of_a_morning_are_sound() -> None:
    history = a_morning().history(still_open=True)
    assert said(history) == []
    states = {each.contact_id: each.state for each in history.shown}
    assert states[an_id("cas")] == "waiting_regulator"
    assert states[an_id("ana")] == "waiting_listener"


@pytest.mark.parametrize(
    ("contact", "state", "expected"),
    {
        "who waits is not shown": ("cas", ContactState.ENDED, ["waits, and is not shown"]),
        "who talks is shown waiting": (
            "ben",
            ContactState.WAITING_REGULATOR,
            ["shown waiting, and is not"],
        ),
        "who waits is shown in the other line": (
            "ana",
            ContactState.WAITING_REGULATOR,
            ["waits, and is not shown", "shown waiting, and is not"],
        ),
    }.values(),
)
def test_wrong_line_is_found(contact: str, state: ContactState, expected: list[str]) -> None:
    history = a_morning().history(still_open=True)
    assert sorted(said(shown_as(history, an_id(contact), state))) == sorted(expected)


def test_only_what_the_console_has_handled_is_held_against_it() -> None:
    history = a_day().history()
    end = fact_of(
        history,
        lambda event: isinstance(event, ContactEnded) and event.outcome is Outcome.LISTENED,
    )
    unheard = tuple(row for row in history.handled if row.service != "console" or row.id != end.id)
    assert end.contact_id is not None
    behind = shown_as(history, end.contact_id, ContactState.WITH_LISTENER)
    assert said(replace(behind, handled=unheard)) == []


def test_line_that_does_not_empty_is_found() -> None:
    run = a_morning()
    assert said(run.history()) == [
        "somebody is still shown waiting",
        "somebody is still shown waiting",
    ]


# --- I35 ------------------------------------------------------------------------------------------


def first_hour(history: History, **changes: HourFigures | None) -> History:
    hour, *others = history.hours
    changed = replace(hour, **changes)  # type: ignore[arg-type]
    return replace(history, hours=(changed, *others))


def counted(history: History) -> HourStanding:
    return history.hours[0]


FIGURES: dict[str, tuple[Callable[[HourFigures], HourFigures], str]] = {
    "one contact too many": (lambda f: replace(f, opened=f.opened + 1), "opened"),
    "one answer too few": (lambda f: replace(f, answered=f.answered - 1), "answered"),
    "a wait that is lost": (lambda f: replace(f, waits=f.waits[1:]), "waits"),
    "somebody a relay told of": (
        lambda f: with_relays(f, {RelayOutcome.HELPED: 1}),
        "tallies",
    ),
    "a referral": (
        lambda f: replace(f, tallies=(*f.tallies, (TallyKind.REFERRAL, "taken_up", 1))),
        "tallies",
    ),
    "a second of duty": (
        lambda f: replace(f, duty=replace(f.duty, busy=f.duty.busy + timedelta(seconds=1))),
        "duty",
    ),
}


@pytest.mark.parametrize(("wrong", "name"), FIGURES.values(), ids=FIGURES.keys())
def test_figure_that_differs_from_a_recount_is_found(
    wrong: Callable[[HourFigures], HourFigures], name: str
) -> None:
    history = a_day().history()
    figures = wrong(counted(history).now)
    (found,) = check_i35(first_hour(history, now=figures)).violations
    assert found.what == "its tables differ from a recount"
    assert dict(found.ids)["field"] == name
    (announced,) = check_i35(first_hour(history, kept=figures)).violations
    assert announced.what == "what was announced differs from a recount"


def test_hour_that_is_still_to_be_counted_is_not_held_against_what_was_announced() -> None:
    history = first_hour(a_day().history(), kept=None)
    assert [each.what for each in check_i35(history).violations] == [
        "never counted, and nothing will"
    ]
    hour = counted(history).hour
    due = Deadline("quality", "hour", f"{SOS}/{hour.isoformat()}", history.clock.domain)
    assert not check_i35(replace(history, deadlines=(due,))).violations


def test_hour_quality_does_not_know_is_found() -> None:
    history = replace(a_day().history(), hours=())
    assert [each.what for each in check_i35(history).violations] == [
        "an hour quality knows nothing of"
    ]


def test_event_quality_has_not_handled_is_not_counted_yet() -> None:
    """Figures are recounted from what quality has handled: what is on its way is I06's matter."""
    run = a_day()
    before = run.history()
    run.opens("dan")
    after = run.history()
    new = next(each for each in after.facts if each.contact_id == an_id("dan"))
    unheard = tuple(row for row in after.handled if row.service != "quality" or row.id != new.id)
    behind = replace(after, hours=before.hours, handled=unheard)
    assert not check_i35(behind).violations
    assert check_i35(replace(after, hours=before.hours)).violations
    assert Stage.REGULATOR in {bar.stage for bar in counted(after).now.waits}
