"""Which line a number leads to at a moment: one number passes from line to line at a date.

Pure. A number is a line's own from one moment to another, and no two lines have it at once; the
history stays, because a version of a line never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from contracts.ladder import CallerTerms, LineNumber

_SPACES = re.compile(r"[\s.()-]")


def dialled(written: str) -> str:
    """A number as it is kept: no spaces, `00` at its beginning read as `+`."""
    digits = _SPACES.sub("", written)
    return "+" + digits[2:] if digits.startswith("00") else digits


def holds(callers: CallerTerms, number: str, moment: datetime) -> bool:
    """Whether the number is this line's own at `moment` (aware)."""
    return any(held.number == number and _at(held, moment) for held in callers.numbers)


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
