"""One attempt, as a caller's browser makes it: the page, a contact, a line, its answer, the end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from contracts.synthetic import RESERVED
from contracts.vocabulary import AuthorKind, Channel, ContactState, LanguageCode, Refusal
from deploy.desk import Caller, DoorRefused, Doors, DoorSilent
from deploy.synthetic.metrics import Result, Step, record_step
from deploy.synthetic.words import answer_to, said

#: Machine time one step may take; a caller would have gone by then.
STEP_SECONDS = 20.0
#: A door slower than this for a page has enough to do without us.
SLOW_SECONDS = 2.0
_WAIT_SECONDS = 5


@dataclass(frozen=True)
class Attempt:
    """How one went; `failed` is the step it failed at."""

    result: Result
    failed: Step | None = None


class NotThrough(Exception):
    """The contact did not get further."""


class _Aside(Exception):
    """Callers come first."""


class Attempting:
    """One attempt at the doors of a platform."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._step = Step.PAGE

    async def run(self) -> Attempt:
        """Try once. Nothing is raised but cancellation: whatever fails is a failed step."""
        caller: Caller | None = None
        try:
            with self._at(Step.PAGE):
                await self._see_page()
            with self._at(Step.OPEN):
                caller = await self._open()
            word = secrets.token_hex(6)
            with self._at(Step.WRITE):
                await self._write(caller, said(word))
            with self._at(Step.ANSWER):
                await self._follow(caller, lambda told: _answered(told, answer_to(said(word))))
            with self._at(Step.END):
                await self._follow(caller, lambda told: told["state"] == ContactState.ENDED)
        except _Aside:
            return Attempt(Result.STOOD_ASIDE)
        except (DoorRefused, DoorSilent, NotThrough, OSError, TimeoutError):
            return Attempt(Result.FAILED, self._step)
        finally:
            if caller is not None:
                with suppress(DoorRefused, DoorSilent):
                    await caller.leave()  # changes nothing when it has ended
        return Attempt(Result.ANSWERED)

    @contextmanager
    def _at(self, step: Step) -> Iterator[None]:
        self._step, began = step, time.monotonic()
        yield
        record_step(step, time.monotonic() - began)

    async def _see_page(self) -> None:
        began = time.monotonic()
        url = f"{self._doors.intake_url}/{RESERVED}/tchat"
        async with asyncio.timeout(STEP_SECONDS):
            try:
                page = await self._doors.send("GET", url, None, {"Accept": "text/html"})
            except Exception as lost:
                raise NotThrough from lost
        if page.status_code != 200 or b"<script" not in page.content:
            raise NotThrough
        if time.monotonic() - began > SLOW_SECONDS:
            raise _Aside

    async def _open(self) -> Caller:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                return await self._doors.open_contact(RESERVED, Channel.CHAT, LanguageCode.FR)
        except DoorRefused as refused:
            if refused.code == Refusal.CALLERS_FIRST:
                raise _Aside from refused
            raise

    async def _write(self, caller: Caller, line: str) -> None:
        headers = {**_bearer(caller), "Idempotency-Key": str(uuid4())}
        async with asyncio.timeout(STEP_SECONDS):
            await self._doors.ask("POST", f"{self._url(caller)}/texts", {"text": line}, headers)

    async def _follow(self, caller: Caller, wanted: Any) -> None:
        after = 0
        async with asyncio.timeout(STEP_SECONDS):
            while True:
                asked = f"{self._url(caller)}/texts?after={after}&wait_seconds={_WAIT_SECONDS}"
                told = await self._doors.ask("GET", asked, headers=_bearer(caller))
                if wanted(told):
                    return
                if told["state"] == ContactState.ENDED:
                    raise NotThrough
                after = told["last"]

    def _url(self, caller: Caller) -> str:
        return f"{self._doors.intake_url}/contacts/{caller.contact_id}"


def _answered(told: dict[str, Any], expected: str | None) -> bool:
    return any(
        text["author"] == AuthorKind.LISTENER and text["text"] == expected for text in told["texts"]
    )


def _bearer(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}"}
