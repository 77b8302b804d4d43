"""Taking back a consent, by the code of it and without any script.

Nobody is told whether a code exists: its own check digit says a slip, and the rest is for the
service that knows. The code travels in the body of a form alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Reply, ReplyStatus, done
from contracts.vocabulary import ProgrammeId, Sha256
from contracts.withdrawal import ConsentWithdrawn, code_typed, hash_of_code
from services.bus.door import GroundAway
from services.bus.doorway import Address
from services.bus.work import Alone, Work
from services.intake.asking import key_in, once, said_in
from services.intake.callers import LineShown
from services.intake.form_faults import Fault, fault_of, status_of
from services.intake.guessing import Guesses
from services.intake.opening import Opening
from services.intake.page_frame import Drawer, languages_of, reader_of
from services.intake.pages import look_at
from services.pages.forms import read_form


def addresses_of(opening: Opening, guesses: Guesses, longest_form_bytes: int) -> list[Address]:
    """The addresses of this page, in no document: people read it."""
    pages = WithdrawalPages(opening, guesses, longest_form_bytes)
    return [
        Address("GET", "/{programme}/retirer-un-accord", pages.ask, {}),
        Address("POST", "/{programme}/retirer-un-accord", pages.withdraw, {}),
    ]


class WithdrawalPages:
    """What a person reads and sends to take back a yes."""

    def __init__(self, opening: Opening, guesses: Guesses, longest_form_bytes: int) -> None:
        self._door = opening.door
        self._voice = opening.voice
        self._guesses = guesses
        self._longest_form_bytes = longest_form_bytes
        self._drawer = Drawer(opening.voice)

    async def ask(self, request: Request) -> Response:
        """The field for the code."""
        return self._field(request, await look_at(self._door, self._voice, request))

    async def withdraw(self, request: Request) -> Response:
        """Note it; whatever goes wrong, what was typed is still in its field."""
        fields = await read_form(request, self._longest_form_bytes)
        shown = await look_at(self._door, self._voice, request)
        typed, key = said_in(fields, "code")[:200], key_in(fields)
        code = code_typed(typed)
        if code is None:
            return self._field(request, shown, Fault.SLIP, typed)
        if key is None:
            return self._field(request, shown, Fault.STALE, typed)
        async with self._guesses.attempt():
            await self._guesses.slowed()  # right or wrong: it is not said which
            fault = await self._noted(key, shown.looked.seen.programme, hash_of_code(code))
        if fault is not None:
            return self._field(request, shown, fault, typed)
        return self._page(request, shown, "consent_withdrawn.html", 200)

    async def _noted(self, key: UUID, programme: ProgrammeId, code_sha256: Sha256) -> Fault | None:
        """Once for each key; what went wrong, or None."""
        keep = partial(keep_withdrawal, programme, code_sha256)
        try:
            reply = await once(self._door, "consent", key, code_sha256, keep)
        except GroundAway:
            return Fault.AWAY
        if reply.status is ReplyStatus.DONE:
            return None
        return fault_of(reply.refusal)

    def _field(
        self, request: Request, shown: LineShown, fault: Fault | None = None, typed: str = ""
    ) -> Response:
        told = {"fault": fault, "typed": typed, "key": str(uuid4())}
        return self._page(request, shown, "consent_withdraw.html", status_of(fault), **told)

    def _page(
        self, request: Request, shown: LineShown, template: str, status: int, **told: Any
    ) -> Response:
        seen = shown.looked.seen
        reader = reader_of(request, languages_of(seen.languages))
        return self._drawer.page(template, reader, seen.programme, status=status, seen=seen, **told)


def keep_withdrawal(programme: ProgrammeId, code_sha256: Sha256, work: Work) -> Reply:
    """Tell whoever knows of the consent."""
    event = ConsentWithdrawn(programme=programme, code_sha256=code_sha256, withdrawn_at=work.now)
    work.announce(event, of=Alone("consent"))
    return done()
