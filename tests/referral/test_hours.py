"""Open or not, to the relay's own clock: midnight, zones, both summer-time nights, holidays."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.holidays import easter
from services.referral.directory.holidays import is_holiday
from services.referral.directory.hours import (
    Doubt,
    Hours,
    NotKnown,
    Open,
    Shut,
    hours_at,
    next_opening,
)
from services.referral.directory.relay import Area, OnHolidays, Relay
from tests.referral.builders import SUNDAY, WORKING_DAYS, a_relay, at, hours

NIGHTS = a_relay(periods=(hours("21:00", "26:30"),))
OFFICE = a_relay(periods=(hours("10:00", "19:00", WORKING_DAYS),))
SPLIT = a_relay(periods=(hours("20:00", "24:00", WORKING_DAYS), hours("00:00", "08:00")))
NOUMEA = a_relay(periods=(hours("09:00", "25:00", zone="Pacific/Noumea"),))
SMALL_HOURS = a_relay(periods=(hours("01:00", "02:30"),))
FROM_HALF_PAST_TWO = a_relay(periods=(hours("02:30", "06:00"),))
IN_MARCH = replace(hours("09:00", "12:00"), first_day=date(2026, 3, 1), last_day=date(2026, 3, 31))
DATED = a_relay(periods=(IN_MARCH,))

MOMENTS: dict[str, tuple[Relay, datetime, Hours]] = {
    "no hours are known": (a_relay(), at("2026-01-14 12:00"), NotKnown(Doubt.NO_HOURS)),
    "always open without hours": (
        a_relay(always_open=True),
        at("2026-01-14 12:00"),
        Open(None),
    ),
    "the last minute of a day that never ends": (
        a_relay(periods=(hours("00:00", "24:00"),)),
        at("2026-01-14 23:59:59"),
        Open(None),
    ),
    "before it opens": (NIGHTS, at("2026-01-14 20:59"), Shut()),
    "as it opens": (NIGHTS, at("2026-01-14 21:00"), Open(at("2026-01-15 02:30"))),
    "after midnight": (NIGHTS, at("2026-01-15 02:29"), Open(at("2026-01-15 02:30"))),
    "as it closes": (NIGHTS, at("2026-01-15 02:30"), Shut()),
    "two periods that touch are one": (
        SPLIT,
        at("2026-01-14 23:59:30"),
        Open(at("2026-01-15 08:00")),
    ),
    "a period that begins on Friday does not begin on Saturday": (
        OFFICE,
        at("2026-01-17 11:00"),
        Shut(),
    ),
    "nine in the morning in Nouméa is still yesterday in Paris": (
        NOUMEA,
        at("2026-01-14 23:30"),
        Open(at("2026-01-16 01:00", "Pacific/Noumea")),
    ),
    "noon in Paris is ten in the evening in Nouméa": (
        NOUMEA,
        at("2026-01-14 12:00"),
        Open(at("2026-01-15 01:00", "Pacific/Noumea")),
    ),
    "summer time moves the hour, not the clock": (
        OFFICE,
        datetime(2026, 7, 15, 8, 0, tzinfo=UTC),
        Open(at("2026-07-15 19:00")),
    ),
    "the same hour in winter is too early": (
        OFFICE,
        datetime(2026, 1, 14, 8, 0, tzinfo=UTC),
        Shut(),
    ),
    "spring night: half past two never comes, the line closes as the clock jumps": (
        SMALL_HOURS,
        datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
        Open(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ),
    "spring night: closed once the clock has jumped": (
        SMALL_HOURS,
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        Shut(),
    ),
    "spring night: it opens as the clock jumps": (
        FROM_HALF_PAST_TWO,
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        Open(at("2026-03-29 06:00")),
    ),
    "autumn night: closes at the first half past two": (
        SMALL_HOURS,
        datetime(2026, 10, 25, 0, 29, tzinfo=UTC),
        Open(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ),
    "autumn night: does not open again when half past one comes back": (
        SMALL_HOURS,
        datetime(2026, 10, 25, 1, 15, tzinfo=UTC),
        Shut(),
    ),
    "autumn night: opens at the second half past two only": (
        FROM_HALF_PAST_TWO,
        datetime(2026, 10, 25, 0, 45, tzinfo=UTC),
        Shut(),
    ),
    "a public holiday, and the row is silent about it": (
        OFFICE,
        at("2026-07-14 11:00"),
        NotKnown(Doubt.HOLIDAY),
    ),
    "a public holiday outside its hours": (OFFICE, at("2026-07-14 20:00"), Shut()),
    "every day of the week includes a holiday": (
        a_relay(periods=(hours("09:00", "20:00"),)),
        at("2026-07-14 11:00"),
        Open(at("2026-07-14 20:00")),
    ),
    "closed on holidays, also when it never closes otherwise": (
        a_relay(periods=(hours("00:00", "24:00"),), on_holidays=OnHolidays.CLOSED),
        at("2026-07-14 11:00"),
        Shut(),
    ),
    "a holiday is like a Sunday": (
        a_relay(
            periods=(hours("10:00", "19:00", WORKING_DAYS), hours("14:00", "16:00", SUNDAY)),
            on_holidays=OnHolidays.AS_SUNDAY,
        ),
        at("2026-07-14 15:00"),
        Open(at("2026-07-14 16:00")),
    ),
    "as usual on holidays": (
        a_relay(periods=OFFICE.periods, on_holidays=OnHolidays.AS_USUAL),
        at("2026-07-14 11:00"),
        Open(at("2026-07-14 19:00")),
    ),
    "a holiday of France is none in Luxembourg": (
        a_relay(periods=OFFICE.periods, country="LU"),
        at("2026-07-14 11:00"),
        Open(at("2026-07-14 19:00")),
    ),
    "Good Friday in Strasbourg": (
        a_relay(periods=OFFICE.periods, areas=(Area("FR", frozenset({"67"}), None),)),
        at("2026-04-03 11:00"),
        NotKnown(Doubt.HOLIDAY),
    ),
    "the day before its dates": (DATED, at("2026-02-28 10:00"), Shut()),
    "the first of its days": (DATED, at("2026-03-01 10:00"), Open(at("2026-03-01 12:00"))),
    "the last of its days": (DATED, at("2026-03-31 10:00"), Open(at("2026-03-31 12:00"))),
    "the day after its dates": (DATED, at("2026-04-01 10:00"), Shut()),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_open_or_not(name: str) -> None:
    relay, moment, expected = MOMENTS[name]
    assert hours_at(relay, "phone", moment) == expected


def test_a_channel_without_hours_of_its_own_has_those_of_the_line() -> None:
    assert hours_at(NIGHTS, "chat", at("2026-01-14 22:00")) == Open(at("2026-01-15 02:30"))
    assert hours_at(NIGHTS, "chat", at("2026-01-14 12:00")) == Shut()


OPENINGS: dict[str, tuple[Relay, datetime, datetime | None]] = {
    "this evening": (NIGHTS, at("2026-01-14 12:00"), at("2026-01-14 21:00")),
    "after the week-end": (OFFICE, at("2026-01-16 19:00"), at("2026-01-19 10:00")),
    "not on the holiday nobody speaks of": (
        OFFICE,
        at("2026-07-13 19:00"),
        at("2026-07-15 10:00"),
    ),
    "never again": (DATED, at("2026-04-01 10:00"), None),
    "on the autumn night, at the second reading": (
        FROM_HALF_PAST_TWO,
        at("2026-10-25 00:00"),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ),
}


@pytest.mark.parametrize("name", OPENINGS)
def test_next_opening(name: str) -> None:
    relay, moment, expected = OPENINGS[name]
    assert next_opening(relay, "phone", moment) == expected


@given(
    st.datetimes(
        min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=datetime(2030, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    )
)
def test_who_is_told_when_it_opens_finds_it_open_then(moment: datetime) -> None:
    for relay in (NIGHTS, OFFICE, SPLIT, NOUMEA, SMALL_HOURS, FROM_HALF_PAST_TWO):
        opens = next_opening(relay, "phone", moment)
        assert opens is not None
        assert isinstance(hours_at(relay, "phone", opens), Open)
        answer = hours_at(relay, "phone", moment)
        if isinstance(answer, Open):
            assert answer.until is not None
            assert answer.until > moment
            assert not isinstance(hours_at(relay, "phone", answer.until), Open)


HOLIDAYS: dict[str, tuple[date, str, str | None, bool]] = {
    "Easter Monday": (date(2026, 4, 6), "FR", None, True),
    "Ascension": (date(2026, 5, 14), "FR", "75", True),
    "Whit Monday": (date(2026, 5, 25), "LU", None, True),
    "Good Friday is not a holiday in Paris": (date(2026, 4, 3), "FR", "75", False),
    "the second Christmas day in Metz": (date(2026, 12, 26), "FR", "57", True),
    "the national day of Luxembourg": (date(2026, 6, 23), "LU", None, True),
    "the 11th of November is none in Luxembourg": (date(2026, 11, 11), "LU", None, False),
    "the 21st of July in Belgium": (date(2026, 7, 21), "BE", None, True),
    "abolition of slavery in Martinique": (date(2026, 5, 22), "FR", "972", True),
    "and not in Guadeloupe on that day": (date(2026, 5, 22), "FR", "971", False),
    "a country we know nothing of": (date(2026, 12, 25), "PT", None, False),
}


@pytest.mark.parametrize("name", HOLIDAYS)
def test_holiday(name: str) -> None:
    day, country, departement, expected = HOLIDAYS[name]
    assert is_holiday(day, country, departement) is expected


#: Published by the Bureau des longitudes.
@pytest.mark.parametrize(
    "sunday", [date(2000, 4, 23), date(2024, 3, 31), date(2025, 4, 20), date(2038, 4, 25)], ids=str
)
def test_easter(sunday: date) -> None:
    assert easter(sunday.year) == sunday
