"""Hours as coordinators write them, and as they are read back."""

import pytest

from services.bus.body import Flaw
from services.console.hours_words import kept, shown

WEEK = "MO,TU,WE,TH,FR,SA,SU"
WRITTEN = {
    "days in a row": ("lundi au vendredi 9h-18h", "MO,TU,WE,TH,FR 09:00-18:00"),
    "short": ("lu-ve 9:00-12:30 ; sa 10h à 12h", "MO,TU,WE,TH,FR 09:00-12:30; SA 10:00-12:00"),
    "two lines": (
        "lundi, mercredi 14h-17h30\nSamedi 9h\u201312h",
        "MO,WE 14:00-17:30; SA 09:00-12:00",
    ),
    "over the weekend": ("du samedi au lundi 8h-20h", "MO,SA,SU 08:00-20:00"),
    "every day": ("tous les jours de 8h à 2h", f"{WEEK} 08:00-02:00"),
    "no day": ("18:00-23:00", f"{WEEK} 18:00-23:00"),
    "always": ("24h/24", f"{WEEK} 00:00-24:00"),
    "as it is kept": ("MO,TU 09:00-12:00", "MO,TU 09:00-12:00"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_hours_are_read_as_people_write_them(name: str) -> None:
    written, expected = WRITTEN[name]
    assert kept(written) == expected


@pytest.mark.parametrize("written", ["le matin", "foo 9h-12h", "lundi", "lundi 9h", "lundi 9-x"])
def test_what_are_no_hours_is_refused_by_the_field(written: str) -> None:
    with pytest.raises(Flaw) as flaw:
        kept(written)
    assert flaw.value.field == "hours"


def test_hours_are_shown_by_days_in_a_row() -> None:
    working, saturday = shown("MO,TU,WE,TH,FR 09:00-18:00; SA 00:00-24:00")
    assert (working.in_a_row, working.all_day) == (True, False)
    assert (saturday.in_a_row, saturday.all_day) == (False, True)
