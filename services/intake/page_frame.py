"""What every page of callers has: how it is to look, the emergency numbers, whose words it speaks.

Nothing of a reader is kept: language, theme and size travel in the address, and what an address
does not say is asked of the browser at each page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import LanguageCode
from services.intake.terms import IN_WRITING
from services.intake.voice import Voice
from services.intake.words import wording_in
from services.pages.look import Look, Size, Theme, look_in, query_of
from services.pages.numbers import as_read
from services.pages.render import Pages
from services.pages.words import COMPLETE, DRAFTS

#: How a language calls itself.
NAMES = {
    LanguageCode.FR: "Français",
    LanguageCode.EN: "English",
    LanguageCode.DE: "Deutsch",
    LanguageCode.LB: "Lëtzebuergesch",
    LanguageCode.PT: "Português",
}
_PAGES = Pages("services.intake", "caller")
#: Before this hour a moment is of the night that began the evening before.
_NIGHT_ENDS_HOUR = 6


def languages_of(listened: Iterable[LanguageCode]) -> tuple[LanguageCode, ...]:
    """Languages the pages of a line exist in; drafts only where somebody listens in them."""
    known = frozenset(listened)
    return (*COMPLETE, *(each for each in DRAFTS if each in known))


class Near(StrEnum):
    """How far a moment is from now, as people say it."""

    TODAY = "today"
    TONIGHT = "tonight"  #: after midnight, before the night is over
    TOMORROW = "tomorrow"
    LATER = "later"


def near(moment: datetime, now: datetime, zone: str) -> Near:
    """How a moment that comes is said in the zone of the line."""
    here, there = now.astimezone(ZoneInfo(zone)), moment.astimezone(ZoneInfo(zone))
    days = (there.date() - here.date()).days
    if days <= 0:
        return Near.TODAY
    in_the_night = there.hour < _NIGHT_ENDS_HOUR and there - here < timedelta(hours=20)
    if days == 1 and in_the_night:
        return Near.TONIGHT
    return Near.TOMORROW if days == 1 else Near.LATER


@dataclass(frozen=True)
class Reader:
    """How a page is to look for who reads it, and how its addresses say so."""

    look: Look
    usual: LanguageCode  #: what their browser asks for: no address need say it
    spoken: tuple[LanguageCode, ...]
    path: str

    def to(self, path: str) -> str:
        """The address of another page, of the same look."""
        return path + query_of(self.look, self.usual)

    def again(self, **changes: LanguageCode | Theme | Size) -> str:
        """The address of this page, of another look."""
        return self.path + query_of(self.look.with_(**changes), self.usual)


def reader_of(request: Request, spoken: tuple[LanguageCode, ...] = COMPLETE) -> Reader:
    """Who reads, as far as an address and a browser say it."""
    accepted = request.headers.get("accept-language", "")
    look = look_in(request.query_params, accepted, spoken)
    usual = look_in({}, accepted, spoken).language
    return Reader(look, usual, spoken, request.url.path)


def wants_page(request: Request) -> bool:
    """Whether a browser asks, for its reader; programs say `application/json`, or nothing."""
    return "text/html" in request.headers.get("accept", "")


@dataclass(frozen=True)
class Drawer:
    """Draws pages of callers with what each of them has."""

    voice: Voice

    def page(
        self, template: str, reader: Reader, line: str | None = None, **shown: Any
    ) -> Response:
        """A page about a line, or about none; `status` among what is shown is that of HTTP."""
        country, numbers = self.voice.numbers_of(line)
        written = IN_WRITING.get(country, ())
        language = reader.look.language
        return _PAGES.response(
            template,
            reader.look,
            **{
                "demonstration": self.voice.demonstrates,
                "country": country,
                "emergency_numbers": numbers,
                "by_text": next((each for each in numbers if each in written), None),
                "reader": reader,
                "to": reader.to,
                "line": line,
                "names": NAMES,
                "drafts": DRAFTS,
                "as_read": partial(_as_read, country),
                "wording": partial(_wording, language),
                "near": near,
                **shown,
            },
        )


def _as_read(country: str, number: str) -> str:
    return as_read(number, country)


def _wording(language: LanguageCode, wordings: Any) -> Any:
    return wording_in(wordings, language)
