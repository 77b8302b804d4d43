"""The browser is installed where that is allowed, and asked for in one sentence where it is not."""

from collections.abc import Sequence

from tests.browser.install import MISSING, PACKAGES, install


class Apt:
    """Stands where apt-get does; `works` says whether Chromium is there afterwards."""

    def __init__(self, works: bool) -> None:
        self.asked: list[Sequence[str]] = []
        self._works = works

    def run(self, arguments: Sequence[str]) -> int:
        self.asked.append(arguments)
        return 0 if self._works else 100

    def found(self) -> str | None:
        return "/usr/bin/chromium" if self._works and len(self.asked) == 2 else None


def test_a_browser_that_is_there_is_left_alone() -> None:
    apt = Apt(works=True)
    assert install(lambda: "/usr/bin/chromium", lambda: True, apt.run) is None
    assert apt.asked == []


def test_root_gets_chromium_and_a_font_for_it() -> None:
    apt = Apt(works=True)
    assert install(apt.found, lambda: True, apt.run) is None
    assert set(PACKAGES) <= set(apt.asked[1])
    assert PACKAGES[:2] == ("chromium", "fonts-dejavu-core")


def test_who_may_not_install_is_told_the_command() -> None:
    apt = Apt(works=True)
    assert install(apt.found, lambda: False, apt.run) == MISSING
    assert apt.asked == []
    assert "apt-get install -y --no-install-recommends chromium" in MISSING


def test_an_installation_that_fails_is_told_too() -> None:
    apt = Apt(works=False)
    assert install(apt.found, lambda: True, apt.run) == MISSING
