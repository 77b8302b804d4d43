"""How texts are sealed: AES-256-GCM, one key for each contact, wrapped by the key of a day.

Pure but for the randomness of keys and nonces. What is sealed is bound to its place: a ciphertext
moved to another contact, or another text, does not open. Nonces are random; a contact has far fewer
texts, and a day far fewer contacts, than the 2^32 after which NIST SP 800-38D asks for a new key.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class WrongKey(Exception):
    """This key does not open this, or it was changed, or it belongs elsewhere."""


def new_key() -> bytes:
    """A fresh key."""
    return secrets.token_bytes(KEY_BYTES)


def wrap(day_key: bytes, contact_key: bytes, contact_id: str) -> bytes:
    """The key of a contact, sealed by that of a day."""
    return _seal(day_key, contact_key, f"key of {contact_id}")


def unwrap(day_key: bytes, wrapped: bytes, contact_id: str) -> bytes:
    """The key of a contact; raises WrongKey."""
    return _open(day_key, wrapped, f"key of {contact_id}")


def seal(contact_key: bytes, text: str, contact_id: str, sealed_id: str) -> bytes:
    """A text, sealed by the key of its contact."""
    return _seal(contact_key, text.encode(), f"text {sealed_id} of {contact_id}")


def unseal(contact_key: bytes, sealed: bytes, contact_id: str, sealed_id: str) -> str:
    """The text; raises WrongKey."""
    return _open(contact_key, sealed, f"text {sealed_id} of {contact_id}").decode()


def _seal(key: bytes, plain: bytes, place: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def _open(key: bytes, sealed: bytes, place: str) -> bytes:
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, rest, place.encode())
    except (InvalidTag, ValueError):
        raise WrongKey from None
