"""Codes a person can keep in their head: three words back to a chat, four to a message, four
digits back to a line.

None is stored. Of the words there is a hash, keyed by the key of a day (chats) or of a month
(`message_codes`), neither of which the database alone can tell: without it the 2^32.7 combinations
of three words would be tried through in an hour, and the 2^43.5 of four in days. The digits are
made anew from the day's key whenever they are needed. Pure, but for the list of words.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from contracts.vocabulary import Channel

_BETWEEN = re.compile(r"[^a-z]+")
_WORDS = Path(__file__).with_name("return_words.txt")
#: So many words bring back by each channel: a chat is held for minutes, a message kept for a month.
WORDS_TO: dict[Channel, int] = {Channel.CHAT: 3, Channel.MESSAGE: 4}


@lru_cache(maxsize=1)
def words() -> tuple[str, ...]:
    """Every word a code may hold."""
    lines = _WORDS.read_text("utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


def words_from(secret: bytes, count: int = WORDS_TO[Channel.CHAT]) -> str:
    """The code of whoever holds this secret: so many words, the same each time."""
    drawn = int.from_bytes(hmac.digest(secret, b"helpline: return code", "sha256"))
    listed, code = words(), []
    for _ in range(count):
        drawn, place = divmod(drawn, len(listed))
        code.append(listed[place])
    return " ".join(code)


def as_typed(code: str) -> str | None:
    """A code as a person types it, brought to one form; None when it cannot be one."""
    plain = unicodedata.normalize("NFKD", code).encode("ascii", "ignore").decode().lower()
    given = _BETWEEN.split(plain)
    said = [word for word in given if word]
    return " ".join(said) if len(said) in WORDS_TO.values() else None


def leads_to(code: str) -> Channel:
    """By which channel a code in one form brings back."""
    words_in_it = len(code.split())
    return next(channel for channel, count in WORDS_TO.items() if count == words_in_it)


def hash_of_words(day_key: bytes, code: str) -> str:
    """What is kept of a code in one form."""
    return hmac.digest(day_key, f"return code {code}".encode(), "sha256").hex()


def digits_of(day_key: bytes, contact_id: str, number: int) -> str:
    """The four digits of a pass; `number` tells apart those one contact could give."""
    drawn = hmac.digest(day_key, f"return pass {number} of {contact_id}".encode(), "sha256")
    return f"{int.from_bytes(drawn) % 10_000:04d}"
