"""What is sealed to a partner: opened by its key and by no other, and told apart from rubbish."""

from __future__ import annotations

import base64

import pytest
from nacl.public import PrivateKey

from contracts.sealing import CannotOpen, opened, seal
from contracts.vocabulary import SealedBox, SealingKey

MINE, ANOTHERS = PrivateKey(b"1" * 32), PrivateKey(b"2" * 32)


def of(key: PrivateKey) -> str:
    return base64.b64encode(bytes(key)).decode()


def test_only_the_key_it_was_sealed_to_opens_it() -> None:
    sealed = seal("06 39 98 00 01", SealingKey(base64.b64encode(bytes(MINE.public_key)).decode()))

    assert opened(sealed, of(MINE)) == "06 39 98 00 01"
    with pytest.raises(CannotOpen):
        opened(sealed, of(ANOTHERS))


@pytest.mark.parametrize("rubbish", ["", "é", "AAAA", "A" * 100])
def test_rubbish_is_refused(rubbish: str) -> None:
    with pytest.raises(CannotOpen):
        opened(SealedBox(rubbish), of(MINE))
