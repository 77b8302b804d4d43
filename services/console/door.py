"""The HTTP door of the people on duty: commands in, a live stream out. It decides nothing.

Actor, role and line come from the session, never from a body. Every verb is a row of `VERBS`; the
answering service checks the role again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import orjson
from fastapi import FastAPI, Request
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from contracts.assignment import (
    BeatHeart,
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.contact import EndContact
from contracts.envelope import Command, CommandId, Contract, Reply, ReplyStatus
from contracts.programme import ApplyProgramme
from contracts.roster import ImportVolunteers, Volunteer
from contracts.triage import DecideTriage, ProposeTriage
from contracts.vocabulary import Refusal
from services.bus.door import Door, GroundAway, ReplyUnknown
from services.bus.work import derived_id, new_id
from services.console import metrics
from services.console.document import describe
from services.console.domain import DESK_ROLES
from services.console.live import LiveDesks
from services.console.pictures import Desk
from services.console.problem import (
    Problem,
    ground_problem,
    invalid_problem,
    not_yet_problem,
    refusal_problem,
    too_large_problem,
    unknown_problem,
)
from services.console.sessions import DevelopmentSession, open_development_session, who_asks
from services.console.settings import Settings, read_settings


@dataclass(frozen=True)
class Verb:
    """A command and its address; fields named in the path are not taken from the body."""

    path: str
    command: type[Command]
    keyed: bool = True  #: needs an Idempotency-Key

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Fields of the command that the address holds."""
        return tuple(re.findall(r"{(\w+)}", self.path))


VERBS: tuple[Verb, ...] = (
    Verb("/desk/duty/start", StartDuty),
    Verb("/desk/duty/end", EndDuty),
    Verb("/desk/duty/pause", Pause),
    Verb("/desk/duty/resume", Resume),
    Verb("/desk/heartbeat", BeatHeart, keyed=False),
    Verb("/desk/offers/{offer_id}/take", TakeOffer),
    Verb("/desk/offers/{offer_id}/decline", DeclineOffer),
    Verb("/desk/contacts/{contact_id}/proposal", ProposeTriage),
    Verb("/desk/contacts/{contact_id}/triage", DecideTriage),
    Verb("/desk/contacts/{contact_id}/end", EndContact),
    Verb("/desk/wrap-up/finish", FinishWrapUp),
    Verb("/operator/programmes", ApplyProgramme),
)

VOLUNTEERS_PATH = "/coordinator/volunteers"

#: Volunteers in one command; the contract's own limit.
CHUNK = 200

M = TypeVar("M", bound=Contract)

_VOLUNTEERS = TypeAdapter(tuple[Volunteer, ...])


def open_door(door: Door) -> FastAPI:
    """Build the door; StartRefused when a development key is set outside development."""
    return build(door, read_settings(door.development))


def build(door: Door, settings: Settings) -> FastAPI:
    """Build the door with these settings."""
    # Without the stock documentation pages: they load scripts from a third party's host.
    # FastAPI's own telemetry would trace addresses, which name contacts, and the words of errors.
    app = FastAPI(
        title="Helpline console",
        version="1",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    for verb in VERBS:
        _post(app, verb.path, verb.command, _answering(verb, door, settings))
    _post(app, VOLUNTEERS_PATH, ImportVolunteers, _importing(door, settings))
    _add_live(app, door, settings)
    if settings.development_key is not None:
        _add_development(app, door, settings)
    app.add_exception_handler(HTTPException, _say_no_such_address)
    describe(app, [(verb.path, verb.command, verb.keyed) for verb in VERBS])
    return app


# --- commands -----------------------------------------------------------------------------------

Answering = Callable[[Request], Awaitable[Response]]


def _post(app: FastAPI, path: str, asked: type[Contract], answer: Answering) -> None:
    """Add a route that answers problems as problems, and counts."""
    name = asked.type_name() if issubclass(asked, Command) else asked.__name__

    async def counted(request: Request) -> Response:
        response = await _say_problems(request, answer)
        metrics.record_request(name, response.status_code)
        return response

    app.add_api_route(
        path, counted, methods=["POST"], summary=asked.__doc__, name=name, response_class=Response
    )


async def _say_problems(request: Request, answer: Answering) -> Response:
    try:
        return await answer(request)
    except Problem as problem:
        return problem.response()
    except GroundAway:
        return ground_problem().response()
    except ReplyUnknown:
        return unknown_problem().response()
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it


async def _say_no_such_address(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "no_such_address", 405: "method_not_allowed"}.get(error.status_code, "http")
    return Problem(error.status_code, code, "Cette adresse ne répond pas ainsi.").response()


def _answering(verb: Verb, door: Door, settings: Settings) -> Answering:
    async def answer(request: Request) -> Response:
        desk = await who_asks(request, door)
        _check_role(desk, verb.command)
        command_id = _command_id(request) if verb.keyed else CommandId(new_id())
        body = await _read_body(request, settings.longest_body_bytes)
        command = _command(verb, body, dict(request.path_params))
        _check_programme(desk, command)
        reply = await door.send(
            command, desk, command_id, expected_version=_expected_version(request)
        )
        return _response(reply)

    return answer


def _importing(door: Door, settings: Settings) -> Answering:
    """Any number of volunteers, in commands of 200: each is taken whole or not at all.

    A repeat with the same key takes up where the first stopped.
    """

    async def answer(request: Request) -> Response:
        desk = await who_asks(request, door)
        _check_role(desk, ImportVolunteers)
        key = _command_id(request)
        body = await _read_body(request, settings.longest_import_bytes)
        volunteers = _validated_volunteers(body)
        counts: Counter[str] = Counter(volunteers=len(volunteers))
        for start in range(0, len(volunteers), CHUNK):
            command = ImportVolunteers(volunteers=volunteers[start : start + CHUNK])
            command_id = CommandId(derived_id(key, str(start)))
            reply = await door.send(command, desk, command_id)
            if reply.status is not ReplyStatus.DONE:
                raise _problem_of(_counted_from(start, reply))
            counts.update(reply.result or {})
        return _json({"version": None, "result": counts})

    return answer


def _counted_from(start: int, reply: Reply) -> Reply:
    """A refusal that names a row of its command names the row of the whole list instead."""
    found = re.match(r"volunteers\.(\d+)(.*)", reply.field or "")
    if found is None:
        return reply
    field = f"volunteers.{start + int(found[1])}{found[2]}"
    return reply.model_copy(update={"field": field})


def _check_role(desk: Desk, command: type[Command]) -> None:
    if desk.role not in command.roles:
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)


