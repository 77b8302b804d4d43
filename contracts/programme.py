"""A programme: one line as data. Intake owns the lines and publishes what the others need."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.envelope import Command, Contract, Event, Stream
from contracts.frame import FrameTerms
from contracts.ladder import CallerTerms
from contracts.opening import CLOCK, OpeningRule, SpecialDay, Timetable
from contracts.privacy import LARGEST_COUNT, ops, public
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    Moment,
    Need,
    OnHolidays,
    OrganisationId,
    Priority,
    ProgrammeId,
    Role,
    RulesVersion,
    Sha256,
    SkillCode,
    Stage,
    SupervisionKind,
)
from contracts.writing import KeepingTerms, ReturnTerms, WritingTerms

_SECONDS = {"unit": "s", "ge": 0, "le": 86_400}


class ServiceTimes(Contract):
    """The clocks of a line, all in domain time."""

    regulator_answer_seconds: Annotated[
        int, ops("After this a trained listener or a supervisor is tried too", **_SECONDS)
    ]
    untriaged_after_seconds: Annotated[
        int, ops("After this the contact waits for a listener, untriaged", **_SECONDS)
    ]
    regulator_offer_seconds: Annotated[int, ops("How long an offer to regulate stands", **_SECONDS)]
    listener_offer_seconds: Annotated[int, ops("How long an offer to listen stands", **_SECONDS)]
    way_out_offer_seconds: Annotated[
        int, ops("How long a caller may say yes to a way out", **_SECONDS)
    ] = 600
    topic_fallback_seconds: Annotated[
        int, ops("Wait after which someone not trained for the need may answer", **_SECONDS)
    ]
    level_fallback_seconds: Annotated[
        int, ops("Wait after which someone below the level of the risk may answer", **_SECONDS)
    ]
    heartbeat_lost_seconds: Annotated[
        int,
        ops("Silence of a desk after which its person is unreachable (machine time)", **_SECONDS),
    ]
    all_busy_after_seconds: Annotated[
        int, ops("Who has waited so long is told that all are busy", **_SECONDS)
    ] = 60


class RestRules(Contract):
    """How the people who answer are looked after."""

    after_hard_seconds: Annotated[int, ops("Rest after a hard contact", **_SECONDS)]
    max_consecutive_contacts: Annotated[
        int, ops("Contacts in a row before a break is due", unit="count", ge=1, le=50)
    ]
    break_seconds: Annotated[int, ops("Length of that break, and what counts as one", **_SECONDS)]
    missed_offers_before_pause: Annotated[
        int, ops("Offers missed in a row before a kind pause", unit="count", ge=1, le=10)
    ]


_DAYS = {"unit": "d", "ge": 0, "le": 3660}


class TrainingRule(Contract):
    """A module of the shared catalogue without which a person hears nobody."""

    skill: Annotated[SkillCode, ops("The module")]
    channels: Annotated[
        tuple[Channel, ...], ops("Channels that ask for it; empty is all", max_length=3)
    ] = ()
    grace_days: Annotated[int, ops("Days after it has run out that still count", **_DAYS)] = 0


class SupervisionRule(Contract):
    """A supervision that is due again and again."""

    kind: Annotated[SupervisionKind, ops("With whom")]
    every_days: Annotated[int, ops("Due so long after the last one", unit="d", ge=1, le=3660)]
    grace_days: Annotated[int, ops("Days after it was due that still count", **_DAYS)] = 0


class ChannelPrerequisite(Contract):
    """Experience on one channel before another: online listening asks for the phone first."""

    channel: Annotated[Channel, ops("The channel that asks")]
    after: Annotated[Channel, ops("The channel of the experience")]
    days: Annotated[int, ops("Accredited there for so long", **_DAYS)]


class NightTerms(Contract):
    """What a night is, and how many are asked of one person."""

    begins_at: Annotated[str, ops("Local time", unit="HH:MM", pattern=CLOCK)]
    ends_at: Annotated[str, ops("Local time of the next day", unit="HH:MM", pattern=CLOCK)]
    at_most: Annotated[int, ops("Nights of one person", unit="count", ge=0, le=366)]
    within_days: Annotated[int, ops("In so many days, whichever they are", unit="d", ge=1, le=366)]


class RosterTerms(Contract):
    """How the people of a line are planned and what they must keep up; absent: not here."""

    trainings: Annotated[
        tuple[TrainingRule, ...], ops("Modules asked of who hears callers", max_length=30)
    ] = ()
    recognises: Annotated[
        tuple[OrganisationId, ...],
        ops("Organisations whose trainings count; empty is every one", max_length=60),
    ] = ()
    supervisions: Annotated[
        tuple[SupervisionRule, ...], ops("Supervisions asked of who hears callers", max_length=2)
    ] = ()
    prerequisites: Annotated[
        tuple[ChannelPrerequisite, ...], ops("Experience asked for a channel", max_length=6)
    ] = ()
    nights: Annotated[NightTerms | None, ops("Limits of nights; absent: none")] = None
    shift_hours_at_most: Annotated[int, ops("Longest shift, real hours", unit="h", ge=1, le=24)] = (
        12
    )
    listeners_at_least: Annotated[
        int, ops("Listeners an open hour needs", unit="count", ge=1, le=1000)
    ] = 1
    warn_hours: Annotated[int, ops("Holes are told so long before", unit="h", ge=1, le=168)] = 24
    debrief_hours: Annotated[
        int, ops("A debrief that is wanted is to be held within", unit="h", ge=1, le=720)
    ] = 72


#: The price of one mishap in one risk band.
Price = Annotated[float, Field(ge=0, le=1_000_000)]


class WaitPrices(Contract):
    """What waiting and leaving cost, by risk band 0 to 3; what the policy weighs."""

    wait_per_minute: Annotated[
        tuple[Price, Price, Price, Price],
        ops("Price of a minute of waiting, by risk band", unit="points"),
    ]
    abandoned: Annotated[
        tuple[Price, Price, Price, Price],
        ops("Price of a caller who left, by risk band", unit="points"),
    ]
    topic_mismatch: Annotated[
        float,
        ops("Price of a listener not trained for the need", unit="points", ge=0, le=1_000_000),
    ]
    level_mismatch: Annotated[
        float,
        ops("Price of a listener below the level of the risk", unit="points", ge=0, le=1_000_000),
    ]


#: A share of a price.
Share = Annotated[float, Field(ge=0, le=1)]
#: A share of a wait; never nothing, or a wait would never end.
Pace = Annotated[float, Field(ge=0.001, le=1)]


class AssignmentTerms(Contract):
    """The other numbers of the assignment decision. The defaults are the design's proposals."""

    accredited_from_band: Annotated[
        int, ops("From this risk band a level is asked for", unit="risk band", ge=1, le=4)
    ] = 2
    held_back_at_most_seconds: Annotated[
        int, ops("Nobody waits longer beside somebody free who is kept for others", **_SECONDS)
    ] = 300
    ask_again_after_seconds: Annotated[
        int, ops("Wait after which who declined is asked again, if nobody else is free", **_SECONDS)
    ] = 60
    hold_back: Annotated[
        float,
        ops(
            "Weight of the price of a spare listener; 0 holds nobody back, 1 as computed",
            unit="1",
            ge=0,
            le=10,
        ),
    ] = 1.0
    rest_saving: Annotated[
        float,
        ops("Price of a break that has to be taken", unit="points", ge=0, le=1000),
    ] = 0.6
    rest_fade_seconds: Annotated[
        int, ops("A pause that lacks so much to a break becomes one once in three", **_SECONDS)
    ] = 300
    rest_used: Annotated[
        Share, ops("Part of a used-up series that counts whatever the pause", unit="share")
    ] = 0.3
    hard_share: Annotated[
        tuple[Share, Share, Share, Share],
        ops("Share of contacts that turn out hard, by risk band", unit="share"),
    ] = (0.04, 0.1, 0.5, 0.6)
    versatility: Annotated[
        float,
        ops(
            "Price of each language, topic and level a person has beyond the need",
            unit="points",
            ge=0,
            le=1000,
        ),
    ] = 0.02
    ladder_step: Annotated[
        float,
        ops("Price of each rung further from a regulator", unit="points", ge=0, le=1000),
    ] = 0.02
    way_out: Annotated[
        bool, ops("A return pass or another line may be offered, never at risk band 2 or 3")
    ] = False
    way_out_share: Annotated[
        Share,
        ops("It is, once waiting is expected to lose this share of its price", unit="share"),
    ] = 0.05
    return_pass_share: Annotated[
        tuple[Share, Share, Share, Share],
        ops("Price of a return pass, in parts of a caller who left, by risk band", unit="share"),
    ] = (0.4, 0.5, 1, 1)
    partner_line_share: Annotated[
        Share, ops("Price of a partner line, in parts of a caller who left", unit="share")
    ] = 0.5
    language_fallback_seconds: Annotated[
        int,
        ops(
            "Wait after which who speaks the line's own language and not the caller's may answer; "
            "0 is never: who shares no language with anybody is led on by the ladder",
            **_SECONDS,
        ),
    ] = 0
    language_mismatch: Annotated[
        float,
        ops("Price of a listener who does not speak it", unit="points", ge=0, le=1_000_000),
    ] = 5
    last_minutes_seconds: Annotated[
        int, ops("End of a shift in which only who agrees is offered anything", **_SECONDS)
    ] = 1200
    channel_pace: Annotated[
        tuple[Pace, Pace, Pace],
        ops("As how much of itself a wait counts: telephone, chat, message", unit="share"),
    ] = (1, 0.5, 0.025)
    channel_back: Annotated[
        tuple[Price, Price, Price],
        ops("How far a telephone call, a chat, a message stands behind a voice", unit="points"),
    ] = (0, 100, 200)
    slowed_price: Annotated[
        float,
        ops("How far who is slowed stands behind others", unit="points", ge=0, le=1_000_000),
    ] = 30
    slowed_at_most_seconds: Annotated[int, ops("And for how long at most", **_SECONDS)] = 600
    sought_worth: Annotated[
        float,
        ops("Worth of who a caller was cut off from", unit="points", ge=0, le=1_000_000),
    ] = 5
    sought_seconds: Annotated[
        int, ops("For how long they come first, if they are free", **_SECONDS)
    ] = 60
    patience_seconds: Annotated[
        int,
        ops("Mean wait before a caller leaves, until it is measured", unit="s", ge=1, le=86_400),
    ] = 180
    contact_seconds: Annotated[
        int,
        ops("Mean talk and wrap-up, until they are measured", unit="s", ge=1, le=86_400),
    ] = 1080
    wrap_up_seconds: Annotated[
        int, ops("Mean wrap-up, until it is measured", unit="s", ge=1, le=86_400)
    ] = 180


