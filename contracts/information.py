"""Information cards: what a line answers to a question of fact, from a named source, for a while.

A card is the organisation's own public text and never a caller's. It crosses the bus in commands
and their answers alone: no event holds a text, and an answer that holds one is not kept.
"""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from contracts.envelope import Command, Contract
from contracts.looking_up import MOST_WORDS, SearchWord
from contracts.privacy import LARGEST_COUNT, ops, public, staff
from contracts.roster import DAY
from contracts.vocabulary import (
    CardId,
    Departement,
    LanguageCode,
    Moment,
    PersonId,
    ProgrammeId,
    Role,
    RuleCode,
)

_UTC = "UTC, domain time"
_KEEPS_CARDS = frozenset({Role.COORDINATOR, Role.OPERATOR})
_READS_CARDS = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR})

#: Cards one answer shows: to who keeps them, and to who looks something up.
MOST_CARDS, MOST_FOUND = 200, 6
#: Revisions of a card that are told, the newest first.
MOST_REVISIONS = 50
#: Letters of one paragraph; a card is read aloud.
LONGEST_PARAGRAPH = 800

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160)]
Paragraph = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_PARAGRAPH)
]


class CardHead(Contract):
    """What is known of a card without reading it."""

    programmes: Annotated[
        tuple[ProgrammeId, ...], ops("The lines it is for", min_length=1, max_length=12)
    ]
    title: Annotated[Line, public("What it answers")]
    source: Annotated[Line, public("Whose fact it is")]
    source_url: Annotated[str, public("Where it is said", pattern=r"^https://[!-~]{1,400}$")]
    source_on: Annotated[
        str, ops("Day of the source, or on which it was read", unit="YYYY-MM-DD", pattern=DAY)
    ]
    owner_role: Annotated[Role | None, staff("Who answers for it: whoever is in this role")] = None
    owner_id: Annotated[PersonId | None, staff("Or this person; one of the two")] = None
    valid_from: Annotated[Moment, ops("Not shown before", unit=_UTC)]
    expires_at: Annotated[Moment, ops("Not shown from this moment on", unit=_UTC)]
    departements: Annotated[
        tuple[Departement, ...], ops("Where it holds; empty: everywhere", max_length=110)
    ] = ()
    language: Annotated[LanguageCode, ops("What it is written in")] = LanguageCode.FR


class InformationCard(CardHead):
    """A card, whole: the organisation's own public text."""

    paragraphs: Annotated[
        tuple[Paragraph, ...], public("What is said, plainly", min_length=1, max_length=6)
    ]


class WriteCard(Command):
    """Write a card, or amend one: the version that was read goes as the expected one."""

    service: ClassVar = "referral"
    verb: ClassVar = "write_card"
    roles: ClassVar = _KEEPS_CARDS

    card_id: Annotated[CardId | None, ops("The card to amend; empty: a new one")] = None
    card: Annotated[InformationCard, ops("What it says from now on")]


class CardNamed(Contract):
    """Which card was written."""

    card_id: Annotated[CardId, ops("The card")]


class ExtendCard(Command):
    """Its source was looked at again: the card holds for longer, or less long."""

    service: ClassVar = "referral"
    verb: ClassVar = "extend_card"
    roles: ClassVar = _KEEPS_CARDS

    card_id: Annotated[CardId, ops("The card")]
    expires_at: Annotated[Moment, ops("Not shown from this moment on", unit=_UTC)]


class RevokeCard(Command):
    """The card is wrong, or wanted no more: nobody finds it from now on, whatever its dates."""

    service: ClassVar = "referral"
    verb: ClassVar = "revoke_card"
    roles: ClassVar = _KEEPS_CARDS

    card_id: Annotated[CardId, ops("The card")]


class SeeCards(Command):
    """The cards of a line, those first that expire first; changes nothing."""

    service: ClassVar = "referral"
    verb: ClassVar = "see_cards"
    roles: ClassVar = _KEEPS_CARDS


class CardSeen(Contract):
    """A card as who keeps them sees it in the list."""

    card_id: Annotated[CardId, ops("The card")]
    version: Annotated[int, ops("Its version", unit="count from 1", ge=1, le=LARGEST_COUNT)]
    revoked_at: Annotated[Moment | None, ops("When it was revoked", unit=_UTC)] = None
    head: Annotated[CardHead, ops("What is known of it")]


class CardsSeen(Contract):
    """The cards of a line; more than fit are left out and said to be."""

    cards: Annotated[
        tuple[CardSeen, ...],
        ops(
            "Those that hold or will, first to expire first; then the others", max_length=MOST_CARDS
        ),
    ]
    more: Annotated[bool, ops("There are more")] = False


class SeeCard(Command):
    """One card, with its history; changes nothing."""

    service: ClassVar = "referral"
    verb: ClassVar = "see_card"
    roles: ClassVar = _KEEPS_CARDS

    card_id: Annotated[CardId, ops("The card")]


class CardRevision(Contract):
    """What somebody did with a card."""

    version: Annotated[int, ops("The version it made", unit="count from 1", ge=1, le=LARGEST_COUNT)]
    act: Annotated[RuleCode, ops("Written, amended, extended, revoked or imported")]
    at: Annotated[Moment, ops("When", unit=_UTC)]
    by: Annotated[PersonId | None, staff("Who; empty: an import at a terminal")] = None


class CardTold(Contract):
    """A card as who keeps it reads it."""

    card_id: Annotated[CardId, ops("The card")]
    version: Annotated[int, ops("Its version", unit="count from 1", ge=1, le=LARGEST_COUNT)]
    revoked_at: Annotated[Moment | None, ops("When it was revoked", unit=_UTC)] = None
    card: Annotated[InformationCard, ops("What it says")]
    history: Annotated[
        tuple[CardRevision, ...], staff("The newest first", max_length=MOST_REVISIONS)
    ]


class LookUpCards(Command):
    """A caller asks for a fact: look for a card of this line that holds now; changes nothing."""

    service: ClassVar = "referral"
    verb: ClassVar = "look_up_cards"
    roles: ClassVar = _READS_CARDS

    words: Annotated[
        tuple[SearchWord, ...],
        ops("What it is about, in bare words", min_length=1, max_length=MOST_WORDS),
    ]
    departement: Annotated[Departement | None, ops("Where, if it was said")] = None


class CardFound(Contract):
    """A card to be read to the person."""

    card_id: Annotated[CardId, ops("The card")]
    version: Annotated[int, ops("Its version", unit="count from 1", ge=1, le=LARGEST_COUNT)]
    card: Annotated[InformationCard, ops("What it says")]


class CardsFound(Contract):
    """Cards that hold now, the nearest first."""

    cards: Annotated[tuple[CardFound, ...], ops("The nearest first", max_length=MOST_FOUND)]