def _check_programme(desk: Desk, command: Command) -> None:
    """A command that names a line must name the session's."""
    if getattr(command, "programme", desk.programme) != desk.programme:
        raise refusal_problem(Refusal.NOT_IN_PROGRAMME, "programme")


def _command_id(request: Request) -> CommandId:
    try:
        return CommandId(str(UUID(request.headers["idempotency-key"])))
    except (KeyError, ValueError):
        raise refusal_problem(Refusal.INVALID_FIELD, "Idempotency-Key") from None


def _expected_version(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None:
        return None
    version = given.removeprefix("W/").strip('"')
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise refusal_problem(Refusal.INVALID_FIELD, "If-Match")
    return int(version)


async def _read_body(request: Request, limit_bytes: int) -> bytes:
    """Read the body, keeping no more than the limit; what exceeds it is read and dropped, so that
    a client that is still sending gets its answer."""
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > 16 * limit_bytes + 8 * 1024 * 1024:
            break
        if size <= limit_bytes:
            kept += chunk
    if size > limit_bytes:
        raise too_large_problem(limit_bytes)
    return bytes(kept)


def _command(verb: Verb, body: bytes, path: dict[str, Any]) -> Command:
    """Read a command from a body and its address, strictly; Problem says what is wrong."""
    fields = _object(body)
    for name in verb.path_fields:
        if name in fields:
            raise refusal_problem(Refusal.UNKNOWN_FIELD, name)
    return _validated(verb.command, orjson.dumps(fields | path))


def _object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal_problem(Refusal.UNREADABLE) from None
    if not isinstance(fields, dict):
        raise refusal_problem(Refusal.UNREADABLE)
    return fields


def _validated(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise invalid_problem(error) from None


def _validated_volunteers(body: bytes) -> tuple[Volunteer, ...]:
    try:
        return _VOLUNTEERS.validate_json(body, strict=True)
    except ValidationError as error:
        raise invalid_problem(error, "volunteers.") from None


def _problem_of(reply: Reply) -> Problem:
    if reply.status is ReplyStatus.NOT_YET or reply.refusal is None:
        return not_yet_problem()
    return refusal_problem(reply.refusal, reply.field)


def _response(reply: Reply) -> Response:
    if reply.status is not ReplyStatus.DONE:
        raise _problem_of(reply)
    response = _json({"version": reply.version, "result": reply.result})
    if reply.version is not None:
        response.headers["ETag"] = f'"{reply.version}"'
    return response


def _json(body: object, status: int = 200) -> Response:
    return Response(
        orjson.dumps(body), status, {"Cache-Control": "no-store"}, media_type="application/json"
    )


# --- live stream, development sessions -----------------------------------------------------------


def _add_live(app: FastAPI, door: Door, settings: Settings) -> None:
    desks = LiveDesks(door, settings)

    async def listen(request: Request) -> Response:
        desk = await who_asks(request, door)
        if desk.role not in DESK_ROLES:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() and len(last) <= 18 else None
        # No-transform: a proxy that compresses also holds lines back.
        headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
        lines = await desks.open(desk, after)
        return StreamingResponse(lines, headers=headers, media_type="text/event-stream")

    @app.get("/desk/live", response_class=StreamingResponse)
    async def live(request: Request) -> Response:
        """Messages of this desk as server-sent events; `Last-Event-ID` resumes."""
        return await _say_problems(request, listen)


def _add_development(app: FastAPI, door: Door, settings: Settings) -> None:
    async def open_session(request: Request) -> Response:
        body = await _read_body(request, settings.longest_body_bytes)
        wanted = _validated(DevelopmentSession, body)
        return _json(await open_development_session(wanted, door, settings), 201)

    _post(app, "/development/sessions", DevelopmentSession, open_session)
