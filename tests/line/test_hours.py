"""Hours of a week as people type them."""

import pytest

from deploy.line.hours import ALWAYS, Span, first_hour_outside, read_week
from deploy.line.unfit import Unfit

WORKDAYS = (1, 2, 3, 4, 5)
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("typed", "meant"),
    {
        "daily 9-21": (Span(EVERY_DAY, "09:00", "21:00"),),
        "MO-FR 9:00-12:30": (Span(WORKDAYS, "09:00", "12:30"),),
        "LU-VE 9h-12h30": (Span(WORKDAYS, "09:00", "12:30"),),
        "lu, ma 18:00-24:00": (Span((1, 2), "18:00", "00:00"),),
        "FR-MO 22-6": (Span((1, 5, 6, 7), "22:00", "06:00"),),
        "tous les jours 9h à 21h": (Span(EVERY_DAY, "09:00", "21:00"),),
        "MO-FR 9-21; SA SU 10-18": (
            Span(WORKDAYS, "09:00", "21:00"),
            Span((6, 7), "10:00", "18:00"),
        ),
        "always": ALWAYS,
    }.items(),
)
def test_hours_are_read_as_people_write_them(typed: str, meant: tuple[Span, ...]) -> None:
    assert read_week(typed) == meant


@pytest.mark.parametrize(
    ("typed", "why"),
    {
        "": "write days and hours",
        "9-21": "no day is named",
        "MO 9": "cannot be read",
        "XX 9-21": "'XX' is no day",
        "MO MO 9-21": "named twice",
        "MO 9-25": "no time of the day",
        "MO 9-12; MO 11-13": "overlap",
        "SU 22-6; MO 5-9": "overlap",
        "; ".join(f"MO {hour}-{hour + 1}" for hour in range(11)): "at most 10",
    }.items(),
)
def test_hours_that_cannot_be_are_refused_with_the_part(typed: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        read_week(typed)


def test_the_first_hour_nobody_watches_over_is_named() -> None:
    open_, watched = read_week("daily 9-21"), read_week("MO-SA 8-22; SU 8-20")
    assert first_hour_outside((open_,), watched, "Europe/Paris", "FR") == "SU 2024-01-07 20:00"
    assert first_hour_outside((open_,), ALWAYS, "Europe/Paris", "FR") == ""
    assert first_hour_outside((open_,), (), "Europe/Paris", "FR") == "MO 2024-01-01 09:00"
