"""The HTTP door of callers: open a contact, see where it is, leave. It translates and decides
nothing; desks end contacts elsewhere, by command.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import uuid4

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract
from contracts.privacy import public
from contracts.vocabulary import (
    Channel,
    LeaveReason,
    Refusal,
    Sha256,
)
from services.bus.door import Door, GroundAway
from services.bus.doorway import Address, Doorway, Manners, address_of
from services.bus.metrics import record_answer
from services.bus.openapi import answers, content, header, openapi, ref
from services.bus.work import derived_id
from services.intake import (
    callers,
    chat_page,
    erasing_door,
    message_page,
    metrics,
    pages,
    way_out_door,
    withdrawal_page,
)
from services.intake.answers import (
    CallerProblemTold,
    ContactBegun,
    ContactSeen,
    ContactTold,
    LineTold,
)
from services.intake.asking import (
    KEY,
    TOKEN,
    addressed,
    fingerprint,
    hash_of,
    random_uuid,
    reading,
)
from services.intake.callers import Departure, LineLooked
from services.intake.chats import Resuming
from services.intake.codes import as_typed, leads_to, words_from
from services.intake.guessing import Guesses
from services.intake.numbers import dialled
from services.intake.opening import Knock, Opening, capability, seen_in
from services.intake.pages import fault_of, programme_in, remember
from services.intake.problem import (
    KEY_HEADER,
    CallerProblem,
    problem_of,
    refusal_problem,
)
from services.intake.returns import ReturnKeys
from services.intake.seen import in_words
from services.intake.settings import Settings
from services.intake.text_door import MODELS, addresses_of
from services.intake.trouble_page import Troubles
from services.intake.voice import Voice
from services.intake.words import CODES_UNKNOWN

log = logging.getLogger(__name__)


class Return(Contract):
    """Somebody comes back to their chat or message."""

    code: Annotated[
        str,
        public("The three or four words that were shown", min_length=5, max_length=120),
        Field(repr=False),
    ]


class Goodbye(Contract):
    """The caller's side of the line ended."""

    reason: Annotated[LeaveReason, public("How")]


def open_door(door: Door) -> Doorway:
    """Build the door as it is set up."""
    return build(door, Settings.from_environment())


def build(door: Door, settings: Settings) -> Doorway:
    """Build the door with these settings."""
    voice = Voice(door.development, settings.retry_after_seconds)
    opening, guesses = Opening(door, voice, ReturnKeys()), Guesses()
    contacts = Contacts(opening, guesses, settings.longest_body_bytes)
    addresses = [
        Address("POST", "/contacts", contacts.open, _OPENING),
        Address("GET", "/contacts/{contact_id}", contacts.see, _SEEING),
        Address("POST", "/contacts/resume", contacts.resume, _RESUMING),
        Address("POST", "/contacts/{contact_id}/leave", contacts.leave, _LEAVING),
        Address("GET", "/programmes/{programme}", partial(_see_line, door, voice), _SEEING_A_LINE),
        Address("GET", "/numbers/{number}", partial(_see_number, door, voice), _SEEING_A_NUMBER),
        *way_out_door.addresses_of(door, voice, settings),
        *erasing_door.addresses_of(door, voice),
        *addresses_of(door, voice, settings),
    ]
    troubles = Troubles(door, voice)
    info = {"title": "Helpline intake", "version": "1", "description": voice.notice() or ""}
    models = (
        Knock,
        Return,
        Goodbye,
        *way_out_door.MODELS,
        *erasing_door.MODELS,
        ContactBegun,
        ContactTold,
        LineTold,
        CallerProblemTold,
        *MODELS,
    )
    manners = Manners(partial(_explain, troubles), _count, voice.headers())
    shown = [
        *addresses,
        *pages.addresses_of(door, voice),
        *chat_page.addresses_of(door, voice),
        *message_page.addresses_of(opening, guesses, settings.longest_form_bytes),
        *withdrawal_page.addresses_of(opening, guesses, settings.longest_form_bytes),
    ]
    return Doorway(shown, openapi(info, addresses, models), manners)


# --- what the document says -----------------------------------------------------------------------


_OPENING = {
    "summary": "Open a contact; the token told here is the only way to it.",
    "parameters": [header(KEY_HEADER, KEY, required=True, form="uuid")],
    "requestBody": {"required": True, **content(ref(Knock))},
    "responses": answers(content(ref(ContactBegun)), CallerProblemTold, 201),
}
_RESUMING = {
    "summary": "Take up a chat, or open a message, by its words; the old token opens no more.",
    "parameters": [header(KEY_HEADER, KEY, required=True, form="uuid")],
    "requestBody": {"required": True, **content(ref(Return))},
    "responses": answers(content(ref(ContactBegun)), CallerProblemTold),
}
_SEEING = {
    "summary": "Say where a contact is.",
    "security": TOKEN,
    "responses": answers(content(ref(ContactTold)), CallerProblemTold),
}
_LEAVING = {
    "summary": "Leave a contact; leaving one that has ended changes nothing, so no key is needed.",
    "security": TOKEN,
    "parameters": [header(KEY_HEADER, KEY, required=False, form="uuid")],
    "requestBody": {"required": True, **content(ref(Goodbye))},
    "responses": answers(content(ref(ContactTold)), CallerProblemTold),
}
_SEEING_A_LINE = {
    "summary": "Say what a line is, and whether it is open.",
    "responses": answers(content(ref(LineTold)), CallerProblemTold),
}

_SEEING_A_NUMBER = {
    "summary": "Say which line a number leads to now, or led to `at` a moment.",
    "responses": answers(content(ref(LineTold)), CallerProblemTold),
}

# --- contacts -------------------------------------------------------------------------------------


