"""The partners' AsyncAPI document as one page: no script, nothing from another host, read as is.

Everything on it is read from the document, so that it cannot say another thing. Only the changelog
is somebody's prose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

HERE = Path(__file__).parent
CHANGELOG = HERE.with_name("contracts") / "CHANGELOG.md"
Node = Mapping[str, Any]
_BOUNDS = {"minimum": "from", "maximum": "to", "minItems": "at least", "maxItems": "at most"}


@dataclass(frozen=True)
class FieldTold:
    """One field, as a row of a table."""

    name: str
    kind: str
    words: tuple[str, ...]  #: of a closed vocabulary
    required: bool
    meaning: str


@dataclass(frozen=True)
class MessageTold:
    """One message, as a section."""

    name: str
    address: str | None
    summary: str
    fields: tuple[FieldTold, ...]
    examples: tuple[str, ...]
    since: str | None
    gone_on: str | None


def page(document: Node) -> str:
    """The page of a document."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    messages = document["components"]["messages"]
    received, said = (list(_of(document, action)) for action in ("receive", "send"))
    return environment.get_template("partner_page.html").render(
        info=document["info"],
        received=received,
        said=said,
        reply=_message(document, messages["reply"], None),
        headers=_fields(document, document["components"]["schemas"]["EventHeaders"]),
        header_example=_written(messages[received[0].name]["examples"][0]["headers"]),
        changes=list(_changes(CHANGELOG.read_text("utf-8"))),
    )


def _of(document: Node, action: str) -> Iterator[MessageTold]:
    for operation in document["operations"].values():
        if operation["action"] == action:
            channel = _at(document, operation["channel"])
            (message,) = (_at(document, each) for each in channel["messages"].values())
            yield _message(document, message, channel["address"])


def _message(document: Node, message: Node, address: str | None) -> MessageTold:
    return MessageTold(
        name=message["name"],
        address=address,
        summary=message["summary"],
        fields=_fields(document, _at(document, message["payload"])),
        examples=tuple(_written(each["payload"]) for each in message.get("examples", ())[:1]),
        since=message.get("x-deprecated-since"),
        gone_on=message.get("x-gone-on"),
    )


def _fields(document: Node, schema: Node) -> tuple[FieldTold, ...]:
    required = schema.get("required", ())
    return tuple(
        _field(name, _whole(document, field), name in required)
        for name, field in schema["properties"].items()
    )


def _field(name: str, field: Node, required: bool) -> FieldTold:
    unit = field.get("x-unit")
    meaning = field.get("description", "") + (f" ({unit})" if unit else "")
    held = field.get("items", field)
    words = tuple(str(each) for each in held.get("enum", ()))
    return FieldTold(name, _kind(field), words, required, meaning)


def _kind(field: Node) -> str:
    """What stands there, in a few words."""
    if "const" in field:
        return f"always {field['const']}"
    if field.get("type") == "array":
        bounds = [f"{word} {field[key]}" for key, word in _BOUNDS.items() if key in field]
        return ", ".join([f"list of: {_kind(field['items'])}", *bounds])
    kind = str(field.get("format") or field.get("type") or "anything")
    bounds = [f"{word} {field[key]}" for key, word in _BOUNDS.items() if key in field]
    pattern = [str(field["pattern"])] if "pattern" in field else []
    return ", ".join([kind, *bounds, *pattern])


def _whole(document: Node, field: Node) -> dict[str, Any]:
    """A field with what it refers to in place; of a value that may be empty, the value."""
    if "$ref" in field:
        return _whole(document, _at(document, field))
    whole = {key: value for key, value in field.items() if key not in ("allOf", "anyOf", "items")}
    for choice in (*field.get("allOf", ()), *field.get("anyOf", ())):
        if choice != {"type": "null"}:
            whole = {**_whole(document, choice), **whole}
    if "items" in field:
        whole["items"] = _whole(document, field["items"])
    return whole


def _at(document: Node, reference: Node) -> Any:
    node: Any = document
    for part in reference["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return node if "$ref" not in node else _at(document, node)


def _written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _changes(changelog: str) -> Iterator[tuple[str, list[Markup]]]:
    """Each heading with its points; what stands before the first is said above."""
    for part in changelog.split("\n## ")[1:]:
        heading, _, rest = part.partition("\n")
        points = re.split(r"^- ", rest, flags=re.MULTILINE)[1:]
        yield heading, [_in_code(" ".join(point.split())) for point in points]


def _in_code(line: str) -> Markup:
    parts = re.split(r"`([^`]+)`", line)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
