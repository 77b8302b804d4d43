"""What no page may do, noted while a test looks at something else; the test then fails for it.

An error in the console (a broken policy is one), a script that fails, a request to another host; on
callers' pages also anything that would stay in their browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError

_KEPT = "this page keeps something:"

#: Said by the page itself when it happens: what is deleted again would not be found later.
_TELL_WHAT_IS_KEPT = """
(() => {
  const tell = (what) => console.error("KEPT " + what);
  const wrap = (owner, name, what) => {
    const usual = owner && owner[name];
    if (!usual) { return; }
    owner[name] = function (...given) { tell(what); return usual.apply(this, given); };
  };
  wrap(Storage.prototype, "setItem", "in its storage");
  wrap(IDBFactory.prototype, "open", "in a database");
  wrap(globalThis.CacheStorage && CacheStorage.prototype, "open", "in a cache");
  wrap(globalThis.ServiceWorkerContainer && ServiceWorkerContainer.prototype, "register",
       "as a service worker");
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  Object.defineProperty(Document.prototype, "cookie", {
    get() { return cookie.get.call(this); },
    set(value) { tell("in a cookie"); cookie.set.call(this, value); },
  });
})();
""".replace("KEPT", _KEPT)

#: Chromium's own words for an answer that is an error, or for none; and htmx's for none.
_NO_GOOD_ANSWER = ("Failed to load resource", "htmx: htmx:error: Failed to fetch")


@dataclass
class Watch:
    """Looks at everything one person's browser does."""

    context: BrowserContext
    door: str  #: the only address it may speak to
    keeps_nothing: bool
    second_door: str = ""  #: of desks: risk's own, for alerts
    troubles: list[str] = field(default_factory=list)
    _awaited: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to look."""
        self.context.on("console", self._hear)
        self.context.on("weberror", self._failed)
        self.context.on("request", self._asked)
        if self.keeps_nothing:
            self.context.add_init_script(_TELL_WHAT_IS_KEPT)

    @contextmanager
    def bad_answers_awaited(self) -> Iterator[None]:
        """For a block in which the door is broken on purpose: answers may fail, scripts may not."""
        self._awaited.extend(_NO_GOOD_ANSWER)
        try:
            yield
        finally:
            del self._awaited[-len(_NO_GOOD_ANSWER) :]

    def look_at_what_stays(self) -> None:
        """Note what is in the browser now; before its pages are closed."""
        if not self.keeps_nothing:
            return
        state = self.context.storage_state(indexed_db=True)
        if state.get("cookies"):
            self.troubles.append(f"{_KEPT} a cookie")
        if state.get("origins"):
            self.troubles.append(f"{_KEPT} in its storage")
        for page in self.context.pages:
            if _is_ours(page, self.door) and page.evaluate("sessionStorage.length"):
                self.troubles.append(f"{_KEPT} in the storage of a tab")

    def _hear(self, message: ConsoleMessage) -> None:
        said = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not any(map(said.startswith, self._awaited)):
            self.troubles.append(f"console: {said}")

    def _failed(self, error: WebError) -> None:
        self.troubles.append(f"script: {error.error}")

    def _asked(self, request: Request) -> None:
        url = urlsplit(request.url)
        ours = f"{url.scheme}://{url.netloc}" in (self.door, self.second_door)
        if not ours and url.scheme not in ("data", "about", "blob"):
            self.troubles.append(f"asked of another host: {request.url}")


def _is_ours(page: Page, door: str) -> bool:
    return not page.is_closed() and page.url.startswith(door)
