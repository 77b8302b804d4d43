"""What the caller's side is told. Nothing here names a person on duty, a priority or an outcome."""

from __future__ import annotations

from typing import Annotated

from contracts.envelope import Contract
from contracts.privacy import ops, public
from contracts.programme import OpeningRule
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    Channel,
    ContactId,
    ContactState,
    LanguageCode,
    Moment,
    Need,
    ProgrammeId,
    SealedId,
    TextKind,
)
from services.bus.problem import ProblemTold

_Numbers = Annotated[
    tuple[Annotated[str, public("A number")], ...], public("Emergency numbers of the country")
]


class ContactSeen(Contract):
    """A contact, as its caller may see it."""

    contact_id: Annotated[ContactId, public("The contact")]
    programme: Annotated[ProgrammeId, public("The line")]
    channel: Annotated[Channel, public("How the caller reached us")]
    state: Annotated[ContactState, public("Where it is")]
    opened_at: Annotated[Moment, public("When it was opened", unit="UTC, domain time")]
    ended_at: Annotated[Moment | None, public("When it ended", unit="UTC, domain time")] = None
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1")]
    emergency_numbers: _Numbers


_Notice = Annotated[
    str | None, public("Outside production: that nobody answers here, and whom to call instead")
]


class ContactTold(ContactSeen):
    """A contact as the door tells it."""

    words: Annotated[str, public("Its state in plain words")]
    notice: _Notice = None


class ContactBegun(ContactTold):
    """A contact as the door tells it once, to whoever opened it."""

    token: Annotated[str, public("The only way to the contact; told here and kept nowhere")]


class TextKept(Contract):
    """A text was sealed: where it is. What it says is with who wrote it, and in no reply."""

    sealed_id: Annotated[SealedId, public("The sealed text")]
    position: Annotated[int, public("Its place in the contact", unit="count from 1")]
    sealed_at: Annotated[Moment, public("When", unit="UTC, domain time")]


class TextTold(TextKept):
    """A text, clear, for who may read it. It is in no reply that is kept and never on the bus."""

    kind: Annotated[TextKind, public("What it is")]
    author: Annotated[AuthorKind, public("Who wrote it")]
    text: Annotated[str, public("What it says")]
    attention: Annotated[Attention, ops("What the indicator asks for; desks only")] = Attention.NONE
    rule_ids: Annotated[tuple[str, ...], ops("Rules that spoke; desks only")] = ()


class TextsTold(Contract):
    """What was written after a place, and where the contact is."""

    contact_id: Annotated[ContactId, public("The contact")]
    state: Annotated[ContactState, public("Where it is")]
    words: Annotated[str, public("Its state in plain words")]
    last: Annotated[int, public("What to ask for more after", unit="count")]
    texts: Annotated[tuple[TextTold, ...], public("What was written, in order")]


class DoorClosed(Contract):
    """The line is closed at this moment."""

    opens_at: Annotated[
        Moment | None, public("When it opens; empty if not foreseen", unit="UTC, domain time")
    ]
    timezone: Annotated[str, public("IANA zone of the hours")]
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1")]
    emergency_numbers: _Numbers


class LineSeen(Contract):
    """A line, as anyone may see it: the PUBLIC fields of its terms."""

    programme: Annotated[ProgrammeId, public("The line")]
    programme_version: Annotated[int, public("Version in force", unit="count from 1")]
    open_now: Annotated[tuple[Channel, ...], public("Channels whose door is open at this moment")]
    name: Annotated[str, public("Name of the line as the public knows it")]
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1")]
    timezone: Annotated[str, public("IANA zone of the hours")]
    opening: Annotated[tuple[OpeningRule, ...], public("When it is open; empty is never")]
    channels: Annotated[tuple[Channel, ...], public("Channels served")]
    languages: Annotated[
        tuple[LanguageCode, ...], public("Languages listened in, the first is the default")
    ]
    needs: Annotated[tuple[Need, ...], public("Needs a regulator may note")]
    emergency_numbers: _Numbers


class LineTold(LineSeen):
    """A line as the door tells it."""

    notice: _Notice = None


class CallerProblemTold(ProblemTold):
    """Why not, and whom to call: problem details (RFC 9457)."""

    opens_at: Annotated[
        Moment | None, public("When a closed door opens", unit="UTC, domain time")
    ] = None
    notice: _Notice = None
    emergency_numbers: _Numbers


class LineApplied(Contract):
    """What became of a manifest that was applied."""

    programme_version: Annotated[int, public("Version of the line", unit="count from 1")]
    effective_at: Annotated[Moment, public("From when", unit="UTC, domain time")]
    already_so: Annotated[bool, public("This very manifest was the newest version already")]
