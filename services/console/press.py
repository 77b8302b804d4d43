"""Who reads a page, what they pressed on it, and what came of the command behind it.

Every page of the console begins with `reader_of` or `pressed`, which know the session and check the
role, and does what it does with `sent` or `asked`, which raise the sentence of an answer that is a
no.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.envelope import Command, CommandId, Reply, ReplyStatus
from contracts.vocabulary import Refusal, Role
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import address_of
from services.bus.problem import Problem
from services.bus.work import derived_id, new_id
from services.console.desk_look import DeskLook, desk_look
from services.console.pictures import Desk
from services.console.problem import not_yet_problem, refusal_problem
from services.console.role_table import ACT, roles_of_page
from services.console.sessions import hash_of, standing_session, token_in
from services.pages.forms import read_form
from services.pages.look import Look

#: The page's own fields of a form; the rest is the command.
WORD, ONCE = "page_word", "once"


@dataclass(frozen=True)
class Reader:
    """Who reads a page, and how it is to look."""

    token: str = field(repr=False)
    desk: Desk
    chosen: DeskLook

    @property
    def look(self) -> Look:
        """Language, theme and size."""
        return self.chosen.look


async def reader_of(request: Request, door: Door, word: str | None = None) -> Reader:
    """Who asks for a page; Problem 401 or 403 when they may not (`role_table`)."""
    token = token_in(request, word)
    desk = await standing_session(hash_of(token), door)
    _check_page(request, desk.role)
    return Reader(token, desk, desk_look(request, desk.look))


def _check_page(request: Request, role: Role) -> None:
    address = address_of(request.scope)
    if address is None or address.path.startswith(f"{ACT}/"):
        return  # a button: its command is checked where it is sent
    if role not in roles_of_page(address.method, address.path):
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)


@dataclass(frozen=True)
class Press:
    """A form that somebody at a desk sent."""

    reader: Reader
    fields: dict[str, Any] = field(repr=False)  #: what is not the page's own
    once: str  #: the drawing it was pressed in, or the key of a text

    def take(self, name: str) -> str:
        """A field that is no part of a command, taken out of the rest; empty when not there."""
        return taken(self.fields, name)

    def take_text(self, name: str, most: int) -> str:
        """What was typed in one, taken out of the rest; Flaw when it has more letters than `most`.

        Browsers send two letters where a line ends.
        """
        text = self.take(name).replace("\r\n", "\n")
        if len(text) > most:
            raise Flaw(Refusal.INVALID_FIELD, name, len(text) - most)
        return text


async def pressed(request: Request, door: Door, longest_bytes: int) -> Press:
    """What was pressed, by whom; Flaw or TooLarge when it is no form, Problem 401 or 403 when they
    may not.
    """
    fields = await read_form(request, longest_bytes)
    reader = await reader_of(request, door, taken(fields, WORD))
    return Press(reader, fields, taken(fields, ONCE))


async def sent(
    door: Door, press: Press, command: Command, expected_version: int | None = None
) -> Reply:
    """Send a button's command, once however often it was pressed; Problem when it is not done."""
    return done_or_problem(await replied(door, press, command, expected_version))


async def replied(
    door: Door, press: Press, command: Command, expected_version: int | None = None
) -> Reply:
    """The same, whatever the answer."""
    command_id = command_id_of(command, press.reader, press.once)
    return await door.send(
        command, press.reader.desk, command_id, expected_version=expected_version
    )


async def asked(door: Door, reader: Reader, question: Command) -> Reply:
    """Send a command that changes nothing; Problem when it is not answered."""
    return done_or_problem(await door.send(question, reader.desk, CommandId(new_id())))


def done_or_problem(reply: Reply) -> Reply:
    """An answer that is a yes; Problem with the sentence of one that is not."""
    if reply.status is not ReplyStatus.DONE:
        raise problem_of_reply(reply)
    return reply


def taken(fields: dict[str, Any], name: str) -> str:
    """A field that is the page's and not the command's."""
    value = fields.pop(name, "")
    return value if isinstance(value, str) else ""


def command_id_of(command: Command, reader: Reader, once: str) -> CommandId:
    """The same for the same button of the same drawing: pressed twice, it is done once."""
    said = orjson.dumps(command.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    named = (command.type_name(), reader.desk.session_id, once, hashlib.sha256(said).hexdigest())
    return CommandId(str(UUID(derived_id(*named))))


def problem_of_reply(reply: Reply) -> Problem:
    """The sentence of an answer that is a no, or not yet."""
    if reply.status is ReplyStatus.NOT_YET or reply.refusal is None:
        return not_yet_problem()
    return refusal_problem(reply.refusal, reply.field)


def done_response(request: Request, page: str = "/") -> Response:
    """Done: the page draws itself anew; a browser without scripts comes back to it."""
    if asks_for_a_part(request):
        return Response(status_code=204)
    return RedirectResponse(page, 303)


def goes_to(request: Request, address: str) -> Response:
    """Done: what was written is read on its own page, drawn whole."""
    if asks_for_a_part(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def asks_for_a_part(request: Request) -> bool:
    """Whether a script of ours asks, and not the browser itself."""
    return "hx-request" in request.headers
