"""The AsyncAPI 3 document, written from the catalogue and from who says what to whom.

FastStream's generator cannot write it: our subscribers read raw bytes from one durable per stream,
our publisher is the outbox, and neither headers, streams nor privacy classes exist there. The
surprising thing: one document holds all services; each operation is named after its service.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.catalogue import COMMANDS, EVENTS, RESULTS
from contracts.dialect import Node, command_headers, event_headers, in_words, ref, shared_schema
from contracts.envelope import Command, Contract, Event, Reply
from contracts.schemas import resolved, schema_of

_IN_BRACES = re.compile(r"{(\w+)}")
GOLDEN = Path(__file__).with_name("golden")


@dataclass(frozen=True)
class Party:
    """One service, as far as the bus sees it."""

    name: str
    publishes: tuple[type[Event], ...] = ()
    consumes: tuple[type[Event], ...] = ()
    answers: tuple[type[Command], ...] = ()
    sends: tuple[type[Command], ...] = ()


def document(parties: Iterable[Party], version: str) -> Node:
    """The whole document; the same parties and version give the same document."""
    parties = sorted(parties, key=lambda party: party.name)
    shared: Node = {}
    messages = dict(_messages(shared))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Helpline",
            "version": version,
            "description": (
                "Events and commands of a crisis helpline. Ids, closed words, numbers and times "
                "only; every field says in `x-privacy` who may read it."
            ),
            "tags": [{"name": party.name} for party in parties],
        },
        "defaultContentType": "application/json",
        "channels": dict(_channels()),
        "operations": {name: each for party in parties for name, each in _operations(party)},
        "components": {"messages": messages, "schemas": dict(sorted(shared.items()))},
    }


# --- channels -------------------------------------------------------------------------------------


def _channels() -> Iterator[tuple[str, Node]]:
    for event in EVENTS:
        yield event.type_name(), event_channel(event)
    for command in COMMANDS:
        name = command.type_name()
        yield (
            name,
            {
                "address": command.subject(),
                "description": in_words(command),
                "messages": {name: ref("components", "messages", name)},
                "x-roles": sorted(command.roles),
            },
        )
    replies = ["reply", *(f"{command.type_name()}.reply" for command in RESULTS)]
    yield (
        "replies",
        {
            "address": None,
            "description": "The reply subject each request names for itself.",
            "messages": {name: ref("components", "messages", name) for name in replies},
        },
    )


def event_channel(event: type[Event]) -> Node:
    name = event.type_name()
    fields = dict.fromkeys(_IN_BRACES.findall(event.address()))
    return {
        "address": event.address(),
        "description": in_words(event),
        "messages": {name: ref("components", "messages", name)},
        "parameters": {
            field: {
                "description": event.model_fields[field].description,
                "location": f"$message.payload#/{field}",
            }
            for field in fields
        },
        "x-stream": event.stream.value,
    }


# --- operations -----------------------------------------------------------------------------------


def _operations(party: Party) -> Iterator[tuple[str, Node]]:
    for event in party.publishes:
        yield _operation(party, "send", event)
    for event in party.consumes:
        yield _operation(party, "receive", event)
    for command in party.sends:
        yield _operation(party, "send", command)
    for command in party.answers:
        yield _operation(party, "receive", command)


def _operation(
    party: Party, action: str, contract: type[Event] | type[Command]
) -> tuple[str, Node]:
    name = contract.type_name()
    operation: Node = {
        "action": action,
        "channel": ref("channels", name),
        "messages": [ref("channels", name, "messages", name)],
        "tags": [{"name": party.name}],
    }
    if issubclass(contract, Command):
        reply = f"{name}.reply" if contract in RESULTS else "reply"
        operation["reply"] = {
            "channel": ref("channels", "replies"),
            "messages": [ref("channels", "replies", "messages", reply)],
        }
    return f"{party.name}.{action}.{name}", operation


# --- messages -------------------------------------------------------------------------------------


def _messages(shared: Node) -> Iterator[tuple[str, Node]]:
    """Every message; the schemas they need are put into `shared`."""
    shared["EventHeaders"] = event_headers()
    shared["CommandHeaders"] = command_headers()
    for event in EVENTS:
        message = message_of(event.type_name(), event, shared)
        message["headers"] = ref("components", "schemas", "EventHeaders")
        message["examples"] = list(examples_of(event))
        yield event.type_name(), message
    for command in COMMANDS:
        message = message_of(command.type_name(), command, shared)
        message["headers"] = ref("components", "schemas", "CommandHeaders")
        yield command.type_name(), message
    yield "reply", message_of("reply", Reply, shared)
    for command, result in RESULTS.items():
        name = f"{command.type_name()}.reply"
        message = message_of(name, Reply, shared)
        found = {"properties": {"result": shared_schema(f"{name}.result", result, shared)}}
        message["payload"] = {"allOf": [ref("components", "schemas", name), found]}
        yield name, message


def message_of(name: str, contract: type[Contract], shared: Node) -> Node:
    return {
        "name": name,
        "title": contract.__name__,
        "summary": in_words(contract),
        "payload": shared_schema(name, contract, shared),
        "x-privacy": sorted(_classes(resolved(schema_of("any.json", contract)))),
        **_going(contract),
    }


def _going(contract: type[Contract]) -> Node:
    """Since when it is deprecated, and when it goes."""
    return {} if contract.deprecated is None else dict(contract.deprecated.in_schema)


def _classes(schema: Any) -> set[str]:
    """Every privacy class in a schema."""
    if isinstance(schema, Mapping):
        own = {schema["x-privacy"]} if isinstance(schema.get("x-privacy"), str) else set()
        return own.union(*(_classes(held) for held in schema.values()))
    if isinstance(schema, list):
        return set().union(*(_classes(held) for held in schema))
    return set()


def examples_of(event: type[Event]) -> Iterator[Node]:
    for file in sorted((GOLDEN / event.noun / f"v{event.major}").glob(f"{event.fact}.*.json")):
        golden = json.loads(file.read_text("utf-8"))
        yield {
            "name": file.name.removesuffix(".json"),
            "headers": golden["headers"],
            "payload": golden["body"],
        }
