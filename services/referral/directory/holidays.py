"""Public holidays of the countries in the directory, by rule, so that no year is missing.

Those of our lines' countries are `contracts.holidays`'; here is what only relays need. Sources:
FR local law of Alsace-Moselle (ordonnance of 16 August 1892: 57, 67, 68) and loi 83-550 with its
decree for the overseas départements; BE arrêté royal of 18 April 1974. Switzerland has one national
holiday; the rest is cantonal and not known here.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from contracts import holidays
from contracts.holidays import easter

#: (month, day)
_FIXED: dict[str, frozenset[tuple[int, int]]] = {
    "BE": frozenset({(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}),
    "CH": frozenset({(8, 1)}),
}
#: Days after Easter Sunday: Easter Monday, Ascension, Whit Monday.
_AFTER_EASTER: dict[str, frozenset[int]] = {
    "BE": frozenset({1, 39, 50}),
    "CH": frozenset(),
}
_ALSACE_MOSELLE = frozenset({"57", "67", "68"})
#: The day on which the abolition of slavery is kept.
_ABOLITION: dict[str, tuple[int, int]] = {
    "971": (5, 27),
    "972": (5, 22),
    "973": (6, 10),
    "974": (12, 20),
    "976": (4, 27),
    "977": (10, 9),
    "978": (5, 28),
}
_GOOD_FRIDAY = -2


@lru_cache(maxsize=4096)
def is_holiday(day: date, country: str, departement: str | None = None) -> bool:
    """Whether `day` is a public holiday there; a country not listed has none that we know."""
    if holidays.is_holiday(day, country):
        return True
    named = (day.month, day.day)
    after_easter = (day - easter(day.year)).days
    if named in _FIXED.get(country, ()) or after_easter in _AFTER_EASTER.get(country, ()):
        return True
    if country != "FR" or departement is None:
        return False
    if departement in _ALSACE_MOSELLE:
        return after_easter == _GOOD_FRIDAY or named == (12, 26)
    return _ABOLITION.get(departement) == named
