"""The talk in writing at a desk: lines from and to intake's text door, on behalf of a session.

The console has no key to a text and keeps no copy: what passes through here is in no row, log line
or reply that is kept. The browser asks here and not intake itself, so that the text door of desks
need not be public and a session that ends ends this too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from contracts.text import LONGEST_TEXT_CHARACTERS
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    ContactId,
    ContactState,
    Refusal,
    Role,
    SealedId,
    TextKind,
)
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console import desk_view, reading_with, text_capability
from services.console.neighbour import Neighbour
from services.console.pages import PAGES
from services.console.pictures import Desk
from services.console.press import Press, Reader, pressed, reader_of
from services.console.problem import refusal_problem
from services.console.settings import Settings

#: A form's own words beside the text.
_FORM_BYTES = 4 * LONGEST_TEXT_CHARACTERS * 3 + 4096


class Line(BaseModel):
    """Something written, as intake tells it; what else it tells is not for pages."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    sealed_id: SealedId
    position: int
    kind: TextKind
    author: AuthorKind
    sealed_at: datetime
    text: str = Field(repr=False)
    attention: Attention = Attention.NONE


class Told(BaseModel):
    """What was written after a place, and where the contact is."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    state: ContactState
    last: int
    texts: tuple[Line, ...]
    away_until: datetime | None = None

    def help_alone(self) -> Told:
        """What is written to supervisors, and nothing of the talk itself."""
        texts = tuple(each for each in self.texts if each.kind is TextKind.HELP)
        return self.model_copy(update={"texts": texts})


@dataclass(frozen=True, repr=False)
class Writing:
    """What somebody at a desk writes."""

    contact_id: ContactId
    kind: TextKind
    text: str
    key: str  #: a UUID the page chose: sent again, it is kept once


class TextDoor:
    """Intake's text door, as a session at a desk may use it."""

    def __init__(self, settings: Settings) -> None:
        self._intake = Neighbour(settings.intake_url)

    async def read(self, desk: Desk, contact_id: ContactId, after: int) -> Told:
        """What was written after a place; Problem when this session may not read it."""
        return _told(await self._ask("GET", desk, contact_id, {"params": {"after": after}}))

    async def read_capsule(self, desk: Desk, contact_id: ContactId) -> Told:
        """What the caller agreed to be told of them; for who is offered the contact."""
        return _told(await self._ask("GET", desk, contact_id, {}, offered=True))

    async def take_back_capsule(self, desk: Desk, contact_id: ContactId) -> None:
        """Have the capsule of this side deleted; Problem when that is not known to be done."""
        await self._ask("POST", desk, contact_id, {}, what="take-back-capsule")

    async def give_sign(self, desk: Desk, contact_id: ContactId) -> None:
        """Say that who sits at the desk writes; one that comes too late is nobody's trouble."""
        try:
            await self._ask("POST", desk, contact_id, {}, what="typing")
        except Problem as problem:
            if problem.status >= 500:
                raise

    async def write(self, desk: Desk, writing: Writing) -> None:
        """Have a text sealed; Problem when it was not kept."""
        said = {"text": writing.text, "kind": writing.kind.value}
        key = {"Idempotency-Key": writing.key}
        await self._ask("POST", desk, writing.contact_id, {"json": said, "headers": key})

    async def _ask(  # noqa: PLR0913 - a request is all of these
        self,
        method: str,
        desk: Desk,
        contact_id: ContactId,
        asked: Mapping[str, Any],
        offered: bool = False,
        what: str = "texts",
    ) -> httpx.Response:
        shown = text_capability.signed_for(desk, contact_id, offered)
        address = f"/desk/contacts/{contact_id}/{what}"
        return await self._intake.ask(method, address, shown.capability, asked)


def _told(answer: httpx.Response) -> Told:
    try:
        return Told.model_validate_json(answer.content, extra="ignore")
    except ValidationError:
        raise refusal_problem(Refusal.PLATFORM_FAULT) from None


class TalkPages:
    """The lines of a talk, and what is written in it, as parts of a page."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._texts = TextDoor(settings)

    def addresses(self) -> list[Address]:
        """The addresses of the parts."""
        return [
            Address("GET", "/talk/{contact_id}", self.lines, {}),
            Address("POST", "/talk/{contact_id}", self.write, {}),
            Address("POST", "/talk/{contact_id}/sign", self.give_sign, {}),
            Address("GET", "/capsule/{contact_id}", self.capsule, {}),
        ]

    async def lines(self, request: Request) -> Response:
        """The lines after a place, for the page to add below those it has."""
        reader = await reader_of(request, self._door)
        return await self._draw(reader, contact_in(request), _after(request))

    async def write(self, request: Request) -> Response:
        """Have something sealed; the answer holds what is new since the page's last line."""
        press = await pressed(request, self._door, _FORM_BYTES)
        text = press.take_text("text", LONGEST_TEXT_CHARACTERS)
        writing = Writing(contact_in(request), _kind(press), text, press.once)
        await self._texts.write(press.reader.desk, writing)
        return await self._draw(press.reader, writing.contact_id, _number(press.take("after")))

    async def give_sign(self, request: Request) -> Response:
        """Who sits here writes; not what."""
        press = await pressed(request, self._door, _FORM_BYTES)
        await self._texts.give_sign(press.reader.desk, contact_in(request))
        return Response(status_code=204)

    async def capsule(self, request: Request) -> Response:
        """The capsule of a contact that is on this desk as an offer, before it is taken."""
        reader = await reader_of(request, self._door)
        contact_id = contact_in(request)
        offer = await self._door.read(partial(desk_view.offer_of, person_id=reader.desk.person_id))
        if offer is None or offer.contact_id != contact_id:
            raise refusal_problem(Refusal.OFFER_OVER)
        told = await self._texts.read_capsule(reader.desk, contact_id)
        return PAGES.response("capsule.html", reader.look, told=told)

    async def _draw(self, reader: Reader, contact_id: ContactId, after: int) -> Response:
        told = await self._texts.read(reader.desk, contact_id, after)
        if reader.desk.role is Role.SUPERVISOR:
            asked = partial(reading_with.reads_lines, desk=reader.desk, contact_id=contact_id)
            told = told if await self._door.read(asked) else told.help_alone()
        desk = reader.desk
        return PAGES.response(
            "talk_lines.html", reader.look, told=told, zone=desk.zone, own=desk.role.value
        )


def contact_in(request: Request) -> ContactId:
    """The contact an address names."""
    return ContactId(request.path_params["contact_id"])


def _kind(press: Press) -> TextKind:
    try:
        return TextKind(press.take("kind"))
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "kind") from None


def _after(request: Request) -> int:
    return _number(request.query_params.get("after", "0"))


def _number(given: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Flaw(Refusal.INVALID_FIELD, "after")
    return int(given)
