"""The status page, opened as files on another host: read by everybody, and late by itself."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from deploy.status.page import line_of, publish
from deploy.status.standing import Out, Standing, say
from tests.browser.people import NARROWEST
from tests.browser.reading import STICKS_OUT, barriers, too_wide

MANIFEST = Path(__file__).parents[2] / "deploy" / "programmes" / "sos-detresse.yaml"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """What was asked is in the test."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_everybody_can_read_what_is_out_in_every_language(browser: Browser, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for out in Out:
        publish(tmp_path / out, line_of(MANIFEST), say(None, out, now))
    late = Standing(Out.CHAT, now - timedelta(minutes=31), now - timedelta(minutes=40))
    publish(tmp_path / "late", line_of(MANIFEST), late)
    with served(tmp_path) as host:
        page = browser.new_page()
        trouble: list[str] = []
        page.on("console", lambda said: trouble.append(said.text))
        page.on(
            "request",
            lambda asked: trouble.extend(
                [] if asked.url.startswith((host, "data:")) else [asked.url]
            ),
        )
        for out in Out:
            for file in sorted((tmp_path / out).glob("*.html")):
                page.goto(f"{host}/{out}/{file.name}")
                if out is not Out.NOTHING:
                    assert not page.locator("#tard").is_visible()
                    assert barriers(page) == []
                    assert too_wide(page) == []
        page.set_viewport_size(NARROWEST)
        for file in sorted((tmp_path / Out.EVERYTHING).glob("*.html")):
            page.goto(f"{host}/{Out.EVERYTHING}/{file.name}")
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate(STICKS_OUT) is None, "twice the size"
        page.goto(f"{host}/late/fr.html")
        assert page.locator("#tard").is_visible()
        assert barriers(page) == []
        assert trouble == []
        page.close()
