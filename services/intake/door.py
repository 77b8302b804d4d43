"""The HTTP door of callers: open a contact, see where it is, leave. It translates and decides
nothing; desks end contacts elsewhere, by command.

The surprising thing: the capability of a contact is made from the Idempotency-Key, so that a caller
whose first answer was lost gets the same one again although we keep only its hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from contracts.envelope import Contract, Reply
from contracts.privacy import public
from contracts.vocabulary import (
    Channel,
    ContactId,
    LanguageCode,
    LeaveReason,
    ProgrammeId,
    Refusal,
    Sha256,
)
from services.bus.door import Door, GroundAway
from services.bus.work import derived_id, new_id
from services.intake import callers, metrics
from services.intake.answers import (
    ContactBegun,
    ContactSeen,
    ContactTold,
    DoorClosed,
    LineTold,
    ProblemTold,
)
from services.intake.callers import Arrival, Departure
from services.intake.problem import (
    KEY_HEADER,
    Problem,
    key_problem,
    refusal_problem,
    validation_problem,
)
from services.intake.settings import Settings
from services.intake.threshold import Threshold, route_of
from services.intake.voice import Voice
from services.intake.words import (
    NO_SUCH_ADDRESS,
    NOT_THIS_WAY,
    STATES,
    TOKEN_WANTED,
    TOO_LARGE,
    closed_until,
)

log = logging.getLogger(__name__)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PROGRAMME = re.compile(r"[a-z][a-z0-9-]{2,40}")


class Knock(Contract):
    """Someone reaches a line."""

    programme: Annotated[ProgrammeId, public("The line")]
    channel: Annotated[Channel, public("How they reach it")]
    language: Annotated[LanguageCode, public("Language of the page used, if there is one")] = (
        LanguageCode.UNKNOWN
    )


class Goodbye(Contract):
    """The caller's side of the line ended."""

    reason: Annotated[LeaveReason, public("How")]


Key = Annotated[
    str,
    Header(
        alias=KEY_HEADER,
        description="A random UUID (version 4), secret to the caller's side; a repeat with the "
        "same key and body gets the same answer.",
    ),
]
Authorization = Annotated[
    str, Header(description="`Bearer` and the token told when the contact was opened.")
]


def open_door(door: Door) -> ASGIApp:
    """Build the door as it is set up."""
    return build(door, Settings.from_environment())


