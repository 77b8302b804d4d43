"""A YAML file in which every place knows its line, so that an error can say where to look.

Scalars are read as YAML 1.2 does: `21:00` and `2020-04-06` are texts, `no` is not false. Anchors
and repeated keys are refused: what a reader of the file sees is what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

LONGEST_BYTES = 256 * 1024
DEEPEST = 40  #: lists and mappings inside one another; ours need seven

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """Something wrong in a file."""

    line: int | None  #: counted from 1; empty when no line can be blamed
    field: str  #: path of the field, empty for the file as a whole
    reason: str


@dataclass(frozen=True)
class Document:
    """What the file says, and where."""

    content: Any
    root: yaml.Node | None

    def line_of(self, path: Path) -> int | None:
        """Line (from 1) of the deepest part of `path` that exists in the file."""
        if self.root is None:
            return None
        node, line = self.root, self.root.start_mark.line
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return line + 1


@dataclass(frozen=True)
class Unusable:
    """The file cannot be read as a document."""

    faults: tuple[Fault, ...]


class _Loader(yaml.SafeLoader):
    """The safe loader, with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$", list("-0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def read_document(content: bytes) -> Document | Unusable:
    """Read the bytes of a YAML file."""
    if len(content) > LONGEST_BYTES:
        return _unusable(None, f"is larger than {LONGEST_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _unusable(None, "is not UTF-8 text")
    try:
        faults = tuple(_refused(text))
        if faults:
            return Unusable(faults)
        root = yaml.compose(text, Loader=_Loader)
        repeated = tuple(_repeated(root, ()))
        return Unusable(repeated) if repeated else Document(yaml.load(text, Loader=_Loader), root)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line: int | None = getattr(error.problem_mark, "line", None)
        return _unusable(None if line is None else line + 1, _plain(error.problem))
    except yaml.YAMLError:
        return _unusable(None, "holds a character that YAML does not allow")


def _unusable(line: int | None, reason: str) -> Unusable:
    return Unusable((Fault(line, "", reason),))


def _plain(problem: str | None) -> str:
    return f"is not YAML: {problem}" if problem else "is not YAML"


def _refused(text: str) -> Iterator[Fault]:
    """What YAML allows and a manifest does not; looked for before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line: int | None = getattr(event.start_mark, "line", None)
        at = None if line is None else line + 1
        if isinstance(event, yaml.AliasEvent):
            yield Fault(at, "", "anchors and aliases are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield Fault(at, "", "is nested too deeply")
            return


def _repeated(node: yaml.Node | None, path: Path) -> Iterator[Fault]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, key.value)
            if key.value in seen:
                yield Fault(key.start_mark.line + 1, dotted(here), "is written twice")
            seen.add(key.value)
            yield from _repeated(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _repeated(value, (*path, place))


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value.start_mark.line, value
    return None


def dotted(path: Path) -> str:
    """`('facts', 'opening', 0)` as `facts.opening.0`."""
    return ".".join(str(step) for step in path)
