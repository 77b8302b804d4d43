"""What stops somebody from reading a page is found; without that, its absence would say little."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.reading import barriers, stumbles, too_wide

pytestmark = pytest.mark.slow

_SOUND = """
<!doctype html><html lang="fr"><title>Page</title>
<style>body { background: #fff; color: #000 } a:focus { outline: 3px solid }</style>
<main><h1>Parler</h1><p>On vous lit. <a href="#ici">Ici</a> <a href="#la">Là</a></p>
%s</main>
"""

_TINY = "width: 8px; height: 8px; padding: 0; border: 0"
_TAKEN = "style='outline: 3px solid' onkeydown='event.preventDefault()'"
BARRIERS = {
    "a picture without words": ("<img src='data:,'>", "image-alt"),
    "a field without a name": ("<input>", "label"),
    "words too pale": ("<p style='color: #bbb'>Pâle</p>", "color-contrast"),
    "words too dark in the dark": (
        "<style>@media (prefers-color-scheme: dark) { body { background: #222 } }</style>",
        "dark: color-contrast",
    ),
    "a target too small": (
        "<div style='font-size: 0'>" + 2 * f"<button style='{_TINY}' aria-label='Oui'></button>",
        "target-size",
    ),
}
STUMBLES = {
    "a focus nobody sees": ("<button style='outline: none'>Oui</button>", "not seen"),
    "a focus behind something": (
        "<style>main::after { content: ''; position: fixed; inset: 0 }</style>",
        "behind something",
    ),
    "a button no key reaches": ("<button tabindex='-1'>Oui</button>", "never reached: <button"),
    "a trap": (f"<textarea {_TAKEN}></textarea><button>Oui</button>", "never reached: <button"),
}


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Show a sound page with something in it."""
    context = browser.new_context()

    def shown(part: str) -> Page:
        page = context.new_page()
        page.set_content(_SOUND % part)
        return page

    yield shown
    context.close()


def test_a_sound_page_stops_nobody(show: Callable[[str], Page]) -> None:
    page = show("")
    assert barriers(page) + too_wide(page) + stumbles(page) == []


@pytest.mark.parametrize("barrier", BARRIERS)
def test_a_barrier_is_found(show: Callable[[str], Page], barrier: str) -> None:
    part, said = BARRIERS[barrier]
    found = barriers(show(part))
    assert any(each.startswith(said) for each in found), found


@pytest.mark.parametrize("stumble", STUMBLES)
def test_a_stumble_is_found(show: Callable[[str], Page], stumble: str) -> None:
    part, said = STUMBLES[stumble]
    found = stumbles(show(part))
    assert any(said in each for each in found), found


def test_what_sticks_out_is_found(show: Callable[[str], Page]) -> None:
    found = too_wide(show("<p style='width: 330px'>Large</p>"))
    assert [each.split(": <p")[0] for each in found] == ["at 320 px", "at 400 %"]


def test_what_stays_in_sight_and_leaves_no_room_is_found(show: Callable[[str], Page]) -> None:
    found = too_wide(show("<p style='position: sticky; bottom: 0; height: 200px'>Verbes</p>"))
    assert [each.split(": covered")[0] for each in found] == ["at 400 %"]


def test_large_letters_are_tried_too(show: Callable[[str], Page]) -> None:
    found = too_wide(show("<style>.grand p { width: 400px }</style>"))
    assert [each.split(": <p")[0] for each in found] == ["large, at 390 px"]
