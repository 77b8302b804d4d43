"""One platform and one Chromium for each worker; a browser of their own for everybody in a test.

The platform is what `./just up` starts, at a fixed hour of domain time at which every line of the
repository is open. A test ends what it began: the next one finds the same platform.
"""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from deploy.platform import Platform
from tests.browser.people import People
from tests.browser.whole import a_whole_platform
from tests.debian import MISSING, chromium

_HERE = Path(__file__).parent
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each needs a platform, which takes more than two seconds; machines may be slow."""
    for item in items:
        if item.path.is_relative_to(_HERE) and "people" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(300))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A test that saw what it wanted fails all the same for what no page may do; one that did not
    see it says what every page showed instead.
    """
    people = getattr(item, "funcargs", {}).get("people")
    try:
        yield
    except Exception:
        if isinstance(people, People):
            item.add_report_section("call", "pages", people.what_they_see())
        raise
    if isinstance(people, People):
        people.look_at_what_stays()
        assert people.troubles() == []


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A whole platform, for as long as the worker lives."""
    with a_whole_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a test that needs one fails where it is not installed."""
    found = chromium()
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    with sync_playwright() as playwright:
        # Root has no sandbox to give; the pages are ours.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def people(browser: Browser, platform: Platform) -> Iterator[People]:
    """Whoever a test lets come."""
    people = People(browser, platform)
    yield people
    people.go_home()
