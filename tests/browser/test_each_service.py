"""Each service is killed in turn during one chat, and the others go on: nothing typed is lost.

The alert is taken before: that of a clock which rings while risk is dead is late, as it must be.
"""

from collections.abc import Iterator

import pytest

from deploy.platform import Platform
from services.registry import SERVICES
from tests.browser.afterwards import send_everybody_home
from tests.browser.people import People
from tests.browser.test_ground import PATIENT_SECONDS, Talk, bad_answers_awaited
from tests.browser.whole import a_whole_platform, wrongs


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with a process for each service."""
    folder = tmp_path_factory.mktemp("each")
    with a_whole_platform(folder, "--processes", lost_after_seconds=PATIENT_SECONDS) as running:
        yield running


def test_a_chat_outlives_each_service(people: People, platform: Platform) -> None:
    talk = Talk.of(people)
    said = ["avant"]
    with bad_answers_awaited(talk):
        taken = talk.is_taken()
        for service in SERVICES:
            said = talk.outlives(platform, service.name, said, taken)
        talk.is_over()
        send_everybody_home(platform)
    assert wrongs(platform) == []
