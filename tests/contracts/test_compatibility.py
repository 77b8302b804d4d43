"""Each kind of change a schema can see: what passes, what is refused, and in which words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, create_model

from contracts.compatibility import breaks
from contracts.schemas import resolved


class Closed(StrEnum):
    """Without `unknown`."""

    A = "a"
    B = "b"


class Wider(StrEnum):
    """Closed, and one more."""

    A = "a"
    B = "b"
    C = "c"


class Open(StrEnum):
    """With `unknown`."""

    A = "a"
    UNKNOWN = "unknown"


class OpenWider(StrEnum):
    """Open, and one more."""

    A = "a"
    B = "b"
    C = "c"
    UNKNOWN = "unknown"


class Inner(BaseModel):
    """Nested."""

    level: int = Field(ge=0, le=3)


class InnerNarrower(BaseModel):
    """Nested, narrower."""

    level: int = Field(ge=1, le=3)


class InnerMore(BaseModel):
    """Nested, with one optional field more."""

    level: int = Field(ge=0, le=3)
    more: int = 0


def classed(privacy: str, unit: str = "s") -> object:
    return Annotated[int, Field(json_schema_extra={"x-privacy": privacy, "x-unit": unit})]


def refused(old: dict[str, object], new: dict[str, object]) -> list[str]:
    """Reasons why fields `new` may not take the place of fields `old`."""
    was, now = (resolved(build(fields).model_json_schema()) for fields in (old, new))
    return [str(each) for each in breaks(was, now)]


def build(fields: dict[str, object]) -> type[BaseModel]:
    """A model; a field is its type, or its type and its default."""
    definitions = {
        name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()
    }
    model: type[BaseModel] = create_model("Fact", **definitions)  # type: ignore[call-overload]
    return model


PASSES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "nothing": ({"a": int}, {"a": int}),
    "optional field added": ({"a": int}, {"a": int, "b": (int, 0)}),
    "field that may be empty added": ({"a": int}, {"a": int, "b": (int | None, None)}),
    "optional field added inside": ({"a": Inner}, {"a": InnerMore}),
    "optional field added inside a list": (
        {"a": tuple[Inner, ...]},
        {"a": tuple[InnerMore, ...]},
    ),
    "required field got a default": ({"a": int}, {"a": (int, 0)}),
    "member added where unknown is declared": ({"a": Open}, {"a": OpenWider}),
    "order of fields": ({"a": int, "b": int}, {"b": int, "a": int}),
    "meaning in better words": (
        {"a": Annotated[int, Field(description="Wait")]},
        {"a": Annotated[int, Field(description="How long the person waited")]},
    ),
    "smaller circle of readers": ({"a": classed("OPS")}, {"a": classed("STAFF")}),
}

REFUSED: dict[str, tuple[dict[str, object], dict[str, object], list[str]]] = {
    "field removed": ({"a": int, "b": (int, 0)}, {"a": int}, ["b: removed or renamed"]),
    "field renamed": ({"a": (int, 0)}, {"b": (int, 0)}, ["a: removed or renamed"]),
    "new required field": (
        {"a": int},
        {"a": int, "b": int},
        ["b: new and required: older events lack it"],
    ),
    "optional field made required": (
        {"a": (int, 0)},
        {"a": int},
        ["a: required now, was optional: older events lack it"],
    ),
    "type narrowed": ({"a": float}, {"a": int}, ["a: type changed from number to integer"]),
    "type changed": ({"a": int}, {"a": str}, ["a: type changed from integer to string"]),
    "no longer empty": (
        {"a": int | None},
        {"a": int},
        ["a: may no longer be empty: narrowed, older events hold it empty"],
    ),
    "may be empty now": (
        {"a": int},
        {"a": int | None},
        ["a: may now be empty: widened, older readers refuse it"],
    ),
    "member removed": ({"a": Wider}, {"a": Closed}, ["a: member 'c' removed or renamed"]),
    "member added without unknown": (
        {"a": Closed},
        {"a": Wider},
        ["a: member 'c' added to a vocabulary without `unknown`"],
    ),
    "member added without unknown, in a list": (
        {"a": tuple[Closed, ...]},
        {"a": tuple[Wider, ...]},
        ["a[]: member 'c' added to a vocabulary without `unknown`"],
    ),
    "unknown withdrawn": (
        {"a": OpenWider},
        {"a": Wider},
        ["a: member 'unknown' removed or renamed"],
    ),
    "vocabulary opened": ({"a": Closed}, {"a": str}, ["a: vocabulary opened"]),
    "lower bound raised": (
        {"a": Annotated[int, Field(ge=0)]},
        {"a": Annotated[int, Field(ge=1)]},
        ["a: minimum changed from 0 to 1: narrowed, older events may break it"],
    ),
    "upper bound lowered": (
        {"a": Annotated[int, Field(le=9)]},
        {"a": Annotated[int, Field(le=5)]},
        ["a: maximum changed from 9 to 5: narrowed, older events may break it"],
    ),
    "bound added": (
        {"a": str},
        {"a": Annotated[str, Field(max_length=9)]},
        ["a: maxLength changed from None to 9: narrowed, older events may break it"],
    ),
    "bound raised": (
        {"a": Annotated[str, Field(max_length=9)]},
        {"a": Annotated[str, Field(max_length=12)]},
        ["a: maxLength changed from 9 to 12: widened, older readers refuse"],
    ),
    "bound of an optional value": (
        {"a": Annotated[int, Field(le=9)] | None},
        {"a": Annotated[int, Field(le=5)] | None},
        ["a: maximum changed from 9 to 5: narrowed, older events may break it"],
    ),
    "bound inside": (
        {"a": Inner},
        {"a": InnerNarrower},
        ["a.level: minimum changed from 0 to 1: narrowed, older events may break it"],
    ),
    "bound inside a list": (
        {"a": tuple[Inner, ...]},
        {"a": tuple[InnerNarrower, ...]},
        ["a[].level: minimum changed from 0 to 1: narrowed, older events may break it"],
    ),
    "bound inside a pair": (
        {"a": tuple[int, Annotated[int, Field(le=9)]]},
        {"a": tuple[int, Annotated[int, Field(le=5)]]},
        ["a[1]: maximum changed from 9 to 5: narrowed, older events may break it"],
    ),
    "pattern changed": (
        {"a": Annotated[str, Field(pattern="^a+$")]},
        {"a": Annotated[str, Field(pattern="^a*$")]},
        ["a: pattern changed from ^a+$ to ^a*$"],
    ),
    "default changed": ({"a": (int, 0)}, {"a": (int, 1)}, ["a: default changed from 0 to 1"]),
    "unit changed": (
        {"a": classed("OPS", "s")},
        {"a": classed("OPS", "min")},
        ["a: unit changed from s to min"],
    ),
    "wider circle of readers": (
        {"a": classed("STAFF")},
        {"a": classed("PUBLIC")},
        ["a: opened to a wider circle of readers, from STAFF to PUBLIC"],
    ),
    "list became a value": (
        {"a": tuple[int, ...]},
        {"a": int},
        ["a: type changed from array to integer", "a[]: a list of one kind became another shape"],
    ),
}


@pytest.mark.parametrize(("old", "new"), PASSES.values(), ids=PASSES.keys())
def test_change_passes(old: dict[str, object], new: dict[str, object]) -> None:
    assert refused(old, new) == []


@pytest.mark.parametrize(("old", "new", "reasons"), REFUSED.values(), ids=REFUSED.keys())
def test_change_is_refused(
    old: dict[str, object], new: dict[str, object], reasons: list[str]
) -> None:
    assert refused(old, new) == reasons


PLACES = {
    "x-type": "type name",
    "x-publisher": "publisher",
    "x-stream": "stream",
    "x-subject": "subject",
}


@pytest.mark.parametrize(("key", "meaning"), PLACES.items(), ids=PLACES.keys())
def test_moving_an_event_elsewhere_is_refused(key: str, meaning: str) -> None:
    old, new = {"type": "object", key: "here"}, {"type": "object", key: "there"}
    assert [str(each) for each in breaks(old, new)] == [
        f"(contract): {meaning} changed from here to there"
    ]
