"""Shifts in wall time and in moments, who may have one, and the hours that lack somebody.

Pure. People plan in wall time; two nights a year it is not what it seems. A wall time the spring
night skips is a flaw: nobody can come then. Of one the autumn night repeats, a beginning takes the
first and an end the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts import opening
from contracts.programme import NightTerms, ProgrammeTerms
from contracts.shift import WishedShift
from contracts.vocabulary import Hole, Refusal, Role, Stage
from services.roster.domain import ASKS_NOTHING, Dossier, Flaw, establish, read_day

HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SHORTEST = timedelta(minutes=15)

#: Who can take a risk signal on from a listener (DESIGN 8). The second word comes with the people
#: who are called at night; a plan made before knows supervisors only.
ACKNOWLEDGES = frozenset(role for role in Role if role in ("supervisor", "duty_professional"))


@dataclass(frozen=True)
class Span:
    """A stretch of time, UTC; its end is outside it."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether there is a moment in both."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def read_shift(wished: WishedShift, terms: ProgrammeTerms, now: datetime) -> Span | Flaw:
    """Read a shift in the zone of the line; one that is over, or cannot be, is a flaw."""
    zone, asks = ZoneInfo(terms.timezone), terms.roster or ASKS_NOTHING
    day = read_day(wished.day, "day")
    if isinstance(day, Flaw):
        return day
    starts, ends = time.fromisoformat(wished.starts_at), time.fromisoformat(wished.ends_at)
    try:
        last_day = day if ends > starts else day + _DAY
    except OverflowError:
        return Flaw("day")
    starts_at, ends_at = wall_moment(day, starts, zone), wall_moment(last_day, ends, zone, 1)
    if starts_at is None:
        return Flaw("starts_at")
    longest = timedelta(hours=asks.shift_hours_at_most)
    if ends_at is None or not _SHORTEST <= ends_at - starts_at <= longest:
        return Flaw("ends_at")
    return Flaw("day") if ends_at <= now else Span(starts_at, ends_at)


def wall_moment(day: date, clock: time, zone: ZoneInfo, fold: int = 0) -> datetime | None:
    """The moment (UTC) of a wall time; None when the clocks skip it.

    `fold`: which of two, when they show it twice. The calendar's last day has no moment elsewhere.
    """
    wall = datetime.combine(day, clock)
    try:
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        shown = moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None
    return moment if shown == wall else None


# --- who may have a shift -------------------------------------------------------------------------


def objection(
    dossier: Dossier | None, wished: tuple[Span, Role], taken: Iterable[Span], terms: ProgrammeTerms
) -> Refusal | None:
    """Why a person cannot have a shift beside those they have; None when they can."""
    span, role = wished
    asks = terms.roster or ASKS_NOTHING
    if dossier is None:
        return Refusal.UNKNOWN_PERSON
    if role not in establish(dossier, asks, span.starts_at).qualification.roles:
        return Refusal.NOT_ELIGIBLE
    known = tuple(taken)
    if any(span.overlaps(other) for other in known):
        return Refusal.SHIFTS_OVERLAP
    return _too_many_nights(dossier, span, known, terms)


def _too_many_nights(
    dossier: Dossier, span: Span, taken: tuple[Span, ...], terms: ProgrammeTerms
) -> Refusal | None:
    asks = terms.roster or ASKS_NOTHING
    zone = ZoneInfo(terms.timezone)
    nights = asks.nights or _COMMON_NIGHT
    if not nights_of(span, nights, zone):
        return None
    if dossier.declared.no_nights:
        return Refusal.NIGHT_LIMIT
    if asks.nights is None:
        return None
    mine = sorted({night for each in (*taken, span) for night in nights_of(each, nights, zone)})
    within = timedelta(days=nights.within_days)
    for night in nights_of(span, nights, zone):
        for first in mine:  # any window that holds this night begins with one of them
            held = [each for each in mine if first <= each < first + within]
            if night in held and len(held) > nights.at_most:
                return Refusal.NIGHT_LIMIT
    return None


