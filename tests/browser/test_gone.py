"""Whoever loses the person who answers them is told, waits in front, and is heard again first."""

import pytest
from playwright.sync_api import expect

from tests.browser.people import People, Person
from tests.browser.test_talk import CHAT, has_lines

#: Machine time: ten seconds of silence, the look that finds it, and a slow machine.
SOON = 40_000


@pytest.fixture
def caller(people: People) -> Person:
    """Somebody in the chat, who has written."""
    caller = people.a_caller(CHAT)
    caller.sees("Vous pouvez déjà écrire")
    return caller


@pytest.fixture
def listener(people: People, caller: Person) -> Person:
    """Who took it."""
    listener = people.at_desk("Marc T.")
    listener.press("Oui, commencer")
    listener.press("Prendre")
    expect(caller.page.locator("#tchat")).to_contain_text("Un écoutant est avec vous.")
    return listener


def test_whoever_loses_their_listener_waits_in_front_and_is_heard_first_again(
    people: People, caller: Person, listener: Person
) -> None:
    later = people.a_caller(CHAT)
    later.sees("Vous êtes dans la file.")
    listener.page.context.close()
    expect(caller.page.get_by_text("Quelqu’un revient")).to_be_visible(timeout=SOON)
    caller.writes("je suis encore là")
    has_lines(caller, "je suis encore là")
    back = people.at_desk("Marc T.")
    back.press("Reprendre")
    back.press("Prendre")
    has_lines(back, "je suis encore là")
    later.sees("Vous êtes dans la file.")
