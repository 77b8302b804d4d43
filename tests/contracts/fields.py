"""Every field of a contract, nested ones too, as its schema shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.compatibility import Schema
from contracts.envelope import Contract
from contracts.schemas import contracts_by_path, resolved, schema_of


@dataclass(frozen=True)
class Field:
    """One field, or one value inside a list, which shows the meaning and class of the list."""

    contract: str
    path: str
    schema: dict[str, Any]

    @property
    def privacy(self) -> str | None:
        """Who may read it."""
        return self.schema.get("x-privacy")

    def __str__(self) -> str:
        return f"{self.contract} {self.path}"


#: What a list or an optional value hands down to what it holds.
_INHERITED = ("x-privacy", "x-unit", "description")


def fields_of(name: str, schema: Schema) -> Iterator[Field]:
    """Every field and every value inside lists, depth first."""
    yield from _inside(name, "", resolved(schema))


def _inside(name: str, path: str, schema: dict[str, Any]) -> Iterator[Field]:
    for field, held in schema.get("properties", {}).items():
        below = f"{path}.{field}" if path else field
        yield Field(name, below, held)
        yield from _inside(name, below, held)
    parts = [("[]", schema["items"])] if "items" in schema else []
    parts += [(f"[{place}]", item) for place, item in enumerate(schema.get("prefixItems", ()))]
    parts += [("", choice) for choice in schema.get("anyOf", ())]
    for suffix, held in parts:
        handed_down = {key: schema[key] for key in _INHERITED if key in schema}
        whole = {**handed_down, **{k: v for k, v in held.items() if k != "description"}}
        yield Field(name, path + suffix, whole)
        yield from _inside(name, path + suffix, whole)


def all_fields() -> tuple[Field, ...]:
    """Every field that crosses the bus today."""
    return tuple(
        field
        for path, contract in contracts_by_path().items()
        for field in fields_of(name_of(path, contract), schema_of(path, contract))
    )


def name_of(path: str, contract: type[Contract]) -> str:
    """The contract as a person calls it."""
    return str(schema_of(path, contract).get("x-type", path.removesuffix(".json")))
