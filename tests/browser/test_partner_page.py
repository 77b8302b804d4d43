"""The page for partners' engineers: everybody can read it, and nothing of it is anywhere else."""

from __future__ import annotations

import re

from playwright.sync_api import Browser

from deploy.asyncapi import PAGE
from tests.browser.people import DESKTOP
from tests.browser.reading import barriers, stumbles, too_wide


def test_everybody_can_read_it(browser: Browser) -> None:
    context = browser.new_context(viewport=DESKTOP, bypass_csp=True)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(PAGE.as_uri())
    for details in page.locator("summary").all():
        details.click()

    assert barriers(page) == []
    assert too_wide(page) == []
    assert stumbles(page) == []
    assert asked == [PAGE.as_uri()]
    context.close()


def test_it_runs_nothing() -> None:
    assert not re.search(r"<script|\son\w+=|https?://", PAGE.read_text("utf-8"))
