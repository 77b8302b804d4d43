"""The chat's page, and what its script asks the door: typing, urgency, a pace."""

import asyncio
import re
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from contracts.contact import UrgencyDeclared
from contracts.text import SIGNS_PURPOSE, TEXT_PURPOSE, SignsCapability
from contracts.vocabulary import LeaveReason, PersonId, Role
from services.bus.capability import sign
from services.bus.testing import ServiceUnderTest
from services.intake.door import build
from services.intake.pace import Pace
from services.intake.settings import Settings
from services.pages.assets import assets
from tests.intake.browsers import page
from tests.intake.builders import a_listener, a_written_line, apply_line
from tests.intake.conftest import CAPABILITY_KEY, NOON
from tests.intake.desks import CallerSide, TextDesk
from tests.intake.doors import Client, DoorUnderTest
from tests.intake.test_chats import begin, leave

CHAT = "/sos-crise/tchat"


@pytest.fixture
def door(intake: ServiceUnderTest) -> DoorUnderTest:
    apply_line(intake, terms=a_written_line())
    return DoorUnderTest(intake)


@pytest.fixture
def client(door: DoorUnderTest) -> Client:
    return Client(build(door, Settings()))


@pytest.fixture
def caller(client: Client) -> CallerSide:
    return begin(client)


@pytest.fixture
def desk(client: Client, caller: CallerSide, intake: ServiceUnderTest) -> TextDesk:
    intake.deliver(a_listener(caller.contact_id).taken())
    return TextDesk(client, caller.contact_id)


# --- the page -------------------------------------------------------------------------------------


def test_the_page_holds_all_its_words_and_nothing_of_a_contact(
    client: Client, intake: ServiceUnderTest
) -> None:
    said = page(client, CHAT)
    assert '<script src="/assets/' in said
    assert 'data-line="sos-crise"' in said
    assert "Vous êtes dans la file. Quelqu'un va venir." in said
    while_talking = re.sub('data-[a-z-]+="[^"]*"', "", said).split("À toute heure")[0]
    assert "SOS Crise" not in while_talking  # a page over a shoulder does not name the line
    with intake.session() as session:
        assert session.execute(text("SELECT count(*) FROM intake.contact")).scalar_one() == 0


def test_without_a_script_the_page_leads_to_the_message_form(client: Client) -> None:
    said = page(client, CHAT)
    shown = said[said.index('id="sans-script"') : said.index('data-when="opening"')]
    assert "pas JavaScript ou le refuse" in shown
    assert "Un instant" not in shown
    assert 'href="/sos-crise/message"' in shown


def test_every_state_is_hidden_until_the_script_shows_it(client: Client) -> None:
    said = page(client, CHAT)
    for opening in re.findall("<(?:div|form|details)[^>]*data-when=[^>]*>", said):
        assert "hidden" in opening, opening


def test_a_chat_that_is_closed_leads_to_who_answers(
    client: Client, intake: ServiceUnderTest
) -> None:
    terms = a_written_line()
    evenings = terms.opening[1].model_copy(update={"opens_at": "18:00", "closes_at": "23:00"})
    opening = (terms.opening[0], evenings, terms.opening[2])
    apply_line(intake, terms=terms.model_copy(update={"opening": opening}))
    said = page(client, CHAT)
    assert "Le tchat est fermé. Il ouvre aujourd'hui à 18 h." in said
    assert "chat.js" not in said
    assert 'href="/sos-crise"' in said


def test_a_line_without_a_chat_says_so(client: Client, intake: ServiceUnderTest) -> None:
    apply_line(intake)
    assert "Cette ligne n'a pas de tchat." in page(client, CHAT)


def test_the_scripts_keep_nothing_in_the_device_and_ask_nobody_else() -> None:
    for name in ("chat.js", "form.js", "leave.js"):
        script = assets()[name].body.decode()
        for word in ("localStorage", "sessionStorage", "document.cookie", "indexedDB", "://"):
            assert word not in script, (name, word)
        assert not re.search(r"\b(let|const|fetch|async|await)\b\s|=>|`", script), name


