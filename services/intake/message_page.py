"""The message box, without any script: write, keep four words, come back, add, erase.

The words travel in the body of a form alone, never in an address. A form that is sent twice has the
effect of one; whatever goes wrong, what was typed is still in its field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Reply
from contracts.text import Erasure
from contracts.vocabulary import Channel, Refusal
from services.bus.door import GroundAway
from services.bus.doorway import Address
from services.intake import callers, day_keys, message_clocks, messages
from services.intake.answers import TextsErased
from services.intake.asking import key_in, once, said_in
from services.intake.callers import LineShown
from services.intake.codes import as_typed
from services.intake.erasing_door import erased_told
from services.intake.form_faults import Fault, fault_of, status_of
from services.intake.guessing import Guesses
from services.intake.messages import Adding, MessageShown
from services.intake.opening import Knock, Opening
from services.intake.page_frame import Drawer, languages_of, reader_of
from services.intake.pages import LineNow, line_now, look_at, remember
from services.intake.problem import CallerProblem, problem_of
from services.intake.text_door import checked
from services.pages.forms import read_form

_TOO_LARGE = 413
_ERASES, _ADDS = "effacer", "ajouter"


@dataclass(frozen=True)
class Sent:
    """What came with a form."""

    key: UUID | None  #: None: the form is none of ours
    text: str = field(repr=False)
    code: str = field(repr=False)  #: as it was typed
    verb: str = ""

    @property
    def words(self) -> str | None:
        """The code in one form, if it can be one of a message."""
        return as_typed(self.code)


def addresses_of(opening: Opening, guesses: Guesses, longest_form_bytes: int) -> list[Address]:
    """The addresses of the message box, in no document: people read them."""
    pages = MessagePages(opening, guesses, longest_form_bytes)
    return [
        Address("GET", "/{programme}/message", pages.write, {}),
        Address("POST", "/{programme}/message", pages.keep, {}),
        Address("GET", "/{programme}/reponse", pages.ask_code, {}),
        Address("POST", "/{programme}/reponse", pages.come_back, {}),
    ]


class MessagePages:
    """What callers read and send of a message."""

    def __init__(self, opening: Opening, guesses: Guesses, longest_form_bytes: int) -> None:
        self._opening = opening
        self._door = opening.door
        self._guesses = guesses
        self._longest_form_bytes = longest_form_bytes
        self._drawer = Drawer(opening.voice)

    # --- writing ----------------------------------------------------------------------------------

    async def write(self, request: Request) -> Response:
        """What there is to know before writing, and the field."""
        shown = await look_at(self._door, self._opening.voice, request)
        return self._field(request, shown, Sent(uuid4(), "", ""))

    async def keep(self, request: Request) -> Response:
        """Open the contact of a message and show its words, which are shown nowhere else."""
        sent = await self._sent(request)
        shown = await look_at(self._door, self._opening.voice, request)
        seen = shown.looked.seen
        reader = reader_of(request, languages_of(seen.languages))
        if sent.key is None:
            return self._field(request, shown, sent, Fault.STALE)
        try:
            knock = Knock(
                programme=seen.programme,
                channel=Channel.MESSAGE,
                language=reader.look.language,
                text=checked(sent.text),
            )
            opened = await self._opening.open(sent.key, knock)
        except (CallerProblem, GroundAway) as error:
            return self._field(request, shown, sent, _fault(error))
        return self._drawer.page(
            "message_code.html",
            reader,
            seen.programme,
            code=opened.told["return_code"].split(),
            contact=opened.seen,
            **_of_line(shown),
        )

    def _field(
        self, request: Request, shown: LineShown, sent: Sent, fault: Fault | None = None
    ) -> Response:
        seen = shown.looked.seen
        key = uuid4() if sent.key is None or fault is Fault.STALE else sent.key
        return self._drawer.page(
            "message_write.html",
            reader_of(request, languages_of(seen.languages)),
            seen.programme,
            status=status_of(fault),
            key=str(key),
            text=sent.text,
            fault=fault,
            **_of_line(shown),
        )

    # --- coming back ------------------------------------------------------------------------------

    async def ask_code(self, request: Request) -> Response:
        """The field for the words."""
        shown = await look_at(self._door, self._opening.voice, request)
        return self._code_field(request, shown)

    def _code_field(
        self, request: Request, shown: LineShown, fault: Fault | None = None, text: str = ""
    ) -> Response:
        seen = shown.looked.seen
        return self._drawer.page(
            "message_enter.html",
            reader_of(request, languages_of(seen.languages)),
            seen.programme,
            status=status_of(fault),
            fault=fault,
            text=text,
            **_of_line(shown),
        )

    async def come_back(self, request: Request) -> Response:
        """Show a message to whoever has its words; add to it or erase it when they say so."""
        sent = await self._sent(request)
        shown = await look_at(self._door, self._opening.voice, request)
        fault: Fault | None = None
        if sent.verb == _ERASES and sent.words is not None:
            erased = await self._erase(sent, sent.words)
            if isinstance(erased, TextsErased):
                return self._gone(request, shown, erased)
            fault = erased
        elif sent.verb == _ADDS and sent.words is not None:
            fault = await self._add(sent, sent.words)
        found = await self._found(sent.words)
        if found is None:
            kept = sent.text if sent.verb == _ADDS else ""
            return self._code_field(request, shown, Fault.UNKNOWN_CODE, kept)
        return await self._thread(request, found, sent, fault)

    async def _found(self, code: str | None) -> MessageShown | None:
        """The message of some words; who has them wrong hears so slowly."""
        async with self._guesses.attempt():
            keys = day_keys.from_environment()
            show = partial(messages.show, code=code or "", keys=keys)
            found = await self._door.read(show)
            if found is None:
                await self._guesses.slowed()
            return found

    async def _thread(
        self, request: Request, found: MessageShown, sent: Sent, fault: Fault | None
    ) -> Response:
        """A message, its answers, and what can be done with it; those of its own line."""
        look = partial(callers.show_line, programme=found.contact.programme)
        shown = await self._door.read(look)
        if isinstance(shown, Refusal):
            raise CallerProblem(404, shown.value, "")
        remember(self._opening.voice, shown.looked)
        written = sent.verb == _ADDS and fault is not None
        fresh = not written or fault is Fault.STALE or sent.key is None
        return self._drawer.page(
            "message_thread.html",
            reader_of(request, languages_of(shown.looked.seen.languages)),
            found.contact.programme,
            status=status_of(fault),
            found=found,
            code=sent.words or "",
            key=str(uuid4() if fresh else sent.key),
            erase_key=str(uuid4()),
            text=sent.text if written else "",
            added=sent.verb == _ADDS and fault is None,
            fault=fault,
            **_of_line(shown),
        )

    def _gone(self, request: Request, shown: LineShown, erased: TextsErased) -> Response:
        seen = shown.looked.seen
        reader = reader_of(request, languages_of(seen.languages))
        return self._drawer.page(
            "message_gone.html", reader, seen.programme, erased=erased, **_of_line(shown)
        )

    # --- what a form asks -------------------------------------------------------------------------

    async def _add(self, sent: Sent, code: str) -> Fault | None:
        if sent.key is None:
            return Fault.STALE
        try:
            adding = Adding(code, checked(sent.text))
        except CallerProblem as error:
            return _fault(error)
        add = partial(messages.add, adding, day_keys.from_environment())
        reply = await self._once("add", sent.key, f"{code} {adding.text}", add)
        return None if reply.refusal is None else fault_of(reply.refusal)

    async def _erase(self, sent: Sent, code: str) -> TextsErased | Fault:
        if sent.key is None:
            return Fault.STALE
        erase = partial(messages.erase_by_code, code, day_keys.from_environment())
        reply = await self._once("erase", sent.key, code, erase)
        if reply.refusal is None and reply.result is not None:
            return erased_told(Erasure.model_validate(reply.result, extra="ignore"))
        return fault_of(reply.refusal)

    async def _once(self, verb: str, key: UUID, asked: str, handler: Callable[..., Reply]) -> Reply:
        return await once(self._door, f"message {verb}", key, asked, handler)

    async def _sent(self, request: Request) -> Sent:
        fields = await read_form(request, self._longest_form_bytes)
        return Sent(
            key=key_in(fields),
            text=said_in(fields, "texte").replace("\r\n", "\n"),
            code=said_in(fields, "code")[:200],
            verb=said_in(fields, "faire"),
        )


def _fault(error: CallerProblem | GroundAway) -> Fault:
    problem = problem_of(error)
    if problem.status == _TOO_LARGE:
        return Fault.TOO_LONG
    if problem.field == "text":
        return Fault.EMPTY
    return fault_of(Refusal(problem.code))


def _of_line(shown: LineShown) -> dict[str, Any]:
    """What each of these pages says of its line at this moment."""
    now: LineNow = line_now(shown)
    writing, moment = shown.looked.terms.writing, shown.looked.moment
    return {
        "seen": shown.looked.seen,
        "terms": shown.looked.terms,
        "now": now,
        "read_by": message_clocks.first_reading_by(moment, writing),
        "answer_by": message_clocks.answered_by(moment, writing),
    }
