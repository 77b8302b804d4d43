"""Periods by their names."""

from datetime import date

import pytest

from contracts.vocabulary import Period
from services.quality.periods import days_of, each_day


@pytest.mark.parametrize(
    ("period", "of", "first", "last"),
    [
        (Period.DAY, "2028-02-29", date(2028, 2, 29), date(2028, 2, 29)),
        (Period.WEEK, "2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        (Period.WEEK, "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        (Period.MONTH, "2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        (Period.MONTH, "2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        (Period.QUARTER, "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        (Period.YEAR, "2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_period_has_these_days(period: Period, of: str, first: date, last: date) -> None:
    assert days_of(period, of) == (first, last)


@pytest.mark.parametrize(
    ("period", "of"),
    [
        (Period.DAY, "2026-02-30"),
        (Period.WEEK, "2025-W53"),
        (Period.MONTH, "2026-13"),
        (Period.MONTH, "2026-01-14"),
        (Period.QUARTER, "2026-Q5"),
        (Period.YEAR, "26"),
    ],
)
def test_name_of_no_period_is_refused(period: Period, of: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        days_of(period, of)


def test_days_are_all_between_and_with_both() -> None:
    assert each_day(date(2026, 2, 27), date(2026, 3, 2)) == [
        date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2),
    ]  # fmt: skip
