"""The second way of an alert: whose pages may ask it, with what, for how long, at which door."""

from datetime import timedelta
from pathlib import Path

import pytest

from contracts.risk import RISK_PURPOSE, RiskCapability
from contracts.vocabulary import PersonId, Role
from services.bus.capability import read
from services.bus.door import StartRefused
from services.console.risk_capability import RISK_CAPABILITY_PATH, STANDS_FOR, second_way
from services.console.settings import Settings, read_settings
from services.pages.render import POLICY
from tests.console import facts
from tests.console.desks import COORDINATOR, PROFESSIONAL, SUPERVISOR, TRAINER, Comes, at_desks
from tests.console.facts import LISTENER, REGULATOR
from tests.console.scripted_door import ScriptedDoor
from tests.console.test_pages import Browser

HERE, ALERTS = "127.0.0.1", "https://alertes.example"
SET = Settings(risk_origin=ALERTS)


def by_script(browser: Browser) -> dict[str, str]:
    """What a script of the page that was opened last sends along."""
    kept = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return {"cookie": kept, "helpline-page": browser.hidden("page_word"), "accept": "*/*"}


@pytest.mark.parametrize("person", [SUPERVISOR, PROFESSIONAL])
def test_pages_of_who_watches_alerts_may_ask_risks_door(
    door: ScriptedDoor, person: PersonId
) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(person)
        for path in ("/", "/aide", "/affichage"):
            page = await browser.get(path)
            policy = page.headers["content-security-policy"]
            assert policy == POLICY.replace("connect-src 'self'", f"connect-src 'self' {ALERTS}")
            assert f'data-door="{ALERTS}"' in page.text, path
            assert "second_way.js" in page.text, path

    at_desks(door, visit, SET)


@pytest.mark.parametrize(
    ("person", "path"),
    [
        (LISTENER, "/"),
        (REGULATOR, "/"),
        (COORDINATOR, "/semaine"),
        (TRAINER, "/benevoles"),
        (SUPERVISOR, "/accessibilite"),
    ],
)
def test_no_other_page_may_ask_it(door: ScriptedDoor, person: PersonId, path: str) -> None:
    async def visit(comes: Comes) -> None:
        page = await (await comes(person)).get(path)
        assert page.status_code == 200
        assert page.headers["content-security-policy"] == POLICY
        assert ALERTS not in page.text
        assert "second_way.js" not in page.text

    at_desks(door, visit, SET)


def test_where_no_door_is_named_there_is_no_second_way(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        page = await (await comes(SUPERVISOR)).get("/")
        assert page.headers["content-security-policy"] == POLICY
        assert "second_way.js" not in page.text

    at_desks(door, visit)


def test_a_capability_stands_for_half_an_hour_and_is_renewed_long_before(
    door: ScriptedDoor,
) -> None:
    assert timedelta(minutes=30) == STANDS_FOR
    for rate, seconds in ((1.0, 180), (60.0, 3)):
        way = second_way(Role.SUPERVISOR, ALERTS, rate)
        assert way is not None
        assert way.renew_seconds == seconds

    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await browser.get("/")
        given = await browser.http.post(RISK_CAPABILITY_PATH, headers=by_script(browser))
        token = given.json()["capability"]
        said = read(bytes.fromhex("17" * 32), RISK_PURPOSE, token, RiskCapability)
        assert said is not None
        assert said.expires_at == facts.NOON + STANDS_FOR

    at_desks(door, visit, SET)


def test_who_has_signed_out_is_given_no_other_one(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await browser.get("/")
        as_before = by_script(browser)
        assert (await browser.post("/sortir", browser.button())).status_code == 303
        given = await browser.http.post(RISK_CAPABILITY_PATH, headers=as_before)
        assert given.status_code == 401

    at_desks(door, visit, SET)


# --- settings -------------------------------------------------------------------------------------

WRONG = {
    "a wildcard": "https://*",
    "any": "*",
    "an address with a path": f"{ALERTS}/x",
    "one that ends with a stroke": f"{ALERTS}/",
    "two": f"{ALERTS} https://elsewhere.example",
    "more of a policy": f"{ALERTS}; script-src *",
    "a user": "https://me@alertes.example",
    "no scheme": "alertes.example",
    "a stream": "wss://alertes.example",
}


@pytest.mark.parametrize("origin", WRONG.values(), ids=WRONG.keys())
def test_nothing_but_an_origin_gets_into_the_policy_of_a_page(origin: str) -> None:
    with pytest.raises(StartRefused, match="HELPLINE_CONSOLE_RISK_ORIGIN is no origin"):
        read_settings(True, HERE, {"HELPLINE_CONSOLE_RISK_ORIGIN": origin})


@pytest.mark.parametrize("origin", [ALERTS, "http://127.0.0.1:8300", "http://[::1]:8300"])
def test_an_origin_is_read_as_it_is(origin: str) -> None:
    environment = {"HELPLINE_CONSOLE_RISK_ORIGIN": origin}
    assert read_settings(True, HERE, environment).risk_origin == origin
    assert read_settings(True, HERE, {}).risk_origin is None


IN_PRODUCTION = {
    "none": ("", "is not set: a desk whose console is silent would hear of no alert"),
    "one that can be listened to": ("http://alertes.example", "is not https"),
}


@pytest.mark.parametrize("case", IN_PRODUCTION)
def test_in_production_the_console_starts_only_with_a_second_way(tmp_path: Path, case: str) -> None:
    origin, said = IN_PRODUCTION[case]
    (tmp_path / "secret").write_text("s" * 40)
    environment = {
        "HELPLINE_OIDC_ISSUER": "https://comptes.example",
        "HELPLINE_OIDC_CLIENT_ID": "helpline",
        "HELPLINE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "HELPLINE_OIDC_REDIRECT_URI": "https://console.example/entrer/retour",
        "HELPLINE_CONSOLE_RISK_ORIGIN": origin,
    }
    with pytest.raises(StartRefused, match=said):
        read_settings(False, HERE, environment)
    environment["HELPLINE_CONSOLE_RISK_ORIGIN"] = ALERTS
    assert read_settings(False, HERE, environment).risk_origin == ALERTS
