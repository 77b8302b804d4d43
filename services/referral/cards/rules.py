"""Who may write which information card, and when one may be read to a caller.

For the person who asks: a fact they act upon is in force, of this line, and somebody answers for
it. Nothing holds for ever: a card that nobody looks at again expires. The surprising thing: a page
gives a card to no other line. A card of several lines was imported so; whoever keeps one of these
lines amends it for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.information import InformationCard
from contracts.vocabulary import ProgrammeId, Refusal
from services.referral.domain import MayNot

#: A card is looked at once a year at least. Design value; no source sets it.
LONGEST_VALIDITY = timedelta(days=366)

_LITTLE = """
    a ai ait au aux avec avoir car ce ces cet cette chez comment dans de des dois doit donc du elle
    en est et etre eu faire faut il ils je la le les leur ma mais me mes moi mon ne nos notre nous
    on ou par pas peut peux plus pour pourquoi puis qu quand que quel quelle quelles quels qui quoi
    sa se ses si son sont sur ta te tes toi ton tu un une va vais veut veux vos votre vous y
"""
#: Words of which a question is made, in French, that say nothing of what it is about.
LITTLE_WORDS = frozenset(_LITTLE.split())


@dataclass(frozen=True)
class CardKnown:
    """A card as it stands."""

    version: int
    programmes: frozenset[ProgrammeId]
    revoked: bool


@dataclass(frozen=True)
class Kept:
    """The card says this from now on."""


@dataclass(frozen=True)
class Keeper:
    """Who keeps a card: on which line, having read which version, at what moment."""

    programme: ProgrammeId
    now: datetime
    read_version: int | None = None


def judge_writing(known: CardKnown | None, card: InformationCard, keeper: Keeper) -> Kept | MayNot:
    """Whether a card may say this; `known` when one is amended."""
    if known is not None and (no := judge_change(known, keeper)) is not None:
        return no
    lines = frozenset({keeper.programme}) if known is None else known.programmes
    if frozenset(card.programmes) != lines:
        return MayNot(Refusal.NOT_IN_PROGRAMME, "card.programmes")
    return judge_card(card, keeper.now) or Kept()


def judge_change(known: CardKnown, keeper: Keeper) -> MayNot | None:
    """Why nothing may be done with a card; a card of another line is as good as none."""
    if keeper.programme not in known.programmes:
        return MayNot(Refusal.UNKNOWN_CARD, "card_id")
    if known.revoked:
        return MayNot(Refusal.WRONG_STATE)
    if keeper.read_version not in (None, known.version):
        return MayNot(Refusal.STALE_VERSION)
    return None


def judge_card(card: InformationCard, now: datetime) -> MayNot | None:
    """Why no card may say this, whoever writes it; `now` is domain time."""
    if (card.owner_role is None) == (card.owner_id is None):
        return MayNot(Refusal.INVALID_FIELD, "card.owner_role")
    if card.source_on > (now + timedelta(days=1)).date().isoformat():
        return MayNot(Refusal.INVALID_FIELD, "card.source_on")
    if (why := judge_dates(card.valid_from, card.expires_at, now)) is not None:
        return MayNot(why, "card.expires_at")
    return None


def judge_dates(valid_from: datetime, expires_at: datetime, now: datetime) -> Refusal | None:
    """Why a card may not hold from the one moment to the other."""
    start = max(valid_from, now)
    sound = start < expires_at <= start + LONGEST_VALIDITY
    return None if sound else Refusal.INVALID_FIELD


def sought(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words a question is about; all of them where it has no other."""
    return tuple(word for word in words if word not in LITTLE_WORDS) or words
