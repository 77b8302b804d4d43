"""Schemas in the dialect of AsyncAPI, which is JSON Schema draft 7, and headers as text.

`contracts/schemas/` holds the same in draft 2020-12. In draft 7 nothing may stand beside a
reference, so a field's meaning and class are wrapped around it in `allOf`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from contracts.envelope import CommandEnvelope, Contract, EventEnvelope, event_header
from contracts.schemas import resolved, schema_of

Node = dict[str, Any]
_DIGITS = "^[0-9]+$"


_EVENT_ONLY: Node = {
    "ce-specversion": {"type": "string", "const": "1.0", "description": "CloudEvents"},
    "ce-dataschema": {"type": "string", "description": "Name of the schema of the body"},
    "Nats-Msg-Id": {"type": "string", "description": "The id again: the server drops a repeat"},
}


def event_headers() -> Node:
    """Schema of the headers of every event."""
    return _headers(EventEnvelope, event_header, _EVENT_ONLY)


def command_headers() -> Node:
    """Schema of the headers of every command."""
    return _headers(CommandEnvelope, str, {})


def _headers(envelope: type[Contract], header: Callable[[str], str], more: Node) -> Node:
    schema = _draft_7(resolved(schema_of("any.json", envelope)))
    return {
        "type": "object",
        "description": in_words(envelope),
        "properties": {
            **{header(name): _as_text(field) for name, field in schema["properties"].items()},
            **more,
        },
        "required": [*(header(name) for name in schema["required"]), *more],
    }


def _as_text(field: Node) -> Node:
    """A header that is empty is left out; a number is written in digits."""
    filled: Node = next((each for each in field.get("anyOf", ()) if each != {"type": "null"}), {})
    text = {k: v for k, v in {**field, **filled}.items() if k not in ("anyOf", "default")}
    if text["type"] == "integer":
        kept = {k: v for k, v in text.items() if k not in ("minimum", "maximum")}
        return {**kept, "type": "string", "pattern": _DIGITS}
    return text


def ref(*path: str) -> Node:
    """A reference inside the document."""
    return {"$ref": "#/" + "/".join(path)}


def in_words(contract: type[Contract]) -> str:
    """What a contract says of itself, on one line."""
    return " ".join((contract.__doc__ or "").split())


def shared_schema(name: str, contract: type[Contract], shared: Node) -> Node:
    """Put a contract and what it refers to among the shared schemas; a reference to it."""
    schema = schema_of("any.json", contract)
    for part, definition in schema.pop("$defs", {}).items():
        written = _draft_7(definition)
        if shared.setdefault(part, written) != written:
            raise ValueError(f"two different parts are called {part}")
    whole = {key: value for key, value in schema.items() if not re.match(r"\$|x-", key)}
    shared[name] = _draft_7(whole)
    return ref("components", "schemas", name)


def _draft_7(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_draft_7(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    written = {key: _draft_7(value) for key, value in schema.items()}
    if "prefixItems" in written:
        written["items"] = written.pop("prefixItems")
    if "$ref" in written:
        part = ref("components", "schemas", written.pop("$ref").removeprefix("#/$defs/"))
        return {"allOf": [part], **written} if written else part
    return written
