"""The table of invariants, and a sound run that breaks none of them."""

import re
from dataclasses import replace

import pytest

from deploy.verify.invariants import INVARIANTS, Invariant, judge
from deploy.verify.journal import Answered, Journal
from deploy.verify.opening import BackupText, Opened
from tests.verify.a_run import a_day
from tests.verify.recorder import an_id

JOURNAL = Journal(
    contacts=(an_id("ana"), an_id("ben"), an_id("cas")),
    malformed=("m-1",),
    answers=(Answered("m-1", 422, "unknown_field"),),
)

PROMISED = (*range(1, 23), 25, 26, 27, 28, 29, 30, 32, 33, 34, 35)


def test_every_promised_invariant_is_judged() -> None:
    promised = [f"I{number:02}" for number in PROMISED]
    assert [each.id for each in INVARIANTS] == promised
    assert all(re.fullmatch(r"[a-z].{10,60}", each.sentence) for each in INVARIANTS)


BACKUP = Opened((), (), (), (BackupText("t-1", an_id("ana"), None, False, False),))


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda each: each.id)
def test_sound_run_is_looked_at_and_found_sound(invariant: Invariant) -> None:
    run = a_day()
    run.posts()
    checked = invariant.check(run.history(journal=JOURNAL, opened=BACKUP))
    assert not checked.violations
    assert checked.count > 0, "nothing was looked at"
    assert checked.not_checked is None


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda each: each.id)
def test_run_that_goes_on_is_found_sound(invariant: Invariant) -> None:
    run = a_day()
    run.opens("dan")
    run.offers("dan", "reg-1")
    history = run.history(journal=JOURNAL)
    assert not invariant.check(replace(history, still_open=True)).violations


def test_what_cannot_be_judged_is_said_not_to_be_checked() -> None:
    outcomes = {each.invariant.id: each.checked for each in judge(a_day().history())}
    assert outcomes["I03"].not_checked == "needs --journal"
    assert "needs --journal" in (outcomes["I33"].not_checked or "")
    assert [id for id, checked in outcomes.items() if checked.not_checked] == ["I03", "I26", "I33"]
