"""The page on which a person chooses how their desk looks and behaves."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.envelope import Reply, done
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.work import Work, new_id
from services.console import store
from services.console.desk_look import UNDO_SECONDS, DeskLook
from services.console.pages import Drawn, Frame
from services.console.press import Press, pressed, reader_of
from services.console.sessions import hash_of
from services.console.settings import Settings
from services.pages.look import Size, Theme, look_in
from services.pages.words import COMPLETE


def look_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the page."""
    page = LookPage(door, settings)
    return [
        Address("GET", "/affichage", page.show, {}),
        Address("POST", "/affichage", page.keep, {}),
    ]


class LookPage:
    """A form that posts and comes back."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._frame = Frame(door, settings)

    async def show(self, request: Request) -> Response:
        """The choices, as they are."""
        reader = await reader_of(request, self._door)
        shown = {
            "languages": COMPLETE,
            "undo_seconds": UNDO_SECONDS,
            "themes": tuple(Theme),
            "sizes": tuple(Size),
        }
        return await self._frame.draw(request, reader, Drawn("look.html", shown))

    async def keep(self, request: Request) -> Response:
        """Keep what was chosen, and come back to the desk."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        kept = _chosen(press).kept()
        token_sha256 = hash_of(press.reader.token)
        keep = partial(keep_look, token_sha256, kept)
        await self._door.answer(new_id(), token_sha256, keep)
        return RedirectResponse("/", 303)


def keep_look(token_sha256: str, kept: str, work: Work) -> Reply:
    """Keep how the pages of a session look."""
    store.keep_look(work.session, token_sha256, kept)
    return done()


def _chosen(press: Press) -> DeskLook:
    """What a form says, with the usual for what it does not."""
    said = {name: press.take(name) for name in ("langue", "theme", "taille", "annuler")}
    undo = said["annuler"]
    return DeskLook(
        look=look_in(said, "", COMPLETE),
        undo_seconds=int(undo) if undo in map(str, UNDO_SECONDS) else UNDO_SECONDS[0],
        keys=press.take("touches") != "non",
    )
