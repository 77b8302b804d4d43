"""What is printed: a line for each invariant, the first counter-example, never more than ids."""

import json
from dataclasses import replace

from deploy.verify.history import History
from deploy.verify.invariants import INVARIANTS, judge
from deploy.verify.report import Pass, as_json, as_text
from tests.verify.a_run import a_day
from tests.verify.recorder import an_id


def a_pass(history: History, *, settled: bool = True) -> Pass:
    return Pass(judge(history), history, settled, 1.0, 0.5)


_ALL = len(INVARIANTS)


def broken() -> History:
    history = a_day().history()
    return replace(history, contacts=history.contacts[1:])


def test_each_invariant_has_its_line() -> None:
    lines = as_text(a_pass(a_day().history())).splitlines()
    assert lines[0] == (
        "I01  checked 3       violated 0    every accepted contact reaches one terminal state"
    )
    assert sum(line.startswith("I") for line in lines) == len(INVARIANTS)
    assert f"{_ALL - 2} of {_ALL} hold, 0 violated, 3 not or not wholly checked." in lines


def test_first_counter_example_is_named_by_its_ids() -> None:
    said = as_text(a_pass(broken()))
    contact = f"contact={an_id('ana')}"
    assert f"     first: announced, and not in the ledger of intake {contact}" in said
    assert f"{_ALL - 3} of {_ALL} hold, 1 violated, 3 not or not wholly checked." in said


def test_what_was_not_checked_never_looks_green() -> None:
    lines = as_text(a_pass(a_day().history())).splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("I03"))
    assert "violated" not in lines[at]
    assert lines[at + 1] == "     not checked: needs --journal"


def test_unsettled_platform_is_said_to_be_so() -> None:
    assert "had not settled" in as_text(a_pass(a_day().history(), settled=False))
    assert "had not settled" not in as_text(a_pass(a_day().history()))


def test_machines_read_the_same() -> None:
    report = json.loads(as_json(a_pass(broken())))
    first = report["invariants"][0]
    assert report["violated"] == 1
    assert (first["id"], first["checked"], first["violated"]) == ("I01", 3, 1)
    assert first["first"]["ids"] == {"contact": an_id("ana")}
    assert report["invariants"][2]["not_checked"] == "needs --journal"
