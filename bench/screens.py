"""A listener's page in a real browser: when an offer can be read, and what the page weighs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.echo import an_echo
from bench.line import LINE

CHROMIUM = "/usr/bin/chromium"
_VISIBLE_WITHIN_MS = 10_000
_WATCH = """() => {
  window.seenAt = null;
  const look = () => {
    if (document.getElementById("offre")) {
      window.seenAt ??= performance.timeOrigin + performance.now();
    }
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
}"""


@dataclass
class Seen:
    """What one browser saw; milliseconds and bytes."""

    offer_ms: dict[str, float] = field(default_factory=dict)  #: moment, by contact
    echo_ms: list[float] = field(default_factory=list)
    paint_ms: list[float] = field(default_factory=list)
    wire_bytes: list[int] = field(default_factory=list)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def a_desk_page(browser: Browser, console_url: str, token: str) -> Page:
    """A desk's page of whoever this token is."""
    page = _context(browser, token).new_page()
    page.goto(f"{console_url}/")
    return page


def _context(browser: Browser, token: str) -> BrowserContext:
    """A browser that is signed in; nothing but the page of a sign-in may set its cookie."""
    signed_in = {"Authorization": f"Bearer {token}"}
    return browser.new_context(locale="fr-FR", extra_http_headers=signed_in)


def watch_offers(page: Page, intake_url: str, times: int, seen: Seen) -> None:
    """Have somebody call, note when the offer is there to be read, have them leave; again."""
    page.evaluate(_WATCH)
    with httpx.Client(base_url=intake_url, trust_env=False) as http:
        for _ in range(times):
            page.evaluate("window.seenAt = null")
            said = {"programme": LINE, "channel": "phone"}
            opened = http.post("/contacts", json=said, headers=_key()).json()
            heading = page.locator("#offre")
            heading.wait_for(timeout=_VISIBLE_WITHIN_MS)
            seen.offer_ms[opened["contact_id"]] = page.evaluate("window.seenAt")
            http.post(
                f"/contacts/{opened['contact_id']}/leave",
                json={"reason": "hung_up"},
                headers=_key() | {"Authorization": f"Bearer {opened['token']}"},
            )
            heading.wait_for(state="detached", timeout=_VISIBLE_WITHIN_MS)
            time.sleep(0.1)


def watch_echo(browser: Browser, times: int, seen: Seen) -> None:
    """The same for a server that does nothing else."""
    with an_echo() as address, httpx.Client(trust_env=False) as http:
        page = browser.new_page()
        page.goto(address)
        for _ in range(times):
            page.evaluate("window.seenAt = null")
            said_at = time.time() * 1000
            said = str(uuid4())
            http.post(f"{address}/say", content=said)
            page.get_by_text(said).wait_for(timeout=_VISIBLE_WITHIN_MS)
            seen.echo_ms.append(page.evaluate("window.seenAt") - said_at)
            time.sleep(0.05)


def weigh(browser: Browser, console_url: str, token: str, seen: Seen) -> None:
    """Bytes of a desk's page over the wire with nothing kept, and when it first paints."""
    context = _context(browser, token)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    received: list[int] = []
    devtools.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
    page.goto(f"{console_url}/", wait_until="load")
    paint = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    )
    if paint is not None:
        seen.paint_ms.append(paint)
    seen.wire_bytes.append(sum(received))
    context.close()


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}
