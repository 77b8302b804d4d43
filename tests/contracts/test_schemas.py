"""The committed schemas are the code's, and no change that breaks them gets past `write`."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from contracts.catalogue import COMMANDS, EVENTS
from contracts.schemas import (
    WAYS_ON,
    broken,
    committed,
    main,
    problems,
    resolved,
    schema_id,
    stale,
    today,
    write,
)

Schemas = dict[str, dict[str, Any]]
OPENED = "contact/v1/opened.json"


def test_committed_schemas_are_what_the_code_says_and_break_nothing() -> None:
    assert problems() == (), WAYS_ON


def test_every_contract_has_a_committed_schema() -> None:
    types = {schema.get("x-type") for schema in committed().values()}
    assert {event.type_name() for event in EVENTS} <= types
    assert {command.type_name() for command in COMMANDS} <= types


def test_committed_schemas_are_schemas() -> None:
    for path, schema in committed().items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == schema_id(path)


def test_no_object_is_open_to_unknown_fields_where_a_door_reads_it() -> None:
    held_elsewhere = {("envelope/v1/reply.json", "result")}
    for path, schema in today().items():
        whole = resolved(schema)
        assert whole["additionalProperties"] is False
        loose = {
            (path, name)
            for name, field in whole["properties"].items()
            for choice in field.get("anyOf", [field])
            if choice.get("type") == "object" and choice.get("additionalProperties") is not False
        }
        assert loose <= held_elsewhere


def changed(change: Callable[[dict[str, Any]], object], path: str = OPENED) -> Schemas:
    """Today's schemas, one of them changed."""
    schemas = copy.deepcopy(today())
    change(schemas[path])
    return schemas


def add_optional_field(schema: dict[str, Any]) -> None:
    schema["properties"]["floor"] = {"type": "integer", "default": 0}


def remove_field(schema: dict[str, Any]) -> None:
    del schema["properties"]["channel"]


def test_field_removed_is_refused_with_type_path_and_reason(tmp_path: Path) -> None:
    assert write(folder=tmp_path) == ()
    refused = write(changed(remove_field), folder=tmp_path)
    assert refused == ("contact.opened.v1: channel: removed or renamed",)
    assert committed(tmp_path) == today()


def test_change_is_refused_whole_when_one_contract_of_it_breaks(tmp_path: Path) -> None:
    assert write(folder=tmp_path) == ()
    schemas = changed(remove_field)
    add_optional_field(schemas["contact/v1/ended.json"])
    assert write(schemas, folder=tmp_path) != ()
    assert committed(tmp_path) == today()


def test_optional_field_is_stale_until_written_and_passes(tmp_path: Path) -> None:
    assert write(folder=tmp_path) == ()
    schemas = changed(add_optional_field)
    assert problems(schemas, tmp_path) == (
        "contact.opened.v1: the committed schema is not the code's; run `just schemas`",
    )
    assert write(schemas, folder=tmp_path) == ()
    assert problems(schemas, tmp_path) == ()


def test_schema_edited_by_hand_is_refused(tmp_path: Path) -> None:
    write(folder=tmp_path)
    file = tmp_path / OPENED
    file.write_text(file.read_text().replace("The contact", "A contact"))
    assert len(stale(committed(tmp_path), today())) == 1


def test_new_major_version_stands_beside_the_old_one(tmp_path: Path) -> None:
    write(folder=tmp_path)
    schemas = today()
    schemas["contact/v2/opened.json"] = copy.deepcopy(schemas[OPENED])
    schemas["contact/v2/opened.json"]["x-type"] = "contact.opened.v2"
    remove_field(schemas["contact/v2/opened.json"])
    assert write(schemas, folder=tmp_path) == ()
    assert committed(tmp_path)[OPENED] == today()[OPENED]


def test_contract_that_is_gone_is_refused_while_its_schema_is_there() -> None:
    now = today()
    del now[OPENED]
    (line,) = broken(today(), now)
    assert line.startswith("contact.opened.v1: (contract): its class is gone")


def test_break_is_accepted_by_name_before_a_release(tmp_path: Path) -> None:
    write(folder=tmp_path)
    schemas = changed(remove_field)
    assert write(schemas, frozenset({"contact.ended.v1"}), tmp_path) != ()
    assert write(schemas, frozenset({"contact.opened.v1"}), tmp_path) == ()
    assert problems(schemas, tmp_path) == ()


def test_break_of_a_released_contract_is_refused_whatever_is_accepted(tmp_path: Path) -> None:
    write(folder=tmp_path)
    release(tmp_path, "v1.0.0")
    schemas = changed(remove_field)
    refusal = ("contact.opened.v1: channel: removed or renamed",)
    assert write(schemas, frozenset({"contact.opened.v1"}), tmp_path) == refusal
    (tmp_path / OPENED).write_text(json.dumps(schemas[OPENED]))
    assert problems(schemas, tmp_path) == refusal


def test_contract_leaves_with_its_schema_after_a_release(tmp_path: Path) -> None:
    write(folder=tmp_path)
    release(tmp_path, "v1.0.0")
    (tmp_path / OPENED).unlink()
    now = today()
    del now[OPENED]
    assert problems(now, tmp_path) == ()


def release(folder: Path, tag: str) -> None:
    """Commit and tag what is in `folder`, as a release does."""
    settings = ("user.name=test", "user.email=test@example.org", "commit.gpgsign=false")
    identity = tuple(word for setting in settings for word in ("-c", setting))
    for command in (
        ("init", "--quiet"),
        ("add", "."),
        (*identity, "commit", "--quiet", "--message", "Release"),
        ("tag", tag),
    ):
        subprocess.run(("git", "-C", str(folder), *command), check=True, capture_output=True)


def test_command_line_has_nothing_to_say_about_this_repository(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().err == ""
