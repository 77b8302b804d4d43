"""Chats, from opened to ended: lost humans, cut-off callers, three words back."""

import re
from datetime import timedelta
from typing import Any

import pytest

from contracts.contact import ContactEnded
from contracts.vocabulary import (
    Channel,
    ContactState,
    EndedBy,
    LeaveReason,
    OfferId,
    Outcome,
    PersonId,
    Stage,
)
from services.bus.testing import ServiceUnderTest
from services.intake import door as intake_door
from services.intake import guessing
from services.intake.chats import SILENT_AFTER, Held, leaving
from services.intake.codes import as_typed, hash_of_words, words, words_from
from services.intake.domain import Ended, Life, Moved, Take, Talking, Unchanged, Unmoved, Waiting
from services.intake.settings import Settings
from services.intake.words import LOST_HUMAN
from tests.intake.builders import a_listener, a_written_line, apply_line, endings
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, TextDesk, a_key
from tests.intake.doors import Client, DoorUnderTest

MINUTE = timedelta(minutes=1)
WAITING = Waiting(Stage.LISTENER)
TALKING = Talking(Take(Stage.LISTENER, OfferId("o"), PersonId("v-bruno"), NOON))
ENDED = Ended(Outcome.LISTENED, EndedBy.LISTENER)
ABANDONED = Moved(Ended(Outcome.ABANDONED, EndedBy.CALLER))


