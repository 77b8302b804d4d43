"""What a door reads of a request: no more than so many bytes, and strictly what was asked for."""

from __future__ import annotations

from typing import Any, TypeVar

import orjson
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from contracts.envelope import Contract
from contracts.vocabulary import Refusal

M = TypeVar("M", bound=Contract)

_LONGEST_DROPPED_BYTES = 8 * 1024 * 1024


class TooLarge(Exception):
    """A body is larger than this door takes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"more than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class Flaw(Exception):
    """A request is not what was asked for: how, and in which field."""

    def __init__(self, refusal: Refusal, field: str | None = None, over: int = 0) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.field = field
        self.over = over  #: letters too many, of a text that is too long


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Read the body as it comes: its declared length is only a promise.

    What exceeds the limit is read and dropped, up to a point, so that a client that is still
    sending hears the answer. Raises TooLarge, and ClientDisconnect.
    """
    kept, size, more = bytearray(), 0, True
    while more and size <= limit_bytes + _LONGEST_DROPPED_BYTES:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        size += len(piece)
        if size <= limit_bytes:
            kept += piece
        more = message.get("more_body", False)
    if size > limit_bytes:
        raise TooLarge(limit_bytes)
    return bytes(kept)


def read_object(body: bytes) -> dict[str, Any]:
    """Read the fields of a JSON object; no body has none. Raises Flaw."""
    if not body:
        return {}
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Flaw(Refusal.UNREADABLE) from None
    if not isinstance(fields, dict):
        raise Flaw(Refusal.UNREADABLE)
    return fields


def read_contract(model: type[M], body: bytes) -> M:
    """Read a contract from JSON, strictly. Raises Flaw."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise flaw_of(error) from None


def flaw_of(error: ValidationError, prefix: str = "") -> Flaw:
    """The first thing that is wrong in a body: where and of what kind, never what was sent."""
    first = error.errors(include_url=False)[0]
    field = prefix + ".".join(str(step) for step in first["loc"])
    of_another_kind = not first["loc"] and first["type"].endswith("_type")  # a list, a text
    if first["type"] == "json_invalid" or of_another_kind:
        return Flaw(Refusal.UNREADABLE)
    if first["type"] == "extra_forbidden":
        return Flaw(Refusal.UNKNOWN_FIELD, field)
    too_long = first["type"] == "string_too_long"
    over = len(first["input"]) - first["ctx"]["max_length"] if too_long else 0
    return Flaw(Refusal.INVALID_FIELD, field or None, over)
