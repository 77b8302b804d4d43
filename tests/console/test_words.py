"""The closed words of the field, as the pages say them: all of them, and as their sources do."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Destination, LanguageCode, Need, Priority, RiskSignal
from services.console.domain import SessionEnd
from services.console.pages import PAGES
from services.console.sessions import session_problem
from services.pages.look import Look
from services.pages.render import _environment
from services.pages.words import COMPLETE, translations
from services.referral.directory.proposal import Against
from services.triage.domain import KEPT_HUMAN_PRIORITY, RULE_BOOKS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def said(name: str) -> dict[str, str]:
    """A table of words, in French."""
    words = _environment(PAGES.package, PAGES.domain, Look().language).get_template("words.html")
    table: dict[str, str] = getattr(words.module, name)
    return table


def typed(words: str) -> str:
    """As a page writes it."""
    return words.replace("'", "’")


def source(path: str) -> Any:
    return json.loads((DEPLOY / path).read_bytes())


def test_every_need_has_words_and_they_are_those_of_the_directory() -> None:
    words = said("NEEDS")
    assert set(words) == {need.value for need in Need}
    for term in source("directory/relays.json")["taxonomy_terms"]:
        assert words[term["code"]] == typed(term["name"])


def test_every_sign_has_the_words_of_the_protocol() -> None:
    protocol = source("protocol/protocol-0.1.json")
    signs = {each["code"]: typed(each["text"]) for each in protocol["signals_for_volunteers"]}
    assert said("SIGNS") == signs
    assert set(signs) == {sign.value for sign in RiskSignal}


def test_every_priority_is_called_as_the_protocol_calls_it() -> None:
    named = {
        each["code"]: each["name"] for each in source("protocol/protocol-0.1.json")["priorities"]
    }
    assert said("PRIORITIES") == named
    assert set(named) == {priority.value for priority in Priority}


def test_every_rule_that_may_speak_says_its_line_of_the_protocol() -> None:
    words = said("REASONS")
    for rules in RULE_BOOKS.values():
        for rule in rules:
            assert words[rule.code] == typed(rule.words)
    spoken = {rule.code for rules in RULE_BOOKS.values() for rule in rules}
    assert set(words) == spoken | {KEPT_HUMAN_PRIORITY}


def test_nothing_that_speaks_against_a_relay_is_without_words() -> None:
    assert set(said("AGAINST")) == {each.value for each in Against}


def test_every_language_and_destination_has_words() -> None:
    assert set(said("LANGUAGES")) == {each.value for each in LanguageCode}
    assert set(said("DESTINATIONS")) == {each.value for each in Destination}


@pytest.mark.parametrize("language", [each for each in COMPLETE if each is not LanguageCode.FR])
@pytest.mark.parametrize("ended", SessionEnd)
def test_why_a_session_is_over_is_said_in_every_language(
    ended: SessionEnd, language: LanguageCode
) -> None:
    detail = session_problem(ended).detail
    assert translations(PAGES.domain, language).gettext(detail) != detail
