"""What is written after danger is in its page alone until it is sealed: leaving is asked about."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.people import People
from tests.browser.test_story import end, on_duty

TYPED = "Une rupture, le silence, puis une voisine."


@pytest.fixture
def page(people: People) -> Page:
    """The page of a report that a listener is to write."""
    listener = on_duty(people, "Marc T.", "Vous êtes en écoute")
    people.a_call("sos-detresse")
    listener.press("Prendre")
    listener.press("Alerte")
    listener.sees("Votre alerte, non prise")
    end(listener)
    listener.sees("L’échange est fini. Prenez un moment.")
    listener.page.get_by_role("link", name="Écrire la fiche").last.click()
    listener.sees("Une fiche est à écrire.")
    return listener.page


@pytest.fixture
def asked(page: Page) -> list[str]:
    """What the browser asked; whoever is asked stays."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    return asked


def leaves(page: Page) -> None:
    """Somebody goes back to their desk, or wants to."""
    page.get_by_role("link", name="Revenir au poste").click(no_wait_after=True)
    page.wait_for_timeout(1_000)


def test_what_is_typed_is_asked_about_before_its_page_is_left(page: Page, asked: list[str]) -> None:
    page.locator("#what-happened").fill(TYPED)
    leaves(page)
    assert asked == ["beforeunload"]
    expect(page.locator("#what-happened")).to_have_value(TYPED)


def test_a_box_that_is_ticked_is_asked_about_too(page: Page, asked: list[str]) -> None:
    page.locator("input[value='SIG-SEUL']").check(force=True)
    leaves(page)
    assert asked == ["beforeunload"]
    expect(page.locator("input[value='SIG-SEUL']")).to_be_checked()


def test_nobody_is_asked_who_has_written_nothing_or_has_sealed_it(
    page: Page, asked: list[str]
) -> None:
    report = page.url
    page.locator("h1").click()  # a browser asks nobody who has touched nothing
    leaves(page)
    expect(page).to_have_url(re.compile("/$"))
    page.goto(report)
    page.locator("#what-happened").fill(TYPED)
    page.get_by_role("button", name=re.compile("^Sceller la fiche")).click()
    expect(page.get_by_text("La fiche est écrite et scellée.")).to_be_visible()
    leaves(page)
    expect(page).to_have_url(re.compile("/$"))
    assert asked == []
