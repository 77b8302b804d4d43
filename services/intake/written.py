"""Who may write and read what in a contact. Pure.

The caller and the human in the contact write to each other; notes, capsules and what passes
between a human who asks for help and a supervisor are for humans alone. The surprising thing: who
was in a contact that has ended may still add a note or a capsule for a while, and no longer read.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from contracts.text import LONGEST_TEXT_CHARACTERS
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    PersonId,
    Refusal,
    Role,
    Stage,
    TextKind,
)
from services.intake.domain import Ended, Life, Talking, Waiting

#: What a caller is shown of their contact.
FOR_CALLERS = frozenset({TextKind.LINE, TextKind.MESSAGE})
FOR_HUMANS = frozenset(TextKind)

_OF_SUPERVISORS = frozenset({TextKind.NOTE, TextKind.HELP})

#: How long after the end who was in the contact may add a note or a capsule: a long wrap-up.
NOTES_AFTER_END = timedelta(hours=2)

_SPOKEN: dict[Channel, TextKind] = {
    Channel.CHAT: TextKind.LINE,
    Channel.MESSAGE: TextKind.MESSAGE,
}
_AUTHOR: dict[Stage, AuthorKind] = {
    Stage.REGULATOR: AuthorKind.REGULATOR,
    Stage.LISTENER: AuthorKind.LISTENER,
}
#: What belongs in a text beside letters: the rest of the control characters is noise or worse.
_LAYOUT = frozenset("\n\r\t")


@dataclass(frozen=True)
class Human:
    """Who asks, at a desk."""

    person_id: PersonId
    role: Role
    offered: bool = False  #: the contact is on their desk as an offer, as their console says


@dataclass(frozen=True)
class Writes:
    """The text may be kept, as this."""

    kind: TextKind
    author: AuthorKind


@dataclass(frozen=True)
class MayNot:
    """It may not, and asking again will not help."""

    why: Refusal


@dataclass(frozen=True)
class NotSeenYet:
    """Nobody is known to be in the contact: word of their take may be on its way."""


def is_text(text: str) -> bool:
    """Whether it says something, in at most `LONGEST_TEXT_CHARACTERS`, without hidden controls."""
    if not text.strip() or len(text) > LONGEST_TEXT_CHARACTERS:
        return False
    return not any(unicodedata.category(c) == "Cc" and c not in _LAYOUT for c in text)


def write_as_caller(life: Life, channel: Channel) -> Writes | MayNot:
    """A caller writes: a line of a chat or a message, until the contact has ended."""
    kind = _SPOKEN.get(channel)
    if kind is None:
        return MayNot(Refusal.WRONG_STATE)
    if isinstance(life, Ended):
        return MayNot(Refusal.CONTACT_OVER)
    return Writes(kind, AuthorKind.CALLER)


def write_as_human(
    life: Life, channel: Channel, kind: TextKind, who: Human
) -> Writes | MayNot | NotSeenYet:
    """The human in the contact writes anything that fits the channel; a supervisor, notes and help.

    After the end, see `write_after_end`.
    """
    if kind in FOR_CALLERS and kind is not _SPOKEN.get(channel):
        return MayNot(Refusal.WRONG_STATE)
    match life:
        case Ended():
            return MayNot(Refusal.CONTACT_OVER)
        case Talking(take=held) if held.person_id == who.person_id:
            return Writes(kind, _AUTHOR[held.stage])
        case Waiting() | Talking():
            if who.role is Role.SUPERVISOR:
                own = kind in _OF_SUPERVISORS
                return Writes(kind, AuthorKind.SUPERVISOR) if own else MayNot(Refusal.NOT_YOURS)
            return NotSeenYet() if isinstance(life, Waiting) else MayNot(Refusal.NOT_YOURS)
        case _:
            assert_never(life)


def write_after_end(
    ended: Ended, since_end: timedelta, kind: TextKind, who: Human
) -> Writes | MayNot:
    """Who was in the contact adds a note or a capsule, for `NOTES_AFTER_END`."""
    if kind in FOR_CALLERS or since_end > NOTES_AFTER_END:
        return MayNot(Refusal.CONTACT_OVER)
    if ended.person_id != who.person_id or ended.stage is None:
        return MayNot(Refusal.NOT_YOURS)
    return Writes(kind, _AUTHOR[ended.stage])


def readable(who: Human) -> frozenset[TextKind]:
    """What somebody who may read is shown: all of it, or before taking an offer the capsule."""
    return frozenset({TextKind.CAPSULE}) if who.offered else FOR_HUMANS


def read_as_human(life: Life, who: Human) -> MayNot | NotSeenYet | None:
    """None: they may read (`readable`). The human in the contact may, a supervisor, and who is
    offered it while it waits; nobody else.
    """
    if who.role is Role.SUPERVISOR:
        return None
    match life:
        case Waiting() if who.offered:
            return None
        case Talking(take=held):
            return None if held.person_id == who.person_id else MayNot(Refusal.NOT_YOURS)
        case Waiting():
            return NotSeenYet()
        case Ended():
            return MayNot(Refusal.CONTACT_OVER)
        case _:
            assert_never(life)


def stands(expires_at: datetime, now: datetime) -> bool:
    """Whether a capability stands at this moment of domain time."""
    return now < expires_at
