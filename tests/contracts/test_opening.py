"""How everybody reads opening hours: two nights a year, special days, public holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts.holidays import easter, is_holiday
from contracts.opening import (
    ClockSpan,
    OpeningRule,
    SpecialDay,
    Timetable,
    closing,
    is_open,
    next_opening,
    open_spans,
)
from contracts.vocabulary import Channel, OnHolidays

PARIS = ZoneInfo("Europe/Paris")
CHAT = Channel.CHAT
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def hours(
    opens_at: str, closes_at: str, days: tuple[int, ...] = EVERY_DAY
) -> tuple[OpeningRule, ...]:
    return (OpeningRule(channel=CHAT, days=days, opens_at=opens_at, closes_at=closes_at),)


def paris(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold)


#: The chat of the seeds: 13:00 to 03:00.
UNTIL_THREE = Timetable("Europe/Paris", "FR", hours("13:00", "03:00"))
ALWAYS = Timetable("Europe/Paris", "FR", hours("00:00", "00:00"))

#: A moment on one of the two nights, and whether a door that closes at three is open then.
NIGHTS: dict[str, tuple[datetime, bool]] = {
    "an ordinary night at 02:55": (paris("2020-11-03T02:55"), True),
    "an ordinary night at 03:00": (paris("2020-11-03T03:00"), False),
    "spring, the last second before the jump": (paris("2021-03-28T01:59:59"), True),
    "spring, the jump, which is three o'clock": (paris("2021-03-28T03:00"), False),
    "spring, 02:55, which never comes and is read as 03:55": (paris("2021-03-28T02:55"), False),
    "autumn, the first 02:55": (paris("2020-10-25T02:55", fold=0), True),
    "autumn, the second 02:00": (paris("2020-10-25T02:00", fold=1), True),
    "autumn, the second 02:55": (paris("2020-10-25T02:55", fold=1), True),
    "autumn, three o'clock": (paris("2020-10-25T03:00"), False),
}


@pytest.mark.parametrize("case", NIGHTS.values(), ids=NIGHTS)
def test_a_door_that_closes_at_three_closes_at_three_on_every_night(
    case: tuple[datetime, bool],
) -> None:
    moment, opened = case
    assert is_open(UNTIL_THREE, CHAT, moment) is opened
    assert is_open(ALWAYS, CHAT, moment)


def test_the_closing_is_the_wall_time_on_every_night() -> None:
    assert closing(UNTIL_THREE, CHAT, paris("2021-03-27T20:00")) == paris("2021-03-28T03:00")
    assert closing(UNTIL_THREE, CHAT, paris("2020-10-24T20:00")) == paris("2020-10-25T03:00")
    lengths = [
        open_spans(UNTIL_THREE, [CHAT], day, day)[0]
        for day in (date(2021, 3, 27), date(2020, 10, 24), date(2020, 11, 2))
    ]
    assert [each.closes - each.opens for each in lengths] == [
        timedelta(hours=13),
        timedelta(hours=15),
        timedelta(hours=14),
    ]


def test_hours_that_touch_close_once_and_a_door_that_is_always_open_never() -> None:
    night = (*hours("09:00", "23:00"), *hours("23:00", "03:00", (5,)))
    touching = Timetable("Europe/Paris", "FR", night)
    assert closing(touching, CHAT, paris("2020-11-06T12:00")) == paris("2020-11-07T03:00")
    assert closing(touching, CHAT, paris("2020-11-05T12:00")) == paris("2020-11-05T23:00")
    assert closing(touching, CHAT, paris("2020-11-05T23:30")) is None
    assert closing(ALWAYS, CHAT, paris("2020-11-05T23:30")) is None


def test_hours_that_the_spring_night_skips_whole_never_come() -> None:
    in_the_gap = Timetable("Europe/Paris", "FR", hours("02:15", "03:00"))
    assert open_spans(in_the_gap, [CHAT], date(2021, 3, 28), date(2021, 3, 28)) == ()
    told = next_opening(in_the_gap, CHAT, paris("2021-03-28T01:00"))
    assert told == paris("2021-03-29T02:15")


# --- special days ---------------------------------------------------------------------------------


def with_special(*spans: tuple[str, str]) -> Timetable:
    day = SpecialDay(
        channel=CHAT,
        day="2020-12-24",
        hours=tuple(ClockSpan(opens_at=opens, closes_at=closes) for opens, closes in spans),
    )
    return Timetable("Europe/Paris", "FR", UNTIL_THREE.rules, (day,))


def test_a_special_day_replaces_what_begins_on_it_and_not_the_night_before() -> None:
    closed = with_special()
    assert is_open(closed, CHAT, paris("2020-12-24T02:30"))
    assert not is_open(closed, CHAT, paris("2020-12-24T14:00"))
    assert not is_open(closed, CHAT, paris("2020-12-25T02:30"))
    assert next_opening(closed, CHAT, paris("2020-12-24T04:00")) == paris("2020-12-25T13:00")


def test_a_special_day_may_have_hours_of_its_own() -> None:
    longer = with_special(("10:00", "12:00"), ("20:00", "06:00"))
    assert is_open(longer, CHAT, paris("2020-12-24T11:00"))
    assert not is_open(longer, CHAT, paris("2020-12-24T14:00"))
    assert is_open(longer, CHAT, paris("2020-12-25T05:59"))


def test_a_special_day_is_of_one_channel() -> None:
    rules = (*UNTIL_THREE.rules, *ALWAYS.rules)
    both = Timetable(
        "Europe/Paris",
        "FR",
        tuple(
            rule.model_copy(update={"channel": channel})
            for rule, channel in zip(rules, (CHAT, Channel.PHONE), strict=True)
        ),
        with_special().special_days,
    )
    assert not is_open(both, CHAT, paris("2020-12-24T14:00"))
    assert is_open(both, Channel.PHONE, paris("2020-12-24T14:00"))


# --- public holidays ------------------------------------------------------------------------------


def on_holidays(wanted: OnHolidays, country: str = "FR") -> Timetable:
    rules = (*hours("09:00", "21:00", (1, 2, 3, 4, 5, 6)), *hours("14:00", "18:00", (7,)))
    return Timetable("Europe/Paris", country, rules, (), wanted)


def test_on_a_holiday_hours_are_as_the_line_says() -> None:
    armistice = paris("2020-11-11T10:00")  # a Wednesday
    assert is_open(on_holidays(OnHolidays.AS_USUAL), CHAT, armistice)
    assert not is_open(on_holidays(OnHolidays.AS_SUNDAY), CHAT, armistice)
    assert is_open(on_holidays(OnHolidays.AS_SUNDAY), CHAT, armistice + timedelta(hours=5))
    assert not is_open(on_holidays(OnHolidays.CLOSED), CHAT, armistice + timedelta(hours=5))
    assert is_open(on_holidays(OnHolidays.CLOSED, "LU"), CHAT, armistice)


def test_holidays_are_those_of_the_code_of_each_country() -> None:
    assert [day.isoformat() for day in all_of(2020, "FR")] == [
        "2020-01-01",
        "2020-04-13",
        "2020-05-01",
        "2020-05-08",
        "2020-05-21",
        "2020-06-01",
        "2020-07-14",
        "2020-08-15",
        "2020-11-01",
        "2020-11-11",
        "2020-12-25",
    ]
    luxembourg = {day.isoformat() for day in all_of(2020, "LU")}
    assert {"2020-05-09", "2020-06-23", "2020-12-26"} <= luxembourg
    assert len(luxembourg) == 11
    belgium = {day.isoformat() for day in all_of(2020, "BE")}
    assert {"2020-04-13", "2020-07-21", "2020-11-11"} <= belgium
    assert len(belgium) == 10
    assert [day.isoformat() for day in all_of(2020, "CH")] == ["2020-08-01"]
    assert list(all_of(2020, "DE")) == []


def all_of(year: int, country: str) -> list[date]:
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    return [day for day in days if is_holiday(day, country)]


#: As kept; the earliest and the latest that can be are among them (1818, 2038).
EASTERS = (
    "1818-03-22",
    "1954-04-18",
    "1981-04-19",
    "2000-04-23",
    "2008-03-23",
    "2019-04-21",
    "2020-04-12",
    "2021-04-04",
    "2024-03-31",
    "2025-04-20",
    "2026-04-05",
    "2027-03-28",
    "2038-04-25",
)


@pytest.mark.parametrize("day", EASTERS)
def test_easter_is_the_day_it_was_and_will_be(day: str) -> None:
    assert easter(int(day[:4])).isoformat() == day


def test_moments_are_utc_whatever_zone_is_asked_in() -> None:
    told = next_opening(UNTIL_THREE, CHAT, datetime(2020, 11, 3, 4, tzinfo=UTC))
    assert told == datetime(2020, 11, 3, 12, tzinfo=UTC)
    assert told is not None
    assert told.tzinfo is UTC
