"""The door of callers, over HTTP: what is accepted, what is refused, and what every answer says."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from httpx import Response
from sqlalchemy import text

from contracts.contact import ContactOpened
from contracts.envelope import ReplyStatus
from contracts.ladder import CallerTerms
from contracts.privacy import PrivacyClass
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import ContactState, LanguageCode, Outcome, Refusal, Situation
from services.bus.door import GroundAway
from services.bus.http import SpeaksOfUnreadable
from services.bus.testing import ServiceUnderTest
from services.intake.answers import (
    CallerProblemTold,
    ContactBegun,
    ContactTold,
    LineSeen,
    LineTold,
)
from services.intake.door import build
from services.intake.settings import Settings
from services.intake.voice import NOTICE_HEADER
from services.intake.words import REFUSALS, STATES
from tests.intake.builders import a_listener, apply_line, endings, put_into_force
from tests.intake.conftest import NOON
from tests.intake.doors import Client, DoorUnderTest

CALL = {"programme": "sos-crise", "channel": "phone"}
NOBODY = "00000000-0000-4000-8000-000000000000"
#: Version 1: time and machine, the example of RFC 9562.
OF_THE_CLOCK = "c232ab00-9414-11ec-b3c8-9f6bdeced846"
NOTICE = "Démonstration : personne ne répond ici. En danger : 15, 112 ; par écrit 114."
NOTICE_OF_THE_LINE = (
    "Démonstration : personne ne répond ici. En danger : 15, 17, 18, 112 ; par écrit 114."
)


@pytest.fixture
def door(intake: ServiceUnderTest) -> DoorUnderTest:
    apply_line(intake)
    return DoorUnderTest(intake)


@pytest.fixture
def client(door: DoorUnderTest) -> Client:
    return Client(build(door, Settings()))


def a_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def with_token(opened: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {opened['token']}"}


def open_contact(client: Client, **more: str) -> dict[str, Any]:
    response = client.post("/contacts", json=CALL | more, headers=a_key())
    assert response.status_code == 201, response.text
    opened: dict[str, Any] = response.json()
    ContactBegun.model_validate_json(response.content)
    return opened


def refusal_of(response: Response, status: int) -> Refusal:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = CallerProblemTold.model_validate_json(response.content)
    assert problem.status == status
    assert problem.refusal is not None
    assert problem.code == problem.refusal
    assert problem.type == f"urn:helpline:problem:{problem.refusal}"
    return problem.refusal


# --- the way of a caller --------------------------------------------------------------------------


def test_a_caller_opens_a_contact_sees_it_and_leaves(
    client: Client, intake: ServiceUnderTest
) -> None:
    opened = open_contact(client)
    assert opened["state"] == ContactState.WAITING_REGULATOR
    assert opened["words"] == STATES[ContactState.WAITING_REGULATOR]
    address = f"/contacts/{opened['contact_id']}"
    seen = client.get(address, headers=with_token(opened)).json()
    assert seen == {name: text for name, text in opened.items() if name != "token"}
    left = client.post(f"{address}/leave", json={"reason": "hung_up"}, headers=with_token(opened))
    assert left.status_code == 200
    assert ContactTold.model_validate_json(left.content).state is ContactState.ENDED
    assert [event.outcome for event in endings(intake)] == [Outcome.ABANDONED]


def test_a_contact_shows_its_caller_that_a_human_has_it_and_not_who(
    client: Client, intake: ServiceUnderTest
) -> None:
    opened = open_contact(client)
    intake.deliver(a_listener(opened["contact_id"]).taken())
    seen = client.get(f"/contacts/{opened['contact_id']}", headers=with_token(opened))
    assert seen.json()["words"] == "Un écoutant est avec vous."
    assert "v-bruno" not in seen.text


def test_the_language_of_the_page_is_kept_and_unknown_by_telephone(
    client: Client, intake: ServiceUnderTest
) -> None:
    open_contact(client)
    open_contact(client, language="en")
    languages = [event.language for event in intake.announced(ContactOpened)]
    assert languages == [LanguageCode.UNKNOWN, LanguageCode.EN]


def test_leaving_twice_is_fine_and_the_first_reason_stays(
    client: Client, intake: ServiceUnderTest
) -> None:
    opened = open_contact(client)
    address = f"/contacts/{opened['contact_id']}/leave"
    first = client.post(address, json={"reason": "cut_off"}, headers=with_token(opened))
    again = client.post(address, json={"reason": "hung_up"}, headers=with_token(opened))
    assert first.json() == again.json()
    assert len(endings(intake)) == 1


def test_a_line_shows_what_is_public_and_whether_it_is_open(
    client: Client, intake: ServiceUnderTest
) -> None:
    response = client.get("/programmes/sos-crise")
    LineTold.model_validate_json(response.content)
    line = response.json()
    assert line["name"] == "SOS CRISE"
    assert line["open_now"] == ["phone"]
    assert line["opening"][0]["opens_at"] == "09:00"
    assert "prices" not in line
    intake.at(NOON + timedelta(hours=12))
    assert client.get("/programmes/sos-crise").json()["open_now"] == []


def test_exactly_the_public_fields_of_the_terms_are_shown() -> None:
    schema = ProgrammeTerms.model_json_schema()["properties"]
    public = {
        name for name, field in schema.items() if field["x-privacy"] == PrivacyClass.PUBLIC.value
    }
    own = {"programme", "programme_version", "open_now", "now"}
    of_callers = {"numbers", "partners", "ladders", "controllers", "transparency"}
    assert of_callers <= set(CallerTerms.model_fields)
    own |= of_callers
    assert set(LineSeen.model_fields) - own == public


# --- once for each key ----------------------------------------------------------------------------


def test_a_repeat_with_the_same_key_gets_the_same_answer_token_included(
    client: Client, intake: ServiceUnderTest
) -> None:
    key = a_key()
    first = client.post("/contacts", json=CALL, headers=key)
    again = client.post("/contacts", json=CALL, headers=key)
    assert first.json() == again.json()
    assert len(intake.announced(ContactOpened)) == 1


def test_a_repeat_with_another_body_is_refused(client: Client, intake: ServiceUnderTest) -> None:
    key = a_key()
    client.post("/contacts", json=CALL, headers=key)
    other = client.post("/contacts", json=CALL | {"language": "fr"}, headers=key)
    assert refusal_of(other, 409) is Refusal.REPEATED_WITH_ANOTHER_BODY
    assert len(intake.announced(ContactOpened)) == 1


@pytest.mark.parametrize("key", ["", "once", "1", OF_THE_CLOCK, NOBODY.replace("4", "0")])
def test_a_key_that_could_be_guessed_is_refused(client: Client, key: str) -> None:
    response = client.post("/contacts", json=CALL, headers={"Idempotency-Key": key})
    assert refusal_of(response, 400) is Refusal.INVALID_FIELD
    assert response.json()["field"] == "Idempotency-Key"


def test_a_request_without_a_key_is_refused(client: Client) -> None:
    response = client.post("/contacts", json=CALL)
    assert refusal_of(response, 400) is Refusal.INVALID_FIELD
    assert response.json()["field"] == "Idempotency-Key"


def test_neither_token_nor_key_is_anywhere_in_the_ledger(
    client: Client, intake: ServiceUnderTest
) -> None:
    key = a_key()
    token = client.post("/contacts", json=CALL, headers=key).json()["token"]
    with intake.session() as session:
        rows = [
            str(row)
            for table in ("contact", "inbox", "outbox")
            for row in session.execute(text(f"SELECT * FROM intake.{table}")).all()
        ]
    assert any(hashlib.sha256(token.encode()).hexdigest() in row for row in rows)
    assert not any(token in row or key["Idempotency-Key"] in row for row in rows)


# --- the capability -------------------------------------------------------------------------------


def test_the_id_alone_opens_nothing(client: Client, intake: ServiceUnderTest) -> None:
    opened = open_contact(client)
    address = f"/contacts/{opened['contact_id']}"
    assert refusal_of(client.get(address), 401) is Refusal.NOT_YOURS
    assert client.get(address).headers["www-authenticate"] == "Bearer"
    goodbye = client.post(f"{address}/leave", json={"reason": "hung_up"})
    assert refusal_of(goodbye, 401) is Refusal.NOT_YOURS
    assert endings(intake) == []


def test_the_token_of_another_contact_opens_nothing(
    client: Client, intake: ServiceUnderTest
) -> None:
    opened, other = open_contact(client), open_contact(client)
    address = f"/contacts/{opened['contact_id']}"
    assert refusal_of(client.get(address, headers=with_token(other)), 403) is Refusal.NOT_YOURS
    goodbye = client.post(f"{address}/leave", json={"reason": "hung_up"}, headers=with_token(other))
    assert refusal_of(goodbye, 403) is Refusal.NOT_YOURS
    assert endings(intake) == []


@pytest.mark.parametrize("contact_id", [NOBODY, "nobody", "%00", "a" * 3000, "é"])
def test_a_contact_nobody_opened_is_unknown(client: Client, contact_id: str) -> None:
    response = client.get(f"/contacts/{contact_id}", headers={"Authorization": "Bearer x"})
    assert refusal_of(response, 404) is Refusal.UNKNOWN_CONTACT


# --- the door is closed ---------------------------------------------------------------------------


def test_at_night_the_door_is_closed_and_says_when_it_opens_and_whom_to_call(
    client: Client, intake: ServiceUnderTest
) -> None:
    intake.at(NOON + timedelta(hours=11))
    response = client.post("/contacts", json=CALL, headers=a_key())
    assert refusal_of(response, 409) is Refusal.CLOSED
    problem = response.json()
    assert problem["detail"] == "La ligne est fermée à cette heure. Elle ouvre le 3/11 à 9 h."
    assert datetime.fromisoformat(problem["opens_at"]) == NOON + timedelta(hours=21)
    assert problem["emergency_numbers"] == ["15", "17", "18", "112", "114"]
    assert problem["ladder"]["situation"] == "closed"
    words = {each["language"]: each["words"] for each in problem["ladder"]["wordings"]}
    assert words["fr"].startswith("La ligne est fermée à cette heure.")
    assert set(words) == {"fr", "en", "ar", "es", "pt"}
    assert acts(problem["ladder"])[-1] == ("connects", "fr-suicide-ecoute")
    assert intake.announced(ContactOpened) == []


def acts(ladder: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [
        (rung["act"], None if rung["partner"] is None else rung["partner"]["partner"])
        for rung in ladder["rungs"]
    ]


def at(intake: ServiceUnderTest, text: str, fold: int = 0) -> None:
    """Let it be a wall time of Paris."""
    intake.at(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris"), fold=fold))


#: Both nights on which the clock changes, at 02:55 and around; the chat closes at three.
CHAT_NIGHTS: dict[str, tuple[str, int, int]] = {
    "spring, 01:55, the last five minutes": ("2021-03-28T01:55", 0, 201),
    "spring, 02:55, which is 03:55": ("2021-03-28T02:55", 0, 409),
    "autumn, the first 02:55": ("2021-10-31T02:55", 0, 201),
    "autumn, the second 02:55": ("2021-10-31T02:55", 1, 201),
    "autumn, three o'clock": ("2021-10-31T03:00", 0, 409),
}


@pytest.mark.parametrize("case", CHAT_NIGHTS.values(), ids=CHAT_NIGHTS)
def test_on_the_nights_of_the_clock_the_chat_closes_at_three_and_the_phone_never(
    client: Client, intake: ServiceUnderTest, case: tuple[str, int, int]
) -> None:
    text, fold, status = case
    put_into_force(intake, "sos-amitie")
    at(intake, text, fold)
    chat = {"programme": "sos-amitie", "channel": "chat"}
    assert client.post("/contacts", json=chat, headers=a_key()).status_code == status
    phone = chat | {"channel": "phone"}
    assert client.post("/contacts", json=phone, headers=a_key()).status_code == 201


def test_who_entered_before_the_clock_changed_is_served_on(
    client: Client, intake: ServiceUnderTest
) -> None:
    put_into_force(intake, "sos-amitie")
    at(intake, "2021-03-28T01:59")
    opened = open_contact(client, programme="sos-amitie", channel="chat")
    at(intake, "2021-03-28T03:10")
    intake.deliver(a_listener(opened["contact_id"]).taken())
    seen = client.get(f"/contacts/{opened['contact_id']}", headers=with_token(opened)).json()
    assert seen["state"] == ContactState.WITH_LISTENER


def test_a_closed_chat_offers_the_message_box_and_a_line_that_is_open(
    client: Client, intake: ServiceUnderTest
) -> None:
    put_into_force(intake, "sos-amitie")
    at(intake, "2020-11-03T04:00")
    chat = {"programme": "sos-amitie", "channel": "chat"}
    ladder = client.post("/contacts", json=chat, headers=a_key()).json()["ladder"]
    assert [(rung["act"], rung["way_out"]) for rung in ladder["rungs"]] == [
        ("says", None),
        ("offers", "message_box"),
        ("offers", None),
    ]
    assert acts(ladder)[-1] == ("offers", "fr-suicide-ecoute")


# --- numbers --------------------------------------------------------------------------------------


def test_one_number_passes_from_line_to_line_and_its_history_stays(
    intake: ServiceUnderTest,
) -> None:
    client = Client(build(DoorUnderTest(intake), Settings()))
    at(intake, "2020-04-05T12:00")
    for line in ("sos-confinement", "sos-deconfinement", "sos-crise"):
        assert put_into_force(intake, line).status is ReplyStatus.DONE
    address = "/numbers/+33800190000"
    assert refusal_of(client.get(address), 404) is Refusal.UNKNOWN_PROGRAMME
    led_to = {}
    for day in ("2020-04-06T00:00", "2020-05-10T23:59", "2020-05-11T00:00", "2020-09-15T00:00"):
        at(intake, day)
        told = LineTold.model_validate_json(client.get(address).content)
        led_to[day] = (told.programme, told.programme_version)
    assert led_to == {
        "2020-04-06T00:00": ("sos-confinement", 1),
        "2020-05-10T23:59": ("sos-confinement", 1),
        "2020-05-11T00:00": ("sos-deconfinement", 1),
        "2020-09-15T00:00": ("sos-crise", 1),
    }
    before = client.get("/numbers/0033800190000", params={"at": "2020-06-01T12:00:00Z"})
    assert before.json()["programme"] == "sos-deconfinement"


def test_history_of_a_number_is_told_by_a_platform_that_is_younger(
    intake: ServiceUnderTest,
) -> None:
    """And the number is found as people in the country write it."""
    client = Client(build(DoorUnderTest(intake), Settings()))
    at(intake, "2026-01-14T12:00")
    for line in ("sos-confinement", "sos-deconfinement", "sos-crise"):
        assert put_into_force(intake, line).status is ReplyStatus.DONE
    led_to = [
        client.get("/numbers/0 800 19 00 00", params={"at": moment}).json().get("programme")
        for moment in ("2020-03-01T12:00:00Z", "2020-04-10T12:00:00Z", "2020-10-10T12:00:00Z")
    ]
    assert led_to == [None, "sos-confinement", "sos-crise"]
    assert client.get("/numbers/0800190000").json()["programme"] == "sos-crise"


def test_a_version_to_come_does_not_answer_yet(client: Client, intake: ServiceUnderTest) -> None:
    put_into_force(intake, "sos-detresse", effective_at=NOON + timedelta(days=1))
    assert client.get("/numbers/+352454545").status_code == 404
    assert client.get("/programmes/sos-detresse").status_code == 404
    intake.at(NOON + timedelta(days=1))
    assert client.get("/numbers/+352454545").json()["programme"] == "sos-detresse"


@pytest.mark.parametrize("moment", ["yesterday", "2020-06-01", "2020-06-01T12:00"])
def test_a_moment_that_is_none_is_refused(client: Client, moment: str) -> None:
    response = client.get("/numbers/+33800190000", params={"at": moment})
    assert refusal_of(response, 400) is Refusal.INVALID_FIELD


def test_a_line_tells_a_page_what_it_needs(client: Client) -> None:
    line = client.get("/programmes/sos-crise").json()
    assert line["now"][0]["closes_at"] == "2020-11-02T20:00:00Z"
    assert [each["situation"] for each in line["ladders"]] == list(Situation)
    assert line["numbers"][0]["number"] == "+33800190000"
    assert line["controllers"][0] == "Le Samu Social International"
    assert {each["language"] for each in line["transparency"]} == set(line["languages"])
    assert [each["partner"] for each in line["partners"]] == [
        "fr-sos-amitie",
        "fr-suicide-ecoute",
        "fr-3114",
    ]


def test_a_closed_channel_says_when_it_opens_and_what_is_there_until_then(
    client: Client, intake: ServiceUnderTest
) -> None:
    intake.at(NOON + timedelta(hours=11))
    now = client.get("/programmes/sos-crise").json()["now"][0]
    assert (now["closes_at"], now["opens_at"]) == (None, "2020-11-03T08:00:00Z")
    assert now["ladder"]["situation"] == "closed"


def test_who_entered_before_closing_is_served_on(client: Client, intake: ServiceUnderTest) -> None:
    intake.at(NOON + timedelta(hours=8, minutes=59))
    opened = open_contact(client)
    intake.at(NOON + timedelta(hours=9, minutes=30))
    intake.deliver(a_listener(opened["contact_id"]).taken())
    seen = client.get(f"/contacts/{opened['contact_id']}", headers=with_token(opened)).json()
    assert seen["state"] == ContactState.WITH_LISTENER


# --- bad input ------------------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, int, Refusal, str | None]] = {
    "not JSON": (b"{", 400, Refusal.UNREADABLE, None),
    "nothing": (b"", 400, Refusal.UNREADABLE, None),
    "a list": (b"[]", 400, Refusal.UNREADABLE, None),
    "a text": (b'"sos-crise"', 400, Refusal.UNREADABLE, None),
    "not UTF-8": (b'{"programme": "\xff"}', 400, Refusal.UNREADABLE, None),
    "nested without end": (b"[" * 30_000, 400, Refusal.UNREADABLE, None),
    "a number without end": (
        b'{"programme": ' + b"9" * 30_000 + b"}",
        400,
        Refusal.UNREADABLE,
        None,
    ),
    "an unknown field": (
        b'{"programme": "sos-crise", "channel": "phone", "number": "0199000000"}',
        400,
        Refusal.UNKNOWN_FIELD,
        "number",
    ),
    "a field that is missing": (
        b'{"programme": "sos-crise"}',
        400,
        Refusal.INVALID_FIELD,
        "channel",
    ),
    "a wrong type": (
        b'{"programme": 7, "channel": "phone"}',
        400,
        Refusal.INVALID_FIELD,
        "programme",
    ),
    "half a character": (
        b'{"programme": "\\ud800", "channel": "phone"}',
        400,
        Refusal.UNREADABLE,
        None,
    ),
    "a channel there is not": (
        b'{"programme": "sos-crise", "channel": "pigeon"}',
        400,
        Refusal.INVALID_FIELD,
        "channel",
    ),
    "a channel the line does not serve": (
        b'{"programme": "sos-crise", "channel": "chat"}',
        400,
        Refusal.CHANNEL_NOT_SERVED,
        "channel",
    ),
    "a line there is not": (
        b'{"programme": "sos-nobody", "channel": "phone"}',
        404,
        Refusal.UNKNOWN_PROGRAMME,
        "programme",
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_its_field_and_a_sentence(
    client: Client, intake: ServiceUnderTest, case: tuple[bytes, int, Refusal, str | None]
) -> None:
    body, status, refusal, field = case
    headers = a_key() | {"Content-Type": "application/json"}
    response = client.post("/contacts", content=body, headers=headers)
    assert refusal_of(response, status) is refusal
    problem = response.json()
    assert problem.get("field") == field
    assert problem["detail"] == REFUSALS[refusal][1]
    assert problem["notice"].startswith("Démonstration : personne ne répond ici. En danger : 15,")
    assert intake.announced(ContactOpened) == []


def test_a_body_that_is_not_said_to_be_json_is_refused(client: Client) -> None:
    headers = a_key() | {"Content-Type": "text/plain"}
    response = client.post("/contacts", content=json.dumps(CALL), headers=headers)
    assert refusal_of(response, 400) is Refusal.UNREADABLE


def test_a_megabyte_is_refused_and_nothing_is_kept(
    client: Client, intake: ServiceUnderTest
) -> None:
    body = json.dumps(CALL | {"language": "x" * 1024 * 1024})
    headers = a_key() | {"Content-Type": "application/json"}
    response = client.post("/contacts", content=body, headers=headers)
    assert refusal_of(response, 413) is Refusal.UNREADABLE
    assert intake.announced(ContactOpened) == []


def test_a_client_that_is_still_sending_is_heard_out_before_it_is_refused(
    door: DoorUnderTest,
) -> None:
    """Else the connection is reset under it, and it never reads why."""
    chunks, said = [b"x" * 64 * 1024] * 20, []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/contacts",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def receive() -> dict[str, Any]:
        body = chunks.pop()
        return {"type": "http.request", "body": body, "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        said.append(message)

    async def ask() -> None:
        await build(door, Settings())(scope, receive, send)

    asyncio.run(ask())
    assert said[0]["status"] == 413
    assert chunks == []


def test_what_is_not_http_is_answered_with_the_notice_and_the_numbers(
    door: DoorUnderTest,
) -> None:
    """The server asks the door for its words: uvicorn's own name nobody to call."""
    served = build(door, Settings())
    assert isinstance(served, SpeaksOfUnreadable)
    answer = served.unreadable()
    told = json.loads(bytes(answer.body))
    assert (answer.status_code, told["refusal"]) == (400, "unreadable")
    assert (told["notice"], told["emergency_numbers"]) == (NOTICE, ["15", "112", "114"])
    assert answer.headers[NOTICE_HEADER].startswith("Demonstration : personne ne repond ici.")
    assert answer.headers["cache-control"] == "no-store"


