"""The worth of free listeners where few are on duty, against formulas known by hand."""

from math import inf

import pytest

from services.assignment.domain import Alike, CallerKind, Rules
from services.assignment.few import (
    Asking,
    Expected,
    few_on_duty,
    price_of_taking,
    values_of_free,
)

RULES = Rules(rules_version="assignment-2026.1")
FR, AR = frozenset({"fr"}), frozenset({"ar"})
FRENCH = Alike(FR, frozenset({"deuil"}), 1)
BOTH = Alike(FR | AR, frozenset({"deuil"}), 1)
#: Nobody waits at all: who is refused is lost at once, for ten points.
REFUSED = {"lost": 10.0, "wait": 0.0, "way_out": 10.0}


def test_two_alike_are_worth_what_the_erlang_formula_says() -> None:
    # One caller per mean talk, two listeners: Erlang B is 1/5; the last free one is worth
    # 10 x (1 - 1/5) / 2, the first that less 2 (as in test_domain, by another method).
    values = values_of_free((Asking(1 / 1000, (0.0, 0.0), **REFUSED),), 2, 1000, 1e-6)
    assert price_of_taking(values, 0b01, 0) == pytest.approx(4.0, abs=0.05)
    assert price_of_taking(values, 0b11, 0) == pytest.approx(2.0, abs=0.05)


def test_listener_nobody_can_be_given_to_costs_nothing_to_take() -> None:
    values = values_of_free((Asking(1 / 1000, (0.0, inf), **REFUSED),), 2, 1000, 1e-6)
    assert price_of_taking(values, 0b11, 0) == pytest.approx(5.0, abs=0.05)
    assert price_of_taking(values, 0b11, 1) == pytest.approx(0.0, abs=0.05)


def test_of_two_free_the_one_with_the_rarer_language_is_dearer() -> None:
    callers = ((CallerKind(FR, 0, "deuil"), 1 / 2000), (CallerKind(AR, 0, "deuil"), 1 / 2000))
    few = few_on_duty({FRENCH: 1, BOTH: 1}, {}, Expected(callers, 1000, 180), RULES)
    assert few.price_of_taking(BOTH) > few.price_of_taking(FRENCH) > 0


def test_who_is_away_may_come_back_and_makes_the_free_one_cheaper() -> None:
    expected = Expected(((CallerKind(FR, 0, "deuil"), 1 / 2000),), 1000, 180)
    alone = few_on_duty({FRENCH: 1}, {}, expected, RULES)
    beside = few_on_duty({FRENCH: 1}, {FRENCH: 1}, expected, RULES)
    assert alone.price_of_taking(FRENCH) > beside.price_of_taking(FRENCH) > 0


def test_kind_that_is_not_free_has_no_price() -> None:
    expected = Expected(((CallerKind(FR, 0, "deuil"), 1 / 2000),), 1000, 180)
    assert few_on_duty({FRENCH: 1}, {BOTH: 1}, expected, RULES).price_of_taking(BOTH) == 0.0
