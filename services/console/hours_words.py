"""Hours of a relay as people write and read them, and as the directory keeps them.

Kept: `MO,TU 09:00-12:30; SA 10:00-12:00`. Written: `lundi au vendredi 9h-18h`, `sa 10:00-12:00`,
`tous les jours`, `24h/24`; a line, or what stands between two semicolons, each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.looking_up import plain
from contracts.vocabulary import Refusal
from services.bus.body import Flaw

CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FRENCH = ("lu", "ma", "me", "je", "ve", "sa", "di")
_ALWAYS = re.compile(r"^(24 ?h? ?/ ?24( ?h?)?|jour et nuit)$")
_EVERY_DAY = re.compile(r"^(tous les jours|7 ?j? ?/ ?7( ?j)?)\b")
_CLOCK = r"([01]?[0-9]|2[0-4]) ?(?:h|:) ?([0-5][0-9])?"
_SPAN = re.compile(rf"^(.*?)(?:de )?{_CLOCK} ?(?:-|a) ?{_CLOCK}$")
_RANGE = re.compile(r"^([a-z]+)(?: ?- ?| au? | a )([a-z]+)$")
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


def kept(written: str) -> str:
    """Hours as somebody wrote them, to be kept; Flaw when they are none."""
    bare = plain(written.replace("\n", ";")).replace("\u2013", "-")
    lines = [line.strip() for line in bare.split(";") if line.strip()]
    return "; ".join(map(_line, lines))


def _line(line: str) -> str:
    if _ALWAYS.fullmatch(line):
        return f"{_WEEK} 00:00-24:00"
    found = _SPAN.fullmatch(line)
    if found is None:
        raise Flaw(Refusal.INVALID_FIELD, "hours")
    days = found[1].replace(":", " ").strip().rstrip(",").strip()
    opens, closes = _clock(found[2], found[3]), _clock(found[4], found[5])
    return f"{_days(days)} {opens}-{closes}"


def _clock(hour: str, minute: str | None) -> str:
    return f"{int(hour):02}:{minute or '00'}"


def _days(words: str) -> str:
    if not words or _EVERY_DAY.match(words):
        return _WEEK
    chosen = [day for each in re.split(r",| et ", words) for day in _some_days(each.strip())]
    return ",".join(sorted(dict.fromkeys(chosen), key=CODES.index))


def _some_days(words: str) -> Iterator[str]:
    words = words.removeprefix("du ").removeprefix("le ").strip()
    found = _RANGE.fullmatch(words)
    if found is None:
        yield CODES[_place(words)]
        return
    first, last = _place(found[1]), _place(found[2])
    yield from (CODES[each % 7] for each in range(first, last + (1 if last >= first else 8)))


def _place(word: str) -> int:
    if word.upper() in CODES:
        return CODES.index(word.upper())
    if word[:2] in _FRENCH:
        return _FRENCH.index(word[:2])
    raise Flaw(Refusal.INVALID_FIELD, "hours")
