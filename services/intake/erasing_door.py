"""The address at which a caller erases what was written in their contact, by its token.

It translates and decides nothing. Whoever has only the words of a message takes its token first.
"""

from __future__ import annotations

from functools import partial
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from contracts.text import Erasure
from contracts.vocabulary import Refusal
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, header, ref
from services.bus.work import derived_id
from services.intake import callers, day_keys
from services.intake.answers import CallerProblemTold, TextsErased
from services.intake.asking import KEY, TOKEN, addressed, check, random_uuid
from services.intake.problem import KEY_HEADER, refusal_problem
from services.intake.voice import Voice

MODELS = (TextsErased,)

_ERASING = {
    "summary": "Erase what was written, which ends the contact; asked again, tell how it stands.",
    "security": TOKEN,
    "parameters": [header(KEY_HEADER, KEY, required=False, form="uuid")],
    "responses": answers(content(ref(TextsErased)), CallerProblemTold),
}


def addresses_of(door: Door, voice: Voice) -> list[Address]:
    """The one address."""
    told = ErasingDoor(door, voice)
    return [Address("POST", "/contacts/{contact_id}/erase", told.erase, _ERASING)]


class ErasingDoor:
    """Erases for callers."""

    def __init__(self, door: Door, voice: Voice) -> None:
        self._door = door
        self._voice = voice

    async def erase(self, request: Request) -> Response:
        """Erase what was written in a contact."""
        address = addressed(request)
        key = request.headers.get(KEY_HEADER)
        secret = random_uuid(key) if key else uuid4()
        erase = partial(callers.erase_contact, address, day_keys.from_environment())
        reply = await self._door.answer(derived_id("erase", address[0], str(secret)), "", erase)
        check(reply)
        if reply.result is None:
            raise refusal_problem(Refusal.PLATFORM_FAULT)
        told = erased_told(Erasure.model_validate(reply.result, extra="ignore"))
        return self._voice.say(told.model_dump(mode="json"))


def erased_told(erasure: Erasure) -> TextsErased:
    """An erasure as a caller is told of it."""
    return TextsErased(
        texts=erasure.sealed,
        erased_at=erasure.erased_at,
        in_backups_until=erasure.in_backups_until,
    )
