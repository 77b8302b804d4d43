"""Relays looked up by words: which entries are called so, however somebody writes it.

Names are kept as plain words (`contracts.looking_up.plain`: no accent, no capital, no ligature),
and every word there is once in a table of its own. What is typed is first read as words that exist
(whole, a part of one, or like one by its trigrams), then entries that have one of each are asked
for. The surprising thing: no trigram of an entry is indexed. A long text has most trigrams, and a
search by those of 140,000 names took 25 ms; of 100,000 words, one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Index, Text
from sqlalchemy.schema import DDL
from sqlmodel import Field, Session

from contracts.looking_up import plain
from services.bus.driver import ask
from services.referral.directory.relay import Relay
from services.referral.store import Row

_WORD = re.compile(r"[a-z]+|[0-9]+")
#: Letters of a word that are kept; digits of the longest number: a whole telephone number is looked
#: up by nobody (`contracts.looking_up`).
_LONGEST, _MOST_DIGITS = 40, 4
#: Words of the directory that one typed word may stand for.
_MOST_READINGS = 24
#: How alike two words are, by their trigrams, to be taken for the same with a slip of the finger.
_ALIKE = 0.3
#: Of those that are alike, so many; the first is the likest.
_MOST_ALIKE = 4
#: A part of a word has this many letters at least; fewer are where one begins.
_SHORTEST_PART = 3


class WordRow(Row, table=True):
    """A word in the name of some relay, or what was one."""

    __tablename__ = "word"
    __table_args__ = (
        Index(
            "word_parts", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}
        ),
    )

    word: str = Field(primary_key=True, sa_type=Text)


# The index wants it; whoever owns a database may have it there (it is trusted).
TRIGRAMS = DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")  # type: ignore[no-untyped-call]

#: In their order, so that two imports at once wait for each other and not each for the other.
_KEEP = """
    INSERT INTO referral.word (word) SELECT DISTINCT unnest(%(words)s::text[]) AS word
    ORDER BY word ON CONFLICT DO NOTHING
"""
_BEGIN = """
    SELECT word FROM referral.word WHERE word >= %(typed)s AND word < %(after)s
    ORDER BY length(word), word LIMIT %(most)s
"""
_HOLD = """
    SELECT word FROM referral.word WHERE word LIKE %(part)s ORDER BY length(word), word
    LIMIT %(most)s
"""
_LIKE = """
    SELECT word FROM referral.word
    WHERE word OPERATOR(public.%%) %(typed)s AND public.similarity(word, %(typed)s) >= %(alike)s
        AND abs(length(word) - length(%(typed)s)) <= 2
    ORDER BY public.similarity(word, %(typed)s) DESC, word LIMIT %(most)s
"""


@dataclass(frozen=True)
class Reading:
    """A word that was typed, and the words of the directory it may stand for."""

    typed: str
    words: tuple[str, ...]  #: empty: nothing is called so, nor anything like it


def words_of_relay(relay: Relay) -> list[str]:
    """What it may be looked up by: its names, its organisation's, and short numbers."""
    row = relay.row
    told = [relay.name, str(row.get("alternate_name") or "")]
    organization = row.get("organization")
    if isinstance(organization, dict):
        told.append(str(organization.get("name") or ""))
    numbers = ("".join(str(each.get("number", "")).split()) for each in row.get("phones") or ())
    told += [number for number in numbers if len(number) <= _MOST_DIGITS]
    return sorted({word[:_LONGEST] for word in _WORD.findall(plain(" ".join(told)))})


def keep_words(session: Session, words: Collection[str]) -> None:
    """Keep that these words are in names. One that no name has any more finds nothing."""
    if words:
        ask(session, _KEEP, {"words": list(words)})


def readings(session: Session, typed: Sequence[str]) -> tuple[Reading, ...]:
    """What each typed word may stand for."""
    return tuple(Reading(each, _readings_of(session, each)) for each in typed)


def _readings_of(session: Session, typed: str) -> tuple[str, ...]:
    asked = {"typed": typed, "after": f"{typed}\x7f", "most": _MOST_READINGS}
    if len(typed) < _SHORTEST_PART or typed.isdigit():
        return _found(session, _BEGIN, asked)
    held = _found(session, _HOLD, asked | {"part": f"%{typed}%"})
    return held or _found(session, _LIKE, asked | {"alike": _ALIKE, "most": _MOST_ALIKE})


def _found(session: Session, statement: str, asked: dict[str, object]) -> tuple[str, ...]:
    return tuple(row.word for row in ask(session, statement, asked))
