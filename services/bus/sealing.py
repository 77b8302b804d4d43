"""Sealing: AES-256-GCM, what is sealed bound to its place.

Pure but for the randomness of keys and nonces. Nonces are random: a key seals far fewer than the
2^32 after which NIST SP 800-38D asks for a new one, and whoever hands out keys sees to it.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class WrongKey(Exception):
    """This key does not open this, or it was changed, or it belongs elsewhere."""


def new_key() -> bytes:
    """A fresh key."""
    return secrets.token_bytes(KEY_BYTES)


def key_from(path: Path) -> bytes:
    """A key kept as a file of hexadecimal; raises WrongKey when there is none in it, or OSError."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        raise WrongKey from None
    if len(key) != KEY_BYTES:
        raise WrongKey
    return key


def sealed_in(key: bytes, plain: bytes, place: str) -> bytes:
    """What is sealed with a key, for one place: elsewhere it does not open."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def opened(key: bytes, sealed: bytes, place: str) -> bytes:
    """What was sealed; raises WrongKey."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, rest, place.encode())
    except (InvalidTag, ValueError):
        raise WrongKey from None
