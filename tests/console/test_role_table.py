"""Every address of the console, asked by every role that may not: refused, and nothing changed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from starlette.types import Message

from contracts.vocabulary import PersonId, Role
from services.bus.doorway import Doorway
from services.bus.testing import ServiceUnderTest
from services.console.door import (
    SESSIONS_PATH,
    VERBS,
    VOLUNTEERS_PATH,
    build,
    role_table,
)
from services.console.oidc_settings import CALLBACK_PATH, OidcSettings
from services.console.role_table import ACT, PAGES, PARTNER_PAGES, Entry, PageWithoutRoles
from services.console.sessions import COOKIE, page_word
from services.console.settings import InventedPerson, Settings
from tests.console import facts
from tests.console.bodies import body_for, filled
from tests.console.facts import LINE, LISTENER, REGULATOR
from tests.console.partners import KEY as SEAL
from tests.console.partners import MARIE, MEMBERS, OMAR, partners_at
from tests.console.scripted_door import ScriptedDoor

KEY = "k" * 40
TABLE = {(entry.method, entry.path): entry for entry in role_table()}
OF_PAGES = (*PAGES, *PARTNER_PAGES)
#: Without those that need no session.
GUARDED = tuple(entry for entry in TABLE.values() if entry.roles is not None)
NO = (401, 403)
#: Nobody answers there. The usual ports may be those of a platform that runs beside the tests.
NOWHERE = "http://127.0.0.1:1"
NO_ISSUER = OidcSettings(
    issuer=NOWHERE,
    client_id="helpline",
    client_secret="s" * 40,
    redirect_uri=f"http://127.0.0.1:2{CALLBACK_PATH}",
)

PEOPLE = {
    Role.REGULATOR: REGULATOR,
    Role.LISTENER: LISTENER,
    Role.SUPERVISOR: PersonId("supervisor-1"),
    Role.COORDINATOR: PersonId("coordinator-1"),
    Role.OPERATOR: PersonId("operator-1"),
    Role.DUTY_PROFESSIONAL: PersonId("professional-1"),
    Role.TRAINER: PersonId("trainer-1"),
}
INVENTED = tuple(
    InventedPerson(person_id=person_id, name=role.value, role=role, programme=LINE)
    for role, person_id in PEOPLE.items()
)
_COMMANDS = {verb.path: verb.command for verb in VERBS}


def a_door(door: ScriptedDoor) -> Doorway:
    """The console in development, where it has an address for everything."""
    settings = Settings(
        development_key=KEY,
        development_people=INVENTED,
        development_members=MEMBERS,
        desk_key=SEAL,
        oidc=NO_ISSUER,
        intake_url=NOWHERE,
        risk_url=NOWHERE,
    )
    return build(door, settings)


@pytest.fixture
def door(door: ScriptedDoor) -> ScriptedDoor:
    for role in (Role.SUPERVISOR, Role.DUTY_PROFESSIONAL):
        door.console.deliver(facts.established(PEOPLE[role], role))
    return door


class Somebody:
    """Who asks, with a session or without."""

    def __init__(self, app: Doorway, token: str | None) -> None:
        self._app = app
        self._token = token

    async def asks(self, entry: Entry, word: str | None = None, reference: str = "0" * 32) -> int:
        """Ask an address as its own page or program would; the status of the answer."""
        token, path = self._token, filled(entry.path).replace("0" * 32, reference)
        if entry in OF_PAGES or path.startswith(f"{ACT}/"):
            given = page_word(token or "") if word is None else word
            cookie = {} if token is None else {"cookie": f"{COOKIE}={token}"}
            headers = cookie | {"hx-request": "true"}
            body = _form(entry, given) if entry.method == "POST" else ""
            return await self._status(entry.method, path, headers, body)
        headers = {"Idempotency-Key": str(uuid4())}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = json.dumps(_body(entry)) if entry.method == "POST" else ""
        return await self._status(entry.method, path, headers, body)

    async def _status(self, method: str, path: str, headers: dict[str, str], body: str) -> int:
        """The status alone; who has it goes, so that a live stream comes to an end."""
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        sent = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

        async def receive() -> Message:
            following = next(sent, None)
            if following is None:
                await told
            return following or {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.set_result(message["status"])

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.lower().encode(), said.encode()) for name, said in headers.items()],
        }
        await self._app(scope, receive, send)
        return told.result()


def _body(entry: Entry) -> Any:
    command = _COMMANDS.get(entry.path)
    if entry.path == VOLUNTEERS_PATH:
        return []
    return {} if command is None else body_for(command)


def _form(entry: Entry, word: str) -> str:
    command = _COMMANDS.get(entry.path.removeprefix(ACT))
    fields = {} if command is None else _flat(body_for(command))
    said = OF_A_PARTNER if entry in PARTNER_PAGES else fields
    return urlencode([*said.items(), ("page_word", word), ("once", "7")])


#: What somebody of a partner fills in, on one page or another.
OF_A_PARTNER = {"accepted": "true", "outcome": "helped", "hours": "4"}


def _flat(body: dict[str, Any], under: str = "") -> dict[str, str]:
    """A body as a form says it; what a form cannot say is left out: refusals come before."""
    fields: dict[str, str] = {}
    for name, value in body.items():
        if isinstance(value, dict):
            fields |= _flat(value, f"{under}{name}.")
        elif not isinstance(value, list):
            fields[under + name] = str(value)
    return fields


#: Comes as a role, as somebody of a partner, or as nobody.
Comes = Callable[[Role | PersonId | None], Awaitable[Somebody]]
Visit = Callable[[Comes], Awaitable[None]]


def visiting(door: ScriptedDoor, visit: Visit) -> None:
    """Run a visit; it is given the way to come as a role, or as nobody."""

    async def run() -> None:
        app = a_door(door)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:

            async def come(role: Role | PersonId | None) -> Somebody:
                if role is None:
                    return Somebody(app, None)
                if not isinstance(role, Role):
                    came = await http.post("/entrer", data={"person_id": role})
                    return Somebody(app, came.headers["set-cookie"].split(";")[0].partition("=")[2])
                wanted = {"development_key": KEY, "person_id": PEOPLE[role], "role": role}
                asked = wanted | {"programme": LINE}
                opened = await http.post(SESSIONS_PATH, json=asked)
                return Somebody(app, opened.json()["token"])

            async with asyncio.timeout(60):
                await visit(come)

    asyncio.run(run())


def kept(console: ServiceUnderTest) -> dict[str, str]:
    """Everything the console keeps, in a form to compare."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'console' ORDER BY tablename"
    with console.session() as session:
        ask = session.connection().exec_driver_sql
        names = [row[0] for row in ask(tables)]
        rows = (
            "SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM console.{} t"
        )
        return {name: str(ask(rows.format(name)).scalar_one()) for name in names}


