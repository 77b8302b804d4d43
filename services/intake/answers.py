"""What the caller's side is told. Nothing here names a person on duty, a priority or an outcome."""

from __future__ import annotations

from typing import Annotated

from contracts.envelope import Contract
from contracts.ladder import LineNumber, Wording
from contracts.opening import OpeningRule, SpecialDay
from contracts.privacy import ops, public, staff
from contracts.vocabulary import (
    Act,
    Attention,
    AuthorKind,
    Channel,
    ContactId,
    ContactState,
    LanguageCode,
    Moment,
    Need,
    OnHolidays,
    PersonId,
    ProgrammeId,
    RelayId,
    SealedId,
    Situation,
    TextKind,
    WayOut,
)
from services.bus.problem import ProblemTold

_Numbers = Annotated[
    tuple[Annotated[str, public("A number")], ...], public("Emergency numbers of the country")
]


class PartnerTold(Contract):
    """A line of somebody else, as a caller reads it."""

    partner: Annotated[RelayId, public("Its row in the directory of relays")]
    title: Annotated[str, public("As the public knows it")]
    channel: Annotated[Channel, public("How it is reached")]
    number: Annotated[str | None, public("As dialled")] = None
    page: Annotated[str | None, public("Where it is found on the web")] = None
    anonymous: Annotated[
        bool | None, public("Whether it asks for no name; empty: not known, which is said")
    ] = None
    in_writing: Annotated[bool, public("Whether it answers who cannot hear or speak")] = False


class RungTold(Contract):
    """What is done for a caller who cannot be answered: said, offered, or connected."""

    act: Annotated[Act, public("What it does; `says` says the words of the ladder")]
    way_out: Annotated[WayOut | None, public("What is offered")] = None
    partner: Annotated[PartnerTold | None, public("The line it leads to, open now")] = None
    wordings: Annotated[
        tuple[Wording, ...], public("How it is offered, by language; empty: it is no question")
    ] = ()


class LadderTold(Contract):
    """Why a caller cannot be answered now, the words for it, and what comes then, in order."""

    situation: Annotated[Situation, public("Why")]
    wordings: Annotated[tuple[Wording, ...], public("What is said, by language")]
    rungs: Annotated[tuple[RungTold, ...], public("What comes then")]


_Ladder = Annotated[
    LadderTold | None, public("What is there while nobody can answer; empty: somebody can")
]


class WayOutTold(Contract):
    """What a caller who waits may choose instead; whoever says nothing keeps their place."""

    way_out: Annotated[WayOut, public("A return pass, or another line")]
    valid_until: Annotated[Moment, public("A yes counts until then", unit="UTC, domain time")]
    partner: Annotated[PartnerTold | None, public("The other line, open now")] = None
    wordings: Annotated[tuple[Wording, ...], public("How it is offered, by language")] = ()


class ContactSeen(Contract):
    """A contact, as its caller may see it."""

    contact_id: Annotated[ContactId, public("The contact")]
    programme: Annotated[ProgrammeId, public("The line")]
    channel: Annotated[Channel, public("How the caller reached us")]
    state: Annotated[ContactState, public("Where it is")]
    opened_at: Annotated[Moment, public("When it was opened", unit="UTC, domain time")]
    ended_at: Annotated[Moment | None, public("When it ended", unit="UTC, domain time")] = None
    lost_human: Annotated[
        bool, public("Whoever answered was lost; it waits at the head of the line")
    ] = False
    away_until: Annotated[
        Moment | None, public("Cut off: kept for its caller until then", unit="UTC, domain time")
    ] = None
    read_by: Annotated[
        Moment | None,
        public("Until when a human reads what was written; empty: one has", unit="UTC"),
    ] = None
    answer_by: Annotated[
        Moment | None,
        public("Until when a message is answered; past: late; empty: it has been", unit="UTC"),
    ] = None
    erased_by: Annotated[
        Moment | None,
        public("When what was written is erased at the latest; empty: not ended yet", unit="UTC"),
    ] = None
    urgent: Annotated[bool, public("The caller has said that it is urgent for them")] = False
    language: Annotated[LanguageCode, public("Language of the door used")] = LanguageCode.UNKNOWN
    situation: Annotated[
        Situation | None, public("Why nobody has answered yet; empty: somebody soon will")
    ] = None
    ladder: Annotated[LadderTold | None, public("What is said then, and what comes")] = None
    way_out: Annotated[WayOutTold | None, public("What they may choose instead of waiting")] = None
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1")]
    emergency_numbers: _Numbers


