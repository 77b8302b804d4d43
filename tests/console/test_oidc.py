"""Signing in through a real issuer on loopback: the way there, the way back, every way to fail."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from contracts.vocabulary import Role
from services.bus.door import StartRefused
from services.bus.doorway import Address, Doorway, Manners
from services.console import oidc, sign_in
from services.console.claims import ClaimNames
from services.console.oidc import Failure, SignInFailed
from services.console.oidc_settings import CALLBACK_PATH, OidcSettings
from services.console.partner_people import Member
from services.console.settings import read_settings
from services.console.sign_in import BEGIN_PATH, MOST_ATTEMPTS, SignIn
from services.console.sign_in_problem import SENTENCES, sign_in_problem
from tests.console import facts
from tests.console.facts import LINE, LISTENER
from tests.console.issuer import CLIENT_ID, CLIENT_SECRET, LittleIssuer, standing
from tests.console.scripted_door import ScriptedDoor

HERE = "127.0.0.1"
HOME = "https://console.example"
REDIRECT = HOME + CALLBACK_PATH
PAUL = {"helpline_person": LISTENER, "name": "Paul V."}

#: What must never be found in a log.
CANARY = "canary-of-a-token"


@pytest.fixture
def issuer() -> Iterator[LittleIssuer]:
    with standing(LittleIssuer(REDIRECT, person=dict(PAUL))) as stands:
        yield stands


class Browser:
    """A browser between the console and the issuer, cookies and all."""

    def __init__(self, console: httpx.AsyncClient, outside: httpx.AsyncClient) -> None:
        self.console = console
        self.outside = outside

    async def begins(self) -> str:
        """Go to the console's door; the address it sends us to."""
        sent = await self.console.get(BEGIN_PATH)
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    async def at_the_issuer(self, address: str) -> str:
        """Sign in there; the address it sends us back to."""
        sent = await self.outside.get(address)
        assert sent.status_code == 302, sent.text
        return str(sent.headers["location"])

    async def comes_back(self, address: str) -> httpx.Response:
        """Follow the issuer's word."""
        return await self.console.get(address)

    def still_has(self, cookies: dict[str, str]) -> None:
        """Somebody kept cookies that the console took away."""
        for name, value in cookies.items():
            self.console.cookies.set(name, value, domain="console.example", path="/")

    async def signs_in(self) -> httpx.Response:
        """All of it."""
        return await self.comes_back(await self.at_the_issuer(await self.begins()))


def settings_for(issuer: LittleIssuer, **changes: Any) -> OidcSettings:
    said = {
        "issuer": issuer.address,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT,
    }
    return OidcSettings(**said | changes)


def a_console(door: ScriptedDoor, settings: OidcSettings) -> Doorway:
    """A door with the two ends of a sign-in; what it answers is what a page would be told."""
    signing = SignIn(door, settings)

    async def enter(request: Request) -> Response:
        try:
            came = await signing.complete(request)
            if isinstance(came, Member):
                return JSONResponse({"person_id": came.person_id, "partner": came.partner})
            open_to = [[one.programme, one.role] for one in came.open_to]
            said = {"person_id": came.person_id, "name": came.name, "open_to": open_to}
            response: Response = JSONResponse(said)
            signing.offer(came, response)
        except SignInFailed as failed:
            response = sign_in_problem(failed).response()
        signing.finish(request, response)
        return response

    async def begin(request: Request) -> Response:
        try:
            return await signing.begin(request)
        except SignInFailed as failed:
            return sign_in_problem(failed).response()

    async def offered(request: Request) -> Response:
        try:
            came = signing.offered(request)
        except SignInFailed as failed:
            return sign_in_problem(failed).response()
        asked = came.chosen(request.query_params.get("line"), request.query_params.get("role"))
        response = JSONResponse(None if asked is None else [asked.person_id, asked.role])
        signing.forget_offer(response)
        return response

    async def leaving(_: Request) -> Response:
        return JSONResponse(await signing.leaving())

    addresses = [
        Address("GET", BEGIN_PATH, begin, {}),
        Address("GET", CALLBACK_PATH, enter, {}),
        Address("GET", "/chosen", offered, {}),
        Address("GET", "/leaving", leaving, {}),
    ]
    manners = Manners(lambda _, error: Response(repr(error), 500), lambda *_: None)
    return Doorway(addresses, {}, manners)


