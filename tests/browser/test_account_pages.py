"""The pages of who comes in by the account of their association, read by everybody.

The platform of the other tests has no issuer: here a console of its own has a little one.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from services.console.account_page import CHOICE_PATH
from services.console.door import build
from services.console.oidc_settings import CALLBACK_PATH, OidcSettings
from services.console.settings import Settings
from services.console.sign_in import BEGIN_PATH
from tests.browser.everybody import LANGUAGES, what_stops
from tests.browser.people import LOCALES
from tests.console.conftest import a_console
from tests.console.facts import LINE, LISTENER
from tests.console.issuer import CLIENT_ID, CLIENT_SECRET, LittleIssuer, serving, standing
from tests.console.scripted_door import ScriptedDoor


@pytest.fixture
def issuer(fresh_database: str, tmp_path: Path) -> Iterator[LittleIssuer]:
    """An issuer, beside a console where one comes in by it alone."""
    with (
        socket.create_server(("127.0.0.1", 0)) as bound,
        a_console(fresh_database, tmp_path) as ours,
    ):
        back = f"http://127.0.0.1:{bound.getsockname()[1]}{CALLBACK_PATH}"
        paul = {
            "helpline_person": LISTENER,
            "name": "Paul V.",
            "helpline_roles": [f"{LINE}:coordinator"],
        }
        with standing(LittleIssuer(back, person=paul)) as issuer:
            oidc = OidcSettings(
                issuer=issuer.address,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                redirect_uri=back,
            )
            door = ScriptedDoor(ours, development=False)
            with serving(build(door, Settings(oidc=oidc)), bound):
                yield issuer


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_comes_in_by_an_account_can_read_where_they_are(
    browser: Browser, issuer: LittleIssuer, language: str
) -> None:
    with browser.new_context(locale=LOCALES[language], reduced_motion="reduce") as context:
        page = context.new_page()
        seen = _pages(page, issuer.redirect_uri.removesuffix(CALLBACK_PATH), issuer)
        faults = [fault for name in seen for fault in what_stops(page, name, language)]
    assert faults == []


def _pages(page: Page, home: str, issuer: LittleIssuer) -> Iterator[str]:
    page.goto(f"{home}/entrer")
    expect(page.locator(f"a[href='{BEGIN_PATH}']")).to_be_visible()
    yield "the way to an account"
    page.locator(f"a[href='{BEGIN_PATH}']").click()
    expect(page).to_have_url(f"{home}{CHOICE_PATH}")
    expect(page.locator("button.door")).to_have_count(2)
    yield "as what one enters"
    issuer.says_no = "access_denied"
    page.goto(f"{home}{BEGIN_PATH}")
    expect(page.locator("h1")).to_be_visible()
    yield "a sign-in that was given up"
