"""Sealing to a partner's key: who seals cannot open again, nor anybody on the way.

A sealed box of NaCl: an ephemeral X25519 key, XSalsa20-Poly1305, nonce by BLAKE2b
(libsodium, `crypto_box_seal`).
"""

import base64
import binascii

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey
from nacl.public import SealedBox as Box

from contracts.vocabulary import SealedBox, SealingKey


class CannotOpen(Exception):
    """It was sealed to another key, or is no sealed box."""


def seal(words: str, key: SealingKey) -> SealedBox:
    """Seal words to the public half of a key. Raises ValueError when that is no key."""
    box = Box(PublicKey(base64.b64decode(key)))
    return SealedBox(base64.b64encode(box.encrypt(words.encode())).decode())


def opened(sealed: SealedBox, private_key: str) -> str:
    """What was sealed, by the private half in base64. Raises CannotOpen."""
    try:
        box = Box(PrivateKey(base64.b64decode(private_key)))
        return box.decrypt(base64.b64decode(sealed)).decode()
    except (CryptoError, binascii.Error, ValueError) as error:
        raise CannotOpen(str(type(error).__name__)) from None
