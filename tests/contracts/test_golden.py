"""Events of the past, kept word for word, are read by today's code.

A golden event is never edited. A field added later gets a new file beside the old ones
(`<fact>.<what>.json`); the files of a contract leave with the contract.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from contracts.catalogue import EVENT_TYPES, EVENTS
from contracts.envelope import Event
from contracts.partner import PartnerEvent
from contracts.schemas import committed, schema_of
from contracts.vocabulary import ON_THE_BUS
from services.bus.decode import ReadEvent, Unreadable, read_event
from tests.contracts.fields import fields_of

GOLDEN = Path(__file__).parents[2] / "contracts" / "golden"
FILES = {path.relative_to(GOLDEN).as_posix(): path for path in sorted(GOLDEN.rglob("*.json"))}


def golden(name: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and body of one golden event."""
    read = json.loads(FILES[name].read_text("utf-8"))
    return read["headers"], read["body"]


def on_the_bus(headers: dict[str, str], body: dict[str, Any]) -> ReadEvent | Unreadable:
    """As the bus reads it: from the subject, headers and bytes of a message."""
    known = EVENT_TYPES.get(headers["ce-type"])
    partners = known is not None and issubclass(known, PartnerEvent)
    root = "partner.aplus" if partners else "helpline"
    subject = f"{root}.{headers['ce-type']}.{headers['ce-programme']}.id"
    return read_event(subject, headers, json.dumps(body).encode())


def type_of(name: str) -> type[Event]:
    return EVENT_TYPES[golden(name)[0]["ce-type"]]


def samples(event: type[Event]) -> list[dict[str, Any]]:
    """Bodies of every golden event of a type."""
    return [golden(name)[1] for name in FILES if type_of(name) is event]


each_golden_event = pytest.mark.parametrize("name", FILES)
each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type_name())


@each_golden_event
def test_golden_event_is_read_by_todays_code(name: str) -> None:
    read = on_the_bus(*golden(name))
    assert isinstance(read, ReadEvent), read
    noun, major, file = name.split("/")
    assert read.envelope.type == f"{noun}.{file.split('.')[0]}.{major}"


@each_golden_event
def test_golden_event_is_the_same_after_a_round_trip(name: str) -> None:
    _, body = golden(name)
    event = type_of(name).model_validate_json(json.dumps(body), extra="ignore")
    written = event.model_dump_json()
    assert type_of(name).model_validate_json(written) == event
    assert holds(json.loads(written), body)


def holds(written: Any, kept: Any) -> bool:
    """Whether everything that was kept is still said, in the same words."""
    if isinstance(kept, dict):
        return all(key in written and holds(written[key], kept[key]) for key in kept)
    if isinstance(kept, list):
        return len(written) == len(kept) and all(map(holds, written, kept))
    return bool(written == kept)


@each_golden_event
def test_golden_event_keeps_to_the_committed_schema(name: str) -> None:
    noun, major, file = name.split("/")
    schema = committed()[f"{noun}/{major}/{file.split('.')[0]}.json"]
    jsonschema.Draft202012Validator(schema).validate(golden(name)[1])


@each_golden_event
def test_golden_event_is_still_published_on_its_subject(name: str) -> None:
    headers, body = golden(name)
    read = on_the_bus(headers, body)
    assert isinstance(read, ReadEvent)
    assert read.event.subject() == json.loads(FILES[name].read_text("utf-8"))["subject"]


@each_golden_event
def test_envelope_says_which_line_and_contact_the_body_is_about(name: str) -> None:
    headers, body = golden(name)
    assert headers["ce-programme"] == body["programme"]
    assert headers.get("ce-contactid") == body.get("contact_id")
    assert headers["ce-source"] == type_of(name).publisher
    assert headers["Nats-Msg-Id"] == headers["ce-id"]


@each_golden_event
def test_unknown_fields_are_ignored_on_the_bus_and_refused_at_doors(name: str) -> None:
    headers, body = golden(name)
    newer = {**body, "added_next_year": 1}
    before, after = on_the_bus(headers, body), on_the_bus(headers, newer)
    assert isinstance(before, ReadEvent)
    assert isinstance(after, ReadEvent)
    assert after.event == before.event
    with pytest.raises(ValidationError) as refused:
        type_of(name).model_validate_json(json.dumps(newer))
    assert [error["type"] for error in refused.value.errors()] == ["extra_forbidden"]


@each_golden_event
def test_event_without_one_of_its_required_fields_is_unreadable(name: str) -> None:
    headers, body = golden(name)
    for field in required(type_of(name)):
        less = {key: value for key, value in body.items() if key != field}
        read = on_the_bus(headers, less)
        assert isinstance(read, Unreadable)
        assert read.where == field


def required(event: type[Event]) -> set[str]:
    return {name for name, field in event.model_fields.items() if field.is_required()}


@each_event
def test_one_golden_event_says_only_what_is_required(event: type[Event]) -> None:
    assert any(set(body) == required(event) for body in samples(event))


@each_event
def test_every_field_is_said_by_some_golden_event(event: type[Event]) -> None:
    schema = schema_of("any.json", event)
    declared = {re.sub(r"\[\d*\]", "", field.path) for field in fields_of("any", schema)}
    assert {path for body in samples(event) for path in said_in(body)} == declared


def said_in(value: Any, path: str = "") -> Iterator[str]:
    """Paths of every field with a value in it, without places in lists."""
    if value in (None, [], {}):
        return
    if path:
        yield path
    held = value.items() if isinstance(value, dict) else ()
    for key, inner in held:
        yield from said_in(inner, f"{path}.{key}" if path else key)
    for inner in value if isinstance(value, list) else ():
        yield from said_in(inner, path)


@each_event
def test_there_are_at_least_two_golden_events(event: type[Event]) -> None:
    assert len(samples(event)) >= 2


def test_word_of_a_newer_version_is_read_as_unknown_on_the_bus_only() -> None:
    headers, body = golden("contact/v1/triaged.full.json")
    newer = {**body, "need": "need_of_next_year", "languages": ["fr", "nl"]}
    read = on_the_bus(headers, newer)
    assert isinstance(read, ReadEvent)
    event = read.event.model_dump(mode="json")
    assert (event["need"], event["languages"]) == ("unknown", ["fr", "unknown"])
    with pytest.raises(ValidationError):
        EVENT_TYPES["contact.triaged.v1"].model_validate(newer)


def test_word_of_a_newer_version_without_unknown_is_unreadable() -> None:
    headers, body = golden("contact/v1/triaged.full.json")
    read = on_the_bus(headers, {**body, "priority": "P6"})
    assert isinstance(read, Unreadable)
    assert read.where == "priority"
    model = EVENT_TYPES["contact.triaged.v1"]
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps({**body, "priority": "P6"}), context=ON_THE_BUS)
