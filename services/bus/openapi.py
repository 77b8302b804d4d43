"""The OpenAPI document of a door, written from its addresses and the contracts they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from contracts.envelope import Contract
from services.bus.doorway import Address
from services.bus.problem import ProblemTold

#: Where the document keeps the schema of a model.
REF = "#/components/schemas/{model}"


def openapi(
    info: Mapping[str, str], addresses: Iterable[Address], models: Iterable[type[Contract]]
) -> dict[str, Any]:
    """The OpenAPI document of these addresses; `models` are those they speak of by `ref`."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template=REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for address in addresses:
        in_path = [_path_field(name) for name in fields_of(address.path)]
        parameters = in_path + list(address.operation.get("parameters", ()))
        told = {**address.operation, "parameters": parameters}
        paths.setdefault(address.path, {})[address.method.lower()] = told
    components = {
        "schemas": schemas.get("$defs", {}),
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    }
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def ref(model: type[Contract]) -> dict[str, str]:
    """The schema of a model, by its name."""
    return {"$ref": REF.format(model=model.__name__)}


def content(schema: Mapping[str, Any], media: str = "application/json") -> dict[str, Any]:
    """A body of this schema."""
    return {"content": {media: {"schema": schema}}}


def answers(
    done: Mapping[str, Any], problem: type[ProblemTold], status: int = 200
) -> dict[str, Any]:
    """What may be answered: this content when it is done, else a problem."""
    details = content(ref(problem), "application/problem+json")
    told = {"description": "Problem details (RFC 9457)", **details}
    return {str(status): {"description": "Done", **done}, "4XX": told, "5XX": told}


def header(
    name: str, description: str, *, required: bool, form: str | None = None
) -> dict[str, Any]:
    """A header that is read."""
    schema = {"type": "string"} | ({} if form is None else {"format": form})
    told = {"name": name, "in": "header", "required": required}
    return told | {"description": description, "schema": schema}


def fields_of(path: str) -> tuple[str, ...]:
    """The fields an address holds."""
    return tuple(part.strip("{}") for part in path.split("/") if part.startswith("{"))


def _path_field(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
