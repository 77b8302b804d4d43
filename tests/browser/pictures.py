"""Pictures of pages, in build/screens: for people to look at, none is compared.

Taken by `just screens` alone: a suite nobody looks at has better to do.
"""

from __future__ import annotations

import os
import re
from typing import Literal

from playwright.sync_api import Page

from tests.browser.people import DESKTOP, TELEPHONE
from tests.browser.reading import open_wide
from tests.running import REPOSITORY

FOLDER = REPOSITORY / "build" / "screens"
#: The variable by which they are asked for.
WANTED = "TAKE_SCREENS"

_Scheme = Literal["light", "dark"]
_SHOTS: tuple[tuple[str, _Scheme], ...] = (("1280", "light"), ("390", "light"), ("390", "dark"))


def take_pictures(page: Page, name: str) -> None:
    """A picture of the whole page at each size; the page is left as wide and light as it was."""
    if WANTED not in os.environ:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    usual = page.viewport_size or DESKTOP
    for width, scheme in _SHOTS:
        page.set_viewport_size(TELEPHONE if width == "390" else DESKTOP)
        page.emulate_media(color_scheme=scheme)
        dark = "-dark" if scheme == "dark" else ""
        open_wide(page)
        page.screenshot(path=FOLDER / f"{_file_name(name)}-{width}{dark}.png")
    page.set_viewport_size(usual)
    page.emulate_media(color_scheme="light")


def _file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
