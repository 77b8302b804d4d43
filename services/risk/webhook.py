"""A signed webhook: Standard Webhooks 1.0 (headers, signed content, `whsec_` secrets).

https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. The body names
the call and nothing of the case: whoever answers it looks at their desk.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from services.risk.duty import CallToMake

_SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Letter:
    """What is sent: a POST of this body with these headers."""

    headers: Mapping[str, str]
    body: bytes


def new_secret() -> str:
    """A secret for one receiver, told once."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>`: the HMAC-SHA256 of `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def letter(call: CallToMake, secret: str) -> Letter:
    """The webhook of a call; every attempt has the same id, so that twice is harmless."""
    timestamp = int(call.machine_seconds)
    body = orjson.dumps(
        {
            "type": "duty_call.called",
            "timestamp": datetime.fromtimestamp(timestamp, UTC).isoformat(),
            "data": {"call_id": call.call_id, "alert_id": call.alert_id},
        }
    )
    headers = {
        "content-type": "application/json",
        "webhook-id": call.call_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, call.call_id, timestamp, body),
    }
    return Letter(headers, body)
