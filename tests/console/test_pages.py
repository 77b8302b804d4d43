"""The pages of a desk: who is let in, what a button sends, and how a no is said."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from contracts.assignment import FinishWrapUp, TakeOffer
from contracts.envelope import refused
from contracts.vocabulary import LiveState, PersonId, Refusal, Role
from services.bus.door import GroundAway
from services.console.door import PRESSED, build
from services.console.sessions import COOKIE
from services.console.settings import InventedPerson, Settings
from services.pages.render import POLICY
from tests.console import facts
from tests.console.facts import CONTACT, LINE, LISTENER, OFFER, REGULATOR
from tests.console.scripted_door import ScriptedDoor
from tests.terms import a_line

TAKE = f"/act/desk/offers/{OFFER}/take"
PEOPLE = (
    InventedPerson(person_id=LISTENER, name="Paul V.", role=Role.LISTENER, programme=LINE),
    InventedPerson(person_id=REGULATOR, name="Nadia B.", role=Role.REGULATOR, programme=LINE),
    InventedPerson(
        person_id=PersonId("operator-1"), name="Karim O.", role=Role.OPERATOR, programme=LINE
    ),
)


@dataclass
class Browser:
    """A browser as far as these tests go: it keeps a cookie and reads words out of a page."""

    http: httpx.AsyncClient
    page: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        answer = await self.http.get(path, headers=self._headers(headers))
        self.page = answer.text
        return answer

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form."""
        answer = await self.http.post(path, data=fields, headers=self._headers(headers))
        set_cookie = answer.headers.get("set-cookie", "")
        if set_cookie:
            name, _, value = set_cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    async def enters(self, person_id: str) -> httpx.Response:
        """Come in by the page of the development provider."""
        return await self.post("/entrer", {"person_id": person_id})

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"accept": "text/html", **({"cookie": kept} if kept else {}), **named}

    def hidden(self, name: str) -> str:
        """A hidden field of the page that was opened last."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found is not None, f"no field {name}"
        return found[1]

    def button(self) -> dict[str, str]:
        """The page's own fields that go along with every button."""
        once = self.hidden("once") if 'name="once"' in self.page else ""
        return {"page_word": self.hidden("page_word"), "once": once}


