"""Every sentence of a page has words in each language it is promised in."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.vocabulary import LanguageCode
from deploy import words as command
from services.pages.words import date_in, day_in, hour_in, minutes_and_seconds, translations

EVENING = datetime(2026, 11, 24, 21, 41, tzinfo=UTC)
PARIS = "Europe/Paris"


def test_catalogues_say_what_the_templates_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check"]) == 0, capsys.readouterr().err


def test_french_breaks_no_line_before_a_sign() -> None:
    said = translations("caller", LanguageCode.FR)
    assert said.gettext("Ces lignes existent :") == "Ces lignes existent\N{NO-BREAK SPACE}:"
    quoted = said.gettext("Les lignes « envoyé » sont là ; et vous ?")
    assert quoted.count("\N{NO-BREAK SPACE}") == 4
    assert said.ngettext("un jour", "des jours", 0) == "un jour"


HOURS = {LanguageCode.FR: "22 h 41", LanguageCode.EN: "22:41", LanguageCode.DE: "22:41 Uhr"}


@pytest.mark.parametrize(("language", "said"), HOURS.items(), ids=HOURS.keys())
def test_hour_is_said_as_in_the_language(language: LanguageCode, said: str) -> None:
    assert hour_in(language, EVENING, PARIS).replace("\N{NO-BREAK SPACE}", " ") == said


def test_full_hour_has_no_minutes_in_french() -> None:
    assert (
        hour_in(LanguageCode.FR, EVENING - timedelta(minutes=41), PARIS) == "22\N{NO-BREAK SPACE}h"
    )


def test_day_has_its_name_and_no_year() -> None:
    assert day_in(LanguageCode.FR, EVENING, PARIS) == "mardi 24 novembre"
    assert day_in(LanguageCode.EN, EVENING, PARIS) == "Tuesday 24 November"
    assert day_in(LanguageCode.DE, EVENING, PARIS) == "Dienstag, 24. November"
    first = EVENING + timedelta(days=7)
    assert day_in(LanguageCode.FR, first, PARIS) == "mardi 1er décembre"
    assert date_in(LanguageCode.FR, first, PARIS) == "1er décembre 2026"
    assert date_in(LanguageCode.EN, first, PARIS) == "December 1, 2026"


def test_clock_counts_hours_only_when_there_are_some() -> None:
    assert minutes_and_seconds(timedelta(seconds=41)) == "0:41"
    assert minutes_and_seconds(timedelta(hours=1, minutes=2, seconds=5)) == "1:02:05"
    assert minutes_and_seconds(timedelta(seconds=-3)) == "0:00"


def test_desk_without_a_word_of_its_own_says_what_callers_pages_say() -> None:
    said = translations("desk", LanguageCode.EN).gettext("Aller au contenu")
    assert said == translations("caller", LanguageCode.EN).gettext("Aller au contenu")
