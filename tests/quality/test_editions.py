"""Editions on a real database: published once, read by desks, revised as another one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.activity import ActivityEdition, ActivitySeen, SeeActivity
from contracts.envelope import Event
from contracts.vocabulary import (
    ActivityKind,
    Channel,
    Outcome,
    Period,
    Priority,
    ProgrammeId,
    RelayOutcome,
    Role,
    Stage,
)
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import new_id
from services.quality.app import SERVICE
from services.quality.editions import Asked, NotPublished, publish
from services.quality.sharing import Withheld
from tests.quality.builders import (
    LINE,
    NOON,
    AContact,
    a_published_programme,
    a_relay_outcome,
    at,
)

HOUR = 3600.0
TODAY = "2026-01-14"
LATER = NOON + timedelta(days=4)


@pytest.fixture
def quality(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        under_test.deliver(a_published_programme())
        yield under_test


def heard(name: str, opened: float, channel: Channel = Channel.PHONE) -> Iterator[Event]:
    """Answered in ten seconds, triaged, listened to for twenty minutes."""
    contact = AContact(name, opened, channel=channel)
    yield contact.opened()
    yield contact.taken(Stage.REGULATOR, opened + 10, opened)
    yield contact.triaged(opened + 60, Priority.P3)
    yield contact.taken(Stage.LISTENER, opened + 90, opened + 60)
    yield contact.ended(opened + 1290, stage=Stage.LISTENER)


def unheard(name: str, opened: float) -> Iterator[Event]:
    contact = AContact(name, opened)
    yield contact.opened()
    yield contact.ended(opened + 30, Outcome.ABANDONED)


def a_day(quality: ServiceUnderTest, day: int, calls: int, chats: int = 0, left: int = 0) -> None:
    """Contacts of the noon so many days after the first, counted once its hour is over."""
    noon = day * 24 * HOUR
    for number in range(calls + chats):
        channel = Channel.PHONE if number < calls else Channel.CHAT
        for event in heard(f"{day}/{number}", noon + number, channel):
            quality.deliver(event)
    for number in range(left):
        for event in unheard(f"{day}/left/{number}", noon + number):
            quality.deliver(event)
    quality.at(at(noon + 2 * HOUR))
    quality.fire_deadlines()


def published(
    quality: ServiceUnderTest, period: Period = Period.DAY, of: str = TODAY, revised: bool = False
) -> ActivityEdition | Withheld | NotPublished:
    with quality.session() as session, session.begin():
        return publish(session, Asked(LINE, period, of, revised), quality.now())


def edition(quality: ServiceUnderTest, period: Period = Period.DAY, of: str = TODAY,
            revised: bool = False) -> ActivityEdition:  # fmt: skip
    told = published(quality, period, of, revised)
    assert isinstance(told, ActivityEdition), told
    return told


def table(of: ActivityEdition, kind: ActivityKind) -> dict[str, int | None]:
    return {each.word: each.contacts for each in of.figures if each.kind is kind}


def test_day_is_counted_as_one_would_by_hand(quality: ServiceUnderTest) -> None:
    a_day(quality, 0, calls=20, chats=11, left=12)
    for _ in range(13):
        quality.deliver(a_relay_outcome(RelayOutcome.HELPED), id=new_id())
    quality.at(LATER)
    told = edition(quality)
    assert (told.contacts, told.timezone, told.edition) == (43, "Europe/Paris", 1)
    assert table(told, ActivityKind.CHANNEL) == {"phone": 32, "chat": 11}
    assert table(told, ActivityKind.ANSWER) == {"in_target": 31, "abandoned": 12}
    assert table(told, ActivityKind.PRIORITY) == {"p3": 31, "abandoned": 12}
    assert table(told, ActivityKind.ORIENTATION) == {"listener": 31, "abandoned": 12}
    assert table(told, ActivityKind.NEED) == {"unknown": 31, "abandoned": 12}
    assert table(told, ActivityKind.OUTCOME) == {"listened": 31, "abandoned": 12}
    assert table(told, ActivityKind.DURATION) == {"from_15_min": 31, "abandoned": 12}
    assert table(told, ActivityKind.HOUR) == {"h13": 43}  # noon in UTC is one o'clock in Paris
    assert table(told, ActivityKind.RELAY_OUTCOME) == {"helped": 13}


def test_period_that_is_not_over_for_three_days_is_not_published(quality: ServiceUnderTest) -> None:
    a_day(quality, 0, calls=20)
    quality.at(NOON + timedelta(hours=82, minutes=59))
    assert published(quality) is NotPublished.NOT_OVER
    quality.at(NOON + timedelta(hours=83))
    assert edition(quality).contacts == 20


def test_published_again_it_is_what_it_was_whatever_came_late(quality: ServiceUnderTest) -> None:
    a_day(quality, 0, calls=20)
    quality.at(LATER)
    first = edition(quality)
    for number in range(15):
        for event in heard(f"late/{number}", number):
            quality.deliver(event)
    quality.at(LATER + timedelta(hours=1))
    quality.fire_deadlines()
    assert edition(quality) == first
    # The week is about the same contacts as the day within it.
    quality.at(LATER + timedelta(days=7))
    assert edition(quality, Period.WEEK, "2026-W03").contacts == 20
    second = edition(quality, revised=True)
    assert (second.edition, second.contacts) == (2, 35)
    assert edition(quality) == second
    assert published(quality, revised=True) is Withheld.NOTHING_MOVED


def test_month_less_its_days_is_no_small_figure(quality: ServiceUnderTest) -> None:
    a_day(quality, 0, calls=20)
    quality.at(LATER)
    assert edition(quality).contacts == 20
    a_day(quality, 4, calls=4)
    quality.at(NOON + timedelta(days=40))
    month = edition(quality, Period.MONTH, "2026-01")
    assert (month.contacts, month.days_left_out) == (20, 30)


def test_contacts_that_are_forgotten_or_not_counted_yet_are_not_guessed(
    quality: ServiceUnderTest,
) -> None:
    for event in heard("a", 0):
        quality.deliver(event)
    quality.at(LATER)
    assert published(quality) is NotPublished.NOT_COUNTED
    quality.fire_deadlines()
    assert published(quality) is Withheld.TOO_FEW
    quality.at(NOON + timedelta(days=402))
    quality.fire_deadlines()
    assert published(quality) is NotPublished.FORGOTTEN


def test_line_nobody_has_heard_of_has_no_editions(quality: ServiceUnderTest) -> None:
    with quality.session() as session:
        asked = Asked(ProgrammeId("other"), Period.DAY, TODAY)
        assert publish(session, asked, LATER) is NotPublished.UNKNOWN_LINE


def test_desk_sees_what_was_published_and_publishes_nothing(quality: ServiceUnderTest) -> None:
    def see(**wanted: object) -> ActivitySeen:
        command = SeeActivity.model_validate(wanted)
        reply = quality.ask(command, "coordinator-1", Role.COORDINATOR)
        return ActivitySeen.model_validate(reply.result)

    a_day(quality, 0, calls=20)
    quality.at(NOON + timedelta(days=40))
    assert see() == ActivitySeen()
    day, month = edition(quality), edition(quality, Period.MONTH, "2026-01")
    seen = see()
    assert seen.shown == month
    assert [each.of for each in seen.editions] == ["2026-01", TODAY]
    assert see(period="day").shown == see(of=TODAY, edition=1).shown == day
    assert see(of="2026-02").shown is None
    assert quality.ask(SeeActivity(), "listener-1", Role.LISTENER).refusal is not None