def browsing(
    door: ScriptedDoor, visit: Callable[[Browser], Awaitable[None]], key: str | None = "k" * 40
) -> None:
    """Run a visit against the pages."""

    async def run() -> None:
        settings = Settings(development_key=key, development_people=PEOPLE)
        transport = httpx.ASGITransport(build(door, settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
            await visit(Browser(http))

    asyncio.run(run())


def test_who_is_not_in_is_led_to_the_door_and_comes_in_by_it(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        outside = await browser.get("/")
        assert (outside.status_code, outside.headers["location"]) == (303, "/entrer")
        assert "Paul V." in (await browser.get("/entrer")).text
        entered = await browser.enters(LISTENER)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        page = await browser.get("/")
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["cache-control"] == "no-store"
        assert html.escape(a_line().name).replace("&#x27;", "&#39;") in page.text

    browsing(door, visit)


def test_every_sign_in_has_a_token_of_its_own(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        first = browser.cookies[COOKIE]
        await browser.enters(LISTENER)
        assert browser.cookies[COOKIE] != first

    browsing(door, visit)


def test_page_of_people_exists_in_development_only(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        assert (await browser.get("/entrer")).status_code == 404
        assert (await browser.enters(LISTENER)).status_code == 404

    browsing(door, visit, key=None)


def test_nobody_but_the_invented_comes_in_by_that_page(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        assert (await browser.enters("somebody-else")).status_code == 404
        assert browser.cookies == {}

    browsing(door, visit)


def test_who_goes_out_is_out(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        token = browser.cookies[COOKIE]
        await browser.get("/")
        assert (await browser.post("/sortir", browser.button())).status_code == 303
        assert browser.cookies[COOKIE] == ""
        browser.cookies[COOKIE] = token
        assert (await browser.get("/")).status_code == 303

    browsing(door, visit)


def test_button_sends_its_command_once_however_often_it_is_pressed(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        for _ in range(2):
            assert (
                await browser.post(TAKE, browser.button(), hx_request="true")
            ).status_code == 204
        assert [each.command for each in door.sent] == [TakeOffer(offer_id=OFFER)] * 2
        first, second = (each.command_id for each in door.sent)
        assert first == second
        assert str(UUID(first)) == first
        assert door.sent[0].asker.person_id == LISTENER

    browsing(door, visit)


def test_button_of_a_newer_drawing_is_another_press(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        path = "/act/desk/wrap-up/finish"
        await browser.post(path, browser.button() | {"hard": "true"})
        await door.deliver(facts.entered(LiveState.READY))
        await browser.get("/")
        await browser.post(path, browser.button() | {"hard": "true"})
        assert door.sent[0].command == FinishWrapUp(hard=True)
        assert door.sent[0].command_id != door.sent[1].command_id

    browsing(door, visit)


def test_without_scripts_a_button_comes_back_to_the_page(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        done = await browser.post(TAKE, browser.button())
        assert (done.status_code, done.headers["location"]) == (303, "/")

    browsing(door, visit)


def test_another_sites_form_does_nothing(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        for fields in ({}, {"page_word": "x" * 24}):
            answer = await browser.post(TAKE, fields)
            assert answer.status_code == 403
            assert "Rechargez la page" in answer.text
        beat = await browser.post("/desk/heartbeat", {}, accept="*/*")
        assert beat.json()["code"] == "not_our_page"
        assert door.sent == []

    browsing(door, visit)


def test_word_of_the_page_lets_its_heart_beat(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        beat = await browser.http.post(
            "/desk/heartbeat",
            headers={
                "cookie": f"{COOKIE}={browser.cookies[COOKIE]}",
                "helpline-page": browser.hidden("page_word"),
            },
        )
        assert beat.status_code == 200

    browsing(door, visit)


REFUSALS = {
    "somebody else has it": (refused(Refusal.OFFER_OVER), 410, "rien ne vous est reproché"),
    "not at this moment": (refused(Refusal.WRONG_STATE), 409, "pas possible à ce moment"),
    "not theirs": (refused(Refusal.NOT_ELIGIBLE), 403, "Vous ne pouvez pas prendre d'appel"),
    "no ground": (GroundAway(), 503, "rien n'est perdu"),
}


@pytest.mark.parametrize(("reply", "status", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_no_is_a_sentence_in_the_page(
    door: ScriptedDoor, reply: object, status: int, words: str
) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        door.reply = reply  # type: ignore[assignment]
        answer = await browser.post(TAKE, browser.button(), hx_request="true")
        assert answer.status_code == status
        assert words in answer.text
        assert "<html" not in answer.text
        whole = await browser.post(TAKE, browser.button() | {"once": "another"})
        assert whole.status_code == status
        assert "<html" in whole.text

    browsing(door, visit)


def test_fields_a_command_does_not_have_are_refused_and_nothing_is_sent(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        answer = await browser.post(TAKE, browser.button() | {"person_id": REGULATOR})
        assert answer.status_code == 400
        assert door.sent == []

    browsing(door, visit)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.role)
def test_no_button_is_there_for_a_role_that_may_not_press_it(
    door: ScriptedDoor, person: InventedPerson
) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(person.person_id)
        await browser.get("/")
        for verb in (each for each in PRESSED if person.role not in each.command.roles):
            path = "/act" + re.sub(r"\{\w+\}", str(OFFER), verb.path)
            assert (await browser.post(path, browser.button())).status_code == 403, verb.path
        assert door.sent == []

    browsing(door, visit)


def said(page: str) -> list[str]:
    """What a listener reads of who waits; what is hidden is for when it changes."""
    return re.findall(r'data-waits="(?:yes|no)">([^<]*)<', page)


def test_page_follows_what_its_person_does(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        assert "Avez-vous entendu le son" in (await browser.get("/part")).text
        await door.deliver(facts.entered(LiveState.READY))
        ready = (await browser.get("/part")).text
        assert said(ready) == ["Personne n’attend."]
        await door.deliver(facts.opened())
        await door.deliver(facts.sent_untriaged())
        waiting = said((await browser.get("/part")).text)
        assert waiting[0] == "Quelqu’un attend."
        assert "vous restez libre pour qui en aurait plus besoin" in waiting[1]
        await door.deliver(facts.made())
        await door.deliver(facts.entered(LiveState.OFFERED), version=2)
        offered = (await browser.get("/part")).text
        assert "Voulez-vous l’écouter" in offered
        assert f"/act/desk/offers/{OFFER}/take" in offered
        await door.deliver(facts.taken())
        await door.deliver(facts.entered(LiveState.TALKING), version=3)
        talking = (await browser.get("/part")).text
        assert f"/act/desk/contacts/{CONTACT}/alert" in talking
        await door.deliver(facts.alert_raised())
        assert "Alerte lancée" in (await browser.get("/part")).text

    browsing(door, visit)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "No one is waiting."), ("de", "Niemand wartet.")]
)
def test_page_is_in_the_language_of_the_browser(
    door: ScriptedDoor, language: str, words: str
) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await door.deliver(facts.entered(LiveState.READY))
        page = await browser.get("/", accept_language=language)
        assert f'lang="{language}"' in page.text
        assert words in page.text

    browsing(door, visit)


def test_everybody_has_a_guide_and_the_statement_is_there_for_who_is_not_in(
    door: ScriptedDoor,
) -> None:
    async def visit(browser: Browser) -> None:
        assert (await browser.get("/accessibilite")).status_code == 200
        assert (await browser.get("/aide")).status_code == 303
        for person in PEOPLE:
            await browser.enters(person.person_id)
            assert "<h1>" in (await browser.get("/aide")).text

    browsing(door, visit)


def texts_of(page: str) -> list[tuple[str, int]]:
    """The fields of a page that say how long their text may be, and how many letters that is."""
    fields = re.findall(r'name="([a-z_\[\]]+)"[^>]* data-most="(\d+)"', page)
    return [(name, int(most)) for name, most in fields]


def test_no_field_cuts_what_is_pasted_into_it() -> None:
    for templates in ("services/console/templates", "services/intake/templates"):
        pages = list((Path(__file__).parents[2] / templates).rglob("*.html"))
        assert pages
        assert [each.name for each in pages if "maxlength" in each.read_text()] == []


def test_look_is_kept_in_the_session_and_nowhere_else(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/affichage")
        chosen = {"langue": "de", "theme": "sombre", "taille": "grand", "annuler": "20"}
        fields = chosen | {"touches": "non", "page_word": browser.hidden("page_word")}
        assert (await browser.post("/affichage", fields)).status_code == 303
        page = (await browser.get("/")).text
        assert '<html lang="de" dir="ltr" class="sombre grand">' in page
        assert 'data-undo="20"' in page
        assert "data-keys" not in page
        await browser.enters(LISTENER)  # another session begins with the usual look
        assert 'lang="fr"' in (await browser.get("/")).text

    browsing(door, visit)


def test_no_is_said_in_the_language_of_who_reads_it(door: ScriptedDoor) -> None:
    async def visit(browser: Browser) -> None:
        await browser.enters(LISTENER)
        await browser.get("/")
        door.reply = refused(Refusal.OFFER_OVER)
        english = {"accept_language": "en", "hx_request": "true"}
        answer = await browser.post(TAKE, browser.button(), **english)
        assert "This offer is over; nobody blames you." in answer.text

    browsing(door, visit)
