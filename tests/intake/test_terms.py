"""Opening hours, both nights on which the clock changes, and terms that cannot be right."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.opening import OpeningRule
from contracts.programme import (
    ProgrammeTerms,
    RestRules,
    ServiceTimes,
    WaitPrices,
)
from contracts.vocabulary import Channel, LanguageCode, Need, Priority, Stage
from services.intake.flaws import flaws_of
from services.intake.terms import (
    Admitted,
    Closed,
    NotServed,
    admit,
    is_open,
    next_opening,
)

PARIS = ZoneInfo("Europe/Paris")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def a_rule(
    opens_at: str = "09:00",
    closes_at: str = "21:00",
    days: tuple[int, ...] = EVERY_DAY,
    channel: Channel = Channel.PHONE,
) -> OpeningRule:
    return OpeningRule(channel=channel, days=days, opens_at=opens_at, closes_at=closes_at)


def some_times(**changed: int) -> ServiceTimes:
    usual = {
        "regulator_answer_seconds": 20,
        "untriaged_after_seconds": 60,
        "regulator_offer_seconds": 15,
        "listener_offer_seconds": 20,
        "topic_fallback_seconds": 30,
        "level_fallback_seconds": 45,
        "heartbeat_lost_seconds": 15,
    }
    return ServiceTimes.model_validate(usual | changed)


def some_terms(*rules: OpeningRule, **changed: object) -> ProgrammeTerms:
    usual = ProgrammeTerms(
        name="Ligne d'essai",
        country="FR",
        timezone="Europe/Paris",
        opening=rules or (a_rule(),),
        channels=(Channel.PHONE,),
        languages=(LanguageCode.FR,),
        needs=(Need.SOLITUDE, Need.UNKNOWN),
        first_stage=Stage.REGULATOR,
        untriaged_priority=Priority.P3,
        answer_target_seconds=20,
        talk_guidance_minutes=(15, 25),
        times=some_times(),
        rest=RestRules(
            after_hard_seconds=600,
            max_consecutive_contacts=4,
            break_seconds=600,
            missed_offers_before_pause=2,
        ),
        prices=WaitPrices(
            wait_per_minute=(1, 2, 6, 10),
            abandoned=(10, 20, 60, 100),
            topic_mismatch=2,
            level_mismatch=10,
        ),
        emergency_numbers=("15", "17", "18", "112", "114"),
    )
    return usual.model_copy(update=changed)


def paris(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold)


def open_at(terms: ProgrammeTerms, moment: datetime) -> bool:
    return is_open(terms, Channel.PHONE, moment)


DAY_LINE = {
    "one second before": ("2020-11-02T08:59:59", False),
    "as it opens": ("2020-11-02T09:00:00", True),
    "last second": ("2020-11-02T20:59:59", True),
    "as it closes": ("2020-11-02T21:00:00", False),
}


@pytest.mark.parametrize("case", DAY_LINE.values(), ids=DAY_LINE)
def test_a_day_line_opens_and_closes_to_the_second(case: tuple[str, bool]) -> None:
    assert open_at(some_terms(), paris(case[0])) is case[1]


def test_hours_are_local_in_summer_and_in_winter() -> None:
    summer, winter = (
        datetime(2020, 7, 1, 7, 30, tzinfo=UTC),
        datetime(2020, 12, 1, 7, 30, tzinfo=UTC),
    )
    assert open_at(some_terms(), summer)
    assert not open_at(some_terms(), winter)


def test_a_line_that_crosses_midnight_belongs_to_the_day_it_opened() -> None:
    friday_night = some_terms(a_rule("13:00", "03:00", days=(5,)))
    assert open_at(friday_night, paris("2020-11-06T13:00:00"))
    assert open_at(friday_night, paris("2020-11-07T02:59:59"))
    assert not open_at(friday_night, paris("2020-11-07T03:00:00"))
    assert not open_at(friday_night, paris("2020-11-07T13:00:00"))
    assert not open_at(friday_night, paris("2020-11-06T02:00:00"))


def test_the_same_time_twice_means_the_whole_day() -> None:
    always = some_terms(a_rule("00:00", "00:00"))
    moment = datetime(2020, 3, 28, tzinfo=UTC)
    for half_hours in range(4 * 48):
        assert open_at(always, moment + timedelta(minutes=30 * half_hours))


NIGHT_LINE = some_terms(a_rule("22:00", "06:00"))


def test_on_the_spring_night_the_night_line_is_open_seven_hours() -> None:
    assert _open_minutes(NIGHT_LINE, paris("2020-03-28T12:00:00")) == 7 * 60


def test_on_the_autumn_night_the_night_line_is_open_nine_hours() -> None:
    assert _open_minutes(NIGHT_LINE, paris("2020-10-24T12:00:00")) == 9 * 60


def test_a_time_the_spring_night_skips_is_read_one_hour_later() -> None:
    opens_in_the_gap = some_terms(a_rule("02:30", "08:00"))
    assert not open_at(opens_in_the_gap, paris("2020-03-29T03:29:00"))
    assert open_at(opens_in_the_gap, paris("2020-03-29T03:30:00"))
    closes_in_the_gap = some_terms(a_rule("20:00", "02:30"))
    assert open_at(closes_in_the_gap, paris("2020-03-29T03:29:00"))
    assert not open_at(closes_in_the_gap, paris("2020-03-29T03:30:00"))


def test_a_time_the_autumn_night_repeats_opens_first_and_closes_last() -> None:
    opens_twice = some_terms(a_rule("02:30", "08:00"))
    assert not open_at(opens_twice, paris("2020-10-25T02:29:00", fold=0))
    assert open_at(opens_twice, paris("2020-10-25T02:30:00", fold=0))
    assert open_at(opens_twice, paris("2020-10-25T02:00:00", fold=1))
    closes_twice = some_terms(a_rule("20:00", "02:30"))
    assert open_at(closes_twice, paris("2020-10-25T02:45:00", fold=0))
    assert open_at(closes_twice, paris("2020-10-25T02:29:00", fold=1))
    assert not open_at(closes_twice, paris("2020-10-25T02:30:00", fold=1))


def test_every_channel_has_its_own_hours() -> None:
    terms = some_terms(
        a_rule(),
        a_rule("13:00", "03:00", channel=Channel.CHAT),
        channels=(Channel.PHONE, Channel.CHAT),
    )
    evening = paris("2020-11-02T23:00:00")
    assert not is_open(terms, Channel.PHONE, evening)
    assert is_open(terms, Channel.CHAT, evening)


def test_the_next_opening_is_told_when_the_door_is_closed() -> None:
    assert next_opening(some_terms(), Channel.PHONE, paris("2020-11-02T22:00:00")) == paris(
        "2020-11-03T09:00:00"
    )
    mondays = some_terms(a_rule(days=(1,)))
    assert next_opening(mondays, Channel.PHONE, paris("2020-11-02T22:00:00")) == paris(
        "2020-11-09T09:00:00"
    )
    assert next_opening(some_terms(), Channel.CHAT, paris("2020-11-02T22:00:00")) is None


def test_a_contact_is_admitted_turned_away_or_told_when_to_come() -> None:
    noon, night = paris("2020-11-02T12:00:00"), paris("2020-11-02T23:00:00")
    assert admit(some_terms(), Channel.PHONE, noon) == Admitted(Stage.REGULATOR)
    assert admit(some_terms(), Channel.CHAT, noon) == NotServed()
    assert admit(some_terms(), Channel.PHONE, night) == Closed(paris("2020-11-03T09:00:00"))


clocks = st.times().map(lambda moment: moment.strftime("%H:%M"))
day_sets = st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days)))


@given(clocks, clocks, day_sets, st.integers(0, 2 * 365 * 24 * 60))
def test_a_closed_door_opens_exactly_when_it_says(
    opens_at: str, closes_at: str, days: tuple[int, ...], minutes: int
) -> None:
    terms = some_terms(a_rule(opens_at, closes_at, days))
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    opens = next_opening(terms, Channel.PHONE, now)
    assert opens is not None
    assert opens > now
    assert open_at(terms, opens)
    if not open_at(terms, now):
        assert not open_at(terms, opens - timedelta(microseconds=1))


# --- flaws ----------------------------------------------------------------------------------------

FLAWED: dict[str, tuple[ProgrammeTerms, str]] = {
    "a zone that does not exist": (some_terms(timezone="Europe/Lutece"), "timezone"),
    "hours of a channel not served": (
        some_terms(a_rule(), a_rule(channel=Channel.CHAT)),
        "opening.1.channel",
    ),
    "a day named twice": (some_terms(a_rule(days=(1, 1))), "opening.0.days"),
    "a channel that never opens": (
        some_terms(channels=(Channel.PHONE, Channel.CHAT)),
        "opening",
    ),
    "a language named twice": (
        some_terms(languages=(LanguageCode.FR, LanguageCode.FR)),
        "languages",
    ),
    "untriaged served last": (some_terms(untriaged_priority=Priority.P4), "untriaged_priority"),
    "guidance the wrong way round": (
        some_terms(talk_guidance_minutes=(25, 15)),
        "talk_guidance_minutes",
    ),
    "an offer nobody can answer": (
        some_terms(times=some_times(listener_offer_seconds=0)),
        "times.listener_offer_seconds",
    ),
    "untriaged before anybody else was tried": (
        some_terms(times=some_times(untriaged_after_seconds=5)),
        "times.untriaged_after_seconds",
    ),
    "a price that falls as the risk rises": (
        some_terms(
            prices=some_terms().prices.model_copy(update={"abandoned": (10.0, 20.0, 100.0, 60.0)})
        ),
        "prices.abandoned",
    ),
    "a price without end": (
        some_terms(
            prices=some_terms().prices.model_copy(
                update={"wait_per_minute": (1.0, 2.0, 6.0, float("inf"))}
            )
        ),
        "prices.wait_per_minute",
    ),
    "a number that is no emergency number": (
        some_terms(emergency_numbers=("15", "112", "114", "118")),
        "emergency_numbers.3",
    ),
    "no number for those who cannot speak": (
        some_terms(emergency_numbers=("15", "112")),
        "emergency_numbers",
    ),
    "a country whose emergency numbers are not known": (some_terms(country="IT"), "country"),
}


def test_sound_terms_have_no_flaw() -> None:
    assert flaws_of(some_terms()) == ()


@pytest.mark.parametrize("case", FLAWED.values(), ids=FLAWED)
def test_each_flaw_is_named_with_its_field_and_no_other(case: tuple[ProgrammeTerms, str]) -> None:
    terms, field = case
    assert [flaw.field for flaw in flaws_of(terms)] == [field]


def _open_minutes(terms: ProgrammeTerms, start: datetime) -> int:
    """Minutes the phone is open in the 24 hours after `start`."""
    first = start.astimezone(UTC)
    return sum(open_at(terms, first + timedelta(minutes=minute)) for minute in range(24 * 60))