# --- who is writing -------------------------------------------------------------------------------


def told(caller: CallerSide) -> Any:
    answer = caller.client.get(f"{caller.address}/texts?typing_after=0", headers=caller.token)
    assert answer.status_code == 200, answer.text
    return answer.json()["typing"]


def asked_by_a_console(client: Client, **said: Any) -> httpx.Response:
    shown = SignsCapability(expires_at=said.pop("expires_at", NOON + timedelta(days=3)))
    token = sign(said.get("key", CAPABILITY_KEY), said.get("purpose", SIGNS_PURPOSE), shown)
    return client.get("/desk/signs", headers={"Authorization": f"Bearer {token}"})


def callers_writing(client: Client) -> Any:
    answer = asked_by_a_console(client)
    assert answer.status_code == 200, answer.text
    return answer.json()["callers"]


def types(side: CallerSide | TextDesk) -> httpx.Response:
    address = side.address.removesuffix("/texts")
    token = side.capability if isinstance(side, TextDesk) else side.token
    return side.client.post(f"{address}/typing", headers=token)


def test_each_side_sees_the_other_write_and_not_itself(caller: CallerSide, desk: TextDesk) -> None:
    assert told(caller) == {"number": 0, "now": False}
    assert types(desk).status_code == 200
    assert told(caller) == {"number": 1, "now": True}
    assert callers_writing(desk.client) == []
    types(caller)
    here = {"contact_id": desk.contact_id, "person_id": desk.person_id, "number": 1}
    assert callers_writing(desk.client) == [here]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"purpose": TEXT_PURPOSE}, id="a desk's purpose"),
        pytest.param({"key": b"x" * 32}, id="nobody's key"),
        pytest.param({"expires_at": NOON - timedelta(seconds=1)}, id="expired"),
    ],
)
def test_only_a_console_is_told_who_writes(
    caller: CallerSide, desk: TextDesk, wrong: dict[str, Any]
) -> None:
    types(caller)
    assert asked_by_a_console(desk.client, **wrong).status_code == 401
    assert desk.client.get("/desk/signs", headers=desk.capability).status_code == 401
    assert desk.client.get("/desk/signs").status_code == 401


def test_a_caller_whose_human_is_lost_is_told_to_nobody(
    client: Client, caller: CallerSide, intake: ServiceUnderTest
) -> None:
    listener = a_listener(caller.contact_id)
    intake.deliver(listener.taken())
    types(caller)
    assert len(callers_writing(client)) == 1
    intake.deliver(listener.withdrawn(), version=2)
    assert callers_writing(client) == []


def test_who_does_not_ask_is_told_nothing_of_it(caller: CallerSide, desk: TextDesk) -> None:
    types(desk)
    assert caller.read().json()["typing"] is None


def test_a_key_held_down_writes_one_row_and_no_text(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest
) -> None:
    for _ in range(20):
        types(desk)
    assert told(caller)["number"] == 1
    assert caller.texts() == []


def test_a_follower_is_woken_by_the_other_side(
    door: DoorUnderTest, caller: CallerSide, desk: TextDesk
) -> None:
    app = build(door, Settings())

    async def follow() -> tuple[float, Any]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://door"
        ) as http:
            texts = f"{caller.address}/texts"
            last = (await http.get(texts, headers=caller.token)).json()["last"]
            address = f"{texts}?after={last}&wait_seconds=10&typing_after=0"
            waiting = asyncio.create_task(http.get(address, headers=caller.token))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            desk_side = f"/desk/contacts/{caller.contact_id}/typing"
            await http.post(desk_side, headers=desk.capability)
            answer = await waiting
            return time.monotonic() - began, answer.json()

    waited, answer = asyncio.run(follow())
    assert answer["typing"] == {"number": 1, "now": True}
    assert waited < 5  # its poll is of a second
    assert answer["texts"] == []


