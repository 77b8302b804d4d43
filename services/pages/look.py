"""How a page is to look for who reads it: language, theme, size.

Nothing of it is stored on callers' pages: it travels in the address, and a page of the usual look
has nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from contracts.vocabulary import LanguageCode

E = TypeVar("E", bound=StrEnum)

#: Language of the templates themselves, and of whoever asks for none that we have.
DEFAULT_LANGUAGE = LanguageCode.FR


class Theme(StrEnum):
    """Light or dark."""

    SYSTEM = "systeme"  #: as the device is set
    LIGHT = "clair"
    DARK = "sombre"


class Size(StrEnum):
    """How large everything is."""

    NORMAL = "normal"  #: 18 px text
    LARGE = "grand"  #: 24.75 px text


@dataclass(frozen=True)
class Look:
    """Language, theme and size of a page."""

    language: LanguageCode = DEFAULT_LANGUAGE
    theme: Theme = Theme.SYSTEM
    size: Size = Size.NORMAL

    @property
    def classes(self) -> str:
        """Classes of the root element; empty for the usual look."""
        named = (self.theme, self.size)
        return " ".join(each.value for each in named if each not in (Theme.SYSTEM, Size.NORMAL))

    def with_(self, **changes: LanguageCode | Theme | Size) -> Look:
        """This look with something else."""
        return replace(self, **changes)  # type: ignore[arg-type]


def look_in(
    query: Mapping[str, str], accepted: str = "", spoken: Iterable[LanguageCode] = ()
) -> Look:
    """The look an address asks for; what it does not say, the browser's first language we have.

    `spoken` are the languages the page exists in. Anything unknown is the usual look: a wrong
    address is no reason to turn somebody away.
    """
    known = tuple(spoken) or (DEFAULT_LANGUAGE,)
    return Look(
        language=_asked(query.get("langue", ""), known) or _accepted(accepted, known),
        theme=_member(Theme, query.get("theme"), Theme.SYSTEM),
        size=_member(Size, query.get("taille"), Size.NORMAL),
    )


def query_of(look: Look, usual: LanguageCode | None = None) -> str:
    """What an address says of a look, with its question mark; empty for the usual one."""
    said = {
        "langue": "" if look.language is usual else look.language.value,
        "theme": "" if look.theme is Theme.SYSTEM else look.theme.value,
        "taille": "" if look.size is Size.NORMAL else look.size.value,
    }
    query = urlencode({name: value for name, value in said.items() if value})
    return f"?{query}" if query else ""


def _asked(given: str, known: tuple[LanguageCode, ...]) -> LanguageCode | None:
    return next((language for language in known if language.value == given), None)


def _accepted(header: str, known: tuple[LanguageCode, ...]) -> LanguageCode:
    """The first language of an Accept-Language header that we have. Browsers list the best first;
    weights that say otherwise are rare enough to be ignored.
    """
    for part in header.split(",")[:10]:
        tag = part.split(";")[0].strip().lower().split("-")[0]
        found = _asked(tag, known)
        if found is not None:
            return found
    return known[0]


def _member(kind: type[E], given: str | None, usual: E) -> E:
    try:
        return kind(given or "")
    except ValueError:
        return usual
