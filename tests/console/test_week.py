"""A week of the plan: hours that lack the same are one hole, days are those of the line."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from contracts.shift import HourLacking, ShiftSeen
from contracts.vocabulary import Hole, PersonId, Role, ShiftId
from services.console.week import Week, monday_of, week_of

MONDAY = date(2026, 1, 12)
PARIS = "Europe/Paris"
#: Wednesday, 18:00 in Paris.
EVENING = datetime(2026, 1, 14, 17, tzinfo=UTC)


def lacking(hours: float, *missing: Hole) -> HourLacking:
    lacks = missing or (Hole.NOBODY_TO_REGULATE,)
    return HourLacking(hour=EVENING + timedelta(hours=hours), missing=lacks)


def shift(hours: float, length: float, person: str | None, role: Role = Role.LISTENER) -> ShiftSeen:
    begin = EVENING + timedelta(hours=hours)
    return ShiftSeen(
        shift_id=ShiftId(str(uuid4())),
        role=role,
        starts_at=begin,
        ends_at=begin + timedelta(hours=length),
        person_id=None if person is None else PersonId(person),
    )


def a_week(shifts: tuple[ShiftSeen, ...] = (), holes: tuple[HourLacking, ...] = ()) -> Week:
    return week_of(MONDAY, PARIS, shifts, holes)


def test_hours_one_after_the_other_that_lack_the_same_are_one_hole() -> None:
    week = a_week(holes=(lacking(1), lacking(0), lacking(2), lacking(4)))
    assert [(gap.starts_at, gap.ends_at) for gap in week.gaps] == [
        (EVENING, EVENING + timedelta(hours=3)),
        (EVENING + timedelta(hours=4), EVENING + timedelta(hours=5)),
    ]


def test_hours_that_lack_something_else_are_another_hole() -> None:
    week = a_week(holes=(lacking(0), lacking(1, Hole.TOO_FEW_TO_LISTEN)))
    assert [gap.missing for gap in week.gaps] == [
        (Hole.NOBODY_TO_REGULATE,),
        (Hole.TOO_FEW_TO_LISTEN,),
    ]


def test_bands_are_of_the_wall_time_of_the_line_and_empty_ones_are_left_out() -> None:
    week = a_week((shift(0, 3, "v-1"),))
    assert [(band.starts_at.hour, band.ends_at.hour) for band in week.bands] == [(18, 21)]
    assert [cell.people.get(Role.LISTENER, 0) for cell in week.bands[0].cells] == [
        0, 0, 1, 0, 0, 0, 0,
    ]  # fmt: skip


def test_shift_over_midnight_is_in_both_days() -> None:
    week = a_week((shift(4, 4, "v-1"),))  # 22:00 to 2:00
    found = {
        (band.starts_at.hour, cell.day.day)
        for band in week.bands
        for cell in band.cells
        if not cell.is_empty
    }
    assert found == {(21, 14), (0, 15)}


def test_a_band_counts_people_once_and_what_is_open_apart() -> None:
    shifts = (shift(0, 1, "v-1"), shift(1, 2, "v-1"), shift(0, 3, "v-2"), shift(0, 3, None))
    (band,) = a_week(shifts).bands
    assert band.cells[2].people == {Role.LISTENER: 2}
    assert band.cells[2].untaken == 1


def test_hole_marks_the_band_it_is_in_and_no_other() -> None:
    week = a_week(holes=(lacking(2),))
    (band,) = week.bands
    assert [bool(cell.missing) for cell in band.cells].index(True) == 2
    assert sum(bool(cell.missing) for cell in band.cells) == 1


def test_a_week_begins_on_monday() -> None:
    assert monday_of(date(2026, 1, 18)) == MONDAY
    assert monday_of(MONDAY) == MONDAY
