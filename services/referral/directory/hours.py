"""Whether a relay is open at a moment, to its own clock.

Hours are local wall times: a period begins on one day, may end on the next, and 23:59 is read as
midnight (the HSDS way of writing "all day"). The surprising thing: where we cannot tell, we say so
instead of guessing. A person who is sent to a silent number may not ring a second time, so of two
readings of a wall time the autumn night repeats, opening takes the later and closing the earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.referral.directory.holidays import is_holiday
from services.referral.directory.relay import OnHolidays, Period, Relay

_SUNDAY = 7
_EVERY_DAY = frozenset(range(1, 8))
_DAYS_LOOKED_AHEAD = 15  #: two weeks and a day for the zone


class Doubt(StrEnum):
    """Why it cannot be told whether a relay is open."""

    NO_HOURS = "hours-unknown"
    HOLIDAY = "holiday-hours-unknown"


@dataclass(frozen=True)
class Open:
    """It answers now."""

    until: datetime | None  #: UTC; None: it never closes


@dataclass(frozen=True)
class Shut:
    """It does not answer now; `next_opening` says when it does."""


@dataclass(frozen=True)
class NotKnown:
    """The directory does not say; staff have to try."""

    why: Doubt


Hours = Open | Shut | NotKnown


def hours_at(relay: Relay, channel: str, moment: datetime) -> Hours:
    """Whether `relay` answers on `channel` at `moment` (aware).

    A channel without hours of its own has those of the relay.
    """
    periods = _periods(relay, channel)
    if not periods:
        return Open(None) if relay.always_open else NotKnown(Doubt.NO_HOURS)
    if _never_closes(periods) and relay.on_holidays is not OnHolidays.CLOSED:
        return Open(None)
    return _now(relay, periods, moment)


def next_opening(relay: Relay, channel: str, moment: datetime) -> datetime | None:
    """The first moment (UTC) after `moment` at which it opens; None: not within two weeks."""
    periods = _periods(relay, channel)
    everyday = _every_day(periods)
    openings = (
        span.opens
        for period in periods
        for day in _days_around(period.zone, moment, _DAYS_LOOKED_AHEAD)
        for span in _span(relay, period, day, everyday=everyday)
        if span.certain and moment < span.opens < span.closes
    )
    return min(openings, default=None)


def _periods(relay: Relay, channel: str) -> tuple[Period, ...]:
    """Its hours on a channel: those of the channel; else those it states, unless always open."""
    own = tuple(each for each in relay.periods if each.channel == channel)
    return own or (() if relay.always_open else relay.periods)


def _every_day(periods: tuple[Period, ...]) -> bool:
    return {day for period in periods for day in period.days} >= _EVERY_DAY


def _now(relay: Relay, periods: tuple[Period, ...], moment: datetime) -> Hours:
    everyday = _every_day(periods)
    spans = [
        span
        for period in periods
        for day in _days_around(period.zone, moment, ahead=1)
        for span in _span(relay, period, day, everyday=everyday)
    ]
    current = [span for span in spans if span.opens <= moment < span.closes]
    if any(span.certain for span in current):
        return Open(_joined_end([span for span in spans if span.certain], moment))
    if current:
        return NotKnown(Doubt.HOLIDAY)
    return Shut()


@dataclass(frozen=True)
class _Span:
    opens: datetime  #: UTC, like the next
    closes: datetime
    certain: bool  #: False: a public holiday, and the row does not say what it does then


def _span(relay: Relay, period: Period, day: date, *, everyday: bool) -> Iterator[_Span]:
    """Yield the span of a period whose opening falls on `day`, if it has one."""
    weekday, certain = day.isoweekday(), True
    if is_holiday(day, relay.country, _only_departement(relay)):
        match relay.on_holidays:
            case OnHolidays.CLOSED:
                return
            case OnHolidays.AS_SUNDAY:
                weekday = _SUNDAY
            case OnHolidays.NOT_SAID:
                certain = everyday
            case OnHolidays.AS_USUAL:
                pass
    if weekday in period.days and _in_force(period, day):
        yield _Span(
            max(_readings(day, period.opens, period.zone)),
            min(_readings(day, period.closes, period.zone)),
            certain,
        )


def _joined_end(spans: list[_Span], moment: datetime) -> datetime:
    """When it closes: periods that touch are one (20:00-24:00, then 00:00-08:00)."""
    end = moment
    for span in sorted(spans, key=lambda each: each.opens):
        if span.opens <= end < span.closes:
            end = span.closes
    return end


@lru_cache(maxsize=8192)  # the same few hours on the same few days, in row after row
def _readings(day: date, minutes: int, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the moments (UTC) a wall time may mean: one, or two on the autumn night.

    A wall time that the spring night skips is reached when the clock has jumped over it.
    """
    local = datetime.combine(day + timedelta(days=minutes // 1440), time(), zone)
    local = local.replace(hour=minutes // 60 % 24, minute=minutes % 60)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return (first, second) if first <= second else (_jump(second, first, zone),)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC, to the minute) between two at which the clock of `zone` jumps."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(second=0, microsecond=0)


def _never_closes(periods: Iterable[Period]) -> bool:
    return any(
        each.days == _EVERY_DAY
        and each.opens == 0
        and each.closes == 1440
        and each.first_day is None
        and each.last_day is None
        for each in periods
    )


def _in_force(period: Period, day: date) -> bool:
    begun = period.first_day is None or period.first_day <= day
    return begun and (period.last_day is None or day <= period.last_day)


def _days_around(zone: ZoneInfo, moment: datetime, ahead: int) -> Iterator[date]:
    """Yesterday (whose period may still run), today, and `ahead` days, to the clock of `zone`."""
    today = moment.astimezone(zone).date()
    return (today + timedelta(days=each) for each in range(-1, ahead + 1))


def _only_departement(relay: Relay) -> str | None:
    """The département of a relay that has one, for its local holidays."""
    named = {each for area in relay.areas for each in area.departements or ()}
    return next(iter(named)) if len(named) == 1 else None
