"""The AsyncAPI 3 document for a partner's engineer: what is theirs, as their account sees it.

`contracts/asyncapi.json` holds the same among everything of the platform, at our own subjects.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts.asyncapi import event_channel, examples_of, message_of
from contracts.catalogue import EVENTS
from contracts.dialect import Node, event_headers, in_words, ref
from contracts.envelope import Reply
from contracts.partner import (
    PARTNER_COMMANDS,
    AnswerReferral,
    PartnerCommand,
    PartnerEvent,
    PlayReferral,
    TellOutcome,
    TellSaturation,
    UpdateEntry,
)
from contracts.vocabulary import PartnerReference, RelayId, RelayOutcome, SandboxStory

#: Headers of our events that none of a partner's has: they would lead back to a contact.
_NEVER_SENT = ("ce-contactid", "ce-causedby")
#: What a partner may say, each once.
SAID: tuple[PartnerCommand, ...] = (
    AnswerReferral(
        reference=PartnerReference("3f1c9a7e5b2d4c6f8a0b1d2e3f405162"),
        accepted=True,
    ),
    TellOutcome(outcome_token="5b" * 32, outcome=RelayOutcome.HELPED),
    TellSaturation(
        relay_id=RelayId("fr-3114"),
        saturated=True,
        until=datetime(2026, 12, 1, 18, 0, tzinfo=UTC),
    ),
    UpdateEntry(
        relay_id=RelayId("fr-3114"),
        said_at=datetime(2026, 12, 1, 11, 0, tzinfo=UTC),
        hours="MO,TU 09:00-18:00",
    ),
    PlayReferral(story=SandboxStory.SENT, number=1),
)


def events_of_partners() -> tuple[type[PartnerEvent], ...]:
    """Every event a partner is told."""
    return tuple(each for each in EVENTS if issubclass(each, PartnerEvent))


def partner_document(version: str) -> Node:
    """The whole document."""
    shared: Node = {}
    messages = dict(_messages(shared))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Helpline, for partners",
            "version": version,
            "description": (
                "What a partner organisation reads (the durable `partner-NAME` of the stream "
                "`PARTNER`, or its webhook) and asks in its own account on NATS."
            ),
        },
        "defaultContentType": "application/json",
        "channels": dict(_channels()),
        "operations": dict(_operations()),
        "components": {"messages": messages, "schemas": dict(sorted(shared.items()))},
    }


def _channels() -> Iterator[tuple[str, Node]]:
    for event in events_of_partners():
        yield event.type_name(), event_channel(event)
    for command in PARTNER_COMMANDS:
        name = command.type_name()
        yield (
            name,
            {
                "address": command.told_as,
                "description": in_words(command),
                "messages": {name: ref("components", "messages", name)},
            },
        )
    yield (
        "replies",
        {
            "address": None,
            "description": "The reply subject each request names for itself.",
            "messages": {"reply": ref("components", "messages", "reply")},
        },
    )


def _operations() -> Iterator[tuple[str, Node]]:
    for event in events_of_partners():
        yield f"receive.{event.type_name()}", _operation("receive", event.type_name())
    for command in PARTNER_COMMANDS:
        replied = {
            "channel": ref("channels", "replies"),
            "messages": [ref("channels", "replies", "messages", "reply")],
        }
        said = _operation("send", command.type_name())
        yield f"send.{command.type_name()}", said | {"reply": replied}


def _operation(action: str, name: str) -> Node:
    return {
        "action": action,
        "channel": ref("channels", name),
        "messages": [ref("channels", name, "messages", name)],
    }


def _messages(shared: Node) -> Iterator[tuple[str, Node]]:
    headers = event_headers()
    for name in _NEVER_SENT:
        del headers["properties"][name]
    shared["EventHeaders"] = headers
    for event in events_of_partners():
        message = message_of(event.type_name(), event, shared)
        message["headers"] = ref("components", "schemas", "EventHeaders")
        message["examples"] = list(examples_of(event))
        yield event.type_name(), message
    examples = {type(each): each.model_dump(mode="json") for each in SAID}
    for command in PARTNER_COMMANDS:
        message = message_of(command.type_name(), command, shared)
        message["examples"] = [{"payload": examples[command]}]
        yield command.type_name(), message
    reply = message_of("reply", Reply, shared)
    reply["examples"] = [{"payload": {"status": "done"}}]
    yield "reply", reply
