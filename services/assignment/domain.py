"""Values of the assignment decision: who waits, who is on duty, by which rules, what is proposed.

Nothing here reads a clock, a database or a dice: `choice.choose` and `floor.Floor` take these
values and give these values back. The surprising thing: everyone on duty is given, the busy too,
because whom to give now depends on who is about to come back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from contracts.vocabulary import Channel, LiveState, OfferReason, Priority, Role, Stage, WayOut

#: Risk band of a priority (DESIGN 7: P1 and P2 are risk 3 and 2).
BAND_OF_PRIORITY: Mapping[Priority, int] = {
    Priority.P1: 3,
    Priority.P2: 2,
    Priority.P3: 1,
    Priority.P4: 0,
    Priority.P5: 0,
}
#: Place of a channel in what the rules say by channel.
CHANNELS: tuple[Channel, ...] = (Channel.PHONE, Channel.CHAT, Channel.MESSAGE)
#: A need nobody could name yet: no topic is asked for.
UNNAMED_NEEDS = frozenset({"", "unknown"})


@dataclass(frozen=True, slots=True)
class WaitingContact:
    """A contact in one of the two waiting lines."""

    contact_id: str
    programme: str
    stage: Stage
    channel: Channel
    #: None until a human has set one; then served as P3 at least.
    priority: Priority | None
    #: 0 to 3; 2 and 3 ask for a person accredited to that level.
    risk_band: int
    need: str
    #: Languages the caller can be listened to in; empty = unknown.
    languages: frozenset[str]
    region: str
    #: When the caller first began to wait; kept by every re-offer and return pass.
    waiting_since: datetime
    #: When the contact last entered this line.
    joined_at: datetime
    #: Offered, not accepted, back at the head of its class (I14).
    front: bool = False
    #: Sent to listeners before any regulator has answered.
    untriaged: bool = False
    #: A human has set its priority; nobody is proposed a way out before.
    heard: bool = False
    #: A human once found it P1 or P2; it is proposed no way out any more.
    was_at_risk: bool = False
    #: A way out was proposed once; it is not proposed again.
    way_out_proposed: bool = False
    #: Person ids who declined this contact.
    declined_by: frozenset[str] = frozenset()
    #: Who they were cut off from, and are offered to first for a while; None = nobody.
    sought: str | None = None
    #: A supervisor has them slowed: served after others for a while, and served.
    slowed: bool = False

    @property
    def band(self) -> int:
        """Risk band 0 to 3 that prices the wait; a contact without priority counts as P3 (1)."""
        priority = BAND_OF_PRIORITY[self.priority or Priority.P3]
        if self.untriaged:
            priority = max(priority, BAND_OF_PRIORITY[Priority.P3])
        return max(self.risk_band, priority)

    @property
    def place(self) -> tuple[bool, datetime, datetime, str]:
        """Place in its request class: smaller is served first."""
        return (not self.front, self.waiting_since, self.joined_at, self.contact_id)


@dataclass(frozen=True, slots=True)
class PersonOnDuty:
    """A person on duty and what they are doing. People off duty are not given."""

    person_id: str
    state: LiveState
    #: Roles held on this shift.
    roles: frozenset[Role]
    #: Channels this person is accredited for.
    channels: frozenset[Channel]
    languages: frozenset[str]
    #: Needs this person is trained for.
    topics: frozenset[str]
    #: Skill codes beyond topics, for instance SK-REGUL.
    skills: frozenset[str]
    #: Accreditation level, 0 to 3.
    level: int
    region: str
    eligibility_version: int
    #: End of the accreditation; at that moment it no longer holds.
    valid_until: datetime
    ready_since: datetime
    #: Rest owed until; None = none owed, or not yet known because the wrap-up goes on.
    rest_until: datetime | None = None
    #: End of the last wrap-up; None = no contact yet.
    wrapped_up_at: datetime | None = None
    #: Contacts taken in a row without a break, the last one included.
    consecutive_contacts: int = 0
    #: Channels of the contacts held now.
    live: tuple[Channel, ...] = ()
    #: Needs this person does not take.
    declined_needs: frozenset[str] = frozenset()
    #: Offers missed in a row.
    missed_offers: int = 0
    #: End of the shift they are in; None = no end is known.
    shift_ends_at: datetime | None = None
    #: Agrees to new contacts until then, and not only until the last minutes.
    accepts_last_minutes: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """What waiting, misfits and losses cost, in points. Source: judge/meta.json (a proposal)."""

    #: Per minute of wait, by risk band 0 to 3.
    wait_per_minute: tuple[float, float, float, float] = (1, 2, 6, 10)
    #: A caller who gave up, by risk band.
    abandoned: tuple[float, float, float, float] = (10, 20, 60, 100)
    #: Person not trained for the need.
    topic_mismatch: float = 2
    #: Person not accredited to the level of the risk.
    level_mismatch: float = 10
    #: Person who speaks the default language of the line, and not the caller's. Assumed.
    language_mismatch: float = 5
    #: Return pass accepted, as a share of `abandoned`, by risk band.
    return_pass_share: tuple[float, float, float, float] = (0.4, 0.5, 1, 1)
    #: Partner line accepted, as a share of `abandoned`.
    partner_line_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Rules:
    """Every number of the decision, from the programme's manifest. Defaults are the proposals."""

    rules_version: str
    prices: Prices = field(default_factory=Prices)
    #: No regulator within this: others trained to regulate are asked too. Source: DESIGN 2.
    regulator_answer_seconds: float = 20
    #: Nobody at all to regulate within this: the listening line, untriaged. Assumed: twice that.
    listening_line_after_seconds: float = 40
    #: Skill of a listener trained to regulate. Source: data/protocol.json.
    regulating_skill: str = "SK-REGUL"
    #: Languages tried when the caller's are unknown.
    default_languages: frozenset[str] = frozenset({"fr"})
    #: From this risk band a level is asked for. Source: judge/meta.json, accred_min_risk.
    accredited_from_band: int = 2
    #: A person below the level only after this wait. Source: DESIGN 7, programme value.
    level_fallback_seconds: float = 20
    #: A person not trained for the need only after this wait. Assumed.
    topic_fallback_seconds: float = 10
    #: A caller whose language nobody speaks is offered to who speaks the line's own only after this
    #: wait; 0 = never. Assumed; DESIGN 7: a ladder, each rung timed.
    language_fallback_seconds: float = 0
    #: Written contacts a listener may hold at once; a voice excludes all else. Programme value.
    chats_at_once: int = 1
    #: Départements, each with the association of the federation at home there; empty = one's own
    #: region does not count.
    homes: tuple[tuple[str, str], ...] = ()
    #: A caller from the home of an association is heard by its people only.
    split: bool = False
    #: Last minutes of a shift, in which only who agrees is offered anything. Source: DESIGN 10.
    last_minutes_seconds: float = 1200
    #: How much faster waiting by telephone hurts than by chat or message, below risk: a wait counts
    #: as so much of itself. Assumed: a message is answered within 48 h.
    channel_pace: tuple[float, float, float] = (1, 0.5, 0.025)
    #: Points by which telephone, chat and message stand behind a voice, below risk: each more than
    #: any loss and misfit there, so that no written contact takes a caller's listener. Assumed.
    channel_back: tuple[float, float, float] = (0, 100, 200)
    #: Points by which who is slowed stands behind others, below risk; how long at most. Assumed.
    slowed_price: float = 30
    slowed_at_most_seconds: float = 600
    #: Points for who a caller was cut off from, and how long they are sought. Assumed: more than a
    #: topic, less than a level.
    sought_worth: float = 5
    sought_seconds: float = 60
    #: Rest after a hard contact. Source: judge/meta.json.
    rest_after_hard_seconds: float = 600
    #: Contacts in a row before a break is owed. Source: judge/meta.json.
    consecutive_contacts_max: int = 4
    #: Length of that break; as long a pause between two contacts resets the count. Same source.
    break_seconds: float = 600
    #: Offers missed in a row that pause a person. Source: DESIGN 7.
    missed_offers_before_pause: int = 2
    #: Nobody waits beside somebody free, kept for others, longer than this. Assumed.
    held_back_at_most_seconds: float = 300
    #: Who declined is asked again, when nobody else is free, only after this. Assumed.
    ask_again_after_seconds: float = 60
    #: How long callers wait before they give up, mean. Assumed until measured.
    patience_seconds: float = 180
    #: Talk and wrap-up, mean. Source: talk 15 to 25 min (seed 002), here 15 + 3.
    contact_seconds: float = 1080
    #: Wrap-up, mean. Assumed until measured.
    wrap_up_seconds: float = 180
    #: Weight of the price of a spare listener of a pool (spare.py): 0 = never hold back, 1 = as
    #: computed, and best so on resampled days (bench policy); less = trusting the forecast less.
    hold_back: float = 1.0
    #: Points kept back per language, topic and level a person has beyond the need.
    versatility: float = 0.02
    #: Points of a break that has to be taken (see pricing.rest_price).
    rest_saving: float = 0.6
    #: A pause that lacks so much to a break becomes one about once in three times. Assumed.
    rest_fade_seconds: float = 300
    #: Part of a used-up series that counts whatever the pause. Assumed.
    rest_used: float = 0.3
    #: Share of contacts that turn out hard, by risk band. Source: the recorded press day.
    hard_share: tuple[float, float, float, float] = (0.04, 0.1, 0.5, 0.6)
    #: Points for each rung further down the ladder of the first line: enough to keep its order
    #: among people of the first line, too little to decide anything else.
    ladder_step: float = 0.02
    #: A return pass or another line may be proposed.
    way_out: bool = False
    #: The line gives return passes; if not, another line is all there is to propose.
    return_pass: bool = True
    #: Whoever is proposed a way out takes it, as the judge has it. Live a proposal is an offer and
    #: no more: nobody is counted as gone who has not said yes.
    way_out_taken: bool = False
    #: It is, once waiting is expected to lose this share of its price. Low, because whoever waits
    #: takes the listener of a caller to come. Tuned on resampled days.
    way_out_share: float = 0.05

    @property
    def counts_on_way_out(self) -> bool:
        """Whether nobody who may be proposed a way out loses more than its price."""
        return self.way_out and self.way_out_taken


