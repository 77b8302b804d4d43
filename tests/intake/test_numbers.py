"""One number passes from line to line at a date, and no two lines have it at once."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.ladder import CallerTerms, LineNumber
from services.intake.numbers import dialled, holds, is_taken

JUNE, JULY, AUGUST = (datetime(2020, month, 1, tzinfo=UTC) for month in (6, 7, 8))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NUMBER = "+33639980001"


def a_line_with(
    from_at: datetime | None = None, until_at: datetime | None = None, number: str = NUMBER
) -> CallerTerms:
    return CallerTerms(numbers=(LineNumber(number=number, from_at=from_at, until_at=until_at),))


def test_a_number_is_the_lines_own_from_its_first_moment_to_before_its_last() -> None:
    line = a_line_with(JUNE, JULY)
    assert not holds(line, {NUMBER}, JUNE - timedelta(microseconds=1))
    assert holds(line, {NUMBER}, JUNE)
    assert holds(line, {NUMBER}, JULY - timedelta(microseconds=1))
    assert not holds(line, {NUMBER}, JULY)
    assert not holds(line, {"+33639980002"}, JUNE)


#: Another line's hold on the number, and whether mine, from June to July, meets it.
HELD: dict[str, tuple[CallerTerms, bool]] = {
    "before mine": (a_line_with(until_at=JUNE), False),
    "after mine": (a_line_with(JULY), False),
    "into mine": (a_line_with(until_at=JUNE + timedelta(days=1)), True),
    "out of mine": (a_line_with(JULY - timedelta(days=1)), True),
    "within mine": (a_line_with(JUNE + timedelta(days=1), JULY - timedelta(days=1)), True),
    "for ever": (a_line_with(), True),
    "of another number": (a_line_with(number="+33639980002"), False),
    "of none": (CallerTerms(), False),
}


@pytest.mark.parametrize("case", HELD.values(), ids=HELD)
def test_a_number_cannot_be_two_lines_own(case: tuple[CallerTerms, bool]) -> None:
    other, met = case
    assert is_taken(a_line_with(JUNE, JULY), LONG_AGO, [other]) is met


def test_what_was_before_a_version_takes_effect_is_nobodys_loss() -> None:
    assert not is_taken(a_line_with(), AUGUST, [a_line_with(JUNE, JULY)])
    assert is_taken(a_line_with(), JUNE, [a_line_with(JUNE, JULY)])


def test_two_lines_without_an_end_meet() -> None:
    assert is_taken(a_line_with(JUNE), LONG_AGO, [a_line_with(JULY)])


@pytest.mark.parametrize("written", ["+33 6 39 98 00 01", "0033639980001", "+33.639-980(001)"])
def test_a_number_is_read_however_it_is_written(written: str) -> None:
    assert dialled(written) == {NUMBER}


def test_a_number_dialled_within_a_country_may_be_of_any_of_ours() -> None:
    assert "+33800190000" in dialled("0 800 19 00 00")
    assert "+352454545" in dialled("45 45 45")
