"""Telephone numbers, as they are read."""

import pytest

from services.pages.numbers import as_read

READ = {
    "in pairs": ("+33145394000", "FR", "01 45 39 40 00"),
    "as it is dialled at home": ("0145394000", "FR", "01 45 39 40 00"),
    "free of charge": ("+33800051234", "FR", "0 800 05 12 34"),
    "short": ("3114", "FR", "3114"),
    "six digits": ("116006", "FR", "116006"),
    "of another country": ("+33145394000", "LU", "+33 1 45 39 40 00"),
    "of Luxembourg": ("+352454545", "LU", "45 45 45"),
}


@pytest.mark.parametrize("name", READ)
def test_a_number_is_read_as_it_is_said(name: str) -> None:
    number, country, expected = READ[name]
    assert as_read(number, country) == expected