_Notice = Annotated[
    str | None, public("Outside production: that nobody answers here, and whom to call instead")
]


class PassTold(Contract):
    """A return pass, for the human who tells it."""

    digits: Annotated[str, public("Four digits", pattern="^[0-9]{4}$")]
    valid_until: Annotated[Moment, public("Until when", unit="UTC, domain time")]


class ContactTold(ContactSeen):
    """A contact as the door tells it."""

    words: Annotated[str, public("Its state in plain words")]
    notice: _Notice = None


class WayOutAnswered(ContactTold):
    """What came of a caller's yes or no."""

    return_pass: Annotated[
        PassTold | None, public("Their pass; told to whoever has said yes, and kept nowhere")
    ] = None
    partner: Annotated[PartnerTold | None, public("The line they are led to, open now")] = None


class ContactBegun(ContactTold):
    """A contact as the door tells it once, to whoever opened it."""

    token: Annotated[str, public("The only way to the contact; told here and kept nowhere")]
    return_code: Annotated[
        str | None,
        public("Words that bring back: three to a chat, four to a message; kept nowhere"),
    ] = None
    return_token: Annotated[
        str | None, public("With it a new contact finds back after a cut-off; kept nowhere")
    ] = None


class TextKept(Contract):
    """A text was sealed: where it is. What it says is with who wrote it, and in no reply."""

    sealed_id: Annotated[SealedId, public("The sealed text")]
    position: Annotated[int, public("Its place in the contact", unit="count from 1")]
    sealed_at: Annotated[Moment, public("When", unit="UTC, domain time")]


class TextsErased(Contract):
    """What a caller's erasure has reached."""

    texts: Annotated[int, public("Texts erased", unit="count", ge=0)]
    erased_at: Annotated[Moment, public("When, from the platform", unit="UTC, domain time")]
    in_backups_until: Annotated[
        Moment | None,
        public("Until then a backup can still be read; empty: none can", unit="UTC, domain time"),
    ]


class WordsHeard(Contract):
    """Words of a text that a rule of the indicator spoke of."""

    rule: Annotated[str, ops("The rule")]
    start: Annotated[int, ops("Place of the first character", unit="count from 0")]
    end: Annotated[int, ops("Place behind the last one", unit="count from 0")]


class TextTold(TextKept):
    """A text, clear, for who may read it. It is in no reply that is kept and never on the bus."""

    kind: Annotated[TextKind, public("What it is")]
    author: Annotated[AuthorKind, public("Who wrote it")]
    text: Annotated[str, public("What it says")]
    attention: Annotated[Attention, ops("What the indicator asks for; desks only")] = Attention.NONE
    rule_ids: Annotated[tuple[str, ...], ops("Rules that spoke; desks only")] = ()
    heard: Annotated[tuple[WordsHeard, ...], ops("Which words spoke; desks only")] = ()


class TypingTold(Contract):
    """Whether the other side is writing; it may be seen late or not at all, and is not kept."""

    number: Annotated[int, public("What to ask for more after: signs given so far", unit="count")]
    now: Annotated[bool, public("They were writing a moment ago")]


class CallerWritingTold(Contract):
    """A caller was writing a moment ago, to this person."""

    contact_id: Annotated[ContactId, ops("The contact")]
    person_id: Annotated[PersonId, staff("Who is in it")]
    number: Annotated[int, ops("Signs given so far", unit="count")]


