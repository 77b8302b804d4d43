"""Which page of a browser may read risk's door: our desks', at two addresses, and nobody else's."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from contracts.vocabulary import Role
from services.bus.door import StartRefused
from services.bus.testing import ServiceUnderTest
from services.bus.work import new_id
from services.risk.door import build
from services.risk.settings import Settings
from tests.risk.builders import CONTACT, LISTENER, SUPERVISOR
from tests.risk.doors import RiskDoor, a_capability, settings_in

OURS = "https://desks.helpline.example"
ASKED = "authorization, content-type, idempotency-key"

FOREIGN = {
    "somebody else's": "https://elsewhere.example",
    "no page's": "null",
    "of a host that begins alike": f"{OURS}.elsewhere.example",
    "of another port": f"{OURS}:8443",
    "of another scheme": OURS.replace("https", "http"),
    "of any": "*",
    "of a user": OURS.replace("https://", "https://desks@"),
    "no origin": "desks",
}

Browser = Callable[..., Awaitable[httpx.Response]]


def from_a_page(
    risk: ServiceUnderTest, folder: Path, visit: Callable[[Browser], Awaitable[None]]
) -> None:
    """Ask as a supervisor's browser does, for a page of some origin."""
    settings = settings_in(folder).model_copy(update={"desk_origins": frozenset({f"{OURS}:443"})})

    async def run() -> None:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        token = a_capability(folder, SUPERVISOR, Role.SUPERVISOR)
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:

            async def ask(
                method: str, path: str, origin: str, body: object = None, **more: str
            ) -> httpx.Response:
                headers = {"Origin": origin, **{k.replace("_", "-"): v for k, v in more.items()}}
                if method != "OPTIONS":
                    headers = {"Authorization": f"Bearer {token}", **headers}
                return await http.request(method, path, json=body, headers=headers)

            await visit(ask)

    asyncio.run(run())


def test_a_desks_page_reads_and_takes_an_alert(risk: ServiceUnderTest, tmp_path: Path) -> None:
    alert_id = an_alert(risk, tmp_path)

    async def visit(ask: Browser) -> None:
        seen = await ask("GET", "/open-signals", OURS)
        assert seen.json()["signals"][0]["alert_id"] == alert_id
        assert seen.headers["access-control-allow-origin"] == OURS
        assert seen.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in seen.headers
        path = f"/alerts/{alert_id}/acknowledge"
        taken = await ask("POST", path, OURS, {}, Idempotency_Key=new_id())
        assert taken.status_code == 200, taken.text
        assert taken.headers["access-control-allow-origin"] == OURS
        (after,) = (await ask("GET", "/open-signals", OURS)).json()["signals"]
        assert after["held_by"] == SUPERVISOR

    from_a_page(risk, tmp_path, visit)


@pytest.mark.parametrize(
    ("path", "method"), [("/open-signals", "GET"), ("/alerts/one/acknowledge", "POST")]
)
def test_a_browser_that_asks_beforehand_is_told_what_it_may(
    risk: ServiceUnderTest, tmp_path: Path, path: str, method: str
) -> None:
    async def visit(ask: Browser) -> None:
        told = await ask("OPTIONS", path, OURS, Access_Control_Request_Method=method)
        assert told.status_code == 204
        assert told.headers["access-control-allow-origin"] == OURS
        assert told.headers["access-control-allow-methods"] == method
        assert told.headers["access-control-allow-headers"] == ASKED
        assert told.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in told.headers

    from_a_page(risk, tmp_path, visit)


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_page_of_another_origin_gets_to_read_nothing(
    risk: ServiceUnderTest, tmp_path: Path, origin: str
) -> None:
    async def visit(ask: Browser) -> None:
        for method in ("OPTIONS", "GET"):
            told = await ask(method, "/open-signals", origin, Access_Control_Request_Method="GET")
            assert [name for name in told.headers if name.startswith("access-control")] == []

    from_a_page(risk, tmp_path, visit)


@pytest.mark.parametrize(
    "path", ["/rescue-services", f"/contacts/{CONTACT}/card", "/alerts/one/calls", "/openapi.json"]
)
def test_no_page_reads_what_else_the_door_tells(
    risk: ServiceUnderTest, tmp_path: Path, path: str
) -> None:
    async def visit(ask: Browser) -> None:
        for method in ("OPTIONS", "GET"):
            told = await ask(method, path, OURS, Access_Control_Request_Method="GET")
            assert "access-control-allow-origin" not in told.headers

    from_a_page(risk, tmp_path, visit)


def test_a_desk_can_read_why_it_was_refused(risk: ServiceUnderTest, tmp_path: Path) -> None:
    async def visit(ask: Browser) -> None:
        refused = await ask("GET", "/open-signals", OURS, Authorization="Bearer forged.token")
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == OURS
        assert refused.headers["vary"] == "Origin"

    from_a_page(risk, tmp_path, visit)


def test_without_a_setting_no_page_reads_anything(risk: ServiceUnderTest, tmp_path: Path) -> None:
    assert Settings.from_environment({}).desk_origins == frozenset()

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings_in(tmp_path)))
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            return await http.get("/open-signals", headers={"Origin": OURS})

    assert "access-control-allow-origin" not in asyncio.run(run()).headers


def the_setting(text: str) -> Settings:
    return Settings.from_environment({"HELPLINE_RISK_DESK_ORIGINS": text})


def test_origins_are_listed_with_commas_and_mean_what_a_browser_says() -> None:
    listed = the_setting(f"{OURS}, https://desks.example:8443")
    assert listed.desk_origins == {f"{OURS}:443", "https://desks.example:8443"}
    assert listed.checked(development=False) is listed


@pytest.mark.parametrize(
    "text", ["*", "https://*", "https://*.example.org", "desks", "null", f"{OURS}/", f"{OURS}/x",
             f"{OURS}?a", "ftp://desks.example", "https://me@desks.example"]
)  # fmt: skip
def test_nothing_but_an_origin_is_taken(text: str) -> None:
    with pytest.raises(ValidationError, match="an origin"):
        the_setting(text)


def test_in_production_pages_that_can_be_listened_to_are_refused() -> None:
    with pytest.raises(StartRefused, match="DESK_ORIGINS: whoever listens could read alerts"):
        the_setting("http://desks.example").checked(development=False)
    here = the_setting("http://127.0.0.1:8200")
    assert here.checked(development=True) is here


def an_alert(risk: ServiceUnderTest, folder: Path) -> str:
    """A listener raises one at the same door, as a program does; its id."""
    settings = settings_in(folder)

    async def run() -> str:
        transport = httpx.ASGITransport(build(RiskDoor(risk), settings))
        token = a_capability(folder, LISTENER, Role.LISTENER)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
        async with httpx.AsyncClient(transport=transport, base_url="http://risk") as http:
            raised = await http.post("/alerts", json={"contact_id": CONTACT}, headers=headers)
        return str(raised.json()["result"]["alert_id"])

    return asyncio.run(run())