@pytest.fixture
def client(intake: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(guessing, "WRONG_WORDS_SECONDS", 0.0)
    apply_line(intake, terms=a_written_line())
    return Client(intake_door.build(DoorUnderTest(intake), Settings()))


def begin(client: Client, **more: Any) -> CallerSide:
    call = {"programme": "sos-crise", "channel": "chat"} | more
    opened = client.post("/contacts", json=call, headers=a_key())
    assert opened.status_code == 201, opened.text
    return CallerSide(client, opened.json())


def leave(caller: CallerSide, reason: str) -> dict[str, Any]:
    body = {"reason": reason}
    left = caller.client.post(f"{caller.address}/leave", json=body, headers=caller.token)
    assert left.status_code == 200, left.text
    told: dict[str, Any] = left.json()
    return told


def resume(client: Client, code: str) -> Any:
    return client.post("/contacts/resume", json={"code": code}, headers=a_key())


# --- what becomes of it ---------------------------------------------------------------------------

LEAVINGS: dict[str, tuple[Life, Channel, LeaveReason, object]] = {
    "a chat that waits is cut off": (WAITING, Channel.CHAT, LeaveReason.CUT_OFF, Held(MINUTE)),
    "a talk is cut off": (TALKING, Channel.CHAT, LeaveReason.CUT_OFF, Held(MINUTE)),
    "a chat is left": (WAITING, Channel.CHAT, LeaveReason.HUNG_UP, ABANDONED),
    "a call is cut off": (WAITING, Channel.PHONE, LeaveReason.CUT_OFF, ABANDONED),
    "a mailbox is closed": (
        WAITING,
        Channel.MESSAGE,
        LeaveReason.HUNG_UP,
        Unchanged(Unmoved.STAYS),
    ),
    "a chat over": (ENDED, Channel.CHAT, LeaveReason.CUT_OFF, Unchanged(Unmoved.OVER)),
}


@pytest.mark.parametrize(("life", "channel", "reason", "becomes"), LEAVINGS.values(), ids=LEAVINGS)
def test_what_becomes_of_a_contact_whose_caller_goes(
    life: Life, channel: Channel, reason: LeaveReason, becomes: object
) -> None:
    assert leaving(life, channel, reason, MINUTE) == becomes


def test_a_line_that_holds_no_chat_ends_it_at_once() -> None:
    assert leaving(WAITING, Channel.CHAT, LeaveReason.CUT_OFF, timedelta()) == ABANDONED


# --- codes ----------------------------------------------------------------------------------------


def test_a_code_is_three_words_the_same_for_the_same_secret() -> None:
    code = words_from(b"a secret")
    assert len(code.split()) == 3
    assert set(code.split()) <= set(words())
    assert code == words_from(b"a secret") != words_from(b"another")
    assert len(set(words())) == len(words()) > 1500


def test_a_code_is_known_however_it_is_typed() -> None:
    assert as_typed(" Étanche  SOLEIL-belote ") == "etanche soleil belote"
    assert as_typed("etanche soleil") is None
    assert len({as_typed(f"{word} a b") for word in words()}) == len(words())


def test_a_hash_of_a_code_needs_the_key_of_the_day() -> None:
    assert hash_of_words(b"1" * 32, "a b c") != hash_of_words(b"2" * 32, "a b c")


# --- the human is lost ----------------------------------------------------------------------------


def test_a_caller_whose_human_is_lost_is_told_and_waits_again(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = begin(client)
    listener = a_listener(caller.contact_id)
    intake.deliver(listener.taken())
    caller.write("Vous êtes là ?")
    last = caller.read().json()["last"]
    intake.deliver(listener.withdrawn(), version=2)
    told = caller.read(last).json()
    assert told["last"] > last
    assert (told["state"], told["words"]) == ("waiting_listener", LOST_HUMAN)
    seen = client.get(caller.address, headers=caller.token).json()
    assert (seen["lost_human"], seen["words"]) == (True, LOST_HUMAN)
    eve = a_listener(caller.contact_id)
    intake.deliver(eve.taken(60))
    assert caller.read().json()["words"] == "Un écoutant est avec vous."
    assert TextDesk(client, caller.contact_id).texts() == ["Vous êtes là ?"]


# --- the caller is cut off ------------------------------------------------------------------------


def test_a_cut_off_chat_comes_back_by_its_three_words(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = begin(client, text="Bonsoir")
    intake.deliver(a_listener(caller.contact_id).taken())
    left = leave(caller, "cut_off")
    assert left["state"] == ContactState.WITH_LISTENER
    assert left["away_until"] == "2020-11-02T11:10:00Z"
    desk = TextDesk(client, caller.contact_id)
    assert desk.read().json()["away_until"] is not None
    back = resume(client, caller.opened["return_code"].upper())
    assert back.status_code == 200, back.text
    again = CallerSide(client, back.json())
    assert again.contact_id == caller.contact_id
    assert again.texts() == ["Bonsoir"]
    assert desk.read().json()["away_until"] is None
    assert caller.read().status_code == 403  # the page that died holds a key to nothing
    assert resume(client, caller.opened["return_code"]).status_code == 404
    assert resume(client, again.opened["return_code"]).status_code == 200
    assert endings(intake) == []


def test_who_does_not_come_back_in_ten_minutes_has_gone(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = begin(client)
    intake.deliver(a_listener(caller.contact_id).taken())
    leave(caller, "cut_off")
    intake.at(NOON + 10 * MINUTE - timedelta(seconds=1))
    intake.fire_deadlines()
    assert endings(intake) == []
    intake.at(NOON + 10 * MINUTE)
    intake.fire_deadlines()
    (ended,) = endings(intake)
    assert (ended.outcome, ended.ended_by) == (Outcome.DROPPED, EndedBy.CALLER)
    assert resume(client, caller.opened["return_code"]).status_code == 404


def test_who_writes_with_their_token_is_back(client: Client, intake: ServiceUnderTest) -> None:
    caller = begin(client)
    leave(caller, "cut_off")
    assert caller.write("Me revoilà").status_code == 201
    intake.at(NOON + 11 * MINUTE)
    caller.read()
    intake.fire_deadlines()
    assert endings(intake) == []


def test_a_page_that_dies_without_a_word_is_a_cut_off(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = begin(client)
    intake.at(NOON + SILENT_AFTER)
    intake.fire_deadlines()
    seen = intake.read(
        lambda session: (
            session.connection()
            .exec_driver_sql("SELECT away_until FROM intake.contact")
            .scalar_one()
        )
    )
    assert seen == NOON + SILENT_AFTER + 10 * MINUTE
    intake.at(NOON + SILENT_AFTER + 11 * MINUTE)
    intake.fire_deadlines()
    (ended,) = intake.announced(ContactEnded)
    assert ended.outcome is Outcome.ABANDONED
    assert ended.contact_id == caller.contact_id


def test_a_page_that_asks_for_news_is_there(client: Client, intake: ServiceUnderTest) -> None:
    caller = begin(client)
    for minute in range(1, 6):
        intake.at(NOON + minute * MINUTE - timedelta(seconds=20))
        caller.read()
        intake.at(NOON + minute * MINUTE)
        intake.fire_deadlines()
    assert caller.read().json()["away_until"] is None


WRONG_CODES = ["un deux trois", "un deux", "x" * 80, "a b c d"]


@pytest.mark.parametrize("code", WRONG_CODES)
def test_a_wrong_code_opens_nothing_and_says_what_can_be_done(client: Client, code: str) -> None:
    leave(begin(client), "cut_off")
    answer = resume(client, code)
    assert (answer.status_code, answer.json()["field"]) == (404, "code")
    assert re.search("(commencer une|laisser un) nouve", answer.json()["detail"])
    assert answer.json()["emergency_numbers"]


def test_no_code_and_no_token_is_in_the_database(client: Client, intake: ServiceUnderTest) -> None:
    caller = begin(client)
    back = CallerSide(client, resume(client, caller.opened["return_code"]).json())
    with intake.session() as session:
        driver = session.connection()
        names = driver.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'intake'"
        ).scalars()
        kept = "\n".join(
            str(row)
            for name in names
            for row in driver.exec_driver_sql(f"SELECT * FROM intake.{name}")
        )
    for told in (caller.opened, back.opened):
        assert told["return_code"] not in kept
        assert (as_typed(told["return_code"]) or "") not in kept
        assert told["token"] not in kept
    assert caller.opened["return_token"] not in kept
