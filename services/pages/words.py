"""The words of pages, in every language they exist in. French is in the templates themselves.

A catalogue is a .po file that translators know. `caller` holds what callers read, `desk` what
people on duty read; what is in no catalogue of a language is read in French, and a test says so.
"""

from __future__ import annotations

import gettext
import io
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from contracts.vocabulary import LanguageCode

_FOLDER = resources.files("services.pages") / "catalogues"

#: Languages each kind of page exists in, French first.
COMPLETE = (LanguageCode.FR, LanguageCode.EN, LanguageCode.DE)
#: Of callers' pages there are drafts that a native has still to read; the page says so.
DRAFTS = (LanguageCode.LB, LanguageCode.PT)


@lru_cache(maxsize=16)
def translations(domain: str, language: LanguageCode) -> gettext.NullTranslations:
    """The catalogue of a language; what it lacks is said by callers' pages' one, or in French."""
    if domain == "caller" and language is LanguageCode.FR:
        return _French()
    beside = _beside(domain, language)
    file = _FOLDER / f"{domain}.{language.value}.po"
    if not file.is_file():
        return beside
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(file.read_bytes()), locale=language.value))
    compiled.seek(0)
    found = gettext.GNUTranslations(compiled)
    found.add_fallback(beside)
    return found


def _beside(domain: str, language: LanguageCode) -> gettext.NullTranslations:
    french = domain == "caller" or language is LanguageCode.FR
    return gettext.NullTranslations() if french else translations("caller", language)


class _French(gettext.NullTranslations):
    """What the templates of callers' pages say, with no line broken before a sign."""

    def gettext(self, message: str) -> str:
        """The sentence."""
        return _unbroken(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The sentence of a number; French says one of none too."""
        return _unbroken(msgid1 if n < 2 else msgid2)


#: A space before which, or after which, French breaks no line.
_SPACE_OF_A_SIGN = re.compile(r" (?=[:;?!»%])|(?<=«) ")


def _unbroken(said: str) -> str:
    return _SPACE_OF_A_SIGN.sub("\N{NO-BREAK SPACE}", said)


def to_translate(sentence: str) -> str:
    """Mark a sentence for the catalogues; the page that shows it says it in its own language."""
    return sentence


def hour_in(language: LanguageCode, moment: datetime, zone: str) -> str:
    """An hour as it is said: 22 h 41, 22:41, 22:41 Uhr."""
    local = moment.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    match language:
        case LanguageCode.FR | LanguageCode.UNKNOWN | LanguageCode.OTHER:
            minutes = f"\N{NO-BREAK SPACE}{local:%M}" if local.minute else ""
            return f"{local.hour}\N{NO-BREAK SPACE}h{minutes}"
        case LanguageCode.DE | LanguageCode.LB:
            return f"{clock}\N{NO-BREAK SPACE}Uhr" if language is LanguageCode.DE else f"{clock}"
        case _:
            return clock


#: A day without its year, in Babel's letters.
_DAYS = {
    LanguageCode.DE: "EEEE, d. MMMM",
    LanguageCode.LB: "EEEE, d. MMMM",
    LanguageCode.PT: "EEEE, d 'de' MMMM",
}


def day_in(language: LanguageCode, moment: datetime, zone: str) -> str:
    """A day as it is said, without its year: mardi 24 novembre."""
    local = moment.astimezone(ZoneInfo(zone)).date()
    said = format_date(local, _DAYS.get(language, "EEEE d MMMM"), locale=_locale(language))
    return said.replace(" 1 ", " 1er ") if _locale(language) == LanguageCode.FR else said


def short_day_in(language: LanguageCode, day: date) -> str:
    """A day of the calendar, short enough for the head of a column: mer. 14 janv."""
    return format_date(day, "E d MMM", locale=_locale(language))


def local_day(moment: datetime, zone: str) -> str:
    """The day a moment is in, as a field of a form holds it: YYYY-MM-DD."""
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def local_clock(moment: datetime, zone: str) -> str:
    """The wall time of a moment, as a field of a form holds it: HH:MM."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def date_in(language: LanguageCode, moment: datetime, zone: str) -> str:
    """A date with its year."""
    said = format_date(moment.astimezone(ZoneInfo(zone)).date(), "long", locale=_locale(language))
    return re.sub("^1 ", "1er ", said) if _locale(language) == LanguageCode.FR else said


def minutes_and_seconds(length: timedelta) -> str:
    """A length as a clock shows it: 0:41, 12:05, 1:02:05."""
    seconds = max(0, int(length.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _locale(language: LanguageCode) -> str:
    known = language not in (LanguageCode.OTHER, LanguageCode.UNKNOWN)
    return language.value if known else LanguageCode.FR.value
