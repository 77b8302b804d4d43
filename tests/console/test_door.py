"""The doors: who is let in, what is asked of whom, and what each answer looks like."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.assignment import TakeOffer
from contracts.contact import EndContact
from contracts.envelope import Reply, ReplyStatus, done, not_yet, refused
from contracts.programme import ApplyProgramme
from contracts.roster import ImportVolunteers
from contracts.text import TEXT_PURPOSE, TextCapability
from contracts.vocabulary import LiveState, Outcome, PersonId, Refusal, Role
from services.bus.capability import read
from services.bus.door import ReplyUnknown, StartRefused
from services.bus.problem import ProblemTold
from services.console.door import VERBS, VOLUNTEERS_PATH, build, open_door
from services.console.problem import REFUSALS
from services.console.risk_capability import RISK_CAPABILITY_PATH
from services.console.settings import (
    DEVELOPMENT_KEY_FILE,
    Settings,
    read_settings,
)
from services.console.text_capability import CAPABILITY_PATH, STANDS_FOR
from tests.console import facts
from tests.console.bodies import body_for
from tests.console.facts import CONTACT, LINE, LISTENER, NOON, OFFER, REGULATOR
from tests.console.scripted_door import ScriptedDoor

KEY = "k" * 40
HERE = "127.0.0.1"
TAKE = f"/desk/offers/{OFFER}/take"
TRIAGE = f"/desk/contacts/{CONTACT}/triage"
#: The person of each role; coordinator, trainer and operator are vouched for.
PEOPLE = {
    Role.REGULATOR: REGULATOR,
    Role.LISTENER: LISTENER,
    Role.SUPERVISOR: "supervisor-1",
    Role.COORDINATOR: "coordinator-1",
    Role.OPERATOR: "operator-1",
    Role.DUTY_PROFESSIONAL: "professional-1",
    Role.TRAINER: "trainer-1",
}


class Visitor:
    """An HTTP client at the door, with a session when it was given one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def signs_in(self, role: Role, person_id: str | None = None) -> httpx.Response:
        """Ask the development provider for a session, and use it from now on."""
        wanted = {
            "development_key": KEY,
            "person_id": person_id or PEOPLE[role],
            "role": role,
            "programme": LINE,
        }
        opened = await self.http.post("/development/sessions", json=wanted)
        if opened.status_code == 201:
            self.http.headers["Authorization"] = f"Bearer {opened.json()['token']}"
        return opened

    async def asks(
        self, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """Post a command with an idempotency key."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        headers = {"Idempotency-Key": key or str(uuid4())} | headers
        return await self.http.post(path, content=content, headers=headers)


def at_the_door(
    door: ScriptedDoor, visit: Callable[[Visitor], Awaitable[None]], key: str | None = KEY
) -> None:
    """Run a visit against the door."""

    async def run() -> None:
        transport = httpx.ASGITransport(build(door, Settings(development_key=key)))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
            await visit(Visitor(http))

    asyncio.run(run())


def test_actor_role_and_line_come_from_the_session(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        await visitor.asks(TAKE)
        answer = await visitor.asks(TAKE, {"person_id": "somebody-else"})
        assert (answer.status_code, answer.json()["field"]) == (400, "person_id")

    at_the_door(door, visit)
    (sent,) = door.sent
    assert (sent.asker.person_id, sent.asker.role) == (LISTENER, Role.LISTENER)
    assert sent.asker.programme == LINE
    assert sent.command == TakeOffer(offer_id=OFFER)


def test_what_is_done_comes_back_with_its_version_and_result(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        key = str(uuid4())
        answer = await visitor.asks(TAKE, key=key, **{"If-Match": '"6"'})
        assert answer.json() == {"version": 7, "result": None}
        assert answer.headers["etag"] == '"7"'
        assert (door.sent[0].command_id, door.sent[0].expected_version) == (key, 6)

    at_the_door(door, visit)


def test_every_refusal_has_a_status_and_a_sentence(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        for refusal in Refusal:
            door.reply = refused(refusal, "somewhere")
            answer = await visitor.asks(TAKE)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.status_code == REFUSALS[refusal][0]
            problem = answer.json()
            assert problem["type"] == f"urn:helpline:problem:{refusal.value}"
            assert problem["detail"].endswith(".")
            assert problem["field"] == "somewhere"

    at_the_door(door, visit)


UNANSWERED: dict[str, tuple[Reply | Exception, int, str]] = {
    "not yet": (not_yet(), 503, "not_yet"),
    "no answer in time": (ReplyUnknown(), 504, "reply_unknown"),
    "our failure": (refused(Refusal.PLATFORM_FAULT), 503, "platform_fault"),
}


def test_what_has_no_answer_says_so_and_when_to_ask_again(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        for name, (door.reply, status, code) in UNANSWERED.items():
            answer = await visitor.asks(TAKE)
            assert (answer.status_code, answer.json()["code"]) == (status, code), name
            assert answer.headers["retry-after"] == "1"

    at_the_door(door, visit)


def test_postgres_away_is_a_clear_answer(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        door.away = True
        for answer in (await visitor.asks(TAKE), await visitor.http.get("/desk/live")):
            assert (answer.status_code, answer.json()["code"]) == (503, "ground_away")

    at_the_door(door, visit)


BAD_INPUT: dict[str, tuple[str, bytes, int, str, str | None]] = {
    "malformed": (TAKE, b'{"offer', 400, "unreadable", None),
    "not UTF-8": (TAKE, b'{"a": "\xff"}', 400, "unreadable", None),
    "not an object": (TAKE, b"[1]", 400, "unreadable", None),
    "not a number": (TAKE, b'{"a": NaN}', 400, "unreadable", None),
    "nested without end": (TAKE, b"[" * 50_000, 400, "unreadable", None),
    "unknown field": (TAKE, b'{"surprise": 1}', 400, "unknown_field", "surprise"),
    "unknown field within": (
        TRIAGE,
        b'{"priority": "P1", "destination": "listener", "notes": {"story": "..."}}',
        400,
        "unknown_field",
        "notes.story",
    ),
    "field of the address in the body": (
        TAKE,
        b'{"offer_id": "22222222-2222-4222-8222-222222222222"}',
        400,
        "unknown_field",
        "offer_id",
    ),
    "for whom a desk does not speak": (
        "/desk/heartbeat",
        b'{"others": ["v00002"]}',
        400,
        "unknown_field",
        "others",
    ),
    "missing field": (TRIAGE, b'{"priority": "P1"}', 400, "invalid_field", "destination"),
    "unknown word": (
        TRIAGE,
        b'{"priority": "P9", "destination": "listener"}',
        400,
        "invalid_field",
        "priority",
    ),
    "not a boolean": (
        "/desk/wrap-up/finish",
        b'{"hard": "yes"}',
        400,
        "invalid_field",
        "hard",
    ),
    "bad id": ("/desk/offers/none/take", b"{}", 400, "invalid_field", "offer_id"),
    "1 MB": (TAKE, b'{"a": "' + b"x" * 1_000_000 + b'"}', 413, "too_large", None),
    "no such address": ("/desk/nowhere", b"{}", 404, "no_such_address", None),
}


def test_bad_input_is_one_clear_problem_and_reaches_nobody(
    door: ScriptedDoor, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.REGULATOR)
        for name, (path, body, status, code, field) in BAD_INPUT.items():
            answer = await visitor.asks(path, body)
            assert answer.headers["content-type"] == "application/problem+json", name
            assert (answer.status_code, answer.json()["code"]) == (status, code), name
            assert answer.json().get("field") == field, name

    at_the_door(door, visit)
    assert door.sent == []
    assert "story" not in caplog.text
    assert "xxxx" not in caplog.text


def test_a_command_without_a_key_is_refused_a_heartbeat_needs_none(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "not-a-uuid"}):
            answer = await visitor.http.post(TAKE, headers=headers)
            assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")
        assert (await visitor.http.post("/desk/heartbeat")).status_code == 200

    at_the_door(door, visit)


# --- sessions -----------------------------------------------------------------------------------


def test_without_a_session_nothing_is_asked(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        for scheme in ("", "Bearer", "Bearer forged", "Basic Zm9v"):
            headers = {"Authorization": scheme} if scheme else {}
            answer = await visitor.asks(TAKE, **headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"

    at_the_door(door, visit)
    assert door.sent == []


def test_a_session_expires_but_not_during_a_contact(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        await asyncio.to_thread(door.console.at, NOON + timedelta(hours=25))
        answer = await visitor.asks(TAKE)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")
        await door.deliver(facts.entered(LiveState.TALKING))
        assert (await visitor.asks(TAKE)).status_code == 200

    at_the_door(door, visit)


def test_a_session_ends_with_the_role_in_the_roster(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        await door.deliver(facts.established(LISTENER), version=2)
        answer = await visitor.asks(TAKE)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_lost")

    at_the_door(door, visit)


def test_a_session_for_a_role_not_held_is_refused(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        assert (await visitor.signs_in(Role.REGULATOR, LISTENER)).status_code == 403
        assert (await visitor.signs_in(Role.LISTENER, "nobody-known")).status_code == 404

    at_the_door(door, visit)


def test_a_wrong_development_key_opens_nothing(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        wanted = {"development_key": "guess", "person_id": LISTENER, "role": "listener"}
        answer = await visitor.http.post("/development/sessions", json=wanted | {"programme": LINE})
        assert (answer.status_code, answer.json()["code"]) == (403, "development_key_wrong")

    at_the_door(door, visit)


def test_the_ledger_holds_no_token(door: ScriptedDoor) -> None:
    tokens: list[str] = []

    async def visit(visitor: Visitor) -> None:
        tokens.append((await visitor.signs_in(Role.LISTENER)).json()["token"])

    at_the_door(door, visit)
    with door.console.session() as session:
        connection = session.connection()
        for table in ("session", "inbox"):
            rows = connection.exec_driver_sql(f"SELECT t::text FROM console.{table} t").all()
            assert rows
            assert not any(tokens[0] in row[0] for row in rows)


def test_without_a_development_key_the_provider_does_not_exist(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        assert (await visitor.signs_in(Role.LISTENER)).status_code == 404

    at_the_door(door, visit, key=None)


def test_the_console_refuses_to_start_with_a_development_key_outside_development(
    tmp_path: Path,
) -> None:
    path = tmp_path / "development.key"
    path.write_text(KEY)
    environment = {DEVELOPMENT_KEY_FILE: str(path)}
    assert read_settings(True, HERE, environment).development_key == KEY
    assert read_settings(True, HERE, {}).development_key is None
    with pytest.raises(StartRefused, match="not development"):
        read_settings(False, HERE, environment)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "console.example", ""])
def test_the_console_refuses_to_start_with_a_development_key_off_loopback(
    tmp_path: Path, host: str
) -> None:
    path = tmp_path / "development.key"
    path.write_text(KEY)
    environment = {DEVELOPMENT_KEY_FILE: str(path)}
    with pytest.raises(StartRefused, match=f"listens on {host}: whoever reaches"):
        read_settings(True, host, environment)
    assert read_settings(True, host, {}).development_key is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_it_starts(tmp_path: Path, host: str) -> None:
    path = tmp_path / "development.key"
    path.write_text(KEY)
    assert read_settings(True, host, {DEVELOPMENT_KEY_FILE: str(path)}).development_key == KEY


def test_a_door_asks_where_it_listens(
    door: ScriptedDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "development.key"
    path.write_text(KEY)
    monkeypatch.setenv(DEVELOPMENT_KEY_FILE, str(path))
    open_door(door)
    door.host = "0.0.0.0"
    with pytest.raises(StartRefused, match="HELPLINE_HOST"):
        open_door(door)


def test_a_key_file_that_is_missing_or_short_refuses_the_start(tmp_path: Path) -> None:
    path = tmp_path / "development.key"
    with pytest.raises(StartRefused, match="cannot be read"):
        read_settings(True, HERE, {DEVELOPMENT_KEY_FILE: str(path)})
    path.write_text("short")
    with pytest.raises(StartRefused, match="fewer than"):
        read_settings(True, HERE, {DEVELOPMENT_KEY_FILE: str(path)})


# --- coordinator and operator ---------------------------------------------------------------------


def a_volunteer(number: int) -> dict[str, Any]:
    established = facts.established(PersonId(f"v{number:05d}"), Role.LISTENER)
    return established.model_dump(mode="json", include={"person_id", "qualification"})


def test_volunteers_go_in_commands_of_two_hundred_with_keys_of_their_own(
    door: ScriptedDoor,
) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.COORDINATOR)
        key, rows = str(uuid4()), [a_volunteer(number) for number in range(450)]
        answer = await visitor.asks(VOLUNTEERS_PATH, rows, key=key)
        assert answer.json()["result"] == {"volunteers": 450}
        await visitor.asks(VOLUNTEERS_PATH, rows, key=key)

    at_the_door(door, visit)
    first, again = door.sent[:3], door.sent[3:]
    imports = [sent.command for sent in first]
    assert all(isinstance(command, ImportVolunteers) for command in imports)
    assert [len(command.volunteers) for command in imports] == [200, 200, 50]  # type: ignore[attr-defined]
    assert len({sent.command_id for sent in first}) == 3
    assert [sent.command_id for sent in again] == [sent.command_id for sent in first]


def test_counts_of_all_commands_are_told_together(door: ScriptedDoor) -> None:
    counts = {"established": 150, "unchanged": 50, "not_eligible": 1}
    door.reply = Reply(status=ReplyStatus.DONE, result=counts)

    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.COORDINATOR)
        answer = await visitor.asks(VOLUNTEERS_PATH, [a_volunteer(n) for n in range(400)])
        expected = {"established": 300, "unchanged": 100, "not_eligible": 2}
        assert answer.json()["result"] == {"volunteers": 400} | expected

    at_the_door(door, visit)


def test_a_row_the_roster_refuses_is_named_by_its_place_in_the_whole_list(
    door: ScriptedDoor,
) -> None:
    def second_is_refused() -> Reply:
        flaw = refused(Refusal.INVALID_FIELD, "volunteers.7.person_id")
        return done() if len(door.sent) == 1 else flaw

    door.answering = second_is_refused

    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.COORDINATOR)
        answer = await visitor.asks(VOLUNTEERS_PATH, [a_volunteer(n) for n in range(400)])
        assert (answer.status_code, answer.json()["field"]) == (400, "volunteers.207.person_id")

    at_the_door(door, visit)


def test_one_wrong_volunteer_is_named_and_nobody_is_taken(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.COORDINATOR)
        rows = [a_volunteer(number) for number in range(300)]
        rows[250]["qualification"]["languages"] = ["tlh"]
        answer = await visitor.asks(VOLUNTEERS_PATH, rows)
        assert answer.status_code == 400
        assert answer.json()["field"] == "volunteers.250.qualification.languages.0"

    at_the_door(door, visit)
    assert door.sent == []


def test_a_line_is_applied_only_by_an_operator_of_that_line(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.OPERATOR)
        body = body_for(ApplyProgramme) | {"programme": "another-line"}
        answer = await visitor.asks("/operator/programmes", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_in_programme")

    at_the_door(door, visit)


def test_the_end_of_a_contact_is_asked_of_intake(door: ScriptedDoor) -> None:
    door.reply = done()

    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        ending = {"outcome": "listened", "nature": "repeated"}
        assert (await visitor.asks(f"/desk/contacts/{CONTACT}/end", ending)).status_code == 200

    at_the_door(door, visit)
    command = door.sent[0].command
    assert isinstance(command, EndContact)
    assert (command.contact_id, command.outcome) == (CONTACT, Outcome.LISTENED)


def test_the_document_names_every_verb_its_roles_and_its_body(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        document = (await visitor.http.get("/openapi.json")).json()
        for verb in VERBS:
            operation = document["paths"][verb.path]["post"]
            assert operation["x-roles"] == sorted(role.value for role in verb.command.roles)
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            expected = set(verb.command.model_fields) - {*verb.path_fields, *verb.withheld}
            assert set(body["properties"]) == expected
        known = set(document["components"]["schemas"])
        named = {ref.rpartition("/")[2] for ref in references(document)}
        assert named <= known

    at_the_door(door, visit)


def test_the_document_says_where_else_one_can_go_and_what_may_come_back(
    door: ScriptedDoor,
) -> None:
    async def visit(visitor: Visitor) -> None:
        document = (await visitor.http.get("/openapi.json")).json()
        others = {VOLUNTEERS_PATH, CAPABILITY_PATH, RISK_CAPABILITY_PATH}
        others |= {"/desk/live", "/development/sessions"}
        assert set(document["paths"]) == {verb.path for verb in VERBS} | others
        operations = [one for path in document["paths"].values() for one in path.values()]
        assert all({"summary", "operationId", "responses"} <= set(one) for one in operations)
        assert len({one["operationId"] for one in operations}) == len(operations)
        for operation in operations:
            problem = operation["responses"]["4XX"]["content"]["application/problem+json"]
            assert problem["schema"]["$ref"].endswith("/ProblemTold")
        taking = document["paths"]["/desk/offers/{offer_id}/take"]["post"]["parameters"]
        assert [one["name"] for one in taking] == ["offer_id", "Idempotency-Key", "If-Match"]

    at_the_door(door, visit)


def test_what_nobody_foresaw_is_a_problem_and_logged_without_its_words(
    door: ScriptedDoor, caplog: pytest.LogCaptureFixture
) -> None:
    door.reply = RuntimeError("0199000000")

    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        answer = await visitor.asks(TAKE)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["code"]) == (500, "platform_fault")
        ProblemTold.model_validate_json(answer.content)

    at_the_door(door, visit)
    (failed,) = [record for record in caplog.records if record.getMessage() == "request failed"]
    assert failed.__dict__["facts"] == {"address": "/desk/offers/{offer_id}/take"}
    assert not [record for record in caplog.records if "0199000000" in record.getMessage()]


WRONG: dict[str, tuple[str, str, int, str]] = {
    "a wrong verb": ("GET", TAKE, 405, "method_not_allowed"),
    "a trailing slash": ("POST", "/desk/heartbeat/", 404, "no_such_address"),
    "an address that was never there": ("GET", "/desk/nothing", 404, "no_such_address"),
}


def test_a_wrong_address_or_verb_is_a_problem_that_is_kept_nowhere(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        for name, (verb, path, status, code) in WRONG.items():
            answer = await visitor.http.request(verb, path)
            assert (answer.status_code, answer.json()["code"]) == (status, code), name
            assert answer.headers["cache-control"] == "no-store", name
            assert answer.headers["referrer-policy"] == "no-referrer", name

    at_the_door(door, visit)


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in references(value)]
    return []


# --- capabilities of texts ------------------------------------------------------------------------


def test_a_desk_is_given_a_capability_that_says_who_asks_and_ends_soon(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(Role.LISTENER)
        given = (await visitor.http.post(CAPABILITY_PATH.format(contact_id=CONTACT))).json()
        said = read(bytes.fromhex("17" * 32), TEXT_PURPOSE, given["capability"], TextCapability)
        assert said is not None
        assert (said.person_id, said.role, said.programme) == (LISTENER, Role.LISTENER, LINE)
        assert said.contact_id == CONTACT
        assert said.expires_at == facts.NOON + STANDS_FOR
        wrong = await visitor.http.post(CAPABILITY_PATH.format(contact_id="no-contact"))
        assert (wrong.status_code, wrong.json()["field"]) == (400, "contact_id")

    at_the_door(door, visit)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.OPERATOR])
def test_who_is_in_no_contact_is_given_no_capability(door: ScriptedDoor, role: Role) -> None:
    async def visit(visitor: Visitor) -> None:
        await visitor.signs_in(role)
        answer = await visitor.http.post(CAPABILITY_PATH.format(contact_id=CONTACT))
        assert answer.status_code == 403

    at_the_door(door, visit)


def test_without_a_session_no_capability_is_given(door: ScriptedDoor) -> None:
    async def visit(visitor: Visitor) -> None:
        answer = await visitor.http.post(CAPABILITY_PATH.format(contact_id=CONTACT))
        assert answer.status_code == 401

    at_the_door(door, visit)