def test_a_body_at_the_limit_is_read(client: Client) -> None:
    body = json.dumps(CALL).encode()
    body += b" " * (Settings().longest_body_bytes - len(body))
    headers = a_key() | {"Content-Type": "application/json"}
    assert client.post("/contacts", content=body, headers=headers).status_code == 201
    over = client.post("/contacts", content=body + b" ", headers=headers)
    assert over.status_code == 413


def test_an_unknown_reason_for_leaving_is_refused(client: Client, intake: ServiceUnderTest) -> None:
    opened = open_contact(client)
    response = client.post(
        f"/contacts/{opened['contact_id']}/leave",
        json={"reason": "bored"},
        headers=with_token(opened),
    )
    assert refusal_of(response, 400) is Refusal.INVALID_FIELD
    assert response.json()["field"] == "reason"
    assert endings(intake) == []


# --- what every answer says -----------------------------------------------------------------------

ANSWERS: dict[str, tuple[str, str, int]] = {
    "a line": ("GET", "/programmes/sos-crise", 200),
    "a line there is not": ("GET", "/programmes/sos-nobody", 404),
    "an address there is not": ("GET", "/nowhere/at/all", 404),
    "a trailing slash": ("GET", "/programmes/sos-crise/", 404),
    "a wrong verb": ("DELETE", "/programmes/sos-crise", 405),
    "a refusal": ("POST", "/contacts", 400),
    "a contact without its token": ("GET", f"/contacts/{NOBODY}", 401),
    "the document": ("GET", "/openapi.json", 200),
}


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_says_that_nobody_answers_here(
    client: Client, case: tuple[str, str, int]
) -> None:
    verb, address, status = case
    response = client.request(verb, address)
    assert response.status_code == status
    assert "Démonstration : personne ne répond ici." in response.text
    for number in ("15", "112", "114"):
        assert number in response.text
    assert response.headers[NOTICE_HEADER].startswith(
        "Demonstration : personne ne repond ici. En danger : 15,"
    )
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers


