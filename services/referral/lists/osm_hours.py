"""Opening hours as OpenStreetMap writes them, as far as they are hours of a week.

`Mo-Fr 09:00-12:00,14:00-17:00; We off; PH off`. The surprising thing: whatever else that language
can say (months, weeks, the first Monday, school holidays) makes the whole unknown. A person who is
sent to a shut door may not go a second time.
Source: wiki.openstreetmap.org, Key:opening_hours/specification.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_CLOCKS = r"\d{1,2}:[0-5]\d\s*-\s*\d{1,2}:[0-5]\d"
_RULE = re.compile(
    rf"(?P<days>{_DAY}(?:-{_DAY})?(?:\s*,\s*{_DAY}(?:-{_DAY})?)*)?[\s:]*"
    rf"(?P<times>off|closed|{_CLOCKS}(?:\s*,\s*{_CLOCKS})*)"
)
_HOLIDAYS_SHUT = re.compile(r"PH\s+(?:off|closed)")
_REMARK = re.compile(r'\s*"[^"]*"\s*$')
_ALL_DAY = (0, 24 * 60)


@dataclass(frozen=True)
class Span:
    """Hours on some days of the week, to the local clock."""

    days: tuple[int, ...]  #: ISO weekdays, 1 is Monday
    opens: int  #: minutes after midnight, 0 to 1439
    closes: int  #: minutes after midnight of that day, above `opens`, up to 2879


@dataclass(frozen=True)
class Week:
    """The hours of every week."""

    spans: tuple[Span, ...]
    shut_on_holidays: bool


def read_week(written: str) -> Week | None:
    """Read hours; None: they are not the same every week, or not written so."""
    by_day: dict[int, tuple[tuple[int, int], ...]] = {}
    shut_on_holidays = False
    for rule in filter(None, (each.strip() for each in written.split(";"))):
        if _HOLIDAYS_SHUT.fullmatch(rule):
            shut_on_holidays = True
        elif rule == "24/7":
            by_day = dict.fromkeys(range(1, 8), (_ALL_DAY,))
        else:
            read = _RULE.fullmatch(_REMARK.sub("", rule))
            times = None if read is None else _times(read["times"])
            if read is None or times is None:
                return None
            by_day |= dict.fromkeys(_days(read["days"]), times)
    spans = tuple(_spans(by_day))
    return Week(spans, shut_on_holidays) if spans else None


def _days(written: str | None) -> Iterator[int]:
    for part in ["Mo-Su"] if written is None else written.split(","):
        first, _, last = part.strip().partition("-")
        begins = DAYS.index(first)
        how_many = (DAYS.index(last or first) - begins) % 7 + 1
        yield from ((begins + each) % 7 + 1 for each in range(how_many))


def _times(written: str) -> tuple[tuple[int, int], ...] | None:
    """Minutes of opening and closing; none of a day off; None where a clock is impossible."""
    if written in ("off", "closed"):
        return ()
    spans = []
    for part in written.split(","):
        opens, closes = (_minutes(clock) for clock in part.split("-"))
        if opens >= _ALL_DAY[1]:
            return None
        closes += _ALL_DAY[1] if closes <= opens else 0
        if closes >= 2 * _ALL_DAY[1]:
            return None
        spans.append((opens, closes))
    return tuple(spans)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _spans(by_day: dict[int, tuple[tuple[int, int], ...]]) -> Iterator[Span]:
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for day in sorted(by_day):
        for times in by_day[day]:
            days[times].append(day)
    for (opens, closes), on in sorted(days.items()):
        yield Span(tuple(on), opens, closes)
