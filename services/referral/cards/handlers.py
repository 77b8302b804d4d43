"""What referral does with each command about information cards: load, decide, keep.

Nothing is announced: a card is looked up when it is needed, and no event holds a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.envelope import Reply, done, refused
from contracts.information import (
    MOST_CARDS,
    CardFound,
    CardHead,
    CardNamed,
    CardRevision,
    CardSeen,
    CardsFound,
    CardsSeen,
    CardTold,
    ExtendCard,
    LookUpCards,
    RevokeCard,
    SeeCard,
    SeeCards,
    WriteCard,
)
from contracts.vocabulary import CardId, Refusal
from services.bus.work import Work, new_id
from services.referral import metrics
from services.referral.cards import cards
from services.referral.cards.cards import CardAct, CardRow, Question, Revision
from services.referral.cards.rules import (
    Keeper,
    judge_change,
    judge_dates,
    judge_writing,
)
from services.referral.domain import MayNot


def on_write_card(command: WriteCard, work: Work) -> Reply:
    """Keep a new card, or what one says from now on."""
    row = None if command.card_id is None else cards.card_to_change(work.session, command.card_id)
    if command.card_id is not None and row is None:
        return refused(Refusal.UNKNOWN_CARD, "card_id")
    known = None if row is None else cards.known(row)
    decided = judge_writing(known, command.card, _keeper(work))
    if isinstance(decided, MayNot):
        return refused(decided.why, decided.field)
    card_id = command.card_id or CardId(new_id())
    act = CardAct.WRITTEN if row is None else CardAct.AMENDED
    kept = cards.keep(work.session, row, command.card, _by(work, card_id, act))
    return done(kept.version, CardNamed(card_id=card_id))


def on_extend_card(command: ExtendCard, work: Work) -> Reply:
    """Keep until when a card holds from now on."""
    row = _to_change(command.card_id, work)
    if isinstance(row, MayNot):
        return refused(row.why, row.field)
    why = judge_dates(row.valid_from, command.expires_at, work.now)
    if why is not None:
        return refused(why, "expires_at")
    card = cards.card_of(row).model_copy(update={"expires_at": command.expires_at})
    made = _by(work, command.card_id, CardAct.EXTENDED)
    return done(cards.keep(work.session, row, card, made).version)


def on_revoke_card(command: RevokeCard, work: Work) -> Reply:
    """Have nobody find a card any more."""
    row = _to_change(command.card_id, work)
    if isinstance(row, MayNot):
        return refused(row.why, row.field)
    made = _by(work, command.card_id, CardAct.REVOKED)
    return done(cards.keep(work.session, row, cards.card_of(row), made).version)


def on_see_cards(_: SeeCards, work: Work) -> Reply:
    """Say what cards a line has; nothing is changed."""
    rows = cards.of_a_line(work.session, work.command.programme, work.now)
    seen = tuple(map(_seen, rows[:MOST_CARDS]))
    return done(result=CardsSeen(cards=seen, more=len(rows) > MOST_CARDS))


def on_see_card(command: SeeCard, work: Work) -> Reply:
    """Say what one says, and who made it so; nothing is changed."""
    row = cards.one(work.session, work.command.programme, command.card_id)
    if row is None:
        return refused(Refusal.UNKNOWN_CARD, "card_id")
    history = tuple(map(_revision, cards.history(work.session, command.card_id)))
    return done(result=CardTold(**_named(row), revoked_at=row.revoked_at, history=history))


def on_look_up_cards(command: LookUpCards, work: Work) -> Reply:
    """Say which cards answer; nothing is changed."""
    programme = work.command.programme
    question = Question(programme, command.words, command.departement)
    rows = cards.found(work.session, question, work.now)
    metrics.record_card_search(programme, shown=len(rows))
    return done(result=CardsFound(cards=tuple(CardFound(**_named(row)) for row in rows)))


def _keeper(work: Work) -> Keeper:
    return Keeper(work.command.programme, work.now, work.command.expected_version)


def _by(work: Work, card_id: CardId, act: CardAct) -> Revision:
    return Revision(card_id, act, work.command.actor, work.now)


def _to_change(card_id: CardId, work: Work) -> CardRow | MayNot:
    row = cards.card_to_change(work.session, card_id)
    if row is None:
        return MayNot(Refusal.UNKNOWN_CARD, "card_id")
    return judge_change(cards.known(row), _keeper(work)) or row


def _named(row: Any) -> Mapping[str, Any]:
    return {"card_id": row.card_id, "version": row.version, "card": cards.card_of(row)}


def _seen(row: Any) -> CardSeen:
    said = cards.card_of(row)
    head = CardHead(**{name: getattr(said, name) for name in CardHead.model_fields})
    return CardSeen(card_id=row.card_id, version=row.version, revoked_at=row.revoked_at, head=head)


def _revision(row: Any) -> CardRevision:
    return CardRevision(version=row.version, act=row.act, at=row.made_at, by=row.made_by)
