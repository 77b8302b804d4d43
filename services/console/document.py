"""The OpenAPI document of the door: bodies, headers and who may ask, from the contracts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from contracts.envelope import Command
from contracts.roster import Volunteer

_REF = "#/components/schemas/{model}"
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A UUID the client chooses; a repeat with the same key gets the same answer.",
    "schema": {"type": "string", "format": "uuid"},
}
_VERSION = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "Version the desk has seen; refused when it moved on.",
    "schema": {"type": "string"},
}


def describe(app: FastAPI, verbs: Iterable[tuple[str, type[Command], bool]]) -> None:
    """Complete the document of `app`; each verb is its path, its command, and if it has a key."""
    listed = tuple(verbs)
    stock = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(stock(), listed)
        return stock()

    app.openapi = openapi  # type: ignore[method-assign] # the way FastAPI documents


def _complete(document: dict[str, Any], verbs: Iterable[tuple[str, type[Command], bool]]) -> None:
    models = [(command, "validation") for _, command, _ in verbs]
    _, definitions = models_json_schema(
        [*models, (Volunteer, "validation")],  # type: ignore[list-item] # plain literals
        ref_template=_REF,
    )
    components = document.setdefault("components", {})
    components["schemas"] = components.get("schemas", {}) | definitions["$defs"]
    components["securitySchemes"] = {"session": {"type": "http", "scheme": "bearer"}}
    for path, command, keyed in verbs:
        operation = document["paths"][path]["post"]
        operation["security"] = [{"session": []}]
        operation["x-roles"] = sorted(role.value for role in command.roles)
        operation["parameters"] = [_path_field(name) for name in _named(path)]
        operation["parameters"] += [_KEY, _VERSION] if keyed else [_VERSION]
        schema = dict(components["schemas"][command.__name__])
        _say_body(operation, _without(schema, _named(path)))
    volunteers = document["paths"]["/coordinator/volunteers"]["post"]
    volunteers["security"] = [{"session": []}]
    volunteers["parameters"] = [_KEY]
    _say_body(volunteers, {"type": "array", "items": {"$ref": _REF.format(model="Volunteer")}})
    document["paths"]["/desk/live"]["get"]["security"] = [{"session": []}]


def _named(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]


def _path_field(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _without(schema: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The schema of a command without the fields its address holds."""
    kept = {key: value for key, value in schema["properties"].items() if key not in names}
    required = [name for name in schema.get("required", ()) if name not in names]
    return schema | {"properties": kept, "required": required}


def _say_body(operation: dict[str, Any], schema: dict[str, Any]) -> None:
    operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
