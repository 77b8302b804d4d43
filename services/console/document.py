"""The OpenAPI document of this door: bodies, headers and who may ask, from the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from contracts.envelope import Command, Contract
from contracts.roster import ImportVolunteers, Volunteer
from services.bus.doorway import Address
from services.bus.openapi import REF, answers, content, fields_of, header, openapi, ref
from services.bus.problem import ProblemTold

_KEY = header(
    "Idempotency-Key",
    "A UUID the client chooses; a repeat with the same key gets the same answer.",
    required=True,
    form="uuid",
)
_VERSION = header(
    "If-Match", "Version the desk has seen; refused when it moved on.", required=False
)
_LAST = header("Last-Event-ID", "Number of the last message read.", required=False)
_SESSION: list[dict[str, list[str]]] = [{"bearer": []}]

#: What a command is answered when it is done.
_DONE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "version": {"type": ["integer", "null"], "description": "Of what was changed, as the ETag"},
        "result": {"type": ["object", "null"], "description": "What came of it, by name"},
    },
}


def document_of(addresses: Sequence[Address], commands: Iterable[type[Command]]) -> dict[str, Any]:
    """The whole document."""
    info = {"title": "Helpline console", "version": "1"}
    return openapi(info, addresses, [*commands, Volunteer, ProblemTold])


def of_command(
    path: str, command: type[Command], keyed: bool, withheld: Sequence[str] = ()
) -> dict[str, Any]:
    """A command; fields its address holds, or the door fills in itself, are not in its body."""
    schema = command.model_json_schema(ref_template=REF)
    schema.pop("$defs", None)
    return _for_roles(command) | {
        "parameters": [_KEY, _VERSION] if keyed else [_VERSION],
        "requestBody": content(_without(schema, (*fields_of(path), *withheld))),
    }


def of_import() -> dict[str, Any]:
    """Any number of volunteers at once."""
    rows = {"type": "array", "items": ref(Volunteer)}
    told = {"parameters": [_KEY], "requestBody": {"required": True, **content(rows)}}
    return _for_roles(ImportVolunteers) | told


def of_capability() -> dict[str, Any]:
    """The way to the texts of a contact."""
    return {
        "operationId": "text_capability",
        "summary": "A short-lived token for the texts of a contact, at the text door of intake.",
        "security": _SESSION,
        "responses": answers(content({"type": "object"}), ProblemTold, 201),
    }


def of_risk_capability() -> dict[str, Any]:
    """The way to risk's own door."""
    return {
        "operationId": "risk_capability",
        "summary": "A token for risk's own door, for when nothing else answers.",
        "security": _SESSION,
        "responses": answers(content({"type": "object"}), ProblemTold, 201),
    }


def of_live() -> dict[str, Any]:
    """The stream of a desk."""
    return {
        "operationId": "live",
        "summary": "Messages of this desk as server-sent events; `Last-Event-ID` resumes.",
        "security": _SESSION,
        "parameters": [_LAST],
        "responses": answers(content({"type": "string"}, "text/event-stream"), ProblemTold),
    }


def of_development(wanted: type[Contract]) -> dict[str, Any]:
    """A session from the development provider."""
    return _of_session("development.open_session", wanted)


def of_robot(wanted: type[Contract]) -> dict[str, Any]:
    """The session of the program that answers on the reserved programme."""
    return _of_session("robot.open_session", wanted)


def _of_session(operation_id: str, wanted: type[Contract]) -> dict[str, Any]:
    schema = wanted.model_json_schema(ref_template=REF)
    schema.pop("$defs", None)  # roles and lines are in the commands too
    return {
        "operationId": operation_id,
        "summary": wanted.__doc__,
        "requestBody": {"required": True, **content(schema)},
        "responses": answers(content({"type": "object"}), ProblemTold, 201),
    }


def _for_roles(command: type[Command]) -> dict[str, Any]:
    return {
        "operationId": command.type_name(),
        "summary": command.__doc__,
        "security": _SESSION,
        "x-roles": sorted(role.value for role in command.roles),
        "responses": answers(content(_DONE), ProblemTold),
    }


def _without(schema: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The schema of a command without the fields its address holds."""
    kept = {key: value for key, value in schema["properties"].items() if key not in names}
    required = [name for name in schema.get("required", ()) if name not in names]
    return schema | {"properties": kept, "required": required}