def test_a_line_that_is_known_shows_the_numbers_of_its_country(client: Client) -> None:
    assert client.get("/nowhere").json()["notice"] == NOTICE
    assert client.get("/programmes/sos-crise").json()["notice"] == NOTICE_OF_THE_LINE
    assert open_contact(client)["notice"] == NOTICE_OF_THE_LINE


def test_in_production_there_is_no_notice_and_the_numbers_stay(
    intake: ServiceUnderTest,
) -> None:
    apply_line(intake)
    client = Client(build(DoorUnderTest(intake, development=False), Settings()))
    for response in (client.get("/nowhere"), client.get("/programmes/sos-crise")):
        assert "notice" not in response.json()
        assert NOTICE_HEADER not in response.headers
        assert "112" in response.json()["emergency_numbers"]
    assert "Démonstration" not in client.get("/openapi.json").text


def test_no_setting_takes_the_notice_away() -> None:
    assert not [name for name in Settings.model_fields if "notice" in name or "demo" in name]


# --- our own failures -----------------------------------------------------------------------------


def test_with_the_ground_away_a_caller_reads_the_numbers_and_when_to_ask_again(
    door: DoorUnderTest, client: Client
) -> None:
    client.get("/programmes/sos-crise")
    door.fails_with = GroundAway()
    response = client.post("/contacts", json=CALL, headers=a_key())
    assert refusal_of(response, 503) is Refusal.PLATFORM_FAULT
    assert response.headers["retry-after"] == "1"
    told = response.json()
    assert told["notice"] == NOTICE_OF_THE_LINE
    assert told["emergency_numbers"] == ["15", "17", "18", "112", "114"]
    assert told["ladder"]["situation"] == "platform_fault"
    assert acts(told["ladder"]) == [
        ("says", None),
        ("connects", "fr-sos-amitie"),
        ("connects", "fr-suicide-ecoute"),
    ]


