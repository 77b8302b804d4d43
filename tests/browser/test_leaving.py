"""Whoever is afraid of being seen leaves at once, and "back" leads nobody to the page again."""

import pytest
from playwright.sync_api import expect

from tests.browser.people import Device, People, Person


def press_escape_twice(caller: Person) -> None:
    caller.page.keyboard.press("Escape")
    caller.page.keyboard.press("Escape")


def press_the_button(caller: Person) -> None:
    caller.page.get_by_role("link", name="Quitter vite").click()


LEAVING = {"Escape twice": press_escape_twice, "the button": press_the_button}


@pytest.mark.parametrize("way", LEAVING)
def test_leaving_shows_an_empty_page_and_back_leads_nowhere(people: People, way: str) -> None:
    caller = people.a_caller("/")
    caller.page.get_by_role("link", name="SOS Détresse").click()
    caller.page.get_by_role("link", name="Lire en entier").click()
    caller.sees("Qui d’autre peut lire ou écouter")
    LEAVING[way](caller)
    expect(caller.page).to_have_url("about:blank")
    for _ in range(3):
        caller.page.go_back(wait_until="commit")
        expect(caller.page).to_have_url("about:blank")


def test_who_left_and_comes_back_on_purpose_finds_the_line(people: People) -> None:
    caller = people.a_caller("/sos-detresse")
    press_escape_twice(caller)
    expect(caller.page).to_have_url("about:blank")
    caller.go("/sos-detresse")
    caller.page.get_by_role("link", name="Lire en entier").click()
    caller.sees("Qui d’autre peut lire ou écouter")  # back from a page that is there
    caller.page.go_back()
    caller.sees("Pas de compte, pas de cookie")


def test_one_escape_leaves_nothing(people: People) -> None:
    caller = people.a_caller("/sos-detresse")
    caller.page.keyboard.press("Escape")
    caller.page.wait_for_timeout(1600)
    caller.page.keyboard.press("Escape")
    caller.sees("Pas de compte, pas de cookie")


def test_the_button_leaves_without_scripts_too(people: People) -> None:
    caller = people.a_caller("/sos-detresse", Device(scripts=False))
    caller.page.get_by_role("link", name="Quitter vite").click()
    expect(caller.page).to_have_url("about:blank")


def test_nothing_in_the_tab_says_what_is_read(people: People) -> None:
    caller = people.a_caller("/sos-detresse")
    expect(caller.page).to_have_title("Page")
    icon = caller.page.locator("link[rel=icon]").get_attribute("href") or ""
    assert "%23888" in icon
    assert "arc" not in icon
