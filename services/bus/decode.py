"""From bytes to a contract, or to the reason why not. Reasons hold field paths, never values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from pydantic import ValidationError

from contracts.catalogue import COMMAND_TYPES, EVENT_TYPES
from contracts.envelope import (
    Command,
    CommandEnvelope,
    CommandId,
    Event,
    EventEnvelope,
    event_header,
    schema_name,
)
from contracts.partner import PartnerCommand, person_of
from contracts.vocabulary import ON_THE_BUS, PartnerId, PersonId
from services.bus import metrics

#: A body larger than this is not read at all. Nothing of ours comes near; NATS stops at 1 MB.
LARGEST_BODY_BYTES = 256 * 1024


_HEADERS = {field: event_header(field) for field in EventEnvelope.model_fields}


@dataclass(frozen=True)
class ReadEvent:
    """An event and its envelope."""

    envelope: EventEnvelope
    event: Event


@dataclass(frozen=True)
class FromPartner:
    """In the place of an envelope: nothing of it comes from the message, so that no header can make
    a partner somebody else. The same wish again is the same command.
    """

    command_id: CommandId
    partner: PartnerId
    traceparent: None = None

    @property
    def actor(self) -> PersonId:
        """Who asks, where a person is named."""
        return person_of(self.partner)


@dataclass(frozen=True)
class ReadCommand:
    """A command and who asks."""

    envelope: CommandEnvelope | FromPartner
    command: Command


@dataclass(frozen=True)
class Unreadable:
    """Why a message cannot be read: kind of error and path of the field, never the value."""

    reason: str
    where: str | None = None
    type: str = "unknown"
    event_id: str | None = None


#: A type nobody here knows, on a subject of its own: the durable was widened for a newer version.
NEWER = "newer_type"


def read_event(subject: str, headers: Mapping[str, str], body: bytes) -> ReadEvent | Unreadable:
    """Read an event as the bus does: unknown fields are ignored and counted.

    The subject decides: NATS lets a service publish on its own subjects only, so a type or a source
    in the headers that does not belong to the subject is a forgery, or a copied message.
    """
    type_name = headers.get("ce-type", "unknown")
    model = EVENT_TYPES.get(type_name)
    if model is None and subject.startswith(f"helpline.{type_name}."):
        return Unreadable(NEWER, "ce-type", event_id=headers.get("ce-id"))
    if model is None:
        return Unreadable("wrong_version" if "." in type_name else "unknown_type", "ce-type")
    if not model.has_subject(subject):
        return Unreadable("subject_differs", "ce-type")
    if headers.get("ce-source") != model.publisher:
        return Unreadable("not_its_publisher", "ce-source", type_name)
    if len(body) > LARGEST_BODY_BYTES:
        return Unreadable("too_large", None, type_name)
    try:
        envelope = EventEnvelope.model_validate(
            {field: headers[name] for field, name in _HEADERS.items() if name in headers},
            extra="ignore",
        )
        event = model.model_validate_json(body, extra="ignore", context=ON_THE_BUS)
    except ValidationError as error:
        reason, where = _first(error)
        return Unreadable(reason, where, type_name, headers.get("ce-id"))
    _count_ignored(model, body)
    return ReadEvent(envelope, event)


def read_command(subject: str, headers: Mapping[str, str], body: bytes) -> ReadCommand | Unreadable:
    """Read a command as a door does: an unknown field is refused; the subject says which it is."""
    type_name, partner = subject.removeprefix("desk."), None
    if type_name not in COMMAND_TYPES:
        type_name, _, partner = type_name.rpartition(".")
    model = COMMAND_TYPES.get(type_name)
    if model is None or issubclass(model, PartnerCommand) is not (partner is not None):
        return Unreadable("wrong_version")
    if len(body) > LARGEST_BODY_BYTES:
        return Unreadable("too_large")
    try:
        envelope = (
            CommandEnvelope.model_validate(
                {name: headers[name] for name in CommandEnvelope.model_fields if name in headers}
            )
            if partner is None
            else _of_partner(partner, subject, body)
        )
        return ReadCommand(envelope, model.model_validate_json(body))
    except ValidationError as error:
        return Unreadable(*_first(error))


def _of_partner(partner: str, subject: str, body: bytes) -> FromPartner:
    """Who asks, by the subject: the server lets each partner publish on its own alone."""
    wish = uuid5(NAMESPACE_URL, f"{subject} {sha256(body).hexdigest()}")
    return FromPartner(CommandId(str(wish)), PartnerId(partner))


def event_headers(envelope: Mapping[str, Any]) -> dict[str, str]:
    """The NATS headers of an event, from its envelope as stored (values of JSON)."""
    return {_HEADERS[name]: str(value) for name, value in envelope.items() if value is not None} | {
        "ce-specversion": "1.0",
        "ce-dataschema": schema_name(str(envelope["type"])),
        "Nats-Msg-Id": str(envelope["id"]),
        **going_headers(str(envelope["type"])),
    }


def going_headers(type_name: str) -> dict[str, str]:
    """What goes with every event of a type that will go."""
    model = EVENT_TYPES.get(type_name)
    return {} if model is None or model.deprecated is None else model.deprecated.headers


def command_headers(envelope: CommandEnvelope) -> dict[str, str]:
    """The NATS headers of a command."""
    fields = envelope.model_dump(mode="json", exclude_none=True)
    return {name: str(value) for name, value in fields.items()}


def _first(error: ValidationError) -> tuple[str, str | None]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"] if _is_ours(part))
    return first["type"], path or None


def _is_ours(part: int | str) -> bool:
    """A path may end in a key the sender chose; only identifiers of ours are repeated."""
    return isinstance(part, int) or (part.isidentifier() and len(part) <= 40)


def _count_ignored(model: type[Event], body: bytes) -> None:
    keys = orjson.loads(body).keys()
    for key in keys - model.model_fields.keys():
        metrics.record_ignored(model.type_name(), key if _is_ours(key) else "other")
