"""Hours as coordinators write them, and as they are read back."""

import pytest

from contracts.vocabulary import LanguageCode
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
    "bare hours": ("lu-ve 9-18", "MO,TU,WE,TH,FR 09:00-18:00"),
    "on Mondays": ("les lundis 9h-12h", "MO 09:00-12:00"),
    "a list copied from German": ("Mittwoch 9-12 Uhr", "WE 09:00-12:00"),
    "as it is kept": ("MO,TU 09:00-12:00", "MO,TU 09:00-12:00"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_hours_are_read_as_people_write_them(name: str) -> None:
    written, expected = WRITTEN[name]
    assert kept(written) == expected


IN_ANOTHER_LANGUAGE = {
    "in German": (
        "Montag bis Freitag 9.30-18 Uhr\nSa. 10:00-12:00",
        LanguageCode.DE,
        "MO,TU,WE,TH,FR 09:30-18:00; SA 10:00-12:00",
    ),
    "Tuesday, short, in German": ("Di und Do 9-12 Uhr", LanguageCode.DE, "TU,TH 09:00-12:00"),
    "every day in German": ("täglich von 8 bis 20 Uhr", LanguageCode.DE, f"{WEEK} 08:00-20:00"),
    "always in German": ("rund um die Uhr", LanguageCode.DE, f"{WEEK} 00:00-24:00"),
    "in English": (
        "Monday to Thursday 9:00-17:30; Sundays 10:00 to 12:00",
        LanguageCode.EN,
        "MO,TU,WE,TH 09:00-17:30; SU 10:00-12:00",
    ),
    "always in English": ("24/7", LanguageCode.EN, f"{WEEK} 00:00-24:00"),
    "a French list": ("lundi au vendredi 9h-18h", LanguageCode.DE, "MO,TU,WE,TH,FR 09:00-18:00"),
}


@pytest.mark.parametrize("name", IN_ANOTHER_LANGUAGE)
def test_hours_are_read_in_the_language_of_who_writes_them(name: str) -> None:
    written, language, expected = IN_ANOTHER_LANGUAGE[name]
    assert kept(written, language) == expected


def test_a_short_word_is_of_the_readers_own_language() -> None:
    assert kept("di 9h-12h") == "SU 09:00-12:00"
    assert kept("Di 9-12", LanguageCode.DE) == "TU 09:00-12:00"


@pytest.mark.parametrize(
    "written",
    ["le matin", "foo 9h-12h", "lundi", "lundi 9h", "lundi 9-x", "l 9-12", "9am-5pm", "14 9-12"],
)
def test_what_are_no_hours_is_refused_by_the_field(written: str) -> None:
    with pytest.raises(Flaw) as flaw:
        kept(written)
    assert flaw.value.field == "hours"


def test_hours_are_shown_by_days_in_a_row() -> None:
    working, saturday = shown("MO,TU,WE,TH,FR 09:00-18:00; SA 00:00-24:00")
    assert (working.in_a_row, working.all_day) == (True, False)
    assert (saturday.in_a_row, saturday.all_day) == (False, True)
