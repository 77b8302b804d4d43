"""Hours of a week as somebody types them: `MO-FR 9:00-21:00; SA SU 10:00-18:00`, or `always`.

Days are told in English or in French (LU MA ME JE VE SA DI); the two name no day differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from contracts.opening import OpeningRule, OpenSpan, Timetable, open_spans
from contracts.vocabulary import Channel
from deploy.line.unfit import Unfit
from services.intake.flaws import first_contradiction
from services.intake.gaps import first_gap

#: More than any line of the seeds needs; a manifest holds forty rules for all channels together.
MOST_SPANS = 10
_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAYS = {
    **{name: place for place, name in enumerate(_NAMES, 1)},
    **{name: place for place, name in enumerate(("LU", "MA", "ME", "JE", "VE", "SA", "DI"), 1)},
}
_CLOCK = r"([0-9]{1,2})(?:[:hH]([0-9]{2})?)?"
_SPAN = re.compile(rf"(?P<days>.*?)\s*{_CLOCK}\s*(?:-|à|to)\s*{_CLOCK}")
_FORM = "write days and hours, as MO-FR 9:00-21:00; SA SU 10:00-18:00, or: daily 9:00-21:00, always"
#: A leap year and the one after it, as the check of a manifest looks at.
_FIRST_DAY, _LAST_DAY = date(2024, 1, 1), date(2025, 12, 31)


@dataclass(frozen=True)
class Span:
    """Some days with the same hours; closing at or before opening is the next day."""

    days: tuple[int, ...]  #: ISO weekdays, 1 is Monday
    opens_at: str  #: HH:MM, local
    closes_at: str


Week = tuple[Span, ...]
ALWAYS: Week = (Span(_EVERY_DAY, "00:00", "00:00"),)


def read_week(text: str) -> Week:
    """Read the hours of a week; Unfit with the part that cannot be read."""
    if text.strip().lower() in ("always", "toujours", "24/7", "24h/24"):
        return ALWAYS
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise Unfit(_FORM)
    if len(parts) > MOST_SPANS:
        raise Unfit(f"at most {MOST_SPANS} groups of days; put days with the same hours together")
    week = tuple(_span(part) for part in parts)
    if first_contradiction(rules_of(week, Channel.PHONE)) is not None:
        raise Unfit("two of these hours overlap; say each hour once")
    return week


def _span(part: str) -> Span:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise Unfit(f"{part!r} cannot be read; {_FORM}")
    _, opens, opens_minutes, closes, closes_minutes = found.groups()
    return Span(_days(found["days"]), _clock(opens, opens_minutes), _clock(closes, closes_minutes))


def _days(text: str) -> tuple[int, ...]:
    if text.strip().lower() in ("daily", "every day", "tous les jours"):
        return _EVERY_DAY
    days: list[int] = []
    for word in re.sub(r"\s*-\s*", "-", text.upper()).replace(",", " ").split():
        first, _, last = word.partition("-")
        unknown = [each for each in (first, last or first) if each not in _DAYS]
        if unknown:
            raise Unfit(f"{unknown[0]!r} is no day: MO TU WE TH FR SA SU, or daily")
        begin, end = _DAYS[first], _DAYS[last or first]
        days += [(begin - 1 + step) % 7 + 1 for step in range((end - begin) % 7 + 1)]
    if not days:
        raise Unfit(f"no day is named; {_FORM}")
    if len(set(days)) < len(days):
        raise Unfit(f"a day is named twice in {text!r}")
    return tuple(sorted(days))


def _clock(hours: str, minutes: str | None) -> str:
    read = (int(hours), int(minutes or 0))
    if read == (24, 0):
        return "00:00"
    if read[0] > 23 or read[1] > 59:
        raise Unfit(f"{hours}:{minutes or '00'} is no time of the day")
    return f"{read[0]:02}:{read[1]:02}"


def rules_of(week: Week, channel: Channel) -> tuple[OpeningRule, ...]:
    """The same hours as a line says them of one channel."""
    return tuple(
        OpeningRule(
            channel=channel, days=span.days, opens_at=span.opens_at, closes_at=span.closes_at
        )
        for span in week
    )


def first_hour_outside(needed: tuple[Week, ...], cover: Week, zone: str, country: str) -> str:
    """The first hour of `needed` that is not in `cover`, `MO 2024-01-01 09:00`; empty: none is."""
    rules = tuple(rule for week in needed for rule in rules_of(week, Channel.PHONE))
    gap = first_gap(
        _spans(Timetable(zone, country, rules), 0),
        _spans(Timetable(zone, country, rules_of(cover, Channel.PHONE)), 1),
    )
    if gap is None:
        return ""
    local = gap.astimezone(ZoneInfo(zone))
    return f"{_NAMES[local.weekday()]} {local:%Y-%m-%d %H:%M}"


def _spans(timetable: Timetable, before: int) -> tuple[OpenSpan, ...]:
    first = _FIRST_DAY - before * timedelta(days=1)
    return open_spans(timetable, [Channel.PHONE], first, _LAST_DAY + before * timedelta(days=1))
