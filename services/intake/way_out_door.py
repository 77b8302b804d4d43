"""The address at which a caller says yes or no to a way out: a page's, and the telephone's edge's.

It translates and decides nothing. The surprising thing: what a choice leads to, the digits of a
pass above all, is read after the choice was kept, and is in no reply that is.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract
from contracts.privacy import public
from contracts.vocabulary import ContactId, Refusal, Sha256, WayOut
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.openapi import answers, content, header, ref
from services.bus.work import derived_id
from services.intake import callers, day_keys, ways_out
from services.intake.answers import CallerProblemTold, WayOutAnswered
from services.intake.asking import KEY, TOKEN, addressed, check, fingerprint, random_uuid, reading
from services.intake.problem import KEY_HEADER, CallerProblem
from services.intake.seen import in_words
from services.intake.settings import Settings
from services.intake.voice import Voice
from services.intake.ways_out import Choice, Went
from services.intake.words import REFUSALS, WAY_OUT_REFUSALS, went_to, went_with_pass


class Answer(Contract):
    """A caller's yes or no to what they were offered instead of waiting; by telephone, a key."""

    way_out: Annotated[WayOut, public("What they were offered")]
    accepts: Annotated[bool, public("Yes: their wait is over. No: it goes on")]


#: What the document lists beside the address.
MODELS = (Answer, WayOutAnswered)

_ANSWERING = {
    "summary": "Say yes or no to a way out; said twice it counts once, so no key is needed.",
    "security": TOKEN,
    "parameters": [header(KEY_HEADER, KEY, required=False, form="uuid")],
    "requestBody": {"required": True, **content(ref(Answer))},
    "responses": answers(content(ref(WayOutAnswered)), CallerProblemTold),
}


def addresses_of(door: Door, voice: Voice, settings: Settings) -> list[Address]:
    """The one address."""
    told = WayOutDoor(door, voice, settings)
    return [Address("POST", "/contacts/{contact_id}/way-out", told.answer, _ANSWERING)]


class WayOutDoor:
    """Hears what callers choose."""

    def __init__(self, door: Door, voice: Voice, settings: Settings) -> None:
        self._door = door
        self._voice = voice
        self._longest_body_bytes = settings.longest_body_bytes

    async def answer(self, request: Request) -> Response:
        """Say yes or no to a way out. The digits of a pass are told here and in no reply kept."""
        contact_id, token_sha256 = addressed(request)
        answer = await reading(Answer, request, self._longest_body_bytes)
        key = request.headers.get(KEY_HEADER)
        secret = random_uuid(key) if key else uuid4()
        choice = Choice(contact_id, token_sha256, answer.way_out, answer.accepts)
        keys = day_keys.from_environment()
        reply = await self._door.answer(
            derived_id("way_out", contact_id, str(secret)),
            fingerprint(secret, answer),
            partial(ways_out.answer_way_out, choice, keys),
        )
        address = (contact_id, token_sha256)
        if reply.refusal in WAY_OUT_REFUSALS:
            raise await self._way_out_problem(reply.refusal, address)
        check(reply)
        went = await self._door.read(partial(ways_out.look_after, choice=choice, keys=keys))
        if isinstance(went, Refusal):
            raise await self._way_out_problem(went, address)
        seen = went.seen
        self._voice.remember(seen.programme, seen.country, seen.emergency_numbers)
        return self._voice.say(_went(went, choice), programme=seen.programme)

    async def _way_out_problem(
        self, refusal: Refusal, address: tuple[ContactId, Sha256]
    ) -> CallerProblem:
        """Why a yes does not count, that nothing is lost by it, and the numbers of the line."""
        status, _ = REFUSALS[refusal]
        look = partial(callers.look_at_contact, contact_id=address[0], token_sha256=address[1])
        seen = await self._door.read(look)
        programme = None if isinstance(seen, Refusal) else seen.programme
        if not isinstance(seen, Refusal):
            self._voice.remember(seen.programme, seen.country, seen.emergency_numbers)
        words = WAY_OUT_REFUSALS[refusal]
        return CallerProblem(status, refusal.value, words, programme=programme)


def _went(went: Went, choice: Choice) -> dict[str, Any]:
    """Where a caller's choice leads, in plain words; after a no, where they are."""
    told = {
        **in_words(went.seen),
        "return_pass": None,
        "partner": None if went.partner is None else went.partner.model_dump(mode="json"),
    }
    if went.return_pass is not None:
        told["return_pass"] = went.return_pass.model_dump(mode="json")
        told["words"] = went_with_pass(went.return_pass, went.timezone)
    elif choice.accepts:
        told["words"] = went_to(went.partner)
    return told
