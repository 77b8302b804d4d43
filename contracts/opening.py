"""When a line is open: the rules, and how everybody reads them.

Rules are local wall time. A span belongs to the day it opens on; one that closes at or before it
opens ends on the next day. A time the spring night skips is read one hour later (RFC 5545, 3.3.5);
of the two readings of a time the autumn night repeats, opening takes the first and closing the
second, so that a door never closes early or flaps. The surprising thing: a special day replaces
what begins on it, not the night that began the evening before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from contracts.envelope import Contract
from contracts.holidays import is_holiday
from contracts.privacy import public
from contracts.vocabulary import Channel, OnHolidays

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_SUNDAY = 7
#: Days looked ahead for an opening: a year, and a day on each side for the zone.
_LOOKED_AHEAD = 368


class OpeningRule(Contract):
    """Days and hours of one channel; `closes_at` at or before `opens_at` means the next day."""

    channel: Annotated[Channel, public("The channel")]
    days: Annotated[
        tuple[Annotated[int, public("ISO weekday", ge=1, le=7)], ...],
        public(
            "Days on which it opens", unit="ISO weekday, 1 is Monday", min_length=1, max_length=7
        ),
    ]
    opens_at: Annotated[str, public("Local time", unit="HH:MM", pattern=CLOCK)]
    closes_at: Annotated[str, public("Local time", unit="HH:MM", pattern=CLOCK)]


class ClockSpan(Contract):
    """From one local time to another; the second at or before the first means the next day."""

    opens_at: Annotated[str, public("Local time", unit="HH:MM", pattern=CLOCK)]
    closes_at: Annotated[str, public("Local time", unit="HH:MM", pattern=CLOCK)]


class SpecialDay(Contract):
    """One date on which a channel keeps other hours than its rules say."""

    channel: Annotated[Channel, public("The channel")]
    day: Annotated[
        str, public("The date, in the zone of the line", pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$")
    ]
    hours: Annotated[
        tuple[ClockSpan, ...],
        public("Hours that begin on it; empty: it does not open", max_length=6),
    ] = ()


@dataclass(frozen=True)
class Timetable:
    """Everything that says when a line, or a partner's, is open."""

    zone: str  #: IANA name
    country: str  #: whose public holidays count
    rules: tuple[OpeningRule, ...]
    special_days: tuple[SpecialDay, ...] = ()
    on_holidays: OnHolidays = OnHolidays.AS_USUAL


@dataclass(frozen=True)
class OpenSpan:
    """A stretch of time in which a door is open, UTC; `closes` is outside it."""

    opens: datetime
    closes: datetime


def is_open(timetable: Timetable, channel: Channel, moment: datetime) -> bool:
    """Whether the door of `channel` is open at `moment` (aware)."""
    today = _day_of(timetable, moment)
    return any(
        span.opens <= moment < span.closes
        for day in (today - _DAY, today)
        for span in spans_of_day(timetable, channel, day)
    )


def closing(timetable: Timetable, channel: Channel, moment: datetime) -> datetime | None:
    """When the door that is open at `moment` (aware) closes, UTC.

    Hours that touch are one. None when it is closed, or does not close within a week.
    """
    today = _day_of(timetable, moment)
    spans = open_spans(timetable, [channel], today - _DAY, today + _WEEK)
    closes = next((each.closes for each in spans if each.opens <= moment < each.closes), None)
    return None if closes is None or closes > moment + _WEEK else closes


def next_opening(timetable: Timetable, channel: Channel, moment: datetime) -> datetime | None:
    """The first moment (UTC) after `moment` at which `channel` opens; None: not within a year."""
    today = _day_of(timetable, moment)
    for ahead in range(-1, _LOOKED_AHEAD):
        spans = spans_of_day(timetable, channel, today + ahead * _DAY)
        later = [span.opens for span in spans if span.opens > moment]
        if later:
            return min(later)
    return None


def open_spans(
    timetable: Timetable, channels: Iterable[Channel], first: date, last: date
) -> tuple[OpenSpan, ...]:
    """When any of `channels` is open, of the spans that open from `first` to `last`, both in.

    In order; spans that touch or overlap are one.
    """
    asked = tuple(channels)
    days = (first + number * _DAY for number in range((last - first).days + 1))
    spans = [
        span for day in days for channel in asked for span in spans_of_day(timetable, channel, day)
    ]
    return joined(spans)


def joined(spans: Iterable[OpenSpan]) -> tuple[OpenSpan, ...]:
    """The same time as spans in order that neither touch nor overlap."""
    whole: list[OpenSpan] = []
    for span in sorted(spans, key=lambda each: each.opens):
        if whole and span.opens <= whole[-1].closes:
            whole[-1] = OpenSpan(whole[-1].opens, max(whole[-1].closes, span.closes))
        else:
            whole.append(span)
    return tuple(whole)


def spans_of_day(timetable: Timetable, channel: Channel, day: date) -> Iterator[OpenSpan]:
    """The spans whose opening falls on `day`, a date in the zone of the line."""
    zone = ZoneInfo(timetable.zone)
    for opens_at, closes_at in _hours_of(timetable, channel, day):
        opens, closes = time.fromisoformat(opens_at), time.fromisoformat(closes_at)
        last_day = day if closes > opens else day + _DAY
        span = OpenSpan(
            datetime.combine(day, opens, zone).replace(fold=0).astimezone(UTC),
            _later_reading(datetime.combine(last_day, closes, zone)),
        )
        if span.opens < span.closes:  # hours that the spring night skips whole never come
            yield span


def _hours_of(timetable: Timetable, channel: Channel, day: date) -> Iterator[tuple[str, str]]:
    special = [
        each
        for each in timetable.special_days
        if each.channel is channel and each.day == day.isoformat()
    ]
    if special:
        for each in special:
            yield from ((hours.opens_at, hours.closes_at) for hours in each.hours)
        return
    weekday = day.isoweekday()
    if timetable.on_holidays is not OnHolidays.AS_USUAL and is_holiday(day, timetable.country):
        if timetable.on_holidays is OnHolidays.CLOSED:
            return
        weekday = _SUNDAY
    for rule in timetable.rules:
        if rule.channel is channel and weekday in rule.days:
            yield rule.opens_at, rule.closes_at


def _day_of(timetable: Timetable, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(timetable.zone)).date()


def _later_reading(local: datetime) -> datetime:
    """The later moment (UTC) a local time may mean; on an ordinary night there is one."""
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
