"""What is posted to a webhook: an event whole, signed as Standard Webhooks 1.0 has it.

https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. Pure, but for the
randomness of a secret.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.envelope import EventEnvelope, event_header, schema_name

_SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
WINDOW_SECONDS = 5 * 60  #: a post is no older and no newer than this
CONTENT_TYPE = "application/cloudevents+json"
USER_AGENT = "helpline-webhooks/1"
_SIGNING = ("id", "timestamp", "signature")
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
#: Attributes of CloudEvents by the fields of our envelope.
_ATTRIBUTES = {
    field: event_header(field).removeprefix("ce-") for field in EventEnvelope.model_fields
}


def new_secret() -> str:
    """A secret for one receiver, told once."""
    return secret_of(secrets.token_bytes(SECRET_BYTES))


def secret_of(key: bytes) -> str:
    """A key as a receiver is given it."""
    return _SECRET_PREFIX + base64.b64encode(key).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>`: the HMAC-SHA256 of `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def signed_headers(
    keys: Sequence[str], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers; one signature for each secret, two while a receiver changes its own.

    `timestamp`: seconds since 1970 on the machine, for the receiver compares with its own clock.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, message_id, timestamp, body) for secret in keys
        ),
    }


def verified(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a post is signed by this secret, and from within five minutes of `now`.

    `headers`: by their names in lower case; `now`: seconds since 1970 on the machine.
    """
    id_, at, signatures = (headers.get(f"webhook-{name}", "") for name in _SIGNING)
    if not id_ or _SECONDS.fullmatch(at) is None or abs(now - int(at)) > WINDOW_SECONDS:
        return False
    expected = signature(secret, id_, int(at), body).encode()
    return any(hmac.compare_digest(expected, each.encode()) for each in signatures.split(" "))


def structured(envelope: Mapping[str, Any], body: str) -> bytes:
    """An event whole in one document: CloudEvents in JSON, structured mode.

    The same attributes as the headers on NATS; `data` is the body as it stands.
    """
    attributes = {
        _ATTRIBUTES[name]: value for name, value in envelope.items() if value is not None
    } | {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "dataschema": schema_name(str(envelope["type"])),
    }
    return f'{json.dumps(attributes, ensure_ascii=False)[:-1]}, "data": {body}}}'.encode()