def test_only_the_human_in_the_chat_is_shown_to_write(
    caller: CallerSide, client: Client, intake: ServiceUnderTest
) -> None:
    early = TextDesk(client, caller.contact_id)
    assert types(early).status_code == 403
    intake.deliver(a_listener(caller.contact_id).taken())
    assert types(early).status_code == 200
    for person, role in ((PersonId("v-eve"), Role.LISTENER), (PersonId("s-sam"), Role.SUPERVISOR)):
        other = TextDesk(client, caller.contact_id, person_id=person, role=role)
        assert types(other).status_code == 403


def test_somebody_elses_token_shows_no_writing(client: Client, caller: CallerSide) -> None:
    stranger = begin(client)
    forged = CallerSide(client, caller.opened | {"token": stranger.opened["token"]})
    assert types(forged).status_code == 403


def test_signs_go_with_the_end_of_the_chat(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest
) -> None:
    types(desk)
    types(caller)
    leave(caller, LeaveReason.HUNG_UP)
    with intake.session() as session:
        assert session.execute(text("SELECT count(*) FROM intake.typing")).scalar_one() == 0
    assert types(caller).status_code == 410


# --- urgency --------------------------------------------------------------------------------------


def declare(caller: CallerSide) -> httpx.Response:
    return caller.client.post(f"{caller.address}/urgency", headers=caller.token)


def test_a_caller_says_that_it_is_urgent_once_and_people_on_duty_hear(
    caller: CallerSide, intake: ServiceUnderTest
) -> None:
    intake.at(NOON + timedelta(seconds=30))
    for _ in range(2):
        said = declare(caller)
        assert said.status_code == 200, said.text
        assert said.json()["urgent"] is True
    (event,) = intake.announced(UrgencyDeclared)
    assert event.contact_id == caller.contact_id
    assert event.declared_at == NOON + timedelta(seconds=30)
    assert caller.read().json()["urgent"] is True


def test_urgency_is_told_at_the_desk_of_who_takes_it(
    caller: CallerSide, client: Client, intake: ServiceUnderTest
) -> None:
    declare(caller)
    intake.deliver(a_listener(caller.contact_id).taken())
    assert TextDesk(client, caller.contact_id).read().json()["urgent"] is True


def test_nobody_else_declares_it_and_not_after_the_end(
    client: Client, caller: CallerSide, intake: ServiceUnderTest
) -> None:
    stranger = begin(client)
    forged = CallerSide(client, caller.opened | {"token": stranger.opened["token"]})
    assert declare(forged).status_code == 403
    leave(caller, LeaveReason.HUNG_UP)
    assert declare(caller).status_code == 410
    assert intake.announced(UrgencyDeclared) == []


# --- the pace -------------------------------------------------------------------------------------


def test_fifty_lines_a_second_are_slowed_and_none_is_refused() -> None:
    pace = Pace()
    waits = [pace.wait_seconds("0" * 64, 100 + place / 50) for place in range(200)]
    assert waits[:10] == [0.0] * 10
    assert max(waits) <= 5.0
    assert waits[-1] > 4.0
    assert pace.wait_seconds("1" * 64, 104) == 0.0  # somebody else is not slowed
    assert pace.wait_seconds("0" * 64, 130) == 0.0  # nor they, after a while


def test_what_was_written_while_the_network_was_away_comes_at_once(
    caller: CallerSide, desk: TextDesk
) -> None:
    began = time.monotonic()
    for place in range(8):
        assert caller.write(f"ligne {place}").status_code == 201
    assert time.monotonic() - began < 5
    assert desk.texts() == [f"ligne {place}" for place in range(8)]


def test_a_line_whose_answer_was_lost_is_sent_again_and_kept_once(
    caller: CallerSide, desk: TextDesk
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = caller.write("Bonsoir", **key).json()
    assert caller.write("Bonsoir", **key).json()["position"] == first["position"]
    assert desk.texts() == ["Bonsoir"]
