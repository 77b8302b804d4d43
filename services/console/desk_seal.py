"""What is sealed to a partner that reads on our page: opened there, in memory, and nowhere else.

A partner with a desk has a key of its own, which follows from one key of the console and its name:
a box of one partner's does not open as another's, and outbox, stream, tables and backups hold what
referral, which has no key, cannot open.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.public import PrivateKey

from contracts.sealing import CannotOpen, opened
from contracts.vocabulary import PartnerId, SealedBox, SealingKey

DESK_KEY = "console-desks.key"


def key_of(key: bytes, partner: str) -> PrivateKey:
    """The X25519 key of a partner's desk: the same whenever it is asked for."""
    info = f"helpline: desk of {partner}".encode()
    return PrivateKey(HKDF(SHA256(), PrivateKey.SIZE, salt=None, info=info).derive(key))


def sealing_key_of(key: bytes, partner: str) -> SealingKey:
    """The half of it that goes into the partner's file."""
    return SealingKey(base64.b64encode(bytes(key_of(key, partner).public_key)).decode())


@dataclass(frozen=True)
class DeskSeal:
    """Opens for desks. `key` is that of the console; without one nothing opens."""

    key: bytes | None = field(repr=False, default=None)

    def open_for_desk(self, partner: PartnerId, sealed: SealedBox | None) -> str | None:
        """What was sealed to the desk of a partner; None where nothing was, or to another key."""
        if self.key is None or sealed is None:
            return None
        try:
            return opened(sealed, base64.b64encode(bytes(key_of(self.key, partner))).decode())
        except CannotOpen:
            return None
