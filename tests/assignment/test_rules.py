"""Every number of the decision is one of the programme's: none is hidden in the code."""

from dataclasses import fields
from typing import Any

import pytest

from contracts.programme import AssignmentTerms, ProgrammeTerms
from services.assignment.domain import Prices, Rules
from services.assignment.settle import rules_from
from services.assignment.store import TermsInForce
from tests.terms import a_line

#: A word and not a number: the code of a skill of the protocol.
WORDS = {"regulating_skill"}
#: True of the judge alone: who is proposed a way out there has taken it.
OF_THE_JUDGE = {"way_out_taken"}


def rules_of(terms: ProgrammeTerms) -> Rules:
    return rules_from(TermsInForce("sos-crise", 1, "assignment-2026.1", terms))


def another(value: Any) -> Any:
    """A value that differs."""
    if isinstance(value, bool):
        return not value
    return tuple(n / 2 for n in value) if isinstance(value, tuple) else value + 1


@pytest.mark.parametrize("name", AssignmentTerms.model_fields)
def test_each_number_of_the_programme_reaches_the_decision(name: str) -> None:
    usual = a_line()
    changed = usual.assignment.model_copy(update={name: another(getattr(usual.assignment, name))})
    assert rules_of(usual.model_copy(update={"assignment": changed})) != rules_of(usual)


def test_programme_that_says_nothing_of_the_decision_gets_the_proposals() -> None:
    assumed = Rules(rules_version="x")
    said = rules_of(a_line())
    for name in AssignmentTerms.model_fields:
        holder: Any = Prices() if hasattr(Prices(), name) else assumed
        heard: Any = said.prices if hasattr(said.prices, name) else said
        assert getattr(heard, name) == getattr(holder, name), name


def test_the_decision_knows_no_number_the_programme_cannot_say() -> None:
    """What rules hold beyond what terms say would be a number hidden in the code."""
    terms = a_line()
    sayable = {
        *AssignmentTerms.model_fields,
        *type(terms.times).model_fields,
        *type(terms.rest).model_fields,
        *type(terms.prices).model_fields,
        *type(terms.frame).model_fields,
        *type(terms.returning).model_fields,
    }
    named_otherwise = {
        "rules_version",
        "prices",
        "default_languages",
        "listening_line_after_seconds",
        "rest_after_hard_seconds",
        "consecutive_contacts_max",
        *("homes", "split"),  # what a federation amounts to
    }
    known = {field.name for kind in (Rules, Prices) for field in fields(kind)}
    assert known - sayable - named_otherwise == WORDS | OF_THE_JUDGE
