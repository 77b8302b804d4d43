"""The message box without a script, and the same verbs for programs: write, come back, erase."""

import logging
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.envelope import ReplyStatus
from contracts.text import TextSealed
from contracts.vocabulary import Channel, LanguageCode, Outcome, Role
from services.bus.door import GroundAway
from services.bus.testing import ServiceUnderTest
from services.intake import guessing
from services.intake.codes import as_typed, words_from
from services.intake.day_keys import from_environment
from services.intake.door import build
from services.intake.message_codes import contact_of
from services.intake.settings import Settings
from tests.intake.browsers import field, page, send
from tests.intake.builders import LISTENER, a_listener, a_written_line, apply_line
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, TextDesk, a_key
from tests.intake.doors import Client, DoorUnderTest

BOX, BACK = "/sos-crise/message", "/sos-crise/reponse"
CANARY = 'Je m\'appelle Marie <script>alert(1)</script> & "Dupont" 💧'
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def door(intake: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> DoorUnderTest:
    monkeypatch.setattr(guessing, "WRONG_WORDS_SECONDS", 0.0)
    apply_line(intake, terms=a_written_line())
    return DoorUnderTest(intake)


@pytest.fixture
def client(door: DoorUnderTest) -> Client:
    return Client(build(door, Settings()))


def leave(client: Client, said: str = "Bonsoir") -> str:
    """Leave a message by its form; the words that bring back."""
    key = field(page(client, BOX), "cle")
    return code_in(send(client, BOX, cle=key, texte=said))


def code_in(text: str) -> str:
    words = re.findall("<span>([^<]+)</span>", text[text.index('id="mots"') :].split("</p>")[0])
    assert len(words) == 4
    return " ".join(words)


def come_back(client: Client, code: str, status: int = 200) -> str:
    return send(client, BACK, status, code=code)


def the_contact(intake: ServiceUnderTest) -> ContactOpened:
    return intake.announced(ContactOpened)[-1]


def answer(client: Client, intake: ServiceUnderTest, said: str = "Je vous lis.") -> TextDesk:
    contact_id = the_contact(intake).contact_id
    intake.deliver(a_listener(contact_id).taken())
    desk = TextDesk(client, contact_id, expires_at=NOON + 60 * DAY)
    assert desk.write(said, kind="message").status_code == 201
    return desk


def end(intake: ServiceUnderTest) -> None:
    command = EndContact(
        contact_id=the_contact(intake).contact_id, outcome=Outcome.ANSWERED_IN_WRITING
    )
    assert intake.ask(command, LISTENER, Role.LISTENER).status is ReplyStatus.DONE


def kept(intake: ServiceUnderTest, table: str) -> int:
    with intake.session() as session:
        return int(session.execute(text(f"SELECT count(*) FROM intake.{table}")).scalar_one())


# --- writing --------------------------------------------------------------------------------------


def test_what_there_is_to_know_stands_beside_the_field_before_writing(client: Client) -> None:
    said = page(client, BOX)
    assert "au plus tard aujourd'hui à 16 h" in said  # noon and the four hours of the line
    assert "au plus tard mercredi 4 novembre à 12 h" in said
    assert "30 jours" in said
    assert "Un code perdu ne peut pas être retrouvé" in said
    assert 'href="tel:15"' in said
    assert "autofocus" not in said


def test_a_message_is_kept_and_its_four_words_are_told_once(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client, CANARY)
    opened = the_contact(intake)
    assert (opened.channel, opened.language) == (Channel.MESSAGE, LanguageCode.FR)
    assert intake.announced(TextSealed)[0].characters == len(CANARY)
    said = come_back(client, code)
    assert "La réponse n'est pas encore là." in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said
    assert "<script>alert" not in said


def test_a_form_sent_twice_is_one_message_with_the_same_words(
    client: Client, intake: ServiceUnderTest
) -> None:
    key = field(page(client, BOX), "cle")
    first = code_in(send(client, BOX, cle=key, texte="Bonsoir"))
    assert code_in(send(client, BOX, cle=key, texte="Bonsoir")) == first
    assert len(intake.announced(ContactOpened)) == 1


def test_other_words_under_a_used_key_are_not_lost_and_not_taken_for_sent(
    client: Client, intake: ServiceUnderTest
) -> None:
    key = field(page(client, BOX), "cle")
    send(client, BOX, cle=key, texte="Bonsoir")
    again = send(client, BOX, 409, cle=key, texte="Autre chose")
    assert "Votre texte est là, il n'est pas parti." in again
    assert "Autre chose</textarea>" in again
    assert field(again, "cle") != key
    assert len(intake.announced(ContactOpened)) == 1


NOT_TAKEN = {
    "nothing": ("   ", 400),
    "signs nobody can see": ("a\x00b", 400),
    "more than fits": ("é" * 10_001, 413),
}


@pytest.mark.parametrize("case", NOT_TAKEN)
def test_what_cannot_be_kept_comes_back_in_its_field(
    client: Client, intake: ServiceUnderTest, case: str
) -> None:
    typed, status = NOT_TAKEN[case]
    key = field(page(client, BOX), "cle")
    said = send(client, BOX, status, cle=key, texte=typed)
    assert f"{typed}</textarea>" in said
    assert field(said, "cle") == key
    assert intake.announced(ContactOpened) == []


def test_the_longest_text_with_signs_of_four_bytes_fits_into_a_form(
    client: Client, intake: ServiceUnderTest
) -> None:
    key = field(page(client, BOX), "cle")
    send(client, BOX, cle=key, texte="💧" * 10_000)
    assert intake.announced(TextSealed)[0].characters == 10_000


@pytest.mark.parametrize("key", ["", "x", "c232ab00-9414-11ec-b3c8-9f6bdeced846"])
def test_a_form_that_is_not_ours_is_given_back_with_a_key(client: Client, key: str) -> None:
    said = send(client, BOX, 409, cle=key, texte="Bonsoir")
    assert "Bonsoir</textarea>" in said
    assert "code" in send(client, BOX, cle=field(said, "cle"), texte="Bonsoir")


def test_a_failure_gives_the_text_back_and_the_same_form_may_be_sent_again(
    client: Client, door: DoorUnderTest, intake: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = field(page(client, BOX), "cle")

    async def fails(*_: Any) -> None:
        raise GroundAway

    with monkeypatch.context() as broken:
        broken.setattr(door, "answer", fails)
        said = send(client, BOX, 503, cle=key, texte="Bonsoir")
        assert "Bonsoir</textarea>" in said
        assert field(said, "cle") == key
    code_in(send(client, BOX, cle=key, texte="Bonsoir"))
    assert len(intake.announced(ContactOpened)) == 1


def test_a_line_without_a_box_says_who_answers_and_takes_nothing(
    client: Client, intake: ServiceUnderTest
) -> None:
    apply_line(intake)  # by telephone alone
    assert "ne prend pas de message" in page(client, BOX)
    said = send(client, BOX, 409, cle=str(uuid4()), texte="Bonsoir")
    assert "Bonsoir</textarea>" in said


# --- coming back ----------------------------------------------------------------------------------


def test_the_answer_is_read_with_the_words_however_they_are_typed(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    answer(client, intake)
    said = come_back(client, f"  {code.upper().replace(' ', ' · ')} ")
    assert "Une réponse vous attend." in said
    assert "Je vous lis." in said
    assert "Écoutant, lundi 2 novembre à 12 h" in said
    assert LISTENER not in said


def test_words_travel_in_the_body_of_a_form_and_in_no_address(
    client: Client, intake: ServiceUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        code = leave(client, CANARY)
        said = come_back(client, code)
    for address in re.findall('(?:href|action)="([^"]*)"', said):
        for word in code.split():
            assert word not in address
    for record in caplog.records:
        assert code not in str(vars(record))
        assert "Marie" not in str(vars(record))
    assert "Vos quatre mots" in page(client, f"{BACK}?code={code}")


def test_words_are_kept_nowhere(client: Client, intake: ServiceUnderTest) -> None:
    code = leave(client)
    with intake.session() as session:
        rows = str(session.execute(text("SELECT * FROM intake.contact")).all())
        replies = str(session.execute(text("SELECT * FROM intake.inbox")).all())
    assert code not in rows + replies


def test_wrong_words_open_nothing_and_three_of_a_chat_neither(client: Client) -> None:
    leave(client)
    for wrong in ("abeille abeille abeille abeille", "a b c", "", "' OR 1=1 --"):
        assert "Ces mots n'ouvrent pas de message" in come_back(client, wrong, 404)


def test_guessing_is_slow(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(guessing, "WRONG_WORDS_SECONDS", 1.0)
    monkeypatch.setattr("services.intake.guessing.asyncio.sleep", sleep)
    code = leave(client)
    come_back(client, code)
    assert slept == []
    come_back(client, "abeille abeille abeille abeille", 404)
    assert slept == [1.0]


def test_something_may_be_added_and_counts_once(client: Client, intake: ServiceUnderTest) -> None:
    code = leave(client)
    said = come_back(client, code)
    form: dict[str, Any] = {
        "code": code,
        "cle": field(said, "cle"),
        "faire": "ajouter",
        "texte": "Encore\r\nceci",
    }
    for _ in range(2):
        said = send(client, BACK, **form)
        assert "C'est ajouté." in said
        assert "Encore\nceci" in said
    assert [each.characters for each in intake.announced(TextSealed)] == [7, 11]


def test_what_is_added_to_an_answered_message_that_is_over_comes_back_to_who_wrote_it(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    answer(client, intake)
    end(intake)
    said = come_back(client, code)
    assert "Gardé jusqu'au 2 décembre 2020 au plus tard" in said
    assert 'value="ajouter"' not in said
    form: dict[str, Any] = {
        "code": code,
        "cle": str(uuid4()),
        "faire": "ajouter",
        "texte": "Encore",
    }
    assert "Encore</textarea>" in send(client, BACK, 409, **form)


def test_what_is_added_with_wrong_words_is_not_lost(client: Client) -> None:
    form: dict[str, Any] = {
        "code": "a b c d",
        "cle": str(uuid4()),
        "faire": "ajouter",
        "texte": "Encore",
    }
    assert "Encore</textarea>" in send(client, BACK, 404, **form)


def test_a_late_answer_is_apologised_for_and_who_answers_now_is_shown(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    intake.at(NOON + 49 * HOUR)
    said = come_back(client, code)
    assert "Nous vous la devions mercredi 4 novembre à 12 h : pardon." in said
    assert "/sos-crise/tchat" in said
    assert "tel:+33800190000" in said
    assert "Bonsoir" in said
    answer(client, intake)
    assert "pardon" not in come_back(client, code)


def test_the_words_open_an_ended_message_until_it_is_erased(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    answer(client, intake)
    end(intake)
    for days in range(1, 30):
        intake.at(NOON + days * DAY)
        intake.fire_deadlines()
    assert "Je vous lis." in come_back(client, code)
    intake.at(NOON + 30 * DAY + 2 * HOUR)
    intake.fire_deadlines()
    come_back(client, code, 404)
    assert kept(intake, "sealed_text") == 0


# --- erasing --------------------------------------------------------------------------------------


def erase(client: Client, code: str, key: str) -> str:
    return send(client, BACK, code=code, cle=key, faire="effacer")


def test_everything_goes_at_once_and_how_far_is_said(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    answer(client, intake)
    key = field(come_back(client, code), "cle", form=1)
    for _ in range(2):  # sent twice, told twice
        said = erase(client, code, key)
        assert "2 textes et leur clé ont disparu." in said
        assert "illisibles mardi 10 novembre à 1 h au plus tard" in said
    assert kept(intake, "sealed_text") == kept(intake, "contact_key") == 0
    come_back(client, code, 404)
    ended = intake.announced(ContactEnded)[0]
    assert ended.outcome is Outcome.ANSWERED_IN_WRITING


def test_a_message_nobody_has_read_is_over_when_it_is_erased(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    erase(client, code, str(uuid4()))
    assert intake.announced(ContactEnded)[0].outcome is Outcome.ABANDONED
    intake.at(NOON + 49 * HOUR)
    intake.fire_deadlines()  # no clock rings for what is gone


def test_who_has_wrong_words_erases_nothing(client: Client, intake: ServiceUnderTest) -> None:
    leave(client)
    send(client, BACK, 404, code="a b c d", cle=str(uuid4()), faire="effacer")
    assert kept(intake, "sealed_text") == 1


# --- the same for programs ------------------------------------------------------------------------


def begin(client: Client, channel: str = "message") -> CallerSide:
    knock = {"programme": "sos-crise", "channel": channel, "text": "Bonsoir"}
    opened = client.post("/contacts", json=knock, headers=a_key())
    assert opened.status_code == 201, opened.text
    return CallerSide(client, opened.json())


def test_a_program_is_told_the_words_when_things_are_due_and_opens_with_them(
    client: Client, intake: ServiceUnderTest
) -> None:
    caller = begin(client)
    code = caller.opened["return_code"]
    assert len(code.split()) == 4
    assert caller.opened["answer_by"].startswith("2020-11-04T11:00:00")
    assert caller.opened["read_by"].startswith("2020-11-02T15:00:00")
    answer(client, intake)
    back = client.post("/contacts/resume", json={"code": code}, headers=a_key())
    assert back.status_code == 200, back.text
    assert "return_code" not in back.json()
    again = CallerSide(client, back.json())
    assert again.texts() == ["Bonsoir", "Je vous lis."]
    assert caller.read().status_code == 403
    seen = client.get(again.address, headers=again.token).json()
    assert (seen["read_by"], seen["answer_by"], seen["erased_by"]) == (None, None, None)
    end(intake)
    seen = client.get(again.address, headers=again.token).json()
    assert seen["erased_by"].startswith("2020-12-02T12:00:00")


def test_a_program_erases_with_its_token_a_chat_too(
    client: Client, intake: ServiceUnderTest
) -> None:
    for channel in ("chat", "message"):
        caller = begin(client, channel)
        for _ in range(2):
            gone = client.post(f"{caller.address}/erase", headers=caller.token)
            assert gone.status_code == 200, gone.text
            assert gone.json()["texts"] == 1
            assert gone.json()["in_backups_until"].startswith("2020-11-10T00:00:00")
        assert caller.texts() == []
    assert {each.outcome for each in intake.announced(ContactEnded)} == {Outcome.ABANDONED}


def test_somebody_elses_contact_is_not_erased(client: Client, intake: ServiceUnderTest) -> None:
    mine, theirs = begin(client), begin(client)
    for token, status in ((mine.token, 403), ({"Authorization": "Bearer x"}, 403), ({}, 401)):
        assert client.post(f"{theirs.address}/erase", headers=token).status_code == status
    assert kept(intake, "sealed_text") == 2


# --- the key of the codes -------------------------------------------------------------------------


def code_key_rows(intake: ServiceUnderTest) -> list[tuple[str, str]]:
    with intake.session() as session:
        rows = session.execute(text("SELECT month, day FROM intake.code_key ORDER BY number")).all()
        return [(row.month.isoformat(), row.day.isoformat()) for row in rows]


def test_the_key_of_a_month_outlives_the_keys_of_days_and_goes_with_its_last_code(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = leave(client)
    assert code_key_rows(intake) == [("2020-11-01", "2020-11-02")]
    for days in range(1, 40):
        intake.at(NOON + days * DAY)
        intake.fire_deadlines()
    assert intake.now() - NOON > 38 * DAY
    ((month, day),) = code_key_rows(intake)
    assert (month, day > "2020-12-03") == ("2020-11-01", True)
    come_back(client, code)
    erase(client, code, str(uuid4()))
    intake.at(intake.now() + 2 * HOUR)
    intake.fire_deadlines()
    assert code_key_rows(intake) == []


def test_without_the_folder_of_keys_no_code_can_be_tried(
    client: Client, intake: ServiceUnderTest
) -> None:
    code = as_typed(leave(client)) or ""
    keys = from_environment()
    assert intake.read(lambda session: contact_of(session, code, keys)) is not None
    for day in keys.days():
        keys.destroy(day)
    assert intake.read(lambda session: contact_of(session, code, keys)) is None
    leave(client)  # the next message has a key of its own
    assert len(code_key_rows(intake)) == 2


def test_four_words_are_one_of_more_than_2_to_the_43() -> None:
    told = {words_from(bytes([place]), 4) for place in range(200)}
    assert len(told) == 200
    assert {len(each.split()) for each in told} == {4}
