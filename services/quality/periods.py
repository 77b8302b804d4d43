"""Periods by their names: `2026-01-14`, `2026-W03`, `2026-01`, `2026-Q1`, `2026`."""

from __future__ import annotations

import re
from datetime import date, timedelta

from contracts.vocabulary import Period

_NAMES = {
    Period.DAY: re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
    Period.WEEK: re.compile(r"(\d{4})-W(\d{2})"),
    Period.MONTH: re.compile(r"(\d{4})-(\d{2})"),
    Period.QUARTER: re.compile(r"(\d{4})-Q([1-4])"),
    Period.YEAR: re.compile(r"(\d{4})"),
}


def days_of(period: Period, of: str) -> tuple[date, date]:
    """Its first day and its last; ValueError when no period has this name."""
    found = _NAMES[period].fullmatch(of)
    if found is None:
        raise ValueError(f"{of} is no {period.value}")
    year, *rest = (int(each) for each in found.groups())
    match period:
        case Period.DAY:
            day = date(year, *rest)
            return day, day
        case Period.WEEK:
            monday = date.fromisocalendar(year, rest[0], 1)
            return monday, monday + timedelta(days=6)
        case Period.MONTH:
            return _months(year, rest[0], 1)
        case Period.QUARTER:
            return _months(year, 3 * rest[0] - 2, 3)
        case Period.YEAR:
            return date(year, 1, 1), date(year, 12, 31)


def _months(year: int, month: int, many: int) -> tuple[date, date]:
    first = date(year, month, 1)
    year_after, month_after = divmod(12 * year + month - 1 + many, 12)
    return first, date(year_after, month_after + 1, 1) - timedelta(days=1)


def each_day(first: date, last: date) -> list[date]:
    """Every day from one to another, both with them."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
