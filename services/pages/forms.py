"""What a form sent, as the fields of a contract.

A browser sends words. A dotted name is a field of a field (`notes.need`), a name that ends with
`[]` a list, an empty value one that was not filled in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, get_args
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.requests import Request

from contracts.envelope import Contract
from contracts.vocabulary import Refusal
from services.bus.body import Flaw, flaw_of, read_body

C = TypeVar("C", bound=Contract)

_MOST_FIELDS = 200


async def read_form(request: Request, longest_bytes: int) -> dict[str, Any]:
    """The fields of a form; Flaw or TooLarge when it is none."""
    body = await read_body(request, longest_bytes)
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one
        raise Flaw(Refusal.UNREADABLE) from None
    return fields_of(pairs)


def fields_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested fields from what a form sent; the last of two values with one name counts."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if not value:
            continue
        *path, last = name.removesuffix("[]").split(".")
        place = fields
        for each in path:
            place = place.setdefault(each, {})
            if not isinstance(place, dict):
                raise Flaw(Refusal.INVALID_FIELD, name)
        if name.endswith("[]"):
            listed = place.setdefault(last, [])
            if not isinstance(listed, list):
                raise Flaw(Refusal.INVALID_FIELD, name)
            listed.append(value)
        else:
            place[last] = value
    return fields


def contract_of(model: type[C], fields: dict[str, Any]) -> C:
    """A contract from the fields of a form; Flaw names the one that is wrong."""
    try:
        return model.model_validate(_meant(model, fields), strict=False)
    except ValidationError as error:
        raise flaw_of(error) from None


def _meant(model: type[C], fields: dict[str, Any]) -> dict[str, Any]:
    """A button's `true` where a contract wants nothing else; other words stay words."""
    wants = {
        name for name, each in model.model_fields.items() if get_args(each.annotation) == (True,)
    }
    return {
        name: True if name in wants and value == "true" else value for name, value in fields.items()
    }
