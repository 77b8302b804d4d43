"""Signatures of webhooks, as Standard Webhooks 1.0 has them: secrets, signed content, headers.

https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. Pure, but for the
randomness of a secret.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence

_SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32


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
