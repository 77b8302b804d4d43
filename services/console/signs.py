"""Which callers write at this moment: one question to intake a second, for all open desks.

A sign is of the moment. It is in no ledger and has no number, and one that comes while intake is
away is missed; a question for each talk made hundreds of chats dear (measured, DECISIONS 54).
"""

from __future__ import annotations

from datetime import timedelta

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.text import SIGNS_PURPOSE, SignsCapability
from contracts.vocabulary import ContactId, PersonId, Refusal
from services.bus import capability
from services.bus.door import Door
from services.console.neighbour import Neighbour
from services.console.pictures import domain_now
from services.console.problem import refusal_problem

_STANDS_FOR = timedelta(minutes=1)


class Writing(BaseModel):
    """A caller writes, to this person; as intake tells it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    contact_id: ContactId
    person_id: PersonId
    number: int  #: signs given so far


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    callers: tuple[Writing, ...]


class Signs:
    """The signs this process has seen, and where it asks for more."""

    def __init__(self, door: Door, intake_url: str) -> None:
        self._door = door
        self._intake = Neighbour(intake_url)
        self._seen: frozenset[Writing] = frozenset()

    async def new(self) -> list[Writing]:
        """Signs not seen before; Problem or GroundAway when they cannot be asked for."""
        now = await self._door.read(domain_now)
        shown = SignsCapability(expires_at=now + _STANDS_FOR)
        signed = capability.sign(capability.key_from_environment(), SIGNS_PURPOSE, shown)
        answer = await self._intake.ask("GET", "/desk/signs", signed)
        found = _callers_in(answer)
        new = [each for each in found if each not in self._seen]
        self._seen = frozenset(found)
        return new


def _callers_in(answer: httpx.Response) -> tuple[Writing, ...]:
    try:
        return _Told.model_validate_json(answer.content, extra="ignore").callers
    except ValidationError:
        raise refusal_problem(Refusal.PLATFORM_FAULT) from None
