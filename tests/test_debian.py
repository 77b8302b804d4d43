"""What is Debian's is installed where that is allowed, else asked for in one sentence."""

from collections.abc import Sequence

from tests.debian import MISSING, PACKAGES, install


class Apt:
    """Stands where apt-get does; `works` says whether all is there afterwards."""

    def __init__(self, works: bool) -> None:
        self.asked: list[Sequence[str]] = []
        self._works = works

    def run(self, arguments: Sequence[str]) -> int:
        self.asked.append(arguments)
        return 0 if self._works else 100

    def is_complete(self) -> bool:
        return self._works and len(self.asked) == 2


def test_what_is_there_is_left_alone() -> None:
    apt = Apt(works=True)
    assert install(lambda: True, lambda: True, apt.run) is None
    assert apt.asked == []


def test_root_gets_all_of_it() -> None:
    apt = Apt(works=True)
    assert install(apt.is_complete, lambda: True, apt.run) is None
    assert set(PACKAGES) - {"npm"} <= set(apt.asked[1])
    assert PACKAGES[:2] == ("chromium", "fonts-dejavu-core")


def test_who_may_not_install_is_told_the_command() -> None:
    apt = Apt(works=True)
    assert install(apt.is_complete, lambda: False, apt.run) == MISSING
    assert apt.asked == []
    assert "apt-get install -y --no-install-recommends chromium" in MISSING


def test_an_installation_that_fails_is_told_too() -> None:
    apt = Apt(works=False)
    assert install(apt.is_complete, lambda: True, apt.run) == MISSING
