"""Every page and state is read by everybody: three languages, light and dark, small telephones,
and with the Tab key alone.
"""

from collections.abc import Callable

import pytest

from tests.browser.people import Device, People
from tests.browser.pictures import take_pictures
from tests.browser.reading import barriers, stumbles, too_wide
from tests.browser.states import STORIES, Seen


@pytest.mark.parametrize("language", ["fr", "en", "de"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_everybody_can_read(people: People, story: Callable[[People], Seen], language: str) -> None:
    people.device = Device(language=language)
    faults = []
    for name, page in story(people):
        said = page.locator("html").get_attribute("lang")
        faults += [f"{name}: it is in {said}"] if said != language else []
        faults += [f"{name}: {fault}" for fault in (*barriers(page), *too_wide(page))]
        if language == "fr":
            faults += [f"{name}: {fault}" for fault in stumbles(page)]
            take_pictures(page, name)
    assert not faults, "\n".join(faults)
