"""Information cards taken from a list, card by card, so that a bad one costs itself alone.

A card is known again by its list and its key. What somebody of ours did since with a card stays:
a list that says something new of it is refused there, and a card that was revoked does not return.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from contracts.information import InformationCard
from contracts.vocabulary import CardId
from services.bus.work import derived_id
from services.referral.cards import cards
from services.referral.cards.cards import CardAct, CardRevisionRow, CardRow, Revision
from services.referral.cards.rules import judge_card


@dataclass(frozen=True)
class Listed:
    """A card of a list."""

    key: str  #: its name in the list
    card: InformationCard
    #: Its list says for how long it holds and not until when: dated when it first comes.
    dated_on_arrival: bool = False


@dataclass(frozen=True)
class CardFlaw:
    """Why a card was not taken."""

    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.key}: {self.why}"


@dataclass(frozen=True)
class CardsImported:
    """What became of a list, in cards."""

    new: int
    changed: int
    unchanged: int
    flaws: tuple[CardFlaw, ...]


def import_cards(
    session: Session, name: str, listed: Iterable[Listed], now: datetime
) -> CardsImported:
    """Take the cards of the list `name`; `now` is domain time. The caller commits."""
    became = [(each.key, _take(session, name, each, now)) for each in listed]
    told = [what for _, what in became]
    flaws = tuple(CardFlaw(key, what) for key, what in became if what not in _TAKEN)
    return CardsImported(told.count(_NEW), told.count(_CHANGED), told.count(_UNCHANGED), flaws)


_NEW, _CHANGED, _UNCHANGED = "new", "changed", "unchanged"
_TAKEN = frozenset({_NEW, _CHANGED, _UNCHANGED})


def _take(session: Session, name: str, listed: Listed, now: datetime) -> str:
    """Take one card: what became of it, or the sentence that says why it was not taken."""
    card_id = CardId(derived_id("information card", name, listed.key))
    row = cards.card_to_change(session, card_id)
    if row is not None and (listed.dated_on_arrival or _said_before(session, row, listed.card)):
        return _UNCHANGED
    if row is not None and row.revoked_at is not None:
        return "was revoked at a desk and does not come back; give it another key"
    if row is not None and cards.card_of(row) != _imported_last(session, row):
        return "was changed at a desk since; change it there"
    if (no := judge_card(listed.card, now)) is not None:
        return f"{(no.field or '').removeprefix('card.')}: {no.why.value}"
    made = Revision(card_id, CardAct.IMPORTED, None, now)
    cards.keep(session, row, listed.card, made)
    return _NEW if row is None else _CHANGED


def _said_before(session: Session, row: CardRow, card: InformationCard) -> bool:
    return card in (cards.card_of(row), _imported_last(session, row))


def _imported_last(session: Session, row: CardRow) -> InformationCard | None:
    imported = (
        select(CardRevisionRow)
        .where(CardRevisionRow.card_id == row.card_id)
        .where(CardRevisionRow.act == CardAct.IMPORTED.value)
        .order_by(col(CardRevisionRow.version).desc())
    )
    last = session.exec(imported).first()
    return None if last is None else cards.card_of(last)
