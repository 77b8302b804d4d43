"""A programme manifest: one line as data, every fact with where it comes from.

`facts` holds what the seed documents say, `channel_facts` what they say of one channel alone.
`assumed` holds what the platform needs and no seed says, each with the reason. The surprising
thing: what a seed says cannot be assumed otherwise; the two never overlap.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, StringConstraints

from contracts.vocabulary import Channel, LanguageCode, Need, Priority, ProgrammeId, RulesVersion
from contracts.writing import KeepingTerms, ReturnTerms, WritingTerms
from services.intake.facts import Facts, Opening, Part, Span

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


class Assumptions(Part):
    """What no seed says; those of the first group only where the facts leave them null."""

    country: Assumed[str] | None = None
    languages: Assumed[tuple[LanguageCode, ...]] | None = None
    opening: Assumed[Opening] | None = None  #: of every channel whose hours are said nowhere
    opening_of: dict[Channel, Assumed[Opening]] = Field(default_factory=dict)
    talk_guidance_minutes: Assumed[Span] | None = None

    needs: Assumed[tuple[Need, ...]]
    untriaged_priority: Assumed[Priority]
    answer_target_seconds: Assumed[int]
    times: AssumedTimes
    rest: AssumedRest
    prices: AssumedPrices
    writing: Assumed[WritingTerms] | None = None  #: of a line people write to
    returning: Assumed[ReturnTerms] | None = None
    keeping: Assumed[KeepingTerms]
    emergency_numbers: Assumed[tuple[str, ...]]


class Manifest(Part):
    """One line as data."""

    format: Literal["helpline-programme/1"]
    programme: ProgrammeId
    rules_version: RulesVersion
    facts: Facts
    channel_facts: dict[Channel, Facts] = Field(default_factory=dict)
    assumed: Assumptions
