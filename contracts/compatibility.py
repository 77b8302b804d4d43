"""What may change in a published schema without a new version, and what may not.

A version is read by two kinds of readers: today's code, which meets events stored for months, and
older code, which meets today's events until it has been restarted. So both directions count: a
schema may only gain optional fields, and members of a vocabulary that declares `unknown`. Anything
else is a new version beside the old one (CONTRIBUTING.md), and is refused here with its reason.

Works on schemas whose references are already in place (`contracts.schemas.resolved`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

#: Bounds by which direction narrows: a larger minimum, a smaller maximum.
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
#: Compared for equality: whether one pattern contains another cannot be decided.
_FIXED = {
    "type": "type",
    "format": "format",
    "pattern": "pattern",
    "const": "value",
    "x-unit": "unit",
    "uniqueItems": "uniqueness",
    "additionalProperties": "openness to unknown fields",
}
#: Where the fact travels; a reader subscribed to the old place would never see it again.
_PLACES = {
    "x-type": "type name",
    "x-publisher": "publisher",
    "x-stream": "stream",
    "x-subject": "subject",
}
#: From the widest circle of readers to the narrowest.
_CIRCLES = ("PUBLIC", "OPS", "STAFF", "REFERENCE", "SEALED")
_EMPTY = {"type": "null"}


@dataclass(frozen=True)
class Break:
    """One reason why a schema is not the same version any more."""

    path: str  #: `terms.opening[].days`; empty for the contract itself
    reason: str

    def __str__(self) -> str:
        return f"{self.path or '(contract)'}: {self.reason}"


def breaks(old: Schema, new: Schema) -> tuple[Break, ...]:
    """Why `new` may not take the place of `old` under the same version; empty when it may."""
    return (*_moved(old, new), *_sooner(old, new), *_compare(old, new, ""))


def _moved(old: Schema, new: Schema) -> Iterator[Break]:
    for key, meaning in _PLACES.items():
        if old.get(key) != new.get(key):
            yield Break("", f"{meaning} changed from {old.get(key)} to {new.get(key)}")


def _sooner(old: Schema, new: Schema) -> Iterator[Break]:
    was, now = old.get("x-gone-on"), new.get("x-gone-on")
    if was is not None and now is not None and now < was:
        yield Break("", f"goes on {now}, was promised until {was}")


def _compare(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    yield from _emptiness(old, new, path)
    yield from _meaning(old, new, path)
    old, new = _filled(old), _filled(new)
    for key, meaning in _FIXED.items():
        if old.get(key) != new.get(key):
            yield Break(path, f"{meaning} changed from {old.get(key)} to {new.get(key)}")
    yield from _bounds(old, new, path)
    yield from _vocabulary(old, new, path)
    yield from _fields(old, new, path)
    yield from _elements(old, new, path)


def _filled(schema: Schema) -> Schema:
    """The schema of the value when there is one: `anyOf [X, null]` is X."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != _EMPTY]
    if len(choices) != 1:
        return schema
    return {**{k: v for k, v in schema.items() if k != "anyOf"}, **choices[0]}


def _may_be_empty(schema: Schema) -> bool:
    return _EMPTY in schema.get("anyOf", ())


def _emptiness(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    if _may_be_empty(old) and not _may_be_empty(new):
        yield Break(path, "may no longer be empty: narrowed, older events hold it empty")
    if _may_be_empty(new) and not _may_be_empty(old):
        yield Break(path, "may now be empty: widened, older readers refuse it")


def _meaning(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    if "default" in old and "default" in new and old["default"] != new["default"]:
        yield Break(path, f"default changed from {old['default']!r} to {new['default']!r}")
    was, now = old.get("x-privacy"), new.get("x-privacy")
    if was in _CIRCLES and now in _CIRCLES and _CIRCLES.index(now) < _CIRCLES.index(was):
        yield Break(path, f"opened to a wider circle of readers, from {was} to {now}")


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    for key in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        tighter = was is None or (
            now is not None and (now > was if key in _LOWER_BOUNDS else now < was)
        )
        word = "narrowed, older events may break it" if tighter else "widened, older readers refuse"
        yield Break(path, f"{key} changed from {was} to {now}: {word}")


def _vocabulary(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    was, now = old.get("enum", ()), new.get("enum", ())
    if bool(was) != bool(now):
        yield Break(path, "vocabulary " + ("opened" if was else "closed"))
        return
    for member in was:
        if member not in now:
            yield Break(path, f"member {member!r} removed or renamed")
    if "unknown" not in was:
        for member in now:
            if member not in was:
                yield Break(path, f"member {member!r} added to a vocabulary without `unknown`")


def _fields(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    was, now = old.get("properties", {}), new.get("properties", {})
    required_before, required_now = set(old.get("required", ())), set(new.get("required", ()))
    for name, schema in was.items():
        if name not in now:
            yield Break(_under(path, name), "removed or renamed")
            continue
        yield from _compare(schema, now[name], _under(path, name))
        if name in required_now - required_before:
            yield Break(_under(path, name), "required now, was optional: older events lack it")
    for name in now:
        if name not in was and name in required_now:
            yield Break(_under(path, name), "new and required: older events lack it")


def _elements(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    if "items" in old and "items" in new:
        yield from _compare(old["items"], new["items"], f"{path}[]")
    elif ("items" in old) != ("items" in new):
        yield Break(f"{path}[]", "a list of one kind became another shape")
    was, now = old.get("prefixItems", ()), new.get("prefixItems", ())
    if len(was) != len(now):
        yield Break(path, f"held {len(was)} values, now {len(now)}")
    for place, (before, after) in enumerate(zip(was, now, strict=False)):
        yield from _compare(before, after, f"{path}[{place}]")


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
