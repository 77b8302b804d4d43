"""Shifts in wall time, the two odd nights included, and the hours that lack somebody."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.opening import OpeningRule, SpecialDay
from contracts.programme import NightTerms, ProgrammeTerms, RosterTerms
from contracts.shift import WishedShift
from contracts.vocabulary import Channel, Hole, Refusal, Role, Stage
from services.roster.domain import Declared, Dossier, Flaw
from services.roster.shifts import (
    HOUR,
    Span,
    holes_in,
    hours_in,
    nights_of,
    objection,
    open_spans,
    read_shift,
    shift_end,
    wall_moment,
)
from tests.roster.builders import NOON, a_qualification, an_accreditation
from tests.terms import a_line

PARIS = ZoneInfo("Europe/Paris")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
FAR = a_qualification(an_accreditation(days=4000))


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def a_planned_line(*opening: tuple[str, str], **asks: object) -> ProgrammeTerms:
    """A line that plans here, in Paris, without regulators."""
    rules = tuple(
        OpeningRule(channel=Channel.PHONE, days=EVERY_DAY, opens_at=opens, closes_at=closes)
        for opens, closes in opening or (("09:00", "21:00"),)
    )
    roster = RosterTerms.model_validate(asks)
    return a_line(opening=rules, first_stage=Stage.LISTENER, roster=roster)


def wish(day: str, starts: str, ends: str) -> WishedShift:
    return WishedShift(day=day, starts_at=starts, ends_at=ends, role=Role.LISTENER)


READ = {
    "an afternoon": (
        ("2026-01-20", "14:00", "18:00"),
        Span(utc("2026-01-20T14:00+01:00"), utc("2026-01-20T18:00+01:00")),
    ),
    "over midnight": (
        ("2026-01-20", "23:00", "07:00"),
        Span(utc("2026-01-20T23:00+01:00"), utc("2026-01-21T07:00+01:00")),
    ),
    "the spring night is an hour short": (
        ("2026-03-28", "23:00", "07:00"),
        Span(utc("2026-03-28T23:00+01:00"), utc("2026-03-29T07:00+02:00")),
    ),
    "the autumn night is an hour long": (
        ("2026-10-24", "23:00", "07:00"),
        Span(utc("2026-10-24T23:00+02:00"), utc("2026-10-25T07:00+01:00")),
    ),
    "begins at the first half past two": (
        ("2026-10-25", "02:30", "07:00"),
        Span(utc("2026-10-25T02:30+02:00"), utc("2026-10-25T07:00+01:00")),
    ),
    "ends at the second half past two": (
        ("2026-10-24", "23:00", "02:30"),
        Span(utc("2026-10-24T23:00+02:00"), utc("2026-10-25T02:30+01:00")),
    ),
    "begins when the clocks skip": (("2026-03-29", "02:30", "07:00"), Flaw("starts_at")),
    "ends when the clocks skip": (("2026-03-28", "23:00", "02:30"), Flaw("ends_at")),
    "no such day": (("2026-02-30", "09:00", "12:00"), Flaw("day")),
    "no leap year": (("2027-02-29", "09:00", "12:00"), Flaw("day")),
    "month thirteen": (("2026-13-01", "09:00", "12:00"), Flaw("day")),
    "yesterday": (("2026-01-13", "09:00", "12:00"), Flaw("day")),
    "the last day there is": (("9999-12-31", "23:00", "07:00"), Flaw("day")),
    "longer than the line allows": (("2026-01-20", "08:00", "21:00"), Flaw("ends_at")),
    "a whole day by mistake": (("2026-01-20", "09:00", "09:00"), Flaw("ends_at")),
}


@pytest.mark.parametrize(("written", "read"), READ.values(), ids=READ.keys())
def test_wished_shift_is_read_as(written: tuple[str, str, str], read: Span | Flaw) -> None:
    assert read_shift(wish(*written), a_planned_line(), NOON) == read


DAYS = st.dates(date(2026, 1, 15), date(2027, 12, 30))
CLOCKS = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(DAYS, CLOCKS, st.integers(0, 1))
def test_wall_time_that_has_a_moment_is_what_the_clock_shows_then(
    day: date, clock: time, fold: int
) -> None:
    moment = wall_moment(day, clock, PARIS, fold)
    if moment is not None:
        shown = moment.astimezone(PARIS)
        assert (shown.date(), shown.time()) == (day, clock)


@given(DAYS, CLOCKS, CLOCKS)
def test_every_shift_that_is_taken_runs_forward_within_its_bounds(
    day: date, starts: time, ends: time
) -> None:
    wished = wish(day.isoformat(), f"{starts:%H:%M}", f"{ends:%H:%M}")
    read = read_shift(wished, a_planned_line(shift_hours_at_most=24), NOON)
    if isinstance(read, Span):
        assert timedelta(minutes=15) <= read.ends_at - read.starts_at <= timedelta(hours=24)


# --- who may have a shift -------------------------------------------------------------------------

ONE_NIGHT_A_MONTH = NightTerms(begins_at="23:00", ends_at="07:00", at_most=1, within_days=30)


def a_night(day: int, month: int = 2) -> Span:
    begin = datetime(2026, month, day, 23, tzinfo=PARIS).astimezone(UTC)
    return Span(begin, begin + timedelta(hours=8))


def an_evening(day: int) -> Span:
    begin = datetime(2026, 2, day, 18, tzinfo=PARIS).astimezone(UTC)
    return Span(begin, begin + timedelta(hours=4))


ASKED = {
    "an evening": (an_evening(3), (), None),
    "the same evening twice": (an_evening(3), (an_evening(3),), Refusal.SHIFTS_OVERLAP),
    "one after the other": (
        Span(an_evening(3).ends_at, an_evening(3).ends_at + HOUR),
        (an_evening(3),),
        None,
    ),
    "the first night": (a_night(3), (), None),
    "a second night two weeks later": (a_night(17), (a_night(3),), Refusal.NIGHT_LIMIT),
    "a second night a month later": (a_night(6, 3), (a_night(4),), None),
    "a night before one that is planned": (a_night(3), (a_night(17),), Refusal.NIGHT_LIMIT),
    "an evening beside a night": (an_evening(5), (a_night(3),), None),
}


@pytest.mark.parametrize(("span", "taken", "why"), ASKED.values(), ids=ASKED.keys())
def test_shift_beside_others(span: Span, taken: tuple[Span, ...], why: Refusal | None) -> None:
    terms = a_planned_line(nights=ONE_NIGHT_A_MONTH)
    assert objection(Dossier(FAR), (span, Role.LISTENER), taken, terms) is why


def test_who_takes_no_night_is_asked_for_none() -> None:
    dossier = Dossier(FAR, declared=Declared(no_nights=True))
    line = a_planned_line()
    assert objection(dossier, (a_night(3), Role.LISTENER), (), line) is Refusal.NIGHT_LIMIT
    assert objection(dossier, (an_evening(3), Role.LISTENER), (), line) is None


def test_shift_needs_somebody_known_who_will_be_eligible_then() -> None:
    span, line = an_evening(3), a_planned_line()
    assert objection(None, (span, Role.LISTENER), (), line) is Refusal.UNKNOWN_PERSON
    assert objection(Dossier(FAR), (span, Role.SUPERVISOR), (), line) is Refusal.NOT_ELIGIBLE
    lapsed = Dossier(a_qualification(an_accreditation(days=10)))
    assert objection(lapsed, (span, Role.LISTENER), (), line) is Refusal.NOT_ELIGIBLE


def test_night_is_touched_on_both_sides_of_midnight() -> None:
    late = Span(utc("2026-02-03T22:00+01:00"), utc("2026-02-03T23:01+01:00"))
    early = Span(utc("2026-02-04T06:59+01:00"), utc("2026-02-04T09:00+01:00"))
    day = Span(utc("2026-02-04T07:00+01:00"), utc("2026-02-04T23:00+01:00"))
    for span, touched in ((late, {date(2026, 2, 3)}), (early, {date(2026, 2, 3)}), (day, set())):
        assert nights_of(span, ONE_NIGHT_A_MONTH, PARIS) == touched


def test_shifts_without_a_gap_end_together() -> None:
    first, second = an_evening(3), Span(an_evening(3).ends_at, an_evening(3).ends_at + HOUR)
    assert shift_end([second, first], first.starts_at) == second.ends_at
    assert shift_end([first, second], first.ends_at) == second.ends_at
    assert shift_end([first], first.ends_at) is None
    assert shift_end([second], first.starts_at) is None


# --- hours that lack somebody ---------------------------------------------------------------------

TEN = utc("2026-01-20T10:00+01:00")


def around(begin: datetime, minutes_from: int = 0, minutes_to: int = 60) -> Span:
    return Span(begin + timedelta(minutes=minutes_from), begin + timedelta(minutes=minutes_to))


LISTENED = {Role.LISTENER: (around(TEN),), Role.SUPERVISOR: (around(TEN),)}
HOLES = {
    "nobody at all": ({}, (Hole.NOBODY_TO_ACKNOWLEDGE, Hole.TOO_FEW_TO_LISTEN)),
    "everybody": (LISTENED, ()),
    "nobody to acknowledge": (
        {Role.LISTENER: (around(TEN),)},
        (Hole.NOBODY_TO_ACKNOWLEDGE,),
    ),
    "the listener leaves at half past": (
        LISTENED | {Role.LISTENER: (around(TEN, 0, 30),)},
        (Hole.TOO_FEW_TO_LISTEN,),
    ),
    "one hands over to the next": (
        LISTENED | {Role.LISTENER: (around(TEN, -60, 30), around(TEN, 30, 90))},
        (),
    ),
    "a minute between two": (
        LISTENED | {Role.LISTENER: (around(TEN, 0, 29), around(TEN, 30, 60))},
        (Hole.TOO_FEW_TO_LISTEN,),
    ),
}


@pytest.mark.parametrize(("planned", "missing"), HOLES.values(), ids=HOLES.keys())
def test_open_hour_lacks(planned: dict[Role, tuple[Span, ...]], missing: tuple[Hole, ...]) -> None:
    assert holes_in(TEN, planned, a_planned_line()) == missing


def test_closed_hour_lacks_nobody_and_half_open_one_only_where_open() -> None:
    line = a_planned_line(("10:30", "12:00"))
    assert holes_in(TEN - HOUR, {}, line) == ()
    late = {Role.LISTENER: (around(TEN, 30),), Role.SUPERVISOR: (around(TEN, 30),)}
    assert holes_in(TEN, late, line) == ()
    assert holes_in(TEN, late, a_planned_line()) != ()


def test_line_that_plans_elsewhere_is_warned_of_nothing() -> None:
    assert holes_in(TEN, {}, a_line()) == ()


def test_line_with_regulators_needs_one() -> None:
    line = a_planned_line().model_copy(update={"first_stage": Stage.REGULATOR})
    assert holes_in(TEN, LISTENED, line) == (Hole.NOBODY_TO_REGULATE,)


def test_each_of_as_many_as_the_line_asks_for_counts_once() -> None:
    line = a_planned_line(listeners_at_least=2)
    assert Hole.TOO_FEW_TO_LISTEN in holes_in(TEN, LISTENED, line)
    two = LISTENED | {Role.LISTENER: (around(TEN), around(TEN, -30))}
    assert holes_in(TEN, two, line) == ()


def test_closing_in_the_repeated_hour_leaves_the_door_open_through_both() -> None:
    line = a_planned_line(("13:00", "02:30"))
    night = Span(utc("2026-10-25T00:00+02:00"), utc("2026-10-25T04:00+01:00"))
    (opened,) = open_spans(line, night)
    assert opened.ends_at == utc("2026-10-25T02:30+01:00")
    assert holes_in(utc("2026-10-25T02:00+01:00"), {}, line) != ()


MINUTES = st.integers(-90, 90)


@given(st.lists(st.tuples(MINUTES, MINUTES).filter(lambda two: two[0] < two[1]), max_size=5))
def test_holes_are_what_looking_at_every_minute_finds(shifts: list[tuple[int, int]]) -> None:
    spans = tuple(around(TEN, begin, end) for begin, end in shifts)
    planned = {Role.LISTENER: spans, Role.SUPERVISOR: (around(TEN),)}
    minutes = (TEN + timedelta(minutes=number) for number in range(60))
    alone = any(not any(s.starts_at <= at < s.ends_at for s in spans) for at in minutes)
    assert (holes_in(TEN, planned, a_planned_line()) != ()) is alone


def test_hours_a_shift_touches() -> None:
    assert list(hours_in(around(TEN, 59, 61))) == [TEN, TEN + HOUR]
    assert list(hours_in(around(TEN))) == [TEN]


def test_a_day_on_which_the_line_is_closed_lacks_nobody() -> None:
    usual = a_planned_line(("09:00", "21:00"))
    closed = SpecialDay(channel=Channel.PHONE, day="2020-11-03")
    special = usual.model_copy(update={"special_days": (closed,)})
    tuesday = Span(datetime(2020, 11, 3, tzinfo=UTC), datetime(2020, 11, 4, tzinfo=UTC))
    assert len(list(open_spans(usual, tuesday))) == 1
    assert list(open_spans(special, tuesday)) == []
