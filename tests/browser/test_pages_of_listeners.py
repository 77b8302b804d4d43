"""What listeners read, from the door to the rest, and whoever has no contact, stops nobody."""

import pytest

from tests.browser.everybody import LANGUAGES, what_stops_somebody
from tests.browser.people import People
from tests.browser.states import OF_LISTENERS, Story


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("story", OF_LISTENERS, ids=lambda story: story.__name__)
def test_everybody_can_read(people: People, story: Story, language: str) -> None:
    assert what_stops_somebody(people, story, language) == ""