class CallersWritingTold(Contract):
    """All callers who were writing a moment ago; they may be seen late or not at all."""

    callers: Annotated[tuple[CallerWritingTold, ...], ops("Those with whom somebody is")]


class TextsTold(Contract):
    """What was written after a place, and where the contact is."""

    contact_id: Annotated[ContactId, public("The contact")]
    state: Annotated[ContactState, public("Where it is")]
    words: Annotated[str, public("Its state in plain words")]
    away_until: Annotated[
        Moment | None, public("Cut off: kept for its caller until then", unit="UTC, domain time")
    ] = None
    last: Annotated[int, public("What to ask for more after", unit="count")]
    lost_human: Annotated[
        bool, public("Whoever answered was lost; it waits at the head of the line")
    ] = False
    urgent: Annotated[bool, public("The caller has said that it is urgent for them")] = False
    typing: Annotated[
        TypingTold | None, public("Of the human; for a caller who asks by `typing_after`")
    ] = None
    texts: Annotated[tuple[TextTold, ...], public("What was written, in order")]
    situation: Annotated[
        Situation | None, public("Why nobody has answered yet; empty: somebody soon will")
    ] = None
    ladder: Annotated[LadderTold | None, public("What is said then, and what comes")] = None
    way_out: Annotated[WayOutTold | None, public("What they may choose instead of waiting")] = None
    language: Annotated[LanguageCode, public("Language of the door used")] = LanguageCode.UNKNOWN


class DoorClosed(Contract):
    """The line is closed at this moment."""

    opens_at: Annotated[
        Moment | None, public("When it opens; empty if not foreseen", unit="UTC, domain time")
    ]
    timezone: Annotated[str, public("IANA zone of the hours")]
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1")]
    emergency_numbers: _Numbers
    ladder: _Ladder = None


class ChannelNow(Contract):
    """One channel of a line at this moment."""

    channel: Annotated[Channel, public("The channel")]
    is_open: Annotated[bool, public("Whether its door is open")]
    closes_at: Annotated[
        Moment | None,
        public("When its open door closes; empty: not within a week", unit="UTC, domain time"),
    ] = None
    opens_at: Annotated[
        Moment | None,
        public("When its closed door opens; empty: not within a year", unit="UTC, domain time"),
    ] = None
    ladder: _Ladder = None


class LineSeen(Contract):
    """A line, as anyone may see it: what is PUBLIC in its terms, and what callers are told."""

    programme: Annotated[ProgrammeId, public("The line")]
    programme_version: Annotated[int, public("Version in force", unit="count from 1")]
    open_now: Annotated[tuple[Channel, ...], public("Channels whose door is open at this moment")]
    now: Annotated[tuple[ChannelNow, ...], public("Each channel at this moment")]
    numbers: Annotated[tuple[LineNumber, ...], public("Its numbers, with when they are its own")]
    partners: Annotated[tuple[PartnerTold, ...], public("Partner lines that are open now")]
    ladders: Annotated[
        tuple[LadderTold, ...],
        public("By telephone, in each situation; for an edge to keep in case it cannot ask"),
    ]
    controllers: Annotated[tuple[str, ...], public("Who answers for what is kept")]
    transparency: Annotated[
        tuple[Wording, ...], public("Who answers and what is kept, by language")
    ]
    name: Annotated[str, public("Name of the line as the public knows it")]
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1")]
    timezone: Annotated[str, public("IANA zone of the hours")]
    opening: Annotated[tuple[OpeningRule, ...], public("When it is open; empty is never")]
    special_days: Annotated[tuple[SpecialDay, ...], public("Dates with other hours")]
    on_holidays: Annotated[OnHolidays, public("Hours on public holidays of the country")]
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
    ladder: _Ladder = None
    notice: _Notice = None
    emergency_numbers: _Numbers


class LineApplied(Contract):
    """What became of a manifest that was applied."""

    programme_version: Annotated[int, public("Version of the line", unit="count from 1")]
    effective_at: Annotated[Moment, public("From when", unit="UTC, domain time")]
    already_so: Annotated[bool, public("This very manifest was the newest version already")]
