"""A programme manifest: one line as data, every fact with where it comes from.

`facts` holds what the seed documents, or the line's own organisation, say; `channel_facts` what
they say of one channel alone.
`assumed` holds what the platform needs and no seed says, each with the reason. The surprising
thing: what a seed says cannot be assumed otherwise; the two never overlap.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, StringConstraints

from contracts.frame import AlertDuty, EmergencyList, Member, ReportRecipient
from contracts.ladder import PartnerLine
from contracts.opening import SpecialDay
from contracts.programme import AssignmentTerms, RiskPolicy, RosterTerms
from contracts.vocabulary import (
    Act,
    Channel,
    LanguageCode,
    Need,
    OnHolidays,
    PersonId,
    Pool,
    Priority,
    ProgrammeId,
    RelayId,
    RulesVersion,
    Situation,
    WayOut,
)
from contracts.writing import KeepingTerms, ReturnTerms, WritingTerms
from services.intake.facts import Day, Facts, Opening, Part, Span

T = TypeVar("T")


class Assumed(Part, Generic[T]):
    """What no seed says and the platform needs to know."""

    value: T
    reason: Annotated[str, StringConstraints(min_length=10)]


class AssumedTimes(Part):
    """The clocks of the line, in seconds; bounds are those of `contracts.programme`."""

    regulator_answer_seconds: Assumed[int]
    untriaged_after_seconds: Assumed[int]
    regulator_offer_seconds: Assumed[int]
    listener_offer_seconds: Assumed[int]
    topic_fallback_seconds: Assumed[int]
    level_fallback_seconds: Assumed[int]
    heartbeat_lost_seconds: Assumed[int]
    all_busy_after_seconds: Assumed[int]
    way_out_offer_seconds: Assumed[int]


class AssumedRest(Part):
    """How the people who answer are looked after."""

    after_hard_seconds: Assumed[int]
    max_consecutive_contacts: Assumed[int]
    break_seconds: Assumed[int]
    missed_offers_before_pause: Assumed[int]


class AssumedPrices(Part):
    """What waiting and leaving cost, by risk band 0 to 3, in points."""

    wait_per_minute: Assumed[tuple[float, float, float, float]]
    abandoned: Assumed[tuple[float, float, float, float]]
    topic_mismatch: Assumed[float]
    level_mismatch: Assumed[float]


#: The same words in each language of the line.
Words = dict[LanguageCode, Annotated[str, StringConstraints(min_length=1)]]


class Held(Part):
    """From when to when the number is the line's own, whole days; empty: ever, for ever."""

    from_day: Day | None = None
    until_day: Day | None = None  #: the first day on which it is not


class Calendar(Part):
    """Days with other hours than the rules say."""

    on_holidays: OnHolidays
    special_days: tuple[SpecialDay, ...] = ()


class Indicator(Part):
    """The indicator of written texts: off, unless somebody answers for it clinically."""

    switched_on: bool
    clinical_owner: PersonId | None = None


class Pooled(Part):
    """Whose callers the associations of a federation hear; how many there are, the seeds say."""

    pool: Pool
    members: tuple[Member, ...] = ()


class AssumedFrame(Part):
    """The frame the line works in; bounds are those of `contracts.frame`."""

    alert_duty: Assumed[tuple[AlertDuty, ...]]
    refers: Assumed[bool] | None = None  #: only where the seeds say nothing of relays
    keeps_notes: Assumed[bool] | None = None
    chats_at_once: Assumed[int] | None = None
    federation: Assumed[Pooled] | None = None
    minor_below_years: Assumed[int]
    report_recipients: Assumed[tuple[ReportRecipient, ...]]
    emergency_abroad: Assumed[tuple[EmergencyList, ...]] | None = None


class Step(Part):
    """One rung; `words` ask the caller whether they want what it offers."""

    act: Act
    way_out: WayOut | None = None
    partners: tuple[RelayId, ...] = ()
    words: Words | None = None


class Situated(Part):
    """What is said in a situation, and what comes then."""

    words: Words
    rungs: tuple[Step, ...]


class AssumedForCallers(Part):
    """What callers are told, and where they are led; bounds are those of `contracts.ladder`."""

    ladders: dict[Situation, Assumed[Situated]]
    partners: tuple[Assumed[PartnerLine], ...]
    controllers: Assumed[tuple[str, ...]]
    transparency: Assumed[Words]


class Assumptions(Part):
    """What no seed says; those of the first group only where the facts leave them null."""

    country: Assumed[str] | None = None
    languages: Assumed[tuple[LanguageCode, ...]] | None = None
    opening: Assumed[Opening] | None = None  #: of every channel whose hours are said nowhere
    opening_of: dict[Channel, Assumed[Opening]] = Field(default_factory=dict)
    talk_guidance_minutes: Assumed[Span] | None = None
    phone_number: Assumed[str] | None = None

    number_held: Assumed[Held] | None = None  #: without it, the number is the line's for ever
    calendar: Assumed[Calendar]
    needs: Assumed[tuple[Need, ...]]
    untriaged_priority: Assumed[Priority]
    answer_target_seconds: Assumed[int]
    times: AssumedTimes
    rest: AssumedRest
    prices: AssumedPrices
    writing: Assumed[WritingTerms] | None = None  #: of a line people write to
    returning: Assumed[ReturnTerms] | None = None
    keeping: Assumed[KeepingTerms]
    indicator: Assumed[Indicator] | None = None  #: without it, off
    roster: Assumed[RosterTerms] | None = None  #: without it, people are planned elsewhere
    assignment: Assumed[AssignmentTerms] | None = None
    risk: Assumed[RiskPolicy] | None = None  #: without it, the design's
    frame: AssumedFrame
    callers: AssumedForCallers
    emergency_numbers: Assumed[tuple[str, ...]]


class Manifest(Part):
    """One line as data."""

    format: Literal["helpline-programme/1"]
    programme: ProgrammeId
    rules_version: RulesVersion
    facts: Facts
    channel_facts: dict[Channel, Facts] = Field(default_factory=dict)
    assumed: Assumptions
