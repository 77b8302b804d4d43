"""Hours of a relay as people write and read them, and as the directory keeps them.

Kept: `MO,TU 09:00-12:30; SA 10:00-12:00`. Written: `lundi au vendredi 9h-18h`, `Mo-Fr 9-18 Uhr`,
`tous les jours`, `24/7`; a line, or what stands between two semicolons, each. A short word is one
of the reader's own language first: `di` is a Sunday in French and a Tuesday in German.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.looking_up import plain
from contracts.vocabulary import LanguageCode, Refusal
from services.bus.body import Flaw

CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMES = {
    LanguageCode.FR: ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    LanguageCode.EN: (
        *("monday", "tuesday", "wednesday", "thursday"),
        *("friday", "saturday", "sunday"),
    ),
    LanguageCode.DE: (
        *("montag", "dienstag", "mittwoch", "donnerstag"),
        *("freitag", "samstag", "sonntag"),
    ),
}
_SHORTEST_NAME = 2
_ALWAYS = re.compile(
    r"^(24 ?h? ?/ ?24( ?h?)?|24 ?/ ?7|24 (stunden|hours)|jour et nuit|day and night"
    r"|tag und nacht|rund um die uhr|around the clock)$"
)
_EVERY_DAY = re.compile(r"^(tous les jours|7 ?j? ?/ ?7( ?j)?|every day|daily|jeden tag|taglich)\b")
_CLOCK = r"([01]?[0-9]|2[0-4])(?: ?[h:.] ?([0-5][0-9])?)?(?: ?uhr)?"
_SPAN = re.compile(rf"^(.*?)(?:(?:de|from|von) )?{_CLOCK} ?(?:-|a|to|until|bis) ?{_CLOCK}$")
_AND = re.compile(r",| et | and | und ")
_BEFORE_A_DAY = re.compile(r"^(du|le|les|tous les|from|on|every|von|am|jeden) ")
_RANGE = re.compile(r"^([a-z]+)\.?(?: ?- ?| au? | to | bis )([a-z]+)\.?$")
_WEEK = ",".join(CODES)


@dataclass(frozen=True)
class Shown:
    """Some days, and when it opens on each of them."""

    days: tuple[str, ...]  #: codes
    opens: str
    closes: str

    @property
    def in_a_row(self) -> bool:
        """Whether three days or more follow each other."""
        places = [CODES.index(day) for day in self.days]
        return len(places) > 2 and places == list(range(places[0], places[0] + len(places)))

    @property
    def all_day(self) -> bool:
        """Whether it never shuts on these days."""
        return (self.opens, self.closes) == ("00:00", "24:00")


def shown(kept: str) -> tuple[Shown, ...]:
    """Hours as they are kept, to be read."""
    spans = (span.partition(" ") for span in kept.split("; ") if span)
    made = []
    for days, _, clocks in spans:
        opens, _, closes = clocks.partition("-")
        made.append(Shown(tuple(sorted(days.split(","), key=CODES.index)), opens, closes))
    return tuple(made)


def kept(written: str, language: LanguageCode = LanguageCode.FR) -> str:
    """Hours as somebody who reads `language` wrote them, to be kept; Flaw when they are none."""
    bare = plain(written.replace("\n", ";")).replace("\u2013", "-")
    lines = [line.strip() for line in bare.split(";") if line.strip()]
    return "; ".join(_line(line, language) for line in lines)


def _line(line: str, language: LanguageCode) -> str:
    if _ALWAYS.fullmatch(line):
        return f"{_WEEK} 00:00-24:00"
    found = _SPAN.fullmatch(line)
    if found is None:
        raise Flaw(Refusal.INVALID_FIELD, "hours")
    days = found[1].replace(":", " ").strip().rstrip(",").strip()
    opens, closes = _clock(found[2], found[3]), _clock(found[4], found[5])
    return f"{_days(days, language)} {opens}-{closes}"


def _clock(hour: str, minute: str | None) -> str:
    return f"{int(hour):02}:{minute or '00'}"


def _days(words: str, language: LanguageCode) -> str:
    if not words or _EVERY_DAY.match(words):
        return _WEEK
    chosen = [day for each in _AND.split(words) for day in _some_days(each.strip(), language)]
    return ",".join(sorted(dict.fromkeys(chosen), key=CODES.index))


def _some_days(words: str, language: LanguageCode) -> Iterator[str]:
    words = _BEFORE_A_DAY.sub("", words).strip()
    found = _RANGE.fullmatch(words)
    if found is None:
        yield CODES[_place(words, language)]
        return
    first, last = _place(found[1], language), _place(found[2], language)
    yield from (CODES[each % 7] for each in range(first, last + (1 if last >= first else 8)))


def _place(word: str, language: LanguageCode) -> int:
    word = word.rstrip(".")
    if word.upper() in CODES:
        return CODES.index(word.upper())
    own = _NAMES.get(language, ())
    for names in (own, *_NAMES.values()):
        for place, name in enumerate(names):
            if len(word) >= _SHORTEST_NAME and f"{name}s".startswith(word):
                return place
    raise Flaw(Refusal.INVALID_FIELD, "hours")