def in_a_browser(
    door: ScriptedDoor, settings: OidcSettings, act: Callable[[Browser], Awaitable[None]]
) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(a_console(door, settings))
        async with (
            asyncio.timeout(60),
            httpx.AsyncClient(transport=transport, base_url=HOME) as console,
            httpx.AsyncClient(trust_env=False) as outside,
        ):
            await act(Browser(console, outside))

    asyncio.run(run())


def outcomes(outcome: str) -> float:
    name = "helpline_console_sign_ins_total"
    return REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0


def failure_of(answer: httpx.Response) -> str:
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["code"])


# --- the way there and back -----------------------------------------------------------------------


def test_somebody_the_issuer_knows_comes_back_as_who_they_are(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    issuer.person["helpline_roles"] = [f"{LINE}:coordinator"]
    before = outcomes("signed_in")

    async def act(browser: Browser) -> None:
        answer = await browser.signs_in()
        assert answer.json() == {
            "person_id": LISTENER,
            "name": "Paul V.",
            "open_to": [[LINE, "coordinator"], [LINE, "listener"]],
        }
        assert not [name for name in browser.console.cookies if "attempt" in name]

    in_a_browser(door, settings_for(issuer), act)
    assert outcomes("signed_in") == before + 1


def test_the_issuer_is_asked_with_pkce_state_and_nonce_and_no_secret_is_in_an_address(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        addresses = [await browser.begins() for _ in range(2)]
        asked = [parse_qs(urlsplit(address).query) for address in addresses]
        for one in asked:
            assert one["code_challenge_method"] == ["S256"]
            assert one["scope"] == ["openid profile"]
            assert one["redirect_uri"] == [REDIRECT]
        for name in ("state", "nonce", "code_challenge"):
            assert asked[0][name] != asked[1][name]
        assert not [one for one in addresses if CLIENT_SECRET in one or "verifier" in one]

    in_a_browser(door, settings_for(issuer), act)


def test_what_an_attempt_remembers_is_sealed_in_a_cookie_of_this_host_alone(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        sent = await browser.console.get(BEGIN_PATH)
        (cookie,) = sent.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-")
        for attribute in ("HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=600"):
            assert attribute in cookie
        assert "Domain" not in cookie
        state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
        assert state not in cookie

    in_a_browser(door, settings_for(issuer), act)


def test_two_tabs_sign_in_at_once(door: ScriptedDoor, issuer: LittleIssuer) -> None:
    async def act(browser: Browser) -> None:
        one, other = await asyncio.gather(browser.begins(), browser.begins())
        back = [await browser.at_the_issuer(address) for address in (one, other)]
        for address in reversed(back):
            assert (await browser.comes_back(address)).status_code == 200

    in_a_browser(door, settings_for(issuer), act)


def test_of_many_tabs_the_oldest_gives_way(door: ScriptedDoor, issuer: LittleIssuer) -> None:
    async def act(browser: Browser) -> None:
        browser.still_has({"__Host-helpline-attempt-forged": "x" * 50})
        last = ""
        for _ in range(MOST_ATTEMPTS + 3):
            last = await browser.begins()
        kept = [name for name in browser.console.cookies if "attempt" in name]
        assert len(kept) == MOST_ATTEMPTS
        back = await browser.at_the_issuer(last)
        assert (await browser.comes_back(back)).status_code == 200

    in_a_browser(door, settings_for(issuer), act)


def test_any_console_takes_somebody_back(door: ScriptedDoor, issuer: LittleIssuer) -> None:
    settings = settings_for(issuer)

    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        other = httpx.ASGITransport(a_console(door, settings))
        cookies = browser.console.cookies
        async with httpx.AsyncClient(transport=other, base_url=HOME, cookies=cookies) as console:
            assert (await console.get(back)).status_code == 200

    in_a_browser(door, settings, act)


def test_the_issuer_is_asked_for_its_document_and_keys_once(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        for _ in range(3):
            assert (await browser.signs_in()).status_code == 200

    in_a_browser(door, settings_for(issuer), act)
    assert sorted(issuer.asked) == ["/.well-known/openid-configuration", "/keys"] + ["/token"] * 3


def test_an_issuer_that_wants_the_secret_in_the_form_gets_it_there(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    issuer.answers["token_endpoint_auth_methods_supported"] = ["client_secret_post"]

    async def act(browser: Browser) -> None:
        assert (await browser.signs_in()).status_code == 200

    in_a_browser(door, settings_for(issuer), act)


def test_who_may_enter_as_several_chooses_once_and_only_among_those(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    issuer.person["helpline_roles"] = [f"{LINE}:coordinator"]

    async def act(browser: Browser) -> None:
        await browser.signs_in()
        asked = {"line": LINE, "role": "supervisor"}
        kept = dict(browser.console.cookies)
        assert (await browser.console.get("/chosen", params=asked)).json() is None
        browser.still_has(kept)
        asked["role"] = "coordinator"
        chosen = await browser.console.get("/chosen", params=asked)
        assert chosen.json() == [LISTENER, "coordinator"]
        again = await browser.console.get("/chosen", params=asked)
        assert failure_of(again) == Failure.ATTEMPT_UNKNOWN

    in_a_browser(door, settings_for(issuer), act)


def test_an_attempt_is_no_choice_and_a_forged_choice_is_none(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        await browser.begins()
        (attempt,) = browser.console.cookies.values()
        for sealed in (attempt, "forged", "é"):
            headers = [(b"cookie", f"__Host-helpline-choice={sealed}".encode())]
            answer = await browser.console.get("/chosen", headers=headers)
            assert failure_of(answer) == Failure.ATTEMPT_UNKNOWN

    in_a_browser(door, settings_for(issuer), act)


def test_who_leaves_is_told_where_to_leave_their_account(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        assert (await browser.console.get("/leaving")).json() == f"{issuer.address}/leave"

    in_a_browser(door, settings_for(issuer), act)
    issuer.away = True

    async def without(browser: Browser) -> None:
        assert (await browser.console.get("/leaving")).json() is None

    in_a_browser(door, settings_for(issuer), without)


# --- every way to fail ----------------------------------------------------------------------------


def other_key(issuer: LittleIssuer) -> None:
    """Sign with a key that is not published, under the name of the one that is."""
    issuer.published = [issuer.key]
    issuer.rotate(name="first")


def by_the_secret(issuer: LittleIssuer) -> None:
    issuer.algorithm = "HS256"


def unsigned(issuer: LittleIssuer) -> None:
    issuer.algorithm = "none"


def claiming(**changes: Any) -> Callable[[LittleIssuer], None]:
    def prepare(issuer: LittleIssuer) -> None:
        issuer.tamper = lambda claims: {
            name: value for name, value in (claims | changes).items() if value is not None
        }

    return prepare


def in_time(**seconds: float) -> Callable[[LittleIssuer], None]:
    """Moments so many seconds from when the token is signed."""

    def prepare(issuer: LittleIssuer) -> None:
        issuer.tamper = lambda claims: (
            claims | {name: int(time.time() + away) for name, away in seconds.items()}
        )

    return prepare


def saying(**person: Any) -> Callable[[LittleIssuer], None]:
    def prepare(issuer: LittleIssuer) -> None:
        issuer.person = {
            name: value for name, value in (PAUL | person).items() if value is not None
        }

    return prepare


def saying_no(error: str) -> Callable[[LittleIssuer], None]:
    def prepare(issuer: LittleIssuer) -> None:
        issuer.says_no = error

    return prepare


def telling(**answers: Any) -> Callable[[LittleIssuer], None]:
    def prepare(issuer: LittleIssuer) -> None:
        issuer.answers = answers

    return prepare


FAILURES: dict[str, tuple[Callable[[LittleIssuer], None], Failure, str | None]] = {
    "they cancel": (saying_no("access_denied"), Failure.CANCELLED, None),
    "the issuer does not want us": (
        saying_no("unauthorized_client"),
        Failure.ISSUER_REFUSED,
        None,
    ),
    "the issuer is in trouble": (saying_no("server_error"), Failure.ISSUER_AWAY, None),
    "unsigned": (unsigned, Failure.TOKEN_SIGNATURE, None),
    "signed with our own secret": (by_the_secret, Failure.TOKEN_SIGNATURE, None),
    "signed by somebody else": (other_key, Failure.TOKEN_SIGNATURE, None),
    "another issuer": (claiming(iss="https://elsewhere.example"), Failure.TOKEN_ISSUER, "iss"),
    "for somebody else": (claiming(aud="another-client"), Failure.TOKEN_AUDIENCE, "aud"),
    "for several, and us not first": (
        claiming(aud=[CLIENT_ID, "another-client"]),
        Failure.TOKEN_AUDIENCE,
        "azp",
    ),
    "given to somebody else": (claiming(azp="another-client"), Failure.TOKEN_AUDIENCE, "azp"),
    "expired": (in_time(exp=-70), Failure.TOKEN_EXPIRED, None),
    "without an end": (claiming(exp=None), Failure.TOKEN_EXPIRED, "exp"),
    "of the minute after next": (in_time(iat=70, exp=370), Failure.TOKEN_CLAIM, "iat"),
    "of another attempt": (claiming(nonce="another"), Failure.TOKEN_NONCE, "nonce"),
    "of no attempt": (claiming(nonce=None), Failure.TOKEN_NONCE, "nonce"),
    "nobody": (saying(helpline_person=None), Failure.CLAIM_MISSING, "helpline_person"),
    "no identifier": (
        saying(helpline_person=f"{CANARY}@x.example"),
        Failure.CLAIM_UNKNOWN,
        "helpline_person",
    ),
    "an unknown role": (
        saying(helpline_roles=[f"{LINE}:{CANARY}"]),
        Failure.CLAIM_UNKNOWN,
        "helpline_roles",
    ),
    "no role": (saying(helpline_person="v99999"), Failure.NO_ROLE, None),
    "a document of somebody else": (
        telling(issuer="https://elsewhere.example"),
        Failure.ISSUER_UNREADABLE,
        None,
    ),
    "a document that leads away from TLS": (
        telling(token_endpoint="http://elsewhere.example/token"),
        Failure.ISSUER_UNREADABLE,
        None,
    ),
    "half a document": (telling(jwks_uri=None), Failure.ISSUER_UNREADABLE, None),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_sign_in_that_fails_says_why_is_counted_and_leaves_no_word_of_it_in_the_log(
    door: ScriptedDoor, issuer: LittleIssuer, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    prepare, failure, claim = FAILURES[case]
    prepare(issuer)
    before = outcomes(failure)

    async def act(browser: Browser) -> None:
        sent = await browser.console.get(BEGIN_PATH)
        answer = sent
        if sent.status_code == 303:
            back = await browser.at_the_issuer(sent.headers["location"])
            answer = await browser.comes_back(back)
        assert failure_of(answer) == failure
        assert answer.json().get("field") == claim
        assert not [name for name in browser.console.cookies if "attempt" in name]

    with caplog.at_level(logging.DEBUG, "services"):
        in_a_browser(door, settings_for(issuer), act)
    assert outcomes(failure) == before + 1
    (said,) = [one for one in caplog.records if one.getMessage() == "sign-in failed"]
    assert said.__dict__["facts"] == {"failure": failure.value, "claim": claim}
    assert CANARY not in caplog.text
    assert not [code for code in issuer.codes if code in caplog.text]


@pytest.mark.parametrize("skew", [-50, 50])
def test_clocks_may_differ_by_less_than_a_minute(
    door: ScriptedDoor, issuer: LittleIssuer, skew: float
) -> None:
    in_time(iat=skew, exp=-50 if skew < 0 else 300)(issuer)

    async def act(browser: Browser) -> None:
        assert (await browser.signs_in()).status_code == 200

    in_a_browser(door, settings_for(issuer), act)


Change = Callable[[str], str]

BACK: dict[str, Change] = {
    "another state": lambda address: address.replace("state=", "state=x"),
    "no state": lambda address: address.replace("state=", "other="),
    "two states": lambda address: address + "&state=x",
    "an error of somebody else": lambda _: REDIRECT + "?error=access_denied&state=guessed",
}


@pytest.mark.parametrize("case", BACK)
def test_who_comes_back_from_an_attempt_not_begun_here_is_nobody(
    door: ScriptedDoor, issuer: LittleIssuer, case: str
) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        answer = await browser.comes_back(BACK[case](back))
        assert failure_of(answer) == Failure.ATTEMPT_UNKNOWN

    in_a_browser(door, settings_for(issuer), act)
    assert "/token" not in issuer.asked


def test_somebody_elses_way_back_signs_nobody_in(door: ScriptedDoor, issuer: LittleIssuer) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        browser.console.cookies.clear()  # the address was sent to another browser
        await browser.begins()
        assert failure_of(await browser.comes_back(back)) == Failure.ATTEMPT_UNKNOWN

    in_a_browser(door, settings_for(issuer), act)
    assert "/token" not in issuer.asked


def test_a_cookie_of_another_attempt_under_this_ones_name_is_none_of_this_one(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        (name,) = browser.console.cookies
        browser.console.cookies.clear()
        await browser.begins()
        (sealed,) = browser.console.cookies.values()
        browser.still_has({name: sealed})
        assert failure_of(await browser.comes_back(back)) == Failure.ATTEMPT_UNKNOWN

    in_a_browser(door, settings_for(issuer), act)
    assert "/token" not in issuer.asked


def test_an_attempt_is_over_after_ten_minutes(
    door: ScriptedDoor, issuer: LittleIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        kept, real = dict(browser.console.cookies), time.time
        monkeypatch.setattr(time, "time", lambda: real() + sign_in.ATTEMPT_SECONDS + 5)
        browser.still_has(kept)
        assert failure_of(await browser.comes_back(back)) == Failure.ATTEMPT_UNKNOWN

    in_a_browser(door, settings_for(issuer), act)
    assert "/token" not in issuer.asked


def test_an_answer_that_names_another_issuer_is_refused_before_its_code_is_used(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        elsewhere = back.replace("iss=", "iss=x")
        assert failure_of(await browser.comes_back(elsewhere)) == Failure.TOKEN_ISSUER

    async def unnamed(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        assert failure_of(await browser.comes_back(back.replace("iss=", "from="))) == (
            Failure.TOKEN_ISSUER
        )

    in_a_browser(door, settings_for(issuer), act)
    in_a_browser(door, settings_for(issuer), unnamed)
    assert "/token" not in issuer.asked


def test_an_issuer_that_never_names_itself_in_the_address_is_taken_at_that(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    issuer.says_who = False

    async def act(browser: Browser) -> None:
        assert (await browser.signs_in()).status_code == 200

    in_a_browser(door, settings_for(issuer), act)


def test_a_code_used_again_signs_nobody_in(door: ScriptedDoor, issuer: LittleIssuer) -> None:
    async def act(browser: Browser) -> None:
        back = await browser.at_the_issuer(await browser.begins())
        kept = dict(browser.console.cookies)
        assert (await browser.comes_back(back)).status_code == 200
        # The browser has nothing left of that attempt...
        assert failure_of(await browser.comes_back(back)) == Failure.ATTEMPT_UNKNOWN
        # ...and who kept the cookie finds that the code serves once.
        browser.still_has(kept)
        assert failure_of(await browser.comes_back(back)) == Failure.CODE_REFUSED

    in_a_browser(door, settings_for(issuer), act)


def test_a_code_stolen_on_its_way_is_worth_nothing_in_another_attempt(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        stolen = parse_qs(urlsplit(await browser.at_the_issuer(await browser.begins())).query)
        own = await browser.at_the_issuer(await browser.begins())
        mine = parse_qs(urlsplit(own).query)
        injected = own.replace(mine["code"][0], stolen["code"][0])
        assert failure_of(await browser.comes_back(injected)) == Failure.CODE_REFUSED

    in_a_browser(door, settings_for(issuer), act)


def test_keys_that_were_rotated_meanwhile_are_asked_for_again(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        assert (await browser.signs_in()).status_code == 200
        for name, kind in (("second", "RSA"), ("second", "RSA"), ("third", "EC")):
            issuer.rotate(name, kind)
            assert (await browser.signs_in()).status_code == 200

    in_a_browser(door, settings_for(issuer), act)
    assert issuer.asked.count("/keys") == 4


def test_an_issuer_that_is_away_is_said_to_be_and_asked_again_later(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    async def act(browser: Browser) -> None:
        issuer.away = True
        sent = await browser.console.get(BEGIN_PATH)
        assert (sent.status_code, failure_of(sent)) == (503, Failure.ISSUER_AWAY)
        assert sent.headers["retry-after"]
        issuer.away = False
        back = await browser.at_the_issuer(await browser.begins())
        issuer.away = True
        assert failure_of(await browser.comes_back(back)) == Failure.ISSUER_AWAY
        issuer.away = False
        assert (await browser.signs_in()).status_code == 200

    in_a_browser(door, settings_for(issuer), act)


def test_an_issuer_that_cannot_be_reached_is_away(door: ScriptedDoor) -> None:
    gone = LittleIssuer(REDIRECT)
    with standing(gone):
        pass

    async def act(browser: Browser) -> None:
        assert failure_of(await browser.console.get(BEGIN_PATH)) == Failure.ISSUER_AWAY

    in_a_browser(door, settings_for(gone), act)


def test_an_issuer_that_never_answers_is_given_up(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_WAIT_SECONDS", 0.2)

    async def act(browser: Browser) -> None:
        assert failure_of(await browser.console.get(BEGIN_PATH)) == Failure.ISSUER_AWAY

    with asyncio.Runner() as runner:
        silent = runner.run(asyncio.start_server(lambda *_: None, "127.0.0.1", 0))
        port = silent.sockets[0].getsockname()[1]
        in_a_browser(door, settings_for(LittleIssuer(REDIRECT, port=port)), act)
        silent.close()


def test_a_client_the_issuer_does_not_know_is_refused(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    settings = settings_for(issuer, client_secret="another secret of forty characters " * 2)

    async def act(browser: Browser) -> None:
        assert failure_of(await browser.signs_in()) == Failure.ISSUER_REFUSED

    in_a_browser(door, settings, act)


def test_every_failure_has_a_status_and_a_sentence() -> None:
    assert set(SENTENCES) == set(Failure)
    for failure in Failure:
        problem = sign_in_problem(SignInFailed(failure, "name"))
        assert problem.status >= 400
        assert problem.detail.endswith((".", "?"))
        assert (problem.code, problem.field) == (failure.value, "name")


# --- names ----------------------------------------------------------------------------------------


def test_roles_come_from_the_roster_whatever_the_line(
    door: ScriptedDoor, issuer: LittleIssuer
) -> None:
    door.console.deliver(facts.established(LISTENER, Role.LISTENER, Role.REGULATOR), version=2)

    async def act(browser: Browser) -> None:
        assert (await browser.signs_in()).json()["open_to"] == [
            [LINE, "listener"],
            [LINE, "regulator"],
        ]

    in_a_browser(door, settings_for(issuer), act)


# --- settings -------------------------------------------------------------------------------------

IN_PRODUCTION = {
    "HELPLINE_OIDC_ISSUER": "https://comptes.example/realms/ecoute",
    "HELPLINE_OIDC_CLIENT_ID": "helpline",
    "HELPLINE_OIDC_REDIRECT_URI": "https://console.example/entrer/retour",
    "HELPLINE_CONSOLE_RISK_ORIGIN": "https://alertes.example",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "secret").write_text("s" * 40 + "\n")
    return IN_PRODUCTION | {"HELPLINE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret")}


def test_an_issuer_set_up_whole_is_read(environment: dict[str, str]) -> None:
    read = read_settings(False, HERE, environment).oidc
    assert read is not None
    assert read.issuer == IN_PRODUCTION["HELPLINE_OIDC_ISSUER"]
    assert (read.client_secret, read.claims) == ("s" * 40, ClaimNames())
    assert "ssss" not in repr(read_settings(False, HERE, environment))
    named = {"PERSON_CLAIM": "matricule", "ROLES_CLAIM": "groupes", "NAME_CLAIM": "pseudo"}
    environment |= {f"HELPLINE_OIDC_{name}": claim for name, claim in named.items()}
    read = read_settings(False, HERE, environment).oidc
    assert read is not None
    assert read.claims == ClaimNames("matricule", "groupes", "pseudo")


HALF: dict[str, tuple[dict[str, str | None], str]] = {
    "no issuer": ({"ISSUER": None}, "ISSUER missing"),
    "no client": ({"CLIENT_ID": None}, "CLIENT_ID missing"),
    "an empty client": ({"CLIENT_ID": ""}, "CLIENT_ID missing"),
    "no secret": ({"CLIENT_SECRET_FILE": None}, "CLIENT_SECRET_FILE missing"),
    "no way back": ({"REDIRECT_URI": None}, "REDIRECT_URI missing"),
    "a setting nobody reads": ({"CLIENT_SECRET": "s3cret"}, "HELPLINE_OIDC_CLIENT_SECRET: no such"),
    "no secret at that place": ({"CLIENT_SECRET_FILE": "/nowhere"}, "cannot be read"),
    "not over TLS": ({"ISSUER": "http://comptes.example"}, "not https"),
    "no address": ({"ISSUER": "comptes.example"}, "no address"),
    "an impossible port": ({"ISSUER": "https://comptes.example:99999"}, "no address"),
    "an issuer with a user": ({"ISSUER": "https://me:pw@comptes.example"}, "names a user"),
    "an issuer with a query": ({"ISSUER": "https://comptes.example/?a=b"}, "query"),
    "a way back to elsewhere": ({"REDIRECT_URI": "https://console.example/"}, CALLBACK_PATH),
    "a way back not over TLS": (
        {"REDIRECT_URI": "http://console.example/entrer/retour"},
        "not https",
    ),
}


@pytest.mark.parametrize("case", HALF)
def test_the_console_refuses_to_start_half_set_up(environment: dict[str, str], case: str) -> None:
    changes, said = HALF[case]
    changed = environment | {
        f"HELPLINE_OIDC_{name}": value or "" for name, value in changes.items()
    }
    with pytest.raises(StartRefused, match=said) as refused:
        read_settings(False, HERE, changed)
    assert "s3cret" not in str(refused.value)


def test_a_short_secret_refuses_the_start(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short")
    with pytest.raises(StartRefused, match="fewer than 32"):
        read_settings(False, HERE, environment)


def test_in_production_nobody_to_sign_people_in_refuses_the_start() -> None:
    with pytest.raises(StartRefused, match="HELPLINE_OIDC_ISSUER"):
        read_settings(False, HERE, {})
    assert read_settings(True, HERE, {}).oidc is None


def test_outside_production_only_an_issuer_on_this_machine_is_dialled(
    environment: dict[str, str],
) -> None:
    with pytest.raises(StartRefused, match="not this machine"):
        read_settings(True, HERE, environment)
    environment["HELPLINE_OIDC_ISSUER"] = "http://127.0.0.1:9000"
    environment["HELPLINE_OIDC_REDIRECT_URI"] = "http://127.0.0.1:8200/entrer/retour"
    assert read_settings(True, HERE, environment).oidc is not None


def test_a_development_key_beside_a_published_address_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 40)
    environment = {
        "HELPLINE_DEVELOPMENT_KEY_FILE": str(tmp_path / "secret"),
        "HELPLINE_OIDC_ISSUER": "http://127.0.0.1:9000",
        "HELPLINE_OIDC_CLIENT_ID": "helpline",
        "HELPLINE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "HELPLINE_OIDC_REDIRECT_URI": "http://127.0.0.1:8200/entrer/retour",
    }
    assert read_settings(True, HERE, environment).development_key is not None
    environment["HELPLINE_OIDC_REDIRECT_URI"] = "https://console.example/entrer/retour"
    with pytest.raises(StartRefused, match=r"published at console\.example"):
        read_settings(True, HERE, environment)
