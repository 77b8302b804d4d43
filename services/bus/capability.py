"""A capability: a contract one edge signs and another one reads, by a key both were given.

For where a door must know who asks and cannot look it up: the services share no table and no
session. It is told to whoever shows it, so it names as little as it can and expires soon; what the
bearer may do is decided where it is read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from contracts.envelope import Contract

M = TypeVar("M", bound=Contract)

#: File of the key, in the folder of keys; `up` makes it, in production it is handed out like them.
KEY_FILE = "capability.key"
KEYS_DIR = "HELPLINE_KEYS_DIR"
_KEY_BYTES = 32
#: Longer ones are not looked at.
_LONGEST = 2048


class KeyMissing(Exception):
    """The key of capabilities is not there, or it is no key."""


def key_in(folder: Path) -> bytes:
    """Read the key; raises KeyMissing."""
    try:
        key = bytes.fromhex((folder / KEY_FILE).read_text().strip())
    except (OSError, ValueError):
        raise KeyMissing(KEY_FILE) from None
    if len(key) != _KEY_BYTES:
        raise KeyMissing(KEY_FILE)
    return key


def key_from_environment(environ: Mapping[str, str] = os.environ) -> bytes:
    """Read the key of this process; raises KeyMissing."""
    folder = environ.get(KEYS_DIR)
    if folder is None:
        raise KeyMissing(KEYS_DIR)
    return key_in(Path(folder))


def sign(key: bytes, purpose: str, said: Contract) -> str:
    """A token that says `said`, for one purpose."""
    body = said.model_dump_json().encode()
    return f"{_text(body)}.{_text(_seal(key, purpose, body))}"


def read(key: bytes, purpose: str, token: str, model: type[M]) -> M | None:
    """What a token says; None when it was not signed by this key for this purpose."""
    body_text, _, seal_text = token.partition(".")
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        body, seal = _bytes(body_text), _bytes(seal_text)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(seal, _seal(key, purpose, body)):
        return None
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError:
        return None


def _seal(key: bytes, purpose: str, body: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + body, "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
