"""Editions of shared activity: published once, read ever after.

Publishing freezes the counts of the days it is about, so that a month, its weeks and its year speak
of the same contacts however late the last fact of one of them comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from contracts.activity import (
    MOST_EDITIONS,
    ActivityEdition,
    ActivityFigure,
    ActivitySeen,
    EditionName,
)
from contracts.vocabulary import ActivityKind, Period, ProgrammeId
from services.quality import store
from services.quality.activity import count_contacts
from services.quality.domain import hour_of
from services.quality.periods import days_of, each_day
from services.quality.sharing import DayCounts, Figures, Published, Withheld, share
from services.quality.store import EditionRow, SharedDayRow, TargetRow

#: After the last day, until its contacts have ended and messages have been answered.
SETTLES = timedelta(days=3)


class NotPublished(StrEnum):
    """Why nothing was published, beside what `Withheld` says."""

    UNKNOWN_LINE = "unknown_line"
    NOT_OVER = "not_over"  #: or not for three days yet
    FORGOTTEN = "forgotten"  #: the line's retention is over for some of its contacts
    NOT_COUNTED = "not_counted"  #: some hours are not
    NOT_PUBLISHED_YET = "not_published_yet"  #: there is nothing to revise


@dataclass(frozen=True)
class Wanted:
    """Which edition; what is empty is the newest."""

    period: Period | None = None
    of: str | None = None
    edition: int | None = None


@dataclass(frozen=True)
class Asked:
    """What is to be published. ValueError when no period has this name."""

    programme: ProgrammeId
    period: Period
    of: str
    revised: bool = False

    @property
    def days(self) -> list[date]:
        """Its days."""
        return each_day(*days_of(self.period, self.of))


def publish(
    session: Session, asked: Asked, now: datetime
) -> ActivityEdition | Withheld | NotPublished:
    """Publish an edition, or return the newest one there is; `now` is domain time.

    A revised one is counted anew and is another edition; the first stays what it is.
    """
    zone = zone_of(session, asked.programme)
    if zone is None:
        return NotPublished.UNKNOWN_LINE
    earlier = _editions_of(session, asked)
    if earlier and not asked.revised:
        return edition_of(earlier[-1])
    if asked.revised and not earlier:
        return NotPublished.NOT_PUBLISHED_YET
    number = len(earlier) + 1
    if now < _bounds(asked.days, zone)[1] + SETTLES:
        return NotPublished.NOT_OVER
    frozen = _frozen(session, asked.programme)
    missing = [day for day in asked.days if len(frozen.get(day, ())) < number]
    if missing:
        counted = _count(session, asked.programme, zone, missing)
        if isinstance(counted, NotPublished):
            return counted
        frozen |= {day: [*frozen.get(day, ()), counts] for day, counts in counted.items()}
    if asked.revised and _nothing_moved(frozen, asked.days, number):
        return Withheld.NOTHING_MOVED
    before = [_published(row) for row in _all(session, asked.programme)]
    figures = share(frozen, before, asked.days, number)
    if isinstance(figures, Withheld):
        return figures
    for day in missing:
        session.add(_frozen_day(asked.programme, day, frozen[day]))
    row = _row(asked, number, figures)
    row.timezone, row.published_at = zone.key, now
    session.add(row)
    session.flush()
    return edition_of(row)


def zone_of(session: Session, programme: ProgrammeId) -> ZoneInfo | None:
    """The zone of a line, by its newest version; None when there is no such line."""
    name = session.exec(
        select(TargetRow.timezone)
        .where(TargetRow.programme == programme, col(TargetRow.timezone).is_not(None))
        .order_by(col(TargetRow.programme_version).desc())
    ).first()
    return None if name is None else ZoneInfo(name)


def seen(session: Session, programme: ProgrammeId, wanted: Wanted) -> ActivitySeen:
    """The newest editions and the one that is wanted."""
    rows = _all(session, programme)
    rows.sort(key=lambda row: (row.last_day, row.first_day, row.number), reverse=True)
    shown = next((row for row in rows if _is_wanted(row, wanted)), None)
    names = tuple(
        EditionName(
            period=row.period, of=row.named, edition=row.number, published_at=row.published_at
        )
        for row in rows[:MOST_EDITIONS]
    )
    return ActivitySeen(editions=names, shown=None if shown is None else edition_of(shown))


def _is_wanted(row: EditionRow, wanted: Wanted) -> bool:
    return (
        wanted.period in {None, row.period}
        and wanted.of in {None, row.named}
        and wanted.edition in {None, row.number}
    )


def edition_of(row: EditionRow) -> ActivityEdition:
    """An edition as it is shown."""
    figures = tuple(
        ActivityFigure(kind=kind, word=word, contacts=count)
        for kind in ActivityKind
        for word, count in sorted(row.tables.get(kind.value, {}).items())
    )
    return ActivityEdition(
        programme=row.programme,
        period=Period(row.period),
        of=row.named,
        edition=row.number,
        published_at=row.published_at,
        first_day=row.first_day.isoformat(),
        last_day=row.last_day.isoformat(),
        timezone=row.timezone,
        days_left_out=len(row.left_out),
        contacts=row.contacts,
        figures=figures,
    )


# --- counting -------------------------------------------------------------------------------------


def _bounds(days: Sequence[date], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first midnight on the wall to the one after the last day."""
    first, after = min(days), max(days) + timedelta(days=1)
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, after))
    return begin, end