class Contacts:
    """The three things a caller's side can ask about a contact."""

    def __init__(self, opening: Opening, guesses: Guesses, longest_body_bytes: int) -> None:
        self._opening = opening
        self._door = opening.door
        self._voice = opening.voice
        self._longest_body_bytes = longest_body_bytes
        self._guesses = guesses

    async def open(self, request: Request) -> Response:
        """Open a contact."""
        knock = await reading(Knock, request, self._longest_body_bytes)
        secret = random_uuid(request.headers.get(KEY_HEADER, ""))
        opened = await self._opening.open(secret, knock)
        seen = await self._in_full(opened.seen, hash_of(opened.told["token"]))
        headers = {"Location": f"/contacts/{seen.contact_id}"}
        return self._voice.say({**opened.told, **in_words(seen)}, 201, seen.programme, headers)

    async def resume(self, request: Request) -> Response:
        """Give a chat or a message back to who knows its words. A message keeps its own; those of a
        chat are new ones.
        """
        wanted = await reading(Return, request, self._longest_body_bytes)
        secret = random_uuid(request.headers.get(KEY_HEADER, ""))
        code = as_typed(wanted.code) or ""
        channel = leads_to(code) if code else Channel.CHAT
        token, next_code = capability(secret), words_from(secret.bytes)
        resuming = Resuming(code, hash_of(token), as_typed(next_code) or "")
        async with self._guesses.attempt():
            reply = await self._door.answer(
                derived_id("resume", str(secret)),
                fingerprint(secret, wanted),
                partial(callers.resume_contact, resuming),
            )
            if reply.refusal is Refusal.UNKNOWN_CONTACT:
                await self._guesses.slowed()
                raise CallerProblem(
                    404, Refusal.UNKNOWN_CONTACT.value, CODES_UNKNOWN[channel], "code"
                )
        seen = await self._in_full(seen_in(reply, self._voice), resuming.token_sha256)
        told = {"token": token}
        if channel is Channel.CHAT:
            told["return_code"] = next_code
        return self._voice.say({**told, **in_words(seen)}, programme=seen.programme)

    async def see(self, request: Request) -> Response:
        """Say where a contact is."""
        contact_id, token_sha256 = addressed(request)
        looked = await self._door.read(
            partial(callers.look_at_contact, contact_id=contact_id, token_sha256=token_sha256)
        )
        if isinstance(looked, Refusal):
            raise refusal_problem(looked)
        self._voice.remember(looked.programme, looked.country, looked.emergency_numbers)
        return self._voice.say(in_words(looked), programme=looked.programme)

    async def leave(self, request: Request) -> Response:
        """Leave a contact."""
        contact_id, token_sha256 = addressed(request)
        goodbye = await reading(Goodbye, request, self._longest_body_bytes)
        key = request.headers.get(KEY_HEADER)
        departure = Departure(contact_id, token_sha256, goodbye.reason)
        secret = random_uuid(key) if key else uuid4()
        reply = await self._door.answer(
            derived_id("leave", contact_id, str(secret)),
            fingerprint(secret, goodbye),
            partial(callers.leave_contact, departure),
        )
        seen = seen_in(reply, self._voice)
        return self._voice.say(in_words(seen), programme=seen.programme)

    async def _in_full(self, seen: ContactSeen, token_sha256: Sha256) -> ContactSeen:
        """With all that whoever waits is told, which is in no reply that is kept."""
        if seen.situation is None:
            return seen
        look = partial(
            callers.look_at_contact, contact_id=seen.contact_id, token_sha256=token_sha256
        )
        try:
            looked = await self._door.read(look)
        except GroundAway:
            return seen
        return seen if isinstance(looked, Refusal) else looked


# --- lines ----------------------------------------------------------------------------------------


async def _see_line(door: Door, voice: Voice, request: Request) -> Response:
    """Say what a line is, and whether it is open."""
    line = programme_in(request)
    with fault_of(line):
        looked = await door.read(partial(callers.look_at_line, programme=line))
    return _say_line(voice, looked)


async def _see_number(door: Door, voice: Voice, request: Request) -> Response:
    """Say which line a number leads to."""
    numbers = dialled(request.path_params["number"])
    moment = _moment(request.query_params.get("at"))
    looked = await door.read(partial(callers.look_at_number, numbers=numbers, moment=moment))
    return _say_line(voice, looked)


def _moment(asked: str | None) -> datetime | None:
    if asked is None:
        return None
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        raise refusal_problem(Refusal.INVALID_FIELD, "at") from None
    if moment.tzinfo is None:
        raise refusal_problem(Refusal.INVALID_FIELD, "at")
    return moment


def _say_line(voice: Voice, looked: LineLooked | Refusal) -> Response:
    if isinstance(looked, Refusal):
        raise refusal_problem(looked)
    remember(voice, looked)
    seen = looked.seen
    return voice.say(seen.model_dump(mode="json"), programme=seen.programme)


# --- what goes wrong, what is counted -------------------------------------------------------------


def _explain(troubles: Troubles, request: Request | None, error: Exception) -> Response:
    problem = problem_of(error)
    route = _route(None if request is None else address_of(request.scope))
    metrics.record_refused(route, Refusal(problem.code))
    facts = {"route": route, "status": problem.status, "refusal": problem.code}
    log.info("request refused", extra={"facts": facts})
    return troubles.told(problem, request)


def _count(address: Address | None, status: int, seconds: float) -> None:
    metrics.record_answered(_route(address), status)
    if address is None or not address.waits:
        record_answer("intake", status, seconds)


def _route(address: Address | None) -> str:
    """The template of an address, never an address: a closed set."""
    return "none" if address is None else address.path
