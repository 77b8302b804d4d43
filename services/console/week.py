"""A week of the plan as a coordinator reads it: its holes first, then bands of three hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.shift import HourLacking, ShiftSeen
from contracts.vocabulary import Hole, Role

_HOUR = timedelta(hours=1)
_BAND_HOURS = 3
DAYS = 7


@dataclass(frozen=True)
class Gap:
    """Hours one after the other that lack the same."""

    starts_at: datetime
    ends_at: datetime
    missing: tuple[Hole, ...]


@dataclass(frozen=True)
class Cell:
    """One band of one day."""

    day: date
    people: Mapping[Role, int]  #: who comes in it, in whole or in part
    untaken: int  #: shifts that are open to who takes them
    missing: tuple[Hole, ...]  #: what any of its hours lacks

    @property
    def is_empty(self) -> bool:
        """Nobody comes and nobody lacks."""
        return not (self.people or self.untaken or self.missing)


@dataclass(frozen=True)
class Band:
    """Three hours of the day, on each day of the week."""

    starts_at: time
    ends_at: time
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Week:
    """Seven days from a Monday on."""

    monday: date
    gaps: tuple[Gap, ...]
    bands: tuple[Band, ...]  #: without those in which nothing is on any day
    shifts: tuple[ShiftSeen, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the week."""
        return tuple(self.monday + timedelta(days=number) for number in range(DAYS))


def monday_of(day: date) -> date:
    """The Monday of the week a day is in."""
    return day - timedelta(days=day.weekday())


def week_of(
    monday: date, zone: str, shifts: Sequence[ShiftSeen], lacking: Sequence[HourLacking]
) -> Week:
    """Put a plan into bands; the wall time is the line's."""
    plan = _Plan(ZoneInfo(zone), tuple(shifts), tuple(lacking))
    bands = (_band(begin, monday, plan) for begin in range(0, 24, _BAND_HOURS))
    return Week(
        monday=monday,
        gaps=tuple(_gaps(lacking)),
        bands=tuple(band for band in bands if not all(cell.is_empty for cell in band.cells)),
        shifts=tuple(shifts),
    )


@dataclass(frozen=True)
class _Plan:
    zone: ZoneInfo
    shifts: tuple[ShiftSeen, ...]
    lacking: tuple[HourLacking, ...]


def _gaps(lacking: Sequence[HourLacking]) -> Iterator[Gap]:
    """Join hours that follow each other and lack the same."""
    open_gap: Gap | None = None
    for each in sorted(lacking, key=lambda hour: hour.hour):
        goes_on = open_gap is not None and open_gap.ends_at == each.hour
        if open_gap is not None and goes_on and open_gap.missing == each.missing:
            open_gap = Gap(open_gap.starts_at, each.hour + _HOUR, each.missing)
            continue
        if open_gap is not None:
            yield open_gap
        open_gap = Gap(each.hour, each.hour + _HOUR, each.missing)
    if open_gap is not None:
        yield open_gap


def _band(begin: int, monday: date, plan: _Plan) -> Band:
    cells = []
    for number in range(DAYS):
        day = monday + timedelta(days=number)
        opens = datetime.combine(day, time(begin), plan.zone)
        starts_at, ends_at = (at.astimezone(UTC) for at in (opens, opens + _BAND_HOURS * _HOUR))
        here = [s for s in plan.shifts if s.starts_at < ends_at and starts_at < s.ends_at]
        lacking = (each for each in plan.lacking if starts_at <= each.hour < ends_at)
        missing = {hole for each in lacking for hole in each.missing}
        coming = {(each.role, each.person_id) for each in here if each.person_id is not None}
        cells.append(
            Cell(
                day=day,
                people=Counter(role for role, _ in coming),
                untaken=sum(each.person_id is None for each in here),
                missing=tuple(sorted(missing)),
            )
        )
    return Band(time(begin), time((begin + _BAND_HOURS) % 24), tuple(cells))