class Group(NamedTuple):
    """Listeners who speak a language: all, or those accredited for risk, or trained for a need."""

    language: str
    accredited: bool = False
    need: str = ""


class Alike(NamedTuple):
    """Listeners alike to every caller."""

    languages: frozenset[str]
    topics: frozenset[str]
    level: int


class CallerKind(NamedTuple):
    """Callers alike to every listener."""

    languages: frozenset[str]
    band: int
    need: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Callers expected per second; empty = nothing known, so nobody is held back."""

    #: By language and risk band 0 to 3.
    arrivals_per_second: Mapping[tuple[str, int], float] = field(default_factory=dict)
    #: Callers per second by kind, for lines with few on duty; empty = nothing known.
    callers: tuple[tuple[CallerKind, float], ...] = ()
    #: Price of taking one of so many free listeners of a group (see spare.spare_prices).
    spare_prices: Mapping[Group, tuple[float, ...]] = field(default_factory=dict)
    #: Means measured lately; None = the rules' own.
    patience_seconds: float | None = None
    contact_seconds: float | None = None
    wrap_up_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """When, by which rules and with what outlook a decision is made."""

    now: datetime
    rules: Rules
    forecast: Forecast = field(default_factory=Forecast)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Offer this contact to this person, in this order, for these reasons."""

    contact_id: str
    person_id: str
    #: LISTENER with UNTRIAGED among the reasons = the listening line before any regulator.
    stage: Stage
    reasons: tuple[OfferReason, ...]
    rules_version: str
    #: Version of the eligibility the hard rules were checked against.
    eligibility_version: int


