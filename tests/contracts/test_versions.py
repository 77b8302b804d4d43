"""Two versions side by side: what either publishes or asks, the other reads.

A newer version may have added an optional field anywhere in a body (`contracts.schemas check`
refuses the rest); an older one leaves out what has a default.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.catalogue import COMMANDS
from contracts.envelope import Command, Event
from contracts.vocabulary import PersonId
from services.bus.decode import NEWER, ReadEvent, Unreadable, read_event
from services.bus.transact import fingerprint_of
from tests.contracts.test_golden import (
    FILES,
    each_event,
    each_golden_event,
    golden,
    on_the_bus,
    samples,
    type_of,
)

ADDED = "added_in_the_next_version"


def newer(body: Any) -> Any:
    """The body with one field more in every object of it."""
    if isinstance(body, dict):
        return {name: newer(value) for name, value in body.items()} | {ADDED: "next"}
    if isinstance(body, list):
        return [newer(each) for each in body]
    return body


def older(body: dict[str, Any], model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """The body without each field that has a default, one at a time."""
    for name, field in model.model_fields.items():
        if not field.is_required() and name in body:
            yield {key: value for key, value in body.items() if key != name}


@each_golden_event
def test_an_older_consumer_reads_what_a_newer_version_publishes(name: str) -> None:
    headers, body = golden(name)
    read = on_the_bus(headers, body)
    later = on_the_bus(headers, newer(body))
    assert isinstance(read, ReadEvent)
    assert isinstance(later, ReadEvent), later
    assert later.event == read.event


@each_golden_event
def test_a_newer_consumer_reads_what_an_older_version_publishes(name: str) -> None:
    headers, body = golden(name)
    for before in older(body, type_of(name)):
        assert isinstance(on_the_bus(headers, before), ReadEvent), before.keys()


@each_event
def test_both_directions_are_tried_on_every_event(event: type[Event]) -> None:
    """Each optional field of it is in some golden event, so that it can be left out of one."""
    said = {name for body in samples(event) for name in body}
    optional = {name for name, field in event.model_fields.items() if not field.is_required()}
    assert samples(event)
    assert optional <= said


def test_an_event_only_a_newer_version_knows_is_told_from_a_forged_one() -> None:
    headers, body = golden(next(iter(FILES)))
    unknown = headers | {"ce-type": "contact.rehearsed.v1"}
    told = read_event(
        "helpline.contact.rehearsed.v1.sos-crise.id", unknown, json.dumps(body).encode()
    )
    assert isinstance(told, Unreadable)
    assert told.reason == NEWER
    copied = read_event("helpline.contact.opened.v1.sos-crise.id", unknown, b"{}")
    assert isinstance(copied, Unreadable)
    assert copied.reason == "wrong_version"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.type_name())
def test_a_command_says_nothing_of_what_was_left_at_its_default(command: type[Command]) -> None:
    """Doors refuse a field they do not know: an older version answers as long as it is not used."""
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in command.model_fields.items()
        if not field.is_required()
    }
    required = {name: None for name, f in command.model_fields.items() if f.is_required()}
    asked = command.model_construct(**required, **defaults)
    sent = json.loads(asked.model_dump_json(exclude_defaults=True, warnings=False))
    assert not defaults.keys() & sent.keys()


def test_a_command_repeated_across_an_upgrade_is_the_same_command() -> None:
    class Asked(BaseModel):
        text: str

    class AskedNext(Asked):
        added: bool = False

    before, after = Asked(text="x"), AskedNext(text="x")
    for each in (Asked, AskedNext):
        each.type_name = staticmethod(lambda: "x.ask.v1")  # type: ignore[attr-defined]
    assert fingerprint_of(PersonId("p"), before) == fingerprint_of(PersonId("p"), after)  # type: ignore[arg-type]
    used = AskedNext(text="x", added=True)
    assert fingerprint_of(PersonId("p"), before) != fingerprint_of(PersonId("p"), used)  # type: ignore[arg-type]


#: Where a field nobody knows is a fault, or a restriction that must not be overlooked.
_STRICT = {
    "services/bus/body.py": "what is said at a door",
    "services/bus/capability.py": "a right: one that is restricted in a way unknown here is none",
    "services/bus/decode.py": "says for itself what it ignores",
    "services/bus/provision/partners.py": "a manifest",
    "services/bus/testing.py": "for tests",
    "services/console/oidc.py": "an issuer's answer, by models that choose",
    "services/intake/reader.py": "a manifest",
    "services/pages/forms.py": "a form",
    "services/referral/lists/hsds.py": "a directory file",
    "services/referral/lists/inclusion.py": "a list of somebody else's",
}
_MADE_HERE = {
    "services/console/handlers.py": "picks what it knows of an offer",
    "services/console/care.py": "from columns, by their names",
    "services/console/card_page.py": "from fields of a form",
    "services/console/writing_page.py": "from fields of a form",
}
_REPOSITORY = Path(__file__).parents[2]


def strict_reads(source: str) -> list[int]:
    """Lines on which a stored or answered value is read without `extra="ignore"`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("model_validate", "model_validate_json")
        and not any(keyword.arg == "extra" for keyword in node.keywords)
    ]


def test_what_another_version_stored_or_answered_is_read_with_fields_it_alone_knows() -> None:
    """A JSON column or a reply of the version beside this one, or of the one rolled back from."""
    strict = {
        path.relative_to(_REPOSITORY).as_posix()
        for path in sorted((_REPOSITORY / "services").rglob("*.py"))
        if path.name != "settings.py" and strict_reads(path.read_text())
    }
    assert strict - _STRICT.keys() - _MADE_HERE.keys() == set()


def test_a_strict_read_is_found() -> None:
    assert strict_reads("Terms.model_validate(row.terms)") == [1]
    assert strict_reads('Terms.model_validate(row.terms, extra="ignore")') == []