#: What a night is where the line does not say: the night shift of the federation (23:00 to 07:00).
_COMMON_NIGHT = NightTerms(begins_at="23:00", ends_at="07:00", at_most=366, within_days=366)


def nights_of(span: Span, nights: NightTerms, zone: ZoneInfo) -> frozenset[date]:
    """Evenings whose night a stretch of time touches. A skipped wall time is the moment after."""
    first = span.starts_at.astimezone(zone).date() - _DAY
    last = span.ends_at.astimezone(zone).date()
    begins, ends = time.fromisoformat(nights.begins_at), time.fromisoformat(nights.ends_at)
    evenings = (first + _DAY * number for number in range((last - first).days + 1))
    return frozenset(
        evening
        for evening in evenings
        if span.overlaps(
            Span(
                datetime.combine(evening, begins, zone).astimezone(UTC),
                datetime.combine(
                    evening if ends > begins else evening + _DAY, ends, zone
                ).astimezone(UTC),
            )
        )
    )


# --- the end of the shift somebody is in ----------------------------------------------------------


def shift_end(shifts: Iterable[Span], now: datetime) -> datetime | None:
    """When the shift around `now` ends, shifts that follow without a gap included."""
    end = None
    for span in sorted(shifts, key=lambda span: span.starts_at):
        around = span.starts_at <= now < span.ends_at
        if around or (end is not None and span.starts_at == end):
            end = span.ends_at
    return end


def next_border(shifts: Iterable[Span], now: datetime) -> datetime | None:
    """When the next shift begins or the present one ends."""
    borders = (at for span in shifts for at in (span.starts_at, span.ends_at) if at > now)
    return min(borders, default=None)


# --- hours that lack somebody ---------------------------------------------------------------------


def full_hour(moment: datetime) -> datetime:
    """The full hour a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def hours_in(span: Span) -> Iterator[datetime]:
    """Every full hour a stretch of time touches."""
    hour = full_hour(span.starts_at)
    while hour < span.ends_at:
        yield hour
        hour += HOUR


def holes_in(
    hour: datetime, planned: Mapping[Role, tuple[Span, ...]], terms: ProgrammeTerms
) -> tuple[Hole, ...]:
    """What an hour (UTC) lacks at any of its open moments; nothing while the line is closed.

    `planned`: by role, the shifts of people who will be eligible; one person's do not overlap.
    """
    asks = terms.roster
    if asks is None:
        return ()
    opened = tuple(open_spans(terms, Span(hour, hour + HOUR)))
    acknowledging = tuple(span for role in ACKNOWLEDGES for span in planned.get(role, ()))
    needed = {
        Hole.TOO_FEW_TO_LISTEN: (planned.get(Role.LISTENER, ()), asks.listeners_at_least),
        Hole.NOBODY_TO_ACKNOWLEDGE: (acknowledging, 1),
    }
    if terms.first_stage is Stage.REGULATOR:
        needed[Hole.NOBODY_TO_REGULATE] = (planned.get(Role.REGULATOR, ()), 1)
    lacking = (hole for hole, (spans, least) in needed.items() if _lacks(opened, spans, least))
    return tuple(sorted(lacking))


def _lacks(opened: tuple[Span, ...], planned: tuple[Span, ...], least: int) -> bool:
    """Whether fewer than `least` are planned at some open moment: looked at where one leaves."""
    leaving = {span.ends_at for span in planned}
    for door in opened:
        moments = {door.starts_at, *(at for at in leaving if door.starts_at < at < door.ends_at)}
        for moment in moments:
            if sum(span.starts_at <= moment < span.ends_at for span in planned) < least:
                return True
    return False


def open_spans(terms: ProgrammeTerms, within: Span) -> Iterator[Span]:
    """When any channel of the line is open inside a stretch of time."""
    zone = ZoneInfo(terms.timezone)
    first, last = (at.astimezone(zone).date() for at in (within.starts_at, within.ends_at))
    for each in opening.open_spans(terms.timetable, terms.channels, first - _DAY, last):
        if each.opens < within.ends_at and within.starts_at < each.closes:
            yield Span(max(each.opens, within.starts_at), min(each.closes, within.ends_at))
