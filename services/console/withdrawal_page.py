"""Somebody who called again takes back their yes: the twelve digits they tell, typed here.

Who they were is asked by nobody, and not known here; the digits lead referral to it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Refusal
from contracts.withdrawal import WithdrawConsent, code_typed
from services.bus.door import Door
from services.bus.doorway import Address
from services.console.pages import Drawn, Frame
from services.console.press import done_or_problem, pressed, reader_of, replied
from services.console.settings import Settings

PATH = "/retirer-un-accord"
#: Twelve digits and what people put between them.
_MOST_LETTERS = 60


def withdrawal_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the page."""
    frame = Frame(door, settings)

    async def ask(request: Request) -> Response:
        reader = await reader_of(request, door)
        return await frame.draw(request, reader, _drawn())

    async def withdraw(request: Request) -> Response:
        press = await pressed(request, door, settings.longest_body_bytes)
        typed = press.take_text("code", _MOST_LETTERS)
        code = code_typed(typed)
        if code is None:
            drawn = _drawn(said="no_code", typed=typed)
            return await frame.draw(request, press.reader, drawn)
        reply = await replied(door, press, WithdrawConsent(code=code))
        if reply.refusal is Refusal.UNKNOWN_REFERRAL:
            drawn = _drawn(said="unknown", typed=typed)
            return await frame.draw(request, press.reader, drawn)
        done_or_problem(reply)
        return await frame.draw(request, press.reader, _drawn(said="withdrawn"))

    return [Address("GET", PATH, ask, {}), Address("POST", PATH, withdraw, {})]


def _drawn(said: str = "", typed: str = "") -> Drawn:
    return Drawn("withdrawal_part.html", {"said": said, "typed": typed}, address=PATH)
