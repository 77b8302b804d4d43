"""The HTTP door of callers: open a contact, see where it is, leave. It translates and decides
nothing; desks end contacts elsewhere, by command.

The surprising thing: the capability of a contact is made from the Idempotency-Key, so that a caller
whose first answer was lost gets the same one again although we keep only its hash.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Contract, Reply
from contracts.privacy import public
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    LeaveReason,
    ProgrammeId,
    Refusal,
    Sha256,
)
from services.bus.door import Door, GroundAway
from services.bus.doorway import Address, Doorway, Manners, address_of
from services.bus.openapi import answers, content, header, openapi, ref
from services.bus.work import derived_id
from services.intake import callers, metrics, pages, way_out_door
from services.intake.answers import (
    CallerProblemTold,
    ContactBegun,
    ContactSeen,
    ContactTold,
    DoorClosed,
    LineTold,
)
from services.intake.asking import (
    KEY,
    TOKEN,
    addressed,
    check,
    fingerprint,
    hash_of,
    random_uuid,
    reading,
)
from services.intake.callers import Arrival, Departure, LineLooked
from services.intake.chats import Resuming
from services.intake.codes import as_typed, words_from
from services.intake.numbers import dialled
from services.intake.pages import fault_of, programme_in, remember
from services.intake.problem import (
    KEY_HEADER,
    CallerProblem,
    problem_of,
    refusal_problem,
)
from services.intake.returns import Back, ReturnKeys
from services.intake.seen import in_words
from services.intake.settings import Settings
from services.intake.text_door import MODELS, addresses_of, checked
from services.intake.trouble_page import Troubles
from services.intake.voice import Voice
from services.intake.words import (
    CODE_UNKNOWN,
    closed_until,
)

log = logging.getLogger(__name__)

#: Who has the words wrong hears so after this long, in machine time; so many may try at once.
_WRONG_CODE_SECONDS = 1.0
_RESUMING_AT_ONCE = 20

_RETURN_TOKEN = r"^[A-Za-z0-9_-]{22,64}$"


class Knock(Contract):
    """Someone reaches a line."""

    programme: Annotated[ProgrammeId, public("The line")]
    channel: Annotated[Channel, public("How they reach it")]
    language: Annotated[LanguageCode, public("Language of the page used, if there is one")] = (
        LanguageCode.UNKNOWN
    )
    text: Annotated[
        str | None, public("What is written at once; a message begins with it"), Field(repr=False)
    ] = None
    return_token: Annotated[
        str | None,
        public("The one told before; by telephone, an edge's keyed hash", pattern=_RETURN_TOKEN),
        Field(repr=False),
    ] = None
    return_pass: Annotated[
        str | None,
        public("The four digits that were told", pattern=r"^[0-9]{4}$"),
        Field(repr=False),
    ] = None


class Return(Contract):
    """Somebody comes back to their chat."""

    code: Annotated[
        str,
        public("The three words that were shown", min_length=5, max_length=80),
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
    contacts = Contacts(door, voice, settings.longest_body_bytes)
    addresses = [
        Address("POST", "/contacts", contacts.open, _OPENING),
        Address("GET", "/contacts/{contact_id}", contacts.see, _SEEING),
        Address("POST", "/contacts/resume", contacts.resume, _RESUMING),
        Address("POST", "/contacts/{contact_id}/leave", contacts.leave, _LEAVING),
        Address("GET", "/programmes/{programme}", partial(_see_line, door, voice), _SEEING_A_LINE),
        Address("GET", "/numbers/{number}", partial(_see_number, door, voice), _SEEING_A_NUMBER),
        *way_out_door.addresses_of(door, voice, settings),
        *addresses_of(door, voice, settings),
    ]
    troubles = Troubles(door, voice)
    info = {"title": "Helpline intake", "version": "1", "description": voice.notice() or ""}
    models = (
        Knock,
        Return,
        Goodbye,
        *way_out_door.MODELS,
        ContactBegun,
        ContactTold,
        LineTold,
        CallerProblemTold,
        *MODELS,
    )
    manners = Manners(partial(_explain, troubles), _count, voice.headers())
    shown = [*addresses, *pages.addresses_of(door, voice)]
    return Doorway(shown, openapi(info, addresses, models), manners)


# --- what the document says -----------------------------------------------------------------------


_OPENING = {
    "summary": "Open a contact; the token told here is the only way to it.",
    "parameters": [header(KEY_HEADER, KEY, required=True, form="uuid")],
    "requestBody": {"required": True, **content(ref(Knock))},
    "responses": answers(content(ref(ContactBegun)), CallerProblemTold, 201),
}
_RESUMING = {
    "summary": "Take up a chat that was cut off by its three words; the old token opens no more.",
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

    def __init__(self, door: Door, voice: Voice, longest_body_bytes: int) -> None:
        self._door = door
        self._voice = voice
        self._longest_body_bytes = longest_body_bytes
        self._return_keys = ReturnKeys()
        self._resuming = asyncio.Semaphore(_RESUMING_AT_ONCE)

    async def open(self, request: Request) -> Response:
        """Open a contact."""
        knock = await reading(Knock, request, self._longest_body_bytes)
        secret = random_uuid(request.headers.get(KEY_HEADER, ""))
        told = _told_once(secret, knock)
        arrival = Arrival(
            programme=knock.programme,
            channel=knock.channel,
            language=knock.language,
            token_sha256=hash_of(told["token"]),
            text=None if knock.text is None else checked(knock.text),
            code=as_typed(told["return_code"]) if "return_code" in told else None,
            back=Back(knock.return_token, knock.return_pass),
            next_token=told.get("return_token", knock.return_token),
            return_keys=self._return_keys,
        )
        with fault_of(knock.programme):
            reply = await self._door.answer(
                derived_id("open", str(secret)),
                fingerprint(secret, knock),
                partial(callers.open_contact, arrival),
            )
        seen = await self._in_full(_seen(reply, self._voice, knock.programme), arrival.token_sha256)
        headers = {"Location": f"/contacts/{seen.contact_id}"}
        return self._voice.say({**told, **in_words(seen)}, 201, seen.programme, headers)

    async def resume(self, request: Request) -> Response:
        """Give a chat back to who knows its three words. Guessing is slow, and few can guess at
        once; whoever knows them waits for nobody but these.
        """
        wanted = await reading(Return, request, self._longest_body_bytes)
        secret = random_uuid(request.headers.get(KEY_HEADER, ""))
        code = as_typed(wanted.code)
        token, next_code = _capability(secret), words_from(secret.bytes)
        resuming = Resuming(code or "", hash_of(token), as_typed(next_code) or "")
        async with self._resuming:
            reply = await self._door.answer(
                derived_id("resume", str(secret)),
                fingerprint(secret, wanted),
                partial(callers.resume_contact, resuming),
            )
            if reply.refusal is Refusal.UNKNOWN_CONTACT:
                await asyncio.sleep(_WRONG_CODE_SECONDS)
                raise CallerProblem(404, Refusal.UNKNOWN_CONTACT.value, CODE_UNKNOWN, "code")
        seen = await self._in_full(_seen(reply, self._voice), resuming.token_sha256)
        told = {"token": token, "return_code": next_code}
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
        seen = _seen(reply, self._voice)
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


def _capability(secret: UUID) -> str:
    """The token of the contact that this key opened: 256 bits, the same each time."""
    digest = hmac.digest(secret.bytes, b"helpline: capability of a contact", "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _told_once(secret: UUID, knock: Knock) -> dict[str, str]:
    """What only whoever opened the contact is told, the same each time they ask with their key."""
    told = {"token": _capability(secret)}
    if knock.channel is Channel.CHAT:
        told["return_code"] = words_from(secret.bytes)
    if knock.channel is not Channel.PHONE:
        digest = hmac.digest(secret.bytes, b"helpline: return token", "sha256")
        told["return_token"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return told


def _seen(reply: Reply, voice: Voice, programme: ProgrammeId | None = None) -> ContactSeen:
    """The contact a reply speaks of, or the problem of its refusal."""
    if reply.refusal is Refusal.CLOSED:
        closed = DoorClosed.model_validate(reply.result)
        voice.remember(programme or "", closed.country, closed.emergency_numbers)
        raise _closed_problem(closed, programme)
    check(reply, programme)
    if reply.result is None:  # the same request is being answered at this moment
        raise refusal_problem(Refusal.PLATFORM_FAULT, programme=programme)
    seen = ContactSeen.model_validate(reply.result)
    voice.remember(seen.programme, seen.country, seen.emergency_numbers)
    return seen


def _closed_problem(closed: DoorClosed, programme: ProgrammeId | None) -> CallerProblem:
    opens_at = closed.opens_at
    told = {
        "opens_at": None if opens_at is None else opens_at.isoformat(),
        "ladder": None if closed.ladder is None else closed.ladder.model_dump(mode="json"),
    }
    detail = closed_until(opens_at, closed.timezone)
    return CallerProblem(409, Refusal.CLOSED.value, detail, programme=programme, told=told)


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


def _count(address: Address | None, status: int) -> None:
    metrics.record_answered(_route(address), status)


def _route(address: Address | None) -> str:
    """The template of an address, never an address: a closed set."""
    return "none" if address is None else address.path
