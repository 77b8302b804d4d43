"""Everybody reads a page: three languages, light and dark, small telephones, the Tab key alone."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.people import Device, People
from tests.browser.pictures import take_pictures
from tests.browser.reading import barriers, stumbles, too_wide
from tests.browser.states import Story

LANGUAGES = ("fr", "en", "de")


def what_stops_somebody(people: People, story: Story, language: str) -> str:
    """What stops somebody who reads the pages of a story in a language: a line each, or nothing."""
    people.device = Device(language=language)
    faults = [fault for name, page in story(people) for fault in what_stops(page, name, language)]
    return "\n".join(faults)


def what_stops(page: Page, name: str, language: str) -> list[str]:
    """The same of one page.

    Where the Tab key leads depends on no language, nor does a picture: both in one alone.
    """
    said = page.locator("html").get_attribute("lang")
    faults = [] if said == language else [f"it is in {said}"]
    faults += [*barriers(page), *too_wide(page)]
    if language == LANGUAGES[0]:
        faults += stumbles(page)
        take_pictures(page, name)
    return [f"{name}: {fault}" for fault in faults]
