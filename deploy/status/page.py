"""Draws the page in each language, and the text to be recorded: files, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.vocabulary import Channel
from deploy.embedded.runfolder import write_atomically
from deploy.status.standing import Out, Standing
from services.intake.reader import Faulty, read_manifest
from services.pages.assets import assets
from services.pages.numbers import as_read

_HERE = Path(__file__).parent
_NAMES = {
    "fr": "Français",
    "en": "English",
    "de": "Deutsch",
    "lb": "Lëtzebuergesch",
    "pt": "Português",
}
SHEET, SCRIPT = "sheet.css", "late.js"


@dataclass(frozen=True)
class Line:
    """A line as its status page needs it."""

    name: str
    country: str  #: ISO 3166-1
    number: str | None  #: as dialled from anywhere
    timezone: str
    languages: tuple[str, ...]
    emergency_numbers: tuple[str, ...]
    others: tuple[tuple[str, str], ...]  #: title and number of lines to call instead
    chat: bool = (
        True  #: whether it answers by chat; one that does not has nothing left without voice
    )


class ManifestFaulty(Exception):
    """The manifest of the line cannot be read; the message says why."""


def line_of(manifest: Path) -> Line:
    """Read it from its manifest. Raises ManifestFaulty, OSError."""
    found = read_manifest(manifest.read_bytes())
    if isinstance(found, Faulty):
        raise ManifestFaulty(f"{manifest}: {found.faults[0].field} {found.faults[0].reason}")
    terms, callers = found.terms, found.callers
    return Line(
        name=terms.name,
        country=terms.country,
        number=callers.numbers[0].number if callers.numbers else None,
        timezone=terms.timezone,
        languages=tuple(each.value for each in terms.languages if each.value in all_words()),
        emergency_numbers=terms.emergency_numbers,
        others=tuple(
            (each.title, each.number)
            for each in callers.partners
            if each.channel is Channel.PHONE and each.number is not None
        ),
        chat=Channel.CHAT in terms.channels,
    )


@lru_cache(maxsize=1)
def all_words() -> Mapping[str, Mapping[str, Any]]:
    """Words by language."""
    words = (_HERE / "words.yaml").read_text("utf-8")
    told: Mapping[str, Mapping[str, Any]] = yaml.safe_load(words)
    return told


def spoken(line: Line, out: Out, language: str) -> str:
    """What is recorded for the telephone in this language: no hour in it, so that it stays true."""
    words = all_words()[language]
    lines = [f"{title}, {as_read(number, line.country)}" for title, number in line.others]
    return str(words["spoken"]).format(
        out=words[out],
        not_you=words["not_you"],
        call=words["call"],
        lines=", ".join(lines),
        danger=words["danger"],
        numbers=", ".join(line.emergency_numbers),
    )


def publish(folder: Path, line: Line, standing: Standing) -> tuple[Path, ...]:
    """Write every file; each is replaced in one step, the pages last."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / SHEET, assets()[SHEET].body.decode())
    write_atomically(folder / SCRIPT, (_HERE / SCRIPT).read_text("utf-8"))
    for out in (each for each in Out if each is not Out.NOTHING):
        for language in line.languages:
            words = spoken(line, out, language)
            write_atomically(folder / f"record-{out}-{language}.txt", words + "\n")
    pages = []
    for language in line.languages:
        file = folder / _file(line, language)
        write_atomically(file, draw(line, standing, language))
        pages.append(file)
    for file in folder.iterdir():
        file.chmod(0o644)  # whoever serves them is somebody else
    return tuple(pages)


def draw(line: Line, standing: Standing, language: str) -> str:
    """The page in one language."""
    words = all_words()[language]
    zone = ZoneInfo(line.timezone)
    next_word = standing.next_word_at
    page: str = _template().render(
        language=language,
        words=words,
        line=line.name,
        number=line.number if standing.out in (Out.NOTHING, Out.CHAT) else None,
        read=as_read(line.number, line.country) if line.number else "",
        fine=standing.out is Out.NOTHING,
        out=words[standing.out],
        since="" if standing.since is None else words["since"].format(_hour(standing.since, zone)),
        said=_said(standing, words, language, zone),
        next="" if next_word is None else words["next"].format(_hour(next_word, zone)),
        next_iso="" if next_word is None else next_word.isoformat(),
        lines=[
            {"title": title, "number": number, "read": as_read(number, line.country)}
            for title, number in line.others
        ],
        emergency=line.emergency_numbers,
        spoken=[
            {"code": code, "name": _NAMES[code], "file": _file(line, code)}
            for code in line.languages
        ],
        sheet=SHEET,
        script=SCRIPT,
    )
    return page


def _file(line: Line, language: str) -> str:
    return "index.html" if language == line.languages[0] else f"{language}.html"


def _said(standing: Standing, words: Mapping[str, Any], language: str, zone: ZoneInfo) -> str:
    """When it was written; with the day where no next word is promised: it may stand for weeks."""
    hour = _hour(standing.said_at, zone)
    if standing.out is not Out.NOTHING:
        return str(words["said"]).format(hour)
    day = format_date(standing.said_at.astimezone(zone), "d MMMM", locale=language)
    return str(words["said_day"]).format(day, hour)


def _hour(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%H:%M")


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html")
