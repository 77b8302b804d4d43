"""What regulators and coordinators read stops nobody."""

import pytest

from tests.browser import states
from tests.browser.everybody import LANGUAGES, what_stops_somebody
from tests.browser.people import People
from tests.browser.states import OF_CALLERS, OF_LISTENERS, OF_OTHERS, Story


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("story", OF_OTHERS, ids=lambda story: story.__name__)
def test_everybody_can_read(people: People, story: Story, language: str) -> None:
    assert what_stops_somebody(people, story, language) == ""


def test_no_story_is_left_unread() -> None:
    told = {
        name
        for name, each in vars(states).items()
        if getattr(each, "__annotations__", {}).get("return") == "Seen" and not name.startswith("_")
    }
    assert told == {each.__name__ for each in (*OF_CALLERS, *OF_LISTENERS, *OF_OTHERS)}
