"""National public holidays by rule, so that no year is missing: what `on_holidays` of a line means.

Sources: FR Code du travail L. 3133-1; LU Code du travail L. 232-2; BE arrêté royal of 18 April
1974; CH Constitution, article 110 (every other day is of cantons). Holidays of a part of a country
are special days of the lines that keep them.
"""

from datetime import date
from functools import lru_cache

#: (month, day)
_FIXED: dict[str, frozenset[tuple[int, int]]] = {
    "FR": frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}),
    "LU": frozenset({(1, 1), (5, 1), (5, 9), (6, 23), (8, 15), (11, 1), (12, 25), (12, 26)}),
    "BE": frozenset({(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}),
    "CH": frozenset({(8, 1)}),
}
#: Days after Easter Sunday: Easter Monday, Ascension, Whit Monday; none of a whole Switzerland.
_AFTER_EASTER = frozenset({1, 39, 50})
_WITHOUT_EASTER = frozenset({"CH"})

#: Countries whose holidays are known here.
COUNTRIES_WITH_HOLIDAYS = frozenset(_FIXED)


def is_holiday(day: date, country: str) -> bool:
    """Whether `day` is a public holiday of the whole country; False for one not listed here."""
    if country not in _FIXED:
        return False
    since_easter = (day - easter(day.year)).days
    movable = since_easter in _AFTER_EASTER and country not in _WITHOUT_EASTER
    return (day.month, day.day) in _FIXED[country] or movable


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Easter Sunday of a Gregorian year (anonymous algorithm, Nature, 20 April 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday) // 433
    month = (h + weekday - 7 * m + 90) // 25
    return date(year, month, (h + weekday - 7 * m + 33 * month + 19) % 32)
