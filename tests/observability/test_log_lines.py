"""The schema of log lines and the code name the same fields."""

import ast
import json
from collections.abc import Iterator

from tests.running import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "observability/log.schema.json").read_text())


def test_every_field_of_a_log_line_is_in_the_schema_and_the_other_way_round() -> None:
    sources = [path.read_text() for path in REPOSITORY.glob("services/**/*.py")]
    used = {key for source in sources if "logging" in source for key in _keys(source)}
    assert used == set(SCHEMA["properties"])


def test_every_field_says_what_it_means() -> None:
    assert all(field["description"] for field in SCHEMA["properties"].values())


def _keys(source: str) -> Iterator[str]:
    """Fields that a module puts into lines: into what it calls facts, a row or a line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=[ast.Name("facts" | "line")], value=value):
                yield from _of_dicts(value)
            case ast.AnnAssign(target=ast.Name("row"), value=ast.Dict() as value):
                yield from _of_dicts(value)
            case ast.keyword(arg="extra", value=value):
                yield from _of_dicts(value)
            case ast.FunctionDef(name="_facts" | "_kind"):
                yield from _of_dicts(node)
            case ast.Assign(targets=[ast.Subscript(ast.Name("facts" | "line"), ast.Constant(key))]):
                yield str(key)
            case ast.Call(func=ast.Attribute(attr="_park"), keywords=keywords):
                yield from (each.arg for each in keywords if each.arg)


def _of_dicts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Dict):
            keys = {key.value for key in each.keys if isinstance(key, ast.Constant)}
            yield from (str(key) for key in keys - {"facts"})
