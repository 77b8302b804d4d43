"""Codes a person can keep in their head: three words back to a chat, four digits back to a line.

Neither is stored. Of the words there is a hash keyed by the day's key, which is outside the
database: 2^32.7 combinations would be tried through in an hour without it. The digits are made anew
from the day's key whenever they are needed. Pure, but for the list of words.
"""

from __future__ import annotations

import hmac
import unicodedata
from functools import lru_cache
from pathlib import Path

_WORDS = Path(__file__).with_name("return_words.txt")
WORDS_IN_CODE = 3


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    """Every word a code may hold."""
    lines = _WORDS.read_text("utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


def words_from(secret: bytes) -> str:
    """The code of whoever holds this secret: three words, the same each time."""
    drawn = int.from_bytes(hmac.digest(secret, b"helpline: return code", "sha256"))
    listed, code = words(), []
    for _ in range(WORDS_IN_CODE):
        drawn, place = divmod(drawn, len(listed))
        code.append(listed[place])
    return " ".join(code)


def as_typed(code: str) -> str | None:
    """A code as a person types it, brought to one form; None when it cannot be one."""
    plain = unicodedata.normalize("NFKD", code).encode("ascii", "ignore").decode().lower()
    given = plain.replace("-", " ").replace(",", " ").split()
    return " ".join(given) if len(given) == WORDS_IN_CODE else None


def hash_of_words(day_key: bytes, code: str) -> str:
    """What is kept of a code in one form."""
    return hmac.digest(day_key, f"return code {code}".encode(), "sha256").hex()


def digits_of(day_key: bytes, contact_id: str, number: int) -> str:
    """The four digits of a pass; `number` tells apart those one contact could give."""
    drawn = hmac.digest(day_key, f"return pass {number} of {contact_id}".encode(), "sha256")
    return f"{int.from_bytes(drawn) % 10_000:04d}"
