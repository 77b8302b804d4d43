"""Somebody who never saw a desk: they know what the page says, as a screen reader finds it.

They read sentences and press what has a name. They know no selector, no address and no template;
what a page does not say, they do not do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

_NODE = re.compile(r'^(?P<indent> *)- (?P<role>\w+)(?: "(?P<name>(?:[^"\\]|\\.)*)")?')
_QUOTED = re.compile(r"« ([^»]+) »")
#: Keys as they are printed on a button, after its words.
_KEYS = re.compile(r"(?: (?:F[0-9]+|(?:Ctrl|Alt)\+\S+))+$")
_PRESSED = ("button", "link")
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Thing:
    """Something of the page that has a name."""

    role: str
    name: str

    @property
    def words(self) -> str:
        """Its name without the key that is printed on it."""
        return _KEYS.sub("", self.name)


@dataclass
class Newcomer:
    """Somebody in front of a page."""

    page: Page

    def hears(self) -> str:
        """The whole page, as it is read out."""
        return _plain(self.page.locator("body").aria_snapshot())

    def reads(self, sentence: str) -> None:
        """Wait until the page says so; AssertionError with what it says instead."""
        self._waits_for(lambda: sentence in self.hears(), f"nothing says « {sentence} »")

    def heading(self) -> str:
        """The one sentence that says where one is."""
        said = [thing.name for thing in self._things() if thing.role == "heading"]
        assert said, "the page says nothing first:\n" + self.hears()
        return said[0]

    def finds_in_the_guide(self) -> list[str]:
        """What the guide of the first minute puts in quotes: names of what to press, in order."""
        self.presses("Aide")
        self.reads("Les touches")
        told = [_plain(each) for each in _QUOTED.findall(self.hears())]
        self.presses("Revenir au poste")
        return told

    def presses(self, words: str) -> None:
        """Press the one thing whose name begins like this."""
        self._waits_for(lambda: bool(self._named(words)), f"nothing to press is called « {words} »")
        found = self._named(words)
        different = {thing.words for thing in found}
        assert len(different) == 1, f"« {words} » could be any of {different}"
        self._find(found[0]).click()

    def chooses(self, words: str, of: str) -> None:
        """Choose one of a group."""
        group = self.page.get_by_role("group", name=_pattern(of))
        group.get_by_role("radio", name=_pattern(words)).check()

    def writes(self, words: str, into: str) -> None:
        """Write into the field of this name."""
        self.page.get_by_role("textbox", name=_pattern(into)).fill(words)

    def _named(self, words: str) -> list[Thing]:
        pressed = [thing for thing in self._things() if thing.role in _PRESSED]
        exact = [thing for thing in pressed if thing.words == words]
        return exact or [thing for thing in pressed if thing.name.startswith(words)]

    def _find(self, thing: Thing) -> Locator:
        name = re.compile(f"^{_spaced(thing.name)}$")
        if thing.role == "link":
            return self.page.get_by_role("link", name=name).first
        return self.page.get_by_role("button", name=name).first

    def _things(self) -> Iterator[Thing]:
        for line in self.hears().splitlines():
            found = _NODE.match(line)
            if found is not None and found["name"]:
                yield Thing(found["role"], found["name"].replace('\\"', '"'))

    def _waits_for(self, happens: Callable[[], bool], otherwise: str) -> None:
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while not happens():
            assert time.monotonic() < give_up_at, f"{otherwise}:\n{self.hears()}"
            self.page.wait_for_timeout(100)


def _plain(said: str) -> str:
    """With spaces of one kind."""
    return said.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def _spaced(words: str) -> str:
    return r"\s+".join(re.escape(each) for each in words.split())


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(f"^{_spaced(words)}")