def build(door: Door, settings: Settings) -> ASGIApp:
    """Build the door with these settings."""
    voice = Voice(door.development, settings.retry_after_seconds)
    app = FastAPI(
        title="Helpline intake",
        version="1",
        description=voice.notice() or "",
        # Without the stock documentation pages: they load scripts from a third party's host.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own telemetry would trace addresses, which name contacts, and words of errors.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    _add_contacts(app, door, voice)
    _add_lines(app, door, voice)
    _add_problems(app, voice)
    return Threshold(app, settings.longest_body_bytes, voice.notice())


# --- contacts -------------------------------------------------------------------------------------


def _add_contacts(app: FastAPI, door: Door, voice: Voice) -> None:
    @app.post("/contacts", status_code=201, response_class=Response, responses=_says(ContactBegun))
    async def open_contact(knock: Knock, key: Key) -> Response:
        """Open a contact; the token told here is the only way to it."""
        secret = _random_uuid(key)
        token = _capability(secret)
        arrival = Arrival(knock.programme, knock.channel, knock.language, _hash_of(token))
        reply = await door.answer(
            derived_id("open", str(secret)),
            _fingerprint(knock),
            partial(callers.open_contact, arrival),
        )
        seen = _seen(reply, voice, knock.programme)
        headers = {"Location": f"/contacts/{seen.contact_id}"}
        return voice.say({"token": token, **_told(seen)}, 201, seen.programme, headers)

    @app.get("/contacts/{contact_id}", response_class=Response, responses=_says(ContactTold))
    async def see_contact(contact_id: str, authorization: Authorization = "") -> Response:
        """Say where a contact is."""
        addressed, token_sha256 = _addressed(contact_id, authorization)
        looked = await door.read(
            partial(callers.look_at_contact, contact_id=addressed, token_sha256=token_sha256)
        )
        if isinstance(looked, Refusal):
            raise refusal_problem(looked)
        voice.remember(looked.programme, looked.country, looked.emergency_numbers)
        return voice.say(_told(looked), programme=looked.programme)

    @app.post("/contacts/{contact_id}/leave", response_class=Response, responses=_says(ContactTold))
    async def leave(
        contact_id: str, goodbye: Goodbye, authorization: Authorization = "", key: Key = ""
    ) -> Response:
        """Leave a contact; leaving one that has ended changes nothing, so the key is optional."""
        addressed, token_sha256 = _addressed(contact_id, authorization)
        departure = Departure(addressed, token_sha256, goodbye.reason)
        once = derived_id("leave", addressed, str(_random_uuid(key))) if key else new_id()
        reply = await door.answer(
            once, _fingerprint(goodbye), partial(callers.leave_contact, departure)
        )
        seen = _seen(reply, voice)
        return voice.say(_told(seen), programme=seen.programme)


def _random_uuid(key: str) -> UUID:
    """The key of a request: random, because whoever knows it knows the contact's token."""
    try:
        read = UUID(key)
    except ValueError:
        raise key_problem() from None
    if read.version != 4:
        raise key_problem()
    return read


def _capability(secret: UUID) -> str:
    """The token of the contact that this key opened: 256 bits, the same each time."""
    digest = hmac.digest(secret.bytes, b"helpline: capability of a contact", "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash_of(token: str) -> Sha256:
    return Sha256(hashlib.sha256(token.encode()).hexdigest())


def _fingerprint(asked: Contract) -> str:
    return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()


def _addressed(contact_id: str, authorization: str) -> tuple[ContactId, Sha256]:
    """Which contact, and the hash of the token that came with it."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(401, Refusal.NOT_YOURS, TOKEN_WANTED)
    if _UUID.fullmatch(contact_id) is None:
        raise refusal_problem(Refusal.UNKNOWN_CONTACT)
    return ContactId(contact_id), _hash_of(token.strip())


def _seen(reply: Reply, voice: Voice, programme: ProgrammeId | None = None) -> ContactSeen:
    """The contact a reply speaks of, or the problem of its refusal."""
    if reply.refusal is Refusal.CLOSED:
        closed = DoorClosed.model_validate(reply.result)
        voice.remember(programme or "", closed.country, closed.emergency_numbers)
        raise _closed_problem(closed, programme)
    if reply.refusal is not None:
        raise refusal_problem(reply.refusal, reply.field, programme)
    if reply.result is None:  # the same request is being answered at this moment
        raise refusal_problem(Refusal.PLATFORM_FAULT, programme=programme)
    seen = ContactSeen.model_validate(reply.result)
    voice.remember(seen.programme, seen.country, seen.emergency_numbers)
    return seen


def _closed_problem(closed: DoorClosed, programme: ProgrammeId | None) -> Problem:
    opens_at = closed.opens_at
    told = {"opens_at": None if opens_at is None else opens_at.isoformat()}
    detail = closed_until(opens_at, closed.timezone)
    return Problem(409, Refusal.CLOSED, detail, programme=programme, told=told)


def _told(seen: ContactSeen) -> dict[str, Any]:
    """A contact as its caller reads it, with its state in plain words."""
    return {**seen.model_dump(mode="json"), "words": STATES[seen.state]}


# --- lines ----------------------------------------------------------------------------------------


def _add_lines(app: FastAPI, door: Door, voice: Voice) -> None:
    @app.get("/programmes/{programme}", response_class=Response, responses=_says(LineTold))
    async def see_line(programme: str) -> Response:
        """Say what a line is, and whether it is open."""
        if _PROGRAMME.fullmatch(programme) is None:
            raise refusal_problem(Refusal.UNKNOWN_PROGRAMME)
        line = ProgrammeId(programme)
        looked = await door.read(partial(callers.look_at_line, programme=line))
        if isinstance(looked, Refusal):
            raise refusal_problem(looked)
        voice.remember(line, looked.country, looked.emergency_numbers)
        return voice.say(looked.model_dump(mode="json"), programme=line)


# --- what goes wrong ------------------------------------------------------------------------------


def _says(model: type[Contract]) -> dict[int | str, dict[str, Any]]:
    """What the document promises of a route."""
    problem = {"model": ProblemTold, "description": "Problem details (RFC 9457)"}
    return {"2XX": {"model": model, "description": "Done"}, "4XX": problem, "5XX": problem}


def _add_problems(app: FastAPI, voice: Voice) -> None:
    def answer(request: Request, problem: Problem) -> Response:
        route = route_of(request.scope)
        metrics.record_refused(route, problem.refusal)
        facts = {"route": route, "status": problem.status, "refusal": problem.refusal.value}
        log.info("request refused", extra={"facts": facts})
        return voice.say_problem(problem)

    async def say(request: Request, error: Exception) -> Response:
        return answer(request, _problem_of(error))

    for kind in (Problem, RequestValidationError, HTTPException, GroundAway, Exception):
        app.add_exception_handler(kind, say)


def _problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return validation_problem(error.errors())
        case HTTPException(status_code=404):
            return Problem(404, Refusal.UNREADABLE, NO_SUCH_ADDRESS)
        case HTTPException(status_code=405):
            return Problem(405, Refusal.UNREADABLE, NOT_THIS_WAY)
        case HTTPException(status_code=413):
            return Problem(413, Refusal.UNREADABLE, TOO_LARGE)
        case HTTPException():  # FastAPI could not even read the body
            return refusal_problem(Refusal.UNREADABLE)
        case GroundAway():
            return refusal_problem(Refusal.PLATFORM_FAULT)
        case _:
            fault = refusal_problem(Refusal.PLATFORM_FAULT)
            return Problem(500, fault.refusal, fault.detail)
