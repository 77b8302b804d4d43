"""The clocks of a message: read by a human in hours, answered in two days."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.contact import ContactOpened, EndContact, HumanWanted
from contracts.envelope import Reply, ReplyStatus
from contracts.text import WantHumanNow, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.vocabulary import (
    Clock,
    ClockStep,
    LanguageCode,
    Outcome,
    PersonId,
    Priority,
    Refusal,
    Role,
    Stage,
)
from contracts.writing import WritingTerms
from services.bus.testing import ServiceUnderTest
from services.intake.door import build
from services.intake.message_clocks import Ring, last_ring, next_ring, rings_of_answer
from services.intake.settings import Settings
from tests.intake.builders import LISTENER, a_listener, a_written_line, apply_line, endings
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, TextDesk, a_key
from tests.intake.doors import Client, DoorUnderTest

HOUR = timedelta(hours=1)
TERMS = WritingTerms()
SAM = PersonId("s-sam")


@pytest.fixture
def client(intake: ServiceUnderTest) -> Client:
    apply_line(intake, terms=a_written_line())
    return Client(build(DoorUnderTest(intake), Settings()))


def send(client: Client, **changed: Any) -> Any:
    call = {"programme": "sos-crise", "channel": "message", "text": "Bonjour"} | changed
    return client.post("/contacts", json=call, headers=a_key())


@pytest.fixture
def caller(client: Client) -> CallerSide:
    sent = send(client)
    assert sent.status_code == 201, sent.text
    return CallerSide(client, sent.json())


@pytest.fixture
def supervisor(client: Client, caller: CallerSide) -> TextDesk:
    return TextDesk(client, caller.contact_id, SAM, Role.SUPERVISOR)


def taken(client: Client, caller: CallerSide, intake: ServiceUnderTest) -> TextDesk:
    intake.deliver(a_listener(caller.contact_id).taken())
    return TextDesk(client, caller.contact_id)


def after(intake: ServiceUnderTest, hours: float) -> None:
    intake.at(NOON + hours * HOUR)
    intake.fire_deadlines()


def rung(intake: ServiceUnderTest) -> list[tuple[Clock, ClockStep]]:
    return [(event.clock, event.step) for event in intake.announced(WrittenClockRang)]


def end(intake: ServiceUnderTest, caller: CallerSide) -> Reply:
    command = EndContact(contact_id=caller.contact_id, outcome=Outcome.ANSWERED_IN_WRITING)
    return intake.ask(command, LISTENER, Role.LISTENER)


# --- pure -----------------------------------------------------------------------------------------


def test_the_clock_to_the_answer_warns_twice_and_is_late_at_its_end() -> None:
    rings = rings_of_answer(NOON, TERMS)
    assert rings == (
        Ring(NOON + 24 * HOUR, ClockStep.WARNED),
        Ring(NOON + 40 * HOUR, ClockStep.WARNED),
        Ring(NOON + 48 * HOUR, ClockStep.LATE),
    )
    assert next_ring(rings, NOON + 24 * HOUR) == rings[1]
    assert next_ring(rings, NOON + 48 * HOUR) is None
    assert last_ring(rings, NOON + 47 * HOUR) == rings[1]
    assert last_ring(rings, NOON) is None


def test_a_warning_after_the_end_is_none() -> None:
    quick = TERMS.model_copy(update={"answered_within_hours": 24})
    assert rings_of_answer(NOON, quick) == (Ring(NOON + 24 * HOUR, ClockStep.LATE),)


# --- from opened to ended -------------------------------------------------------------------------


def test_a_message_waits_for_a_listener_after_voices(
    caller: CallerSide, intake: ServiceUnderTest
) -> None:
    (opened,) = intake.announced(ContactOpened)
    assert (opened.first_stage, opened.priority) == (Stage.LISTENER, Priority.P4)
    assert opened.language is LanguageCode.UNKNOWN


def test_a_message_without_words_is_none(client: Client, intake: ServiceUnderTest) -> None:
    call = {"programme": "sos-crise", "channel": "message"}
    answer = client.post("/contacts", json=call, headers=a_key())
    assert (answer.status_code, answer.json()["field"]) == (400, "text")
    assert send(client, text=" ").status_code == 400
    assert send(client, text="x" * 10_001).status_code == 413
    assert intake.announced(ContactOpened) == []


def test_a_message_is_read_answered_and_ended(
    client: Client, caller: CallerSide, intake: ServiceUnderTest
) -> None:
    desk = taken(client, caller, intake)
    intake.at(NOON + HOUR)
    assert desk.texts() == ["Bonjour"]
    assert end(intake, caller).refusal is Refusal.WRONG_STATE  # nothing was answered
    assert desk.write("Merci de nous écrire.", kind="message").status_code == 201
    assert end(intake, caller).status is ReplyStatus.DONE
    (read,) = intake.announced(WrittenFirstRead)
    assert (read.asked_at, read.read_at, read.late) == (NOON, NOON + HOUR, False)
    (answered,) = intake.announced(WrittenAnswered)
    assert (answered.answered_at, answered.late) == (NOON + HOUR, False)
    assert caller.texts() == ["Bonjour", "Merci de nous écrire."]
    after(intake, 72)
    assert rung(intake) == []


def test_closing_the_page_withdraws_no_message(
    caller: CallerSide, client: Client, intake: ServiceUnderTest
) -> None:
    left = client.post(f"{caller.address}/leave", json={"reason": "hung_up"}, headers=caller.token)
    assert left.json()["state"] == "waiting_listener"
    assert endings(intake) == []


# --- clocks ---------------------------------------------------------------------------------------


def test_a_message_nobody_reads_rings_for_a_supervisor_then_for_its_line(
    caller: CallerSide, intake: ServiceUnderTest
) -> None:
    after(intake, 3.99)
    assert rung(intake) == []
    for hours in (4, 24, 40, 48, 60):
        after(intake, hours)
    assert rung(intake) == [
        (Clock.FIRST_READING, ClockStep.LATE),
        (Clock.ANSWER, ClockStep.WARNED),
        (Clock.ANSWER, ClockStep.WARNED),
        (Clock.ANSWER, ClockStep.LATE),
    ]
    assert endings(intake) == []  # late is not over


def test_a_clock_looked_at_late_says_the_newest_and_goes_on(
    caller: CallerSide, intake: ServiceUnderTest
) -> None:
    after(intake, 41)
    assert rung(intake)[-1] == (Clock.ANSWER, ClockStep.WARNED)
    after(intake, 48)
    assert rung(intake)[-1] == (Clock.ANSWER, ClockStep.LATE)


def test_a_reading_stops_the_first_clock_alone_and_counts_once(
    supervisor: TextDesk, intake: ServiceUnderTest
) -> None:
    intake.at(NOON + 5 * HOUR)
    supervisor.texts()
    supervisor.texts()
    (read,) = intake.announced(WrittenFirstRead)
    assert read.late is True
    after(intake, 24)
    assert rung(intake) == [(Clock.ANSWER, ClockStep.WARNED)]


def test_a_caller_who_reads_stops_no_clock(caller: CallerSide, intake: ServiceUnderTest) -> None:
    caller.texts()
    after(intake, 4)
    assert rung(intake) == [(Clock.FIRST_READING, ClockStep.LATE)]


def test_a_new_message_restarts_both_clocks(
    caller: CallerSide, supervisor: TextDesk, intake: ServiceUnderTest
) -> None:
    intake.at(NOON + 3 * HOUR)
    supervisor.texts()
    intake.at(NOON + 20 * HOUR)
    caller.write("Encore une chose")
    after(intake, 23.9)
    assert rung(intake) == []
    after(intake, 24)
    assert rung(intake) == [(Clock.FIRST_READING, ClockStep.LATE)]
    after(intake, 44)
    assert rung(intake)[-1] == (Clock.ANSWER, ClockStep.WARNED)


def test_a_late_answer_is_an_answer_and_counted_as_late(
    client: Client, caller: CallerSide, intake: ServiceUnderTest
) -> None:
    desk = taken(client, caller, intake)
    after(intake, 49)
    desk.write("Pardon pour l'attente", kind="message")
    (answered,) = intake.announced(WrittenAnswered)
    assert answered.late is True
    assert [event.late for event in intake.announced(WrittenFirstRead)] == [True]


def test_a_note_answers_nothing(
    client: Client, caller: CallerSide, intake: ServiceUnderTest
) -> None:
    taken(client, caller, intake).write("à relire", kind="note")
    assert intake.announced(WrittenAnswered) == []
    assert end(intake, caller).refusal is Refusal.WRONG_STATE


# --- needs a human now ----------------------------------------------------------------------------


def want(
    intake: ServiceUnderTest, caller: CallerSide, actor: str = SAM, role: Role = Role.SUPERVISOR
) -> Reply:
    return intake.ask(WantHumanNow(contact_id=caller.contact_id), actor, role)


def test_who_reads_may_want_a_human_now_once(caller: CallerSide, intake: ServiceUnderTest) -> None:
    assert want(intake, caller).status is ReplyStatus.DONE
    assert want(intake, caller).status is ReplyStatus.DONE
    (wanted,) = intake.announced(HumanWanted)
    assert (wanted.priority, wanted.wanted_by) == (Priority.P2, SAM)


def test_who_may_not_read_cannot_raise_it(caller: CallerSide, intake: ServiceUnderTest) -> None:
    assert want(intake, caller, "v-eve", Role.LISTENER).status is ReplyStatus.NOT_YET
    intake.deliver(a_listener(caller.contact_id).taken())
    assert want(intake, caller, "v-eve", Role.LISTENER).refusal is Refusal.NOT_YOURS
    assert want(intake, caller, LISTENER, Role.LISTENER).status is ReplyStatus.DONE


def test_only_a_message_is_raised(client: Client, intake: ServiceUnderTest) -> None:
    chat = CallerSide(client, send(client, channel="chat").json())
    assert want(intake, chat).refusal is Refusal.WRONG_STATE