class RiskPolicy(Contract):
    """How an alert goes on to the next people while nobody takes it (DESIGN 8), in domain time."""

    next_person_seconds: Annotated[
        int, ops("After this it goes to the next people; 30 by design", unit="s", ge=1, le=3600)
    ] = 30
    duty_seconds: Annotated[
        int, ops("After this the duty professional is called; 90 by design",
                 unit="s", ge=1, le=3600)
    ] = 90  # fmt: skip
    call_again_seconds: Annotated[
        int, ops("Between calls until a named human has it; 60 by design", unit="s", ge=10, le=3600)
    ] = 60


Minutes = Annotated[int, Field(ge=1, le=240)]


class ProgrammeTerms(Contract):
    """What the services need to know of a line."""

    name: Annotated[str, public("Name of the line as the public knows it", max_length=60)]
    country: Annotated[str, public("Country of the line", unit="ISO 3166-1", pattern=r"^[A-Z]{2}$")]
    timezone: Annotated[str, public("IANA zone of the hours", pattern=r"^[A-Za-z_]+/[A-Za-z_/]+$")]
    opening: Annotated[
        tuple[OpeningRule, ...], public("When it is open; empty is never", max_length=40)
    ]
    special_days: Annotated[
        tuple[SpecialDay, ...], public("Dates with other hours than the rules", max_length=400)
    ] = ()
    on_holidays: Annotated[OnHolidays, public("Hours on public holidays of the country")] = (
        OnHolidays.AS_USUAL
    )
    channels: Annotated[tuple[Channel, ...], public("Channels served", min_length=1, max_length=3)]
    languages: Annotated[
        tuple[LanguageCode, ...],
        public("Languages listened in, the first is the default", min_length=1, max_length=9),
    ]
    needs: Annotated[
        tuple[Need, ...], public("Needs a regulator may note", min_length=1, max_length=60)
    ]
    first_stage: Annotated[Stage, ops("Which waiting line a contact enters first")]
    untriaged_priority: Annotated[Priority, ops("How an untriaged contact is served, P3 at least")]
    answer_target_seconds: Annotated[int, ops("Wait that counts as answered at once", **_SECONDS)]
    talk_guidance_minutes: Annotated[
        tuple[Minutes, Minutes] | None,
        ops("Talk time as guidance, never a target, never a cut", unit="min"),
    ] = None
    times: Annotated[ServiceTimes, ops("The clocks of the line")]
    rest: Annotated[RestRules, ops("How its people are looked after")]
    roster: Annotated[
        RosterTerms | None, ops("How its people are planned; absent: not on this platform")
    ] = None
    prices: Annotated[WaitPrices, ops("What the assignment policy weighs")]
    assignment: Annotated[AssignmentTerms, ops("The other numbers of the assignment decision")] = (
        AssignmentTerms()
    )
    risk: Annotated[RiskPolicy, ops("How an alert escalates; the design's values unless said")] = (
        RiskPolicy()
    )
    emergency_numbers: Annotated[
        tuple[Annotated[str, public("A number", pattern=r"^[0-9]{2,4}$")], ...],
        public("Shown to every caller", min_length=1, max_length=8),
    ]
    writing: Annotated[WritingTerms, ops("Clocks of what is written")] = WritingTerms()
    returning: Annotated[ReturnTerms, ops("How people come back")] = ReturnTerms()
    keeping: Annotated[KeepingTerms, ops("How long things are kept")] = KeepingTerms()
    frame: Annotated[FrameTerms, ops("The frame it works in")] = FrameTerms()

    @property
    def timetable(self) -> Timetable:
        """Everything that says when it is open."""
        return Timetable(
            self.timezone, self.country, self.opening, self.special_days, self.on_holidays
        )