@dataclass(frozen=True, slots=True)
class WayOutProposed:
    """Propose a way out to this caller, never at risk band 2 or 3; only an accepted one counts."""

    contact_id: str
    way_out: WayOut  #: a return pass, or another line
    rules_version: str


class NobodyReason(StrEnum):
    """Why nobody is offered this contact now: what stands between it and each person on duty."""

    NOBODY_ON_DUTY = "nobody_on_duty"
    NOT_A_LISTENER = "not_a_listener"
    ALL_BUSY = "all_busy"
    ALL_RESTING = "all_resting"
    NO_SHARED_LANGUAGE = "no_shared_language"
    CHANNEL_NOT_ACCREDITED = "channel_not_accredited"
    DECLARED_LIMIT = "declared_limit"
    ACCREDITATION_LAPSED = "accreditation_lapsed"
    LAST_MINUTES = "last_minutes"
    OTHER_ASSOCIATION = "other_association"
    WAITING_FOR_REGULATOR = "waiting_for_regulator"
    WAITING_FOR_LEVEL = "waiting_for_level"
    WAITING_FOR_TOPIC = "waiting_for_topic"
    DECLINED = "declined"
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True)
class NobodyFree:
    """Nobody is offered this contact now: a decision too."""

    contact_id: str
    reasons: tuple[NobodyReason, ...]
    rules_version: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing more to propose; look again at that moment even if nothing happens (None = never)."""

    next_look_at: datetime | None


Outcome: TypeAlias = Proposal | WayOutProposed | NobodyFree


@dataclass(frozen=True, slots=True)
class Decision:
    """All outcomes of one look at the floor, in order, and when to look again."""

    outcomes: tuple[Outcome, ...]
    next_look_at: datetime | None

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """The offers, in the order to commit them."""
        return tuple(o for o in self.outcomes if isinstance(o, Proposal))


def seconds(value: float) -> timedelta:
    """A span of so many seconds."""
    return timedelta(seconds=value)