def test_a_page_nobody_has_given_roles_refuses_the_start(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.console.door.PAGES", PAGES[1:])
    with pytest.raises(PageWithoutRoles, match="GET /"):
        a_door(door)


@pytest.mark.parametrize("role", Role)
def test_every_address_is_refused_to_the_wrong_role_and_nothing_changes(
    door: ScriptedDoor, role: Role
) -> None:
    wrong = [entry for entry in GUARDED if role not in (entry.roles or ())]
    assert wrong, "no role may do everything"

    async def visit(come: Comes) -> None:
        somebody = await come(role)
        before = await asyncio.to_thread(kept, door.console)
        for entry in wrong:
            assert await somebody.asks(entry) == 403, (role, entry.method, entry.path)
        assert await asyncio.to_thread(kept, door.console) == before

    visiting(door, visit)
    assert door.sent == []


@pytest.mark.parametrize("role", Role)
def test_every_address_answers_the_roles_it_is_for(door: ScriptedDoor, role: Role) -> None:
    right = [entry for entry in GUARDED if role in (entry.roles or ())]
    right.sort(key=lambda entry: entry.path == "/sortir")  # who has gone is asked nothing more

    async def visit(come: Comes) -> None:
        somebody = await come(role)
        for entry in right:
            status = await somebody.asks(entry)
            assert status not in (*NO, 404, 405), (role, entry.method, entry.path, status)

    visiting(door, visit)
    assert all(sent.asker.role in sent.command.roles for sent in door.sent)
    asked = {type(sent.command) for sent in door.sent}
    assert asked >= {each for each in _COMMANDS.values() if role in each.roles} - _TOLD_LATER


#: A heartbeat is told to assignment with all others; a volunteer's import of nobody tells nothing.
_TOLD_LATER = {verb.command for verb in VERBS if not verb.keyed}


def test_nobody_is_answered_without_a_session_but_where_the_table_says_so(
    door: ScriptedDoor,
) -> None:
    async def visit(come: Comes) -> None:
        nobody = await come(None)
        before = await asyncio.to_thread(kept, door.console)
        for entry in GUARDED:
            assert await nobody.asks(entry) == 401, (entry.method, entry.path)
        assert await asyncio.to_thread(kept, door.console) == before
        for entry in TABLE.values():
            if entry.roles is None and entry.method == "GET":
                assert await nobody.asks(entry) not in (*NO, 404, 405, 500), entry.path

    visiting(door, visit)
    assert door.sent == []


def test_a_cookie_alone_changes_nothing(door: ScriptedDoor) -> None:
    pressed = [
        entry
        for entry in GUARDED
        if entry.method == "POST" and (entry in OF_PAGES or entry.path.startswith(f"{ACT}/"))
    ]

    async def visit(come: Comes) -> None:
        for role in Role:
            somebody = await come(role)
            before = await asyncio.to_thread(kept, door.console)
            for entry in pressed:
                for word in ("", "forged", "é"):
                    assert await somebody.asks(entry, word) == 403, (role, entry.path)
            assert await asyncio.to_thread(kept, door.console) == before

    visiting(door, visit)
    assert door.sent == []


# --- people of partners ---------------------------------------------------------------------------

OTHERS = tuple(entry for entry in GUARDED if entry not in PARTNER_PAGES)


def test_somebody_of_a_partner_is_refused_every_address_that_is_not_a_partners(
    door: ScriptedDoor,
) -> None:
    async def visit(come: Comes) -> None:
        somebody = await come(MARIE)
        before = await asyncio.to_thread(kept, door.console)
        for entry in OTHERS:
            assert await somebody.asks(entry) == 403, (entry.method, entry.path)
        assert await asyncio.to_thread(kept, door.console) == before

    visiting(door, visit)
    assert (door.sent, door.sent_for) == ([], [])


def test_every_address_of_a_partner_answers_its_people_and_hides_anothers(
    door: ScriptedDoor, tmp_path: Path
) -> None:
    pages = sorted(PARTNER_PAGES, key=lambda entry: entry.path.endswith("/sortir"))

    async def visit(come: Comes) -> None:
        for person, statuses in ((OMAR, (404,)), (MARIE, (200, 303))):
            somebody = await come(person)
            for entry in pages:
                given = await somebody.asks(entry, reference=partners.told.reference)
                of_a_referral = "{" in entry.path
                expected = statuses if of_a_referral else (200, 303)
                assert given in expected, (person, entry.method, entry.path, given)
            assert await somebody.asks(pages[0]) == 401  # they have gone

    with partners_at(door, tmp_path) as partners:
        visiting(door, visit)


def test_a_partners_cookie_alone_changes_nothing(door: ScriptedDoor, tmp_path: Path) -> None:
    async def visit(come: Comes) -> None:
        somebody = await come(MARIE)
        before = await asyncio.to_thread(kept, door.console)
        for entry in PARTNER_PAGES:
            for word in ("", "forged", "é"):
                if entry.method == "POST":
                    given = await somebody.asks(entry, word, partners.told.reference)
                    assert given == 403, entry.path
        assert await asyncio.to_thread(kept, door.console) == before

    with partners_at(door, tmp_path) as partners:
        visiting(door, visit)
    assert door.sent_for == []
