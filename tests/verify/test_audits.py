"""I32 catches a chain that was changed, and what is missing in it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.anonymity import LiftAgreed, LiftAsked
from contracts.vocabulary import Role
from deploy.verify.audits import check_i32
from deploy.verify.history import History
from tests.verify.a_run import ARun
from tests.verify.recorder import an_id, audit_of


def a_lift() -> History:
    """Two people have come, and lifted anonymity."""
    run = ARun()
    run.line()
    run.person("lis-1")
    run.person("sup-1", Role.SUPERVISOR)
    lift: dict[str, Any] = {
        "lift_id": an_id("lift"),
        "contact_id": an_id("ana"),
        "programme": "sos-crise",
        "reason": "cannot_say_where",
        "life_at_stake": True,
        "asked_by": "lis-1",
        "asked_as": "listener",
        "asked_at": run.now,
    }
    run.work("risk", LiftAsked.model_validate(lift))
    said = {"agreed_by": "sup-1", "agreed_as": "supervisor", "agreed_at": run.now}
    run.work("risk", LiftAgreed.model_validate(lift | said))
    return run.history()


def changed(history: History) -> History:
    first, second, *rest = history.audit
    return replace(history, audit=(first, second._replace(actor="nobody"), *rest))


def shorter(history: History) -> History:
    """Its end was cut off: what is left verifies, and does not cover what happened."""
    return replace(history, audit=history.audit[:-1])


def without_a_role(history: History) -> History:
    return replace(history, audit=audit_of(history.facts, but_for="sup-1"))


PLANTED: dict[str, tuple[Callable[[History], History], list[str]]] = {
    "an entry changed": (changed, ["the chain is broken"]),
    "an entry taken out": (
        lambda history: replace(history, audit=(history.audit[0], *history.audit[2:])),
        ["the chain is broken", "a change of roles is not in the audit"],
    ),
    "the end cut off": (shorter, ["not in the audit"]),
    "an export nobody wrote down": (
        lambda history: replace(history, exports=("x-1",)),
        ["not in the audit"],
    ),
    "a role nobody wrote down": (without_a_role, ["a change of roles is not in the audit"]),
}


def test_chain_that_covers_everything_verifies() -> None:
    checked = check_i32(a_lift())
    assert (checked.violations, checked.count) == ((), 6)


@pytest.mark.parametrize(("plant", "found"), PLANTED.values(), ids=PLANTED.keys())
def test_planted_violation_is_found(plant: Callable[[History], History], found: list[str]) -> None:
    assert [each.what for each in check_i32(plant(a_lift())).violations] == found
