"""Information cards as they are kept: what each says now, and every version of it with who made it.

A line has tens of cards, so that a search reads those that hold and needs no index: words are
compared as the directory's are (`plain`, trigrams), at the moment they are asked. No commit is made
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session

from contracts.information import MOST_CARDS, MOST_FOUND, MOST_REVISIONS, InformationCard
from contracts.looking_up import plain
from contracts.vocabulary import CardId, Departement, PersonId, ProgrammeId
from services.bus.driver import ask
from services.referral.cards.rules import CardKnown, sought
from services.referral.store import Row

#: How alike a word of a card is to the one that is sought, by its trigrams, to count as it.
ALIKE = 0.5


class CardAct(StrEnum):
    """What somebody did with a card."""

    WRITTEN = "written"
    AMENDED = "amended"
    EXTENDED = "extended"
    REVOKED = "revoked"
    IMPORTED = "imported"


class CardRow(Row, table=True):
    """A card as it is now."""

    __tablename__ = "card"

    card_id: str = Field(primary_key=True, sa_type=Text)
    version: int
    programmes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    departements: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    revoked_at: datetime | None = Field(sa_column=Column(DateTime(timezone=True)))
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    title_words: str = Field(sa_type=Text)  #: as `plain` writes them
    words: str = Field(sa_type=Text)  #: title, text and source, as `plain` writes them


class CardRevisionRow(Row, table=True):
    """A version of a card, and who made it."""

    __tablename__ = "card_revision"

    card_id: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True)
    act: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    made_by: str | None = Field(default=None, sa_type=Text)  #: empty: an import at a terminal
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


@dataclass(frozen=True)
class Revision:
    """What is done with a card, by whom, when."""

    card_id: CardId
    act: CardAct
    by: PersonId | None
    at: datetime


@dataclass(frozen=True)
class Question:
    """What somebody looks up, on which line."""

    programme: ProgrammeId
    words: tuple[str, ...]
    departement: Departement | None = None


def card_to_change(session: Session, card_id: CardId) -> CardRow | None:
    """Return a card, locked."""
    return session.get(CardRow, card_id, with_for_update=True)


def known(row: CardRow) -> CardKnown:
    """A card as decisions see it."""
    lines = frozenset(ProgrammeId(each) for each in row.programmes)
    return CardKnown(row.version, lines, row.revoked_at is not None)


def card_of(row: Any) -> InformationCard:
    """What a card says."""
    return InformationCard.model_validate(row.content, extra="ignore")


def keep(session: Session, row: CardRow | None, card: InformationCard, made: Revision) -> CardRow:
    """Keep what a card says from now on, as a further version of it; `row` where there is one."""
    now = CardRow(
        card_id=made.card_id,
        version=1 if row is None else row.version + 1,
        programmes=list(card.programmes),
        departements=list(card.departements),
        valid_from=card.valid_from,
        expires_at=card.expires_at,
        revoked_at=made.at if made.act is CardAct.REVOKED else None,
        content=card.model_dump(mode="json"),
        title_words=plain(card.title),
        words=plain(" ".join((card.title, *card.paragraphs, card.source))),
    )
    session.add(
        CardRevisionRow(
            card_id=made.card_id,
            version=now.version,
            act=made.act.value,
            made_at=made.at,
            made_by=made.by,
            content=now.content,
        )
    )
    return session.merge(now)


# --- reading --------------------------------------------------------------------------------------

#: Half of the words sought are enough: a question has more of them than its answer.
_FOUND = f"""
    SELECT card_id, version, content FROM referral.card, LATERAL (
        SELECT count(*) AS all_words,
            count(*) FILTER (WHERE words ~ pattern OR alike >= {ALIKE}) AS heard,
            count(*) FILTER (WHERE title_words ~ pattern) AS in_title,
            sum(alike) AS alike
        FROM unnest(%(words)s::text[], %(patterns)s::text[]) AS sought (word, pattern),
            LATERAL (SELECT CASE WHEN word ~ '^[a-z]{{3,}}$'
                THEN public.word_similarity(word, words) ELSE 0 END AS alike) AS near
    ) AS said
    WHERE %(programme)s = ANY(programmes) AND revoked_at IS NULL
        AND valid_from <= %(now)s AND %(now)s < expires_at
        AND (departements = '{{}}' OR %(departement)s::text IS NULL
            OR %(departement)s = ANY(departements))
        AND heard > 0 AND heard * 2 >= all_words
    ORDER BY heard DESC, in_title DESC, alike DESC, expires_at DESC, card_id
    LIMIT {MOST_FOUND}
"""  # noqa: S608 - our own words, here and below
_OF_A_LINE = f"""
    SELECT card_id, version, revoked_at, content FROM referral.card
    WHERE %(programme)s = ANY(programmes)
    ORDER BY revoked_at IS NOT NULL OR expires_at <= %(now)s,
        CASE WHEN revoked_at IS NULL AND %(now)s < expires_at THEN expires_at END,
        expires_at DESC, card_id
    LIMIT {MOST_CARDS + 1}
"""  # noqa: S608
_ONE = """
    SELECT card_id, version, revoked_at, content FROM referral.card
    WHERE card_id = %(card_id)s AND %(programme)s = ANY(programmes)
"""
_HISTORY = f"""
    SELECT version, act, made_at, made_by FROM referral.card_revision
    WHERE card_id = %(card_id)s ORDER BY version DESC LIMIT {MOST_REVISIONS}
"""  # noqa: S608


def found(session: Session, question: Question, now: datetime) -> Sequence[Any]:
    """Cards of a line that hold at this moment and answer these words, the nearest first."""
    words = sought(question.words)
    asked = {
        "words": list(words),
        "patterns": [_pattern(word) for word in words],
        "programme": question.programme,
        "departement": question.departement,
        "now": now,
    }
    return ask(session, _FOUND, asked).fetchall()


def _pattern(word: str) -> str:
    """Where a word begins; a number is meant whole."""
    return rf"\m{word}\M" if word.isdigit() else rf"\m{word}"


def of_a_line(session: Session, programme: ProgrammeId, now: datetime) -> Sequence[Any]:
    """Cards of a line, the first to expire first, then those that hold no longer; one too many."""
    return ask(session, _OF_A_LINE, {"programme": programme, "now": now}).fetchall()


def one(session: Session, programme: ProgrammeId, card_id: CardId) -> Any | None:
    """One card of a line, whatever its dates."""
    return ask(session, _ONE, {"card_id": card_id, "programme": programme}).fetchone()


def history(session: Session, card_id: CardId) -> Sequence[Any]:
    """What was done with a card, the newest first."""
    return ask(session, _HISTORY, {"card_id": card_id}).fetchall()
