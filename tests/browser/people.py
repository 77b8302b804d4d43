"""People and their browsers: callers, and people on duty at their desks.

Everybody has a browser of their own, which shares nothing with anybody's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, Page, Response, ViewportSize, expect
from playwright.sync_api import Error as PlaywrightError

from deploy.platform import Platform
from tests.browser.afterwards import send_everybody_home
from tests.browser.telephone import Call, ring
from tests.browser.watching import Watch
from tests.browser.wire import Wire

#: How a browser names the languages of the pages.
LOCALES = {
    "fr": "fr-FR",
    "en": "en-GB",
    "de": "de-DE",
    "lb": "lb-LU",
    "pt": "pt-PT",
}

#: Width and height in CSS pixels.
DESKTOP = ViewportSize(width=1280, height=800)
TELEPHONE = ViewportSize(width=390, height=844)
SMALL_TELEPHONE = ViewportSize(width=360, height=640)
NARROWEST = ViewportSize(width=320, height=568)


@dataclass(frozen=True)
class Device:
    """What somebody sits at."""

    size: ViewportSize = field(default_factory=lambda: DESKTOP)
    language: str = "fr"
    scheme: Literal["light", "dark"] = "light"
    scripts: bool = True
    #: That a test can cut. The page is then of the wire's origin, which risk's door does not know:
    #: who watches alerts is cut off otherwise (`test_second_way.py`).
    on_a_wire: bool = False


@dataclass
class Person:
    """Somebody with a browser."""

    page: Page
    watch: Watch
    laid: Wire | None = None  #: the wire, where the device is on one

    @property
    def wire(self) -> Wire:
        """The wire to the door."""
        assert self.laid is not None, "this device is on no wire"
        return self.laid

    def go(self, path: str) -> None:
        """Type an address of the door; whatever it answers."""
        self.page.goto(f"{self.watch.door}{path}")

    def press(self, button: str) -> None:
        """Press the button whose words begin like this."""
        self.page.get_by_role("button", name=re.compile(f"^{re.escape(button)}")).click()

    def writes(self, text: str) -> None:
        """Write a line of a chat and send it."""
        self.page.locator("#m").fill(text)
        self.page.locator("#ecrire button[type=submit]").click()

    def sees(self, words: str) -> None:
        """What is on the page, or will be in a moment."""
        expect(self.page.get_by_text(words).first).to_be_visible()

    def another_tab(self, path: str) -> Page:
        """The same browser, a second tab."""
        page = self.page.context.new_page()
        page.goto(f"{self.watch.door}{path}")
        return page


@dataclass
class People:
    """Everybody a test lets come; the fixture `people` sends them home."""

    browser: Browser
    platform: Platform
    device: Device = field(default_factory=Device)  #: unless somebody has another
    here: list[Person] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)  #: and chats, which a page's script opens

    def a_caller(self, path: str = "/", device: Device | None = None) -> Person:
        """Somebody opens a page of callers."""
        caller = self._somebody("intake", device or self.device, keeps_nothing=True)
        caller.go(path)
        return caller

    def at_nobodys_desk(self, path: str, device: Device | None = None) -> Person:
        """Somebody opens a page of the console, and has not signed in."""
        person = self._somebody("console", device or self.device, keeps_nothing=False)
        person.go(path)
        return person

    def at_desk(self, name: str, device: Device | None = None) -> Person:
        """Somebody of the demonstration signs in and sees their desk."""
        person = self.at_nobodys_desk("/entrer", device)
        person.page.get_by_role("button", name=re.compile(re.escape(name))).click()
        expect(person.page.locator("#desk")).to_be_visible()
        return person

    def a_call(self, line: str) -> Call:
        """Somebody rings a line."""
        call = ring(self.platform.doors["intake"], line)
        self.calls.append(call)
        return call

    def troubles(self) -> list[str]:
        """What pages did that none may do."""
        return [trouble for person in self.here for trouble in person.watch.troubles]

    def what_they_see(self) -> str:
        """Every page as a screen reader finds it; for whoever reads that a test failed."""
        pages = [page for person in self.here for page in person.page.context.pages]
        return "\n\n".join(f"{page.url}\n{_heard_of(page)}" for page in pages)

    def look_at_what_stays(self) -> None:
        """Note what is kept in browsers of people who may keep nothing."""
        for person in self.here:
            person.watch.look_at_what_stays()

    def go_home(self) -> None:
        """Hang up, close every browser, end what is still going on."""
        for call in self.calls:
            call.hang_up()
        for person in self.here:
            person.page.context.close()
            if person.laid is not None:
                person.laid.take_away()
        self.here.clear()
        self.calls.clear()
        send_everybody_home(self.platform)

    def _note_chat(self, answer: Response) -> None:
        opens = answer.url.endswith(("/contacts", "/contacts/resume"))
        if opens and answer.request.method == "POST" and answer.ok:
            told = answer.json()  # a page that is reloaded takes it along
            door = self.platform.doors["intake"]
            self.calls.append(Call(door, told["contact_id"], told["token"]))

    def _somebody(self, door_name: str, device: Device, *, keeps_nothing: bool) -> Person:
        door = self.platform.doors[door_name]
        wire = Wire.to(door) if device.on_a_wire else None
        context = self.browser.new_context(
            locale=LOCALES[device.language],
            timezone_id="Europe/Paris",
            viewport=device.size,
            color_scheme=device.scheme,
            java_script_enabled=device.scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        second = "" if keeps_nothing else self.platform.doors["risk"]
        watch = Watch(context, door if wire is None else wire.door, keeps_nothing, second)
        person = Person(context.new_page(), watch, wire)
        if keeps_nothing:
            context.on("response", self._note_chat)
        self.here.append(person)
        return person


def _heard_of(page: Page) -> str:
    try:
        return page.locator("body").aria_snapshot(timeout=2_000)
    except PlaywrightError as unheard:
        return f"(nothing: {unheard.message.splitlines()[0]})"