class ProgrammePublished(Event):
    """A version of a line takes effect. Contacts keep the version they began with."""

    noun: ClassVar = "programme"
    fact: ClassVar = "published"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "programme"

    programme: Annotated[ProgrammeId, public("The line")]
    programme_version: Annotated[
        int, ops("Version of the line", unit="count from 1", ge=1, le=LARGEST_COUNT)
    ]
    effective_at: Annotated[Moment, ops("From when", unit="UTC, domain time")]
    manifest_sha256: Annotated[Sha256, ops("Hash of the manifest as applied")]
    rules_version: Annotated[RulesVersion, ops("Version of the triage rules in force")]
    terms: Annotated[ProgrammeTerms, ops("What the services need to know")]


class ApplyProgramme(Command):
    """The operator puts a checked manifest into force."""

    service: ClassVar = "intake"
    verb: ClassVar = "apply_programme"
    roles: ClassVar = frozenset({Role.OPERATOR})

    programme: Annotated[ProgrammeId, public("The line")]
    manifest_sha256: Annotated[Sha256, ops("Hash of the manifest file")]
    rules_version: Annotated[RulesVersion, ops("Version of the triage rules in force")]
    effective_at: Annotated[Moment | None, ops("From when; empty is now", unit="UTC")] = None
    terms: Annotated[ProgrammeTerms, ops("What the manifest says, for the services")]
    callers: Annotated[CallerTerms, public("What callers are told; intake keeps it")] = (
        CallerTerms()
    )
