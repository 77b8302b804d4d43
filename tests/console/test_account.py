"""Coming in by the account of one's association, page by page, with a real issuer on loopback."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from contracts.vocabulary import Role
from services.bus.testing import ServiceUnderTest
from services.console.account_page import CHOICE_PATH, LEAVE_PATH
from services.console.door import build
from services.console.oidc_settings import CALLBACK_PATH, OidcSettings
from services.console.sessions import COOKIE
from services.console.settings import Settings
from services.console.sign_in import BEGIN_PATH
from services.console.staff import names_of
from tests.console import facts
from tests.console.facts import LINE, LISTENER
from tests.console.issuer import CLIENT_ID, CLIENT_SECRET, LittleIssuer, standing
from tests.console.scripted_door import ScriptedDoor
from tests.terms import a_line

HOME = "https://console.example"
REDIRECT = HOME + CALLBACK_PATH


@pytest.fixture
def issuer() -> Iterator[LittleIssuer]:
    paul = {"helpline_person": LISTENER, "name": "Paul V."}
    with standing(LittleIssuer(REDIRECT, person=paul)) as stands:
        yield stands


@pytest.fixture
def door(console: ServiceUnderTest) -> ScriptedDoor:
    return ScriptedDoor(console, development=False)


class Browser:
    """A browser that follows where it is led, on both sides."""

    def __init__(self, console: httpx.AsyncClient, outside: httpx.AsyncClient) -> None:
        self.console = console
        self.outside = outside

    async def opens(self, path: str) -> httpx.Response:
        """Open an address of the console as a person does."""
        return await self.console.get(path)

    async def signs_in(self) -> httpx.Response:
        """To the issuer and back; the answer to coming back."""
        sent = await self.opens(BEGIN_PATH)
        back = await self.outside.get(sent.headers["location"])
        return await self.opens(back.headers["location"])

    def has(self, name: str) -> str | None:
        """What a cookie holds."""
        return next((one.value for one in self.console.cookies.jar if one.name == name), None)

    def keeps(self, name: str, value: str) -> None:
        """Have a cookie, wherever from."""
        self.console.cookies.clear()
        self.console.cookies.set(name, value, domain="console.example", path="/")


def in_a_browser(
    door: ScriptedDoor, issuer: LittleIssuer, act: Callable[[Browser], Awaitable[None]], **more: Any
) -> None:
    async def run() -> None:
        oidc = OidcSettings(
            issuer=issuer.address,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_uri=REDIRECT,
        )
        transport = httpx.ASGITransport(build(door, Settings(oidc=oidc, **more)))
        reads = {"accept": "text/html", "accept-language": "fr"}
        async with (
            asyncio.timeout(60),
            httpx.AsyncClient(transport=transport, base_url=HOME, headers=reads) as console,
            httpx.AsyncClient(trust_env=False) as outside,
        ):
            await act(Browser(console, outside))

    asyncio.run(run())


def test_in_production_one_comes_in_by_ones_account_alone(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        assert (await browser.opens("/")).headers["location"] == "/entrer"
        page = await browser.opens("/entrer")
        assert f'href="{BEGIN_PATH}"' in page.text
        assert 'name="person_id"' not in page.text
        assert "Démonstration" not in page.text
        posted = await browser.console.post("/entrer", data={"person_id": LISTENER})
        assert posted.status_code == 405

    in_a_browser(door, issuer, act)


def test_who_has_one_role_is_at_their_desk_at_once_and_called_by_their_name(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.signs_in()
        assert (back.status_code, back.headers["location"]) == (303, "/")
        cookies = back.headers.get_list("set-cookie")
        (session,) = [one for one in cookies if one.startswith(f"{COOKIE}=")]
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(session.split("; "))
        assert (await browser.opens("/")).status_code == 200

    in_a_browser(door, issuer, act)
    called = door.console.read(lambda session: names_of(session, [LISTENER]))
    assert called == {LISTENER: "Paul V."}


def test_somebody_of_a_partner_comes_to_its_desk_and_to_nothing_of_ours(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    """Whatever the roster has under their identifier."""
    issuer.person["helpline_partner"] = "aplus"

    async def act(browser: Browser) -> None:
        back = await browser.signs_in()
        assert (back.status_code, back.headers["location"]) == (303, "/partenaire")
        cookies = back.headers.get_list("set-cookie")
        (session,) = [one for one in cookies if one.startswith(f"{COOKIE}=")]
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(session.split("; "))
        assert (await browser.opens("/")).status_code == 403
        page = await browser.opens("/partenaire")
        assert page.status_code == 403  # it has no desk here
        assert 'href="/partenaire"' in page.text

    in_a_browser(door, issuer, act)
    assert [partner for partner, _ in door.sent_for] == ["aplus"]


def test_every_sign_in_has_a_token_of_its_own_and_none_that_was_there_before(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        planted = "a token somebody else knows"
        browser.keeps(COOKIE, planted)
        await browser.signs_in()
        first = browser.has(COOKIE)
        await browser.signs_in()
        second = browser.has(COOKIE)
        assert len({planted, first, second}) == 3
        browser.keeps(COOKIE, planted)
        assert (await browser.opens("/")).headers["location"] == "/entrer"

    in_a_browser(door, issuer, act)


def test_who_may_enter_as_several_says_as_what_and_gets_nothing_else(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    issuer.person["helpline_roles"] = [f"{LINE}:coordinator"]

    async def act(browser: Browser) -> None:
        back = await browser.signs_in()
        assert back.headers["location"] == CHOICE_PATH
        assert browser.has(COOKIE) is None
        page = await browser.opens(CHOICE_PATH)
        assert (page.text.count('class="door"'), "Paul V." in page.text) == (2, True)
        assert a_line().name.partition("'")[0] in page.text
        for wrong in (f"{LINE} supervisor", "listener", ""):
            refused = await browser.console.post(CHOICE_PATH, data={"as": wrong})
            assert refused.status_code == 400
            assert browser.has(COOKIE) is None
        entered = await browser.console.post(CHOICE_PATH, data={"as": f"{LINE} coordinator"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        at_home = await browser.opens("/")  # a coordinator's desk is the week
        assert (at_home.status_code, at_home.headers["location"]) == (303, "/semaine")
        again = await browser.console.post(CHOICE_PATH, data={"as": f"{LINE} listener"})
        assert again.status_code == 400

    in_a_browser(door, issuer, act)


def test_a_role_lost_between_the_choice_and_the_desk_opens_nothing(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    door.console.deliver(facts.established(LISTENER, Role.LISTENER, Role.REGULATOR), version=2)

    async def act(browser: Browser) -> None:
        await browser.signs_in()
        await door.deliver(facts.established(LISTENER, Role.REGULATOR), version=3)
        chosen = await browser.console.post(CHOICE_PATH, data={"as": f"{LINE} listener"})
        assert chosen.status_code == 403
        assert browser.has(COOKIE) is None

    in_a_browser(door, issuer, act)


TOLD = {
    "fr": "Vous avez renoncé à entrer.",
    "en": "You chose not to sign in.",
    "de": "Sie haben die Anmeldung abgebrochen.",
}


@pytest.mark.parametrize("language", TOLD)
def test_who_could_not_come_in_is_told_why_in_their_language_and_where_to_go(
    door: ScriptedDoor, issuer: LittleIssuer, language: str
) -> None:
    issuer.says_no = "access_denied"

    async def act(browser: Browser) -> None:
        browser.console.headers["accept-language"] = language
        page = await browser.signs_in()
        assert page.status_code == 403
        assert TOLD[language] in page.text
        assert 'href="/entrer"' in page.text
        assert not [one.name for one in browser.console.cookies.jar]

    in_a_browser(door, issuer, act)


def test_a_claim_that_is_wrong_is_named_and_its_value_is_not(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    issuer.person["helpline_person"] = "Paul.Vidal@example.org"

    async def act(browser: Browser) -> None:
        page = await browser.signs_in()
        assert page.status_code == 403
        assert "helpline_person" in page.text
        assert "Vidal" not in page.text

    in_a_browser(door, issuer, act)


def test_an_issuer_that_is_away_is_said_on_a_page(door: ScriptedDoor, issuer: LittleIssuer) -> None:
    issuer.away = True

    async def act(browser: Browser) -> None:
        page = await browser.opens(BEGIN_PATH)
        assert page.status_code == 503
        assert "ne répond pas" in page.text

    in_a_browser(door, issuer, act)


def test_who_goes_out_is_out_and_may_leave_their_account_too(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        await browser.signs_in()
        token = browser.has(COOKIE) or ""
        page = await browser.opens("/")
        word = page.text.partition('name="page_word" value="')[2].partition('"')[0]
        gone = await browser.console.post("/sortir", data={"page_word": word})
        assert gone.headers["location"] == "/entrer"
        browser.keeps(COOKIE, token)
        assert (await browser.opens("/")).headers["location"] == "/entrer"
        assert f'href="{LEAVE_PATH}"' in (await browser.opens("/entrer")).text
        left = await browser.opens(LEAVE_PATH)
        assert left.headers["location"] == f"{issuer.address}/leave"

    in_a_browser(door, issuer, act)


def test_in_development_an_issuer_may_stand_beside_the_invented_people(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    door.development = True

    async def act(browser: Browser) -> None:
        page = await browser.opens("/entrer")
        assert f'href="{BEGIN_PATH}"' in page.text
        assert "Ces personnes sont inventées" in page.text

    in_a_browser(door, issuer, act, development_key="k" * 40)