def test_with_the_ground_away_and_no_line_known_there_are_numbers_all_the_same(
    door: DoorUnderTest, client: Client
) -> None:
    door.fails_with = GroundAway()
    told = client.post("/contacts", json=CALL, headers=a_key()).json()
    assert told["emergency_numbers"] == ["15", "112", "114"]
    assert told["detail"] == REFUSALS[Refusal.PLATFORM_FAULT][1]
    assert "ladder" not in told


def test_what_nobody_foresaw_is_answered_and_logged_without_what_was_sent(
    door: DoorUnderTest, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    door.fails_with = RuntimeError("0199000000")
    with caplog.at_level(logging.DEBUG):
        response = client.post("/contacts", json=CALL, headers=a_key())
    assert refusal_of(response, 500) is Refusal.PLATFORM_FAULT
    assert response.json()["notice"] == NOTICE
    assert [record.getMessage() for record in caplog.records if record.name.startswith("services")]
    assert not [r for r in caplog.records if "0199000000" in r.getMessage()]


def test_no_log_line_holds_a_body_a_token_a_key_or_an_unknown_fields_name(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    key = a_key()
    with caplog.at_level(logging.DEBUG, logger="services"):
        opened = client.post("/contacts", json=CALL, headers=key).json()
        client.get(f"/contacts/{opened['contact_id']}", headers=with_token(opened))
        client.post("/contacts", json=CALL | {"0199000000": "canary"}, headers=a_key())
        client.post("/contacts", content=b'{"canary": 0199000000', headers=a_key())
    ours = [record for record in caplog.records if record.name.startswith("services.intake")]
    lines = [f"{record.getMessage()} {record.__dict__}" for record in ours]
    assert len([line for line in lines if "request refused" in line]) == 2
    for secret in ("canary", "0199000000", opened["token"], key["Idempotency-Key"]):
        assert not [line for line in lines if secret in line]


def test_the_document_says_what_the_door_does(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/contacts",
        "/contacts/{contact_id}",
        "/contacts/{contact_id}/leave",
        "/contacts/{contact_id}/erase",
        "/contacts/{contact_id}/texts",
        "/contacts/{contact_id}/typing",
        "/contacts/{contact_id}/urgency",
        "/contacts/{contact_id}/way-out",
        "/contacts/resume",
        "/desk/contacts/{contact_id}/return-pass",
        "/desk/contacts/{contact_id}/take-back-capsule",
        "/desk/contacts/{contact_id}/texts",
        "/desk/contacts/{contact_id}/typing",
        "/desk/signs",
        "/programmes/{programme}",
        "/numbers/{number}",
    }
    opening = document["paths"]["/contacts"]["post"]
    assert "422" not in opening["responses"]
    assert [p["name"] for p in opening["parameters"] if p["required"]] == ["Idempotency-Key"]
    assert "Knock" in json.dumps(opening["requestBody"])
    assert {"ContactBegun", "ContactTold", "LineTold", "CallerProblemTold"} <= set(
        document["components"]["schemas"]
    )
