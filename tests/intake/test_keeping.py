"""What is forgotten when: texts, keys, contacts, keys of days."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.contact import EndContact
from contracts.envelope import ReplyStatus
from contracts.vocabulary import Channel, ContactId, LanguageCode, Outcome, Role, TextKind
from services.bus.testing import ServiceUnderTest
from services.intake import callers, texts
from services.intake.day_keys import DayKeys
from services.intake.keeping import SWEEP
from services.intake.written import Human
from tests.intake.builders import (
    LINE,
    LISTENER,
    TOKEN_SHA256,
    a_listener,
    a_written_line,
    apply_line,
)
from tests.intake.conftest import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def keys(tmp_path: Path) -> DayKeys:
    return DayKeys(tmp_path / "days")


@pytest.fixture
def line(intake: ServiceUnderTest) -> ServiceUnderTest:
    apply_line(intake, terms=a_written_line())
    return intake


def answer(intake: ServiceUnderTest, contact_id: ContactId, keys: DayKeys) -> None:
    wrote = texts.HumanWrites(contact_id, Human(LISTENER, Role.LISTENER), TextKind.MESSAGE, "deux")
    reply = intake.request(partial(texts.keep_of_human, wrote, keys))
    assert reply.status is ReplyStatus.DONE, reply


def a_contact(intake: ServiceUnderTest, keys: DayKeys, channel: Channel) -> ContactId:
    arrival = callers.Arrival(LINE, channel, LanguageCode.FR, TOKEN_SHA256, text="un")
    reply = intake.request(partial(callers.open_contact, arrival))
    assert reply.result is not None, reply
    return ContactId(reply.result["contact_id"])


def an_ended_one(intake: ServiceUnderTest, keys: DayKeys, channel: Channel) -> ContactId:
    contact_id = a_contact(intake, keys, channel)
    intake.deliver(a_listener(contact_id).taken())
    if channel is Channel.MESSAGE:
        answer(intake, contact_id, keys)
    outcome = Outcome.ANSWERED_IN_WRITING if channel is Channel.MESSAGE else Outcome.LISTENED
    reply = intake.ask(EndContact(contact_id=contact_id, outcome=outcome), LISTENER, Role.LISTENER)
    assert reply.status is ReplyStatus.DONE, reply
    return contact_id


def count(intake: ServiceUnderTest, table: str) -> int:
    with intake.session() as session:
        return int(session.execute(text(f"SELECT count(*) FROM intake.{table}")).scalar_one())


def sweep(intake: ServiceUnderTest, after: timedelta) -> None:
    """Let a sweep that is due so long after noon come due."""
    intake.at(NOON + after)
    intake.fire_deadlines()


def words(intake: ServiceUnderTest, contact_id: ContactId, keys: DayKeys) -> list[str]:
    address = (contact_id, TOKEN_SHA256)
    looked = intake.read(partial(texts.look_as_caller, address=address, after=0, keys=keys))
    assert isinstance(looked, texts.Looked)
    return [each.text for each in looked.texts]


def test_a_line_in_force_is_swept_every_hour(line: ServiceUnderTest) -> None:
    assert line.deadlines()[SWEEP, LINE] == NOON + HOUR
    sweep(line, HOUR)
    assert line.deadlines()[SWEEP, LINE] == NOON + 2 * HOUR


def test_a_chat_goes_a_day_after_its_end_with_its_key(
    line: ServiceUnderTest, keys: DayKeys
) -> None:
    an_ended_one(line, keys, Channel.CHAT)
    sweep(line, DAY - HOUR)
    assert (count(line, "sealed_text"), count(line, "contact_key")) == (1, 1)
    sweep(line, DAY + HOUR)
    assert (count(line, "sealed_text"), count(line, "contact_key")) == (0, 0)
    assert count(line, "contact") == 1


def test_a_message_is_kept_for_a_month(line: ServiceUnderTest, keys: DayKeys) -> None:
    contact_id = an_ended_one(line, keys, Channel.MESSAGE)
    for day in range(1, 30):
        sweep(line, timedelta(days=day))
    assert words(line, contact_id, keys) == ["un", "deux"]
    sweep(line, 30 * DAY + HOUR)
    assert (count(line, "sealed_text"), count(line, "contact_key")) == (0, 0)


def test_what_has_not_ended_is_never_swept(line: ServiceUnderTest, keys: DayKeys) -> None:
    contact_id = a_contact(line, keys, Channel.MESSAGE)
    for day in range(1, 60):
        sweep(line, timedelta(days=day))
    assert words(line, contact_id, keys) == ["un"]


def test_the_row_of_a_contact_goes_in_its_time_with_all_that_is_kept_of_it(
    line: ServiceUnderTest, keys: DayKeys
) -> None:
    an_ended_one(line, keys, Channel.CHAT)
    sweep(line, 400 * DAY)
    assert count(line, "contact") == 1
    sweep(line, 400 * DAY + HOUR)
    assert count(line, "contact") == 0


def test_a_key_lives_a_week_and_goes_when_nothing_needs_it(
    line: ServiceUnderTest, keys: DayKeys
) -> None:
    contact_id = a_contact(line, keys, Channel.MESSAGE)
    first = NOON.date()
    for day in range(1, 7):
        sweep(line, timedelta(days=day))
        assert keys.exists(first), day
    sweep(line, timedelta(days=7))
    assert not keys.exists(first)
    assert words(line, contact_id, keys) == ["un"]
    assert keys.days() == (date(2020, 11, 8),)


def test_a_key_that_is_still_needed_stays_however_old(
    line: ServiceUnderTest, keys: DayKeys
) -> None:
    """Nobody swept for nine days: the first sweep wraps anew, and the next one destroys."""
    contact_id = a_contact(line, keys, Channel.MESSAGE)
    sweep(line, timedelta(days=9))
    assert keys.exists(NOON.date())
    sweep(line, timedelta(days=9, hours=1))
    assert not keys.exists(NOON.date())
    assert words(line, contact_id, keys) == ["un"]


def test_a_folder_of_keys_that_is_away_costs_no_text(
    line: ServiceUnderTest, keys: DayKeys, tmp_path: Path
) -> None:
    contact_id = a_contact(line, keys, Channel.MESSAGE)
    keys.folder.rename(tmp_path / "away")
    sweep(line, timedelta(days=6))
    sweep(line, timedelta(days=6, hours=1))
    assert count(line, "sealed_text") == 1
    for file in (tmp_path / "away").iterdir():
        file.rename(keys.folder / file.name)
    assert words(line, contact_id, keys) == ["un"]
