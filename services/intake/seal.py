"""How texts are sealed: AES-256-GCM, one key for each contact, wrapped by the key of a day.

A ciphertext moved to another contact, or another text, does not open. A contact has far fewer
texts, and a day far fewer contacts, than a key may seal (`services/bus/sealing.py`).
"""

from __future__ import annotations

from services.bus.sealing import opened, sealed_in


def wrap(day_key: bytes, contact_key: bytes, contact_id: str) -> bytes:
    """The key of a contact, sealed by that of a day."""
    return sealed_in(day_key, contact_key, f"key of {contact_id}")


def unwrap(day_key: bytes, wrapped: bytes, contact_id: str) -> bytes:
    """The key of a contact; raises WrongKey."""
    return opened(day_key, wrapped, f"key of {contact_id}")


def seal(contact_key: bytes, text: str, contact_id: str, sealed_id: str) -> bytes:
    """A text, sealed by the key of its contact."""
    return sealed_in(contact_key, text.encode(), f"text {sealed_id} of {contact_id}")


def unseal(contact_key: bytes, sealed: bytes, contact_id: str, sealed_id: str) -> str:
    """The text; raises WrongKey."""
    return opened(contact_key, sealed, f"text {sealed_id} of {contact_id}").decode()