def _count(
    session: Session, programme: ProgrammeId, zone: ZoneInfo, days: Sequence[date]
) -> dict[date, DayCounts] | NotPublished:
    """Count days from their contacts; what of an hour was counted before must still be there."""
    targets = store.targets_of(session, programme)
    counted: dict[date, DayCounts] = {}
    for day in days:
        begin, end = _bounds([day], zone)
        contacts = list(store.opened_between(session, programme, begin, end))
        found = Counter(hour_of(facts.opened_at) for facts in contacts if facts.opened_at)
        hours = store.opened_by_hour(session, programme, begin, end)
        if any(found[hour] < opened for hour, opened in hours.items()):
            return NotPublished.FORGOTTEN
        if not found.keys() <= hours.keys():
            return NotPublished.NOT_COUNTED
        told = Counter[str]()
        for _, outcome, count in store.relay_outcomes_between(session, programme, begin, end):
            told[outcome.value] += count
        counts = count_contacts(contacts, zone, targets)
        counted[day] = counts | ({ActivityKind.RELAY_OUTCOME: told} if told else {})
    return counted


def _nothing_moved(
    frozen: Mapping[date, Sequence[DayCounts]], days: Sequence[date], number: int
) -> bool:
    return all(frozen[day][number - 1] == frozen[day][number - 2] for day in days)


# --- rows -----------------------------------------------------------------------------------------


def _all(session: Session, programme: ProgrammeId) -> list[EditionRow]:
    rows = session.exec(
        select(EditionRow)
        .where(EditionRow.programme == programme)
        .order_by(col(EditionRow.published_at), col(EditionRow.number))
    )
    return list(rows)


def _editions_of(session: Session, asked: Asked) -> list[EditionRow]:
    rows = [
        row
        for row in _all(session, asked.programme)
        if (row.period, row.named) == (asked.period, asked.of)
    ]
    return sorted(rows, key=lambda row: row.number)


def _published(row: EditionRow) -> Published:
    left_out = {date.fromisoformat(day) for day in row.left_out}
    days = frozenset(each_day(row.first_day, row.last_day)) - left_out
    shown = {
        ActivityKind(kind): frozenset(word for word, count in words.items() if count is not None)
        for kind, words in row.tables.items()
    }
    return Published(days, row.number, shown)


def _frozen(session: Session, programme: ProgrammeId) -> dict[date, list[DayCounts]]:
    rows = session.exec(
        select(SharedDayRow)
        .where(SharedDayRow.programme == programme)
        .order_by(col(SharedDayRow.day), col(SharedDayRow.revision))
    )
    frozen: dict[date, list[DayCounts]] = {}
    for row in rows:
        counts = {ActivityKind(kind): words for kind, words in row.counts.items()}
        frozen.setdefault(row.day, []).append(counts)
    return frozen


def _frozen_day(programme: ProgrammeId, day: date, kept: Sequence[DayCounts]) -> SharedDayRow:
    counts = {kind.value: dict(words) for kind, words in kept[-1].items()}
    return SharedDayRow(programme=programme, day=day, revision=len(kept), counts=counts)


def _row(asked: Asked, number: int, figures: Figures) -> EditionRow:
    first, last = days_of(asked.period, asked.of)
    return EditionRow(
        programme=asked.programme,
        period=asked.period,
        named=asked.of,
        number=number,
        first_day=first,
        last_day=last,
        left_out=sorted(day.isoformat() for day in figures.left_out),
        contacts=figures.contacts,
        tables={kind.value: dict(words) for kind, words in figures.tables.items()},
    )
