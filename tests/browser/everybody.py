"""Everybody reads a page: three languages, light and dark, small telephones, the Tab key alone."""

from __future__ import annotations

from tests.browser.people import Device, People
from tests.browser.pictures import take_pictures
from tests.browser.reading import barriers, stumbles, too_wide
from tests.browser.states import Story

LANGUAGES = ("fr", "en", "de")


def what_stops_somebody(people: People, story: Story, language: str) -> str:
    """What stops somebody who reads the pages of a story in a language: a line each, or nothing.

    Where the Tab key leads depends on no language, nor does a picture: both are tried in one.
    """
    people.device = Device(language=language)
    faults = []
    for name, page in story(people):
        said = page.locator("html").get_attribute("lang")
        faults += [f"{name}: it is in {said}"] if said != language else []
        faults += [f"{name}: {fault}" for fault in (*barriers(page), *too_wide(page))]
        if language == LANGUAGES[0]:
            faults += [f"{name}: {fault}" for fault in stumbles(page)]
            take_pictures(page, name)
    return "\n".join(faults)
