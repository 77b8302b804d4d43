"""Which line a number leads to at a moment: one number passes from line to line at a date.

Pure. A number is a line's own from one moment to another, and no two lines have it at once; the
history stays, because a version of a line never changes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime

from contracts.ladder import CallerTerms, LineNumber
from services.pages.numbers import PREFIXES

_SPACES = re.compile(r"[\s.()-]")


def from_anywhere(number: str, country: str) -> str:
    """A number as dialled from anywhere: `0 800 19 00 00` of FR is `+33800190000`.

    One of a country not known here stays as it is, without its spaces.
    """
    digits = _SPACES.sub("", number)
    if digits.startswith("+") or country not in PREFIXES:
        return digits
    prefix, trunk = PREFIXES[country]
    return prefix + digits.removeprefix(trunk)


def dialled(written: str) -> frozenset[str]:
    """The numbers somebody may mean who dials this, as numbers are kept.

    `00` at its beginning is read as `+`; without either it may be one of any country of ours.
    """
    digits = _SPACES.sub("", written)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return frozenset({digits})
    return frozenset({digits, *(from_anywhere(digits, country) for country in PREFIXES)})


def held_at(numbers: Iterable[LineNumber], moment: datetime) -> tuple[str, ...]:
    """Those of a line's numbers that are its own at `moment` (aware)."""
    return tuple(held.number for held in numbers if _at(held, moment))


def holds(callers: CallerTerms, numbers: Collection[str], moment: datetime) -> bool:
    """Whether one of the numbers is this line's own at `moment` (aware)."""
    return any(held.number in numbers and _at(held, moment) for held in callers.numbers)


def _at(held: LineNumber, moment: datetime) -> bool:
    begun = held.from_at is None or held.from_at <= moment
    return begun and (held.until_at is None or moment < held.until_at)


def is_taken(wanted: CallerTerms, effective_at: datetime, others: Iterable[CallerTerms]) -> bool:
    """Whether another line has one of these numbers at a moment from `effective_at` on."""
    return any(
        mine.number == theirs.number and _meet(mine, theirs, effective_at)
        for other in others
        for mine in wanted.numbers
        for theirs in other.numbers
    )


def _meet(mine: LineNumber, theirs: LineNumber, effective_at: datetime) -> bool:
    begins = [each for each in (mine.from_at, theirs.from_at, effective_at) if each is not None]
    ends = [each for each in (mine.until_at, theirs.until_at) if each is not None]
    return not ends or max(begins) < min(ends)
