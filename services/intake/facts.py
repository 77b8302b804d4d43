"""What is known of a line, each fact with its source: a seed document with file and lines, or the
organisation that said it and the day. What nobody said is null and stays so.

The platform reads the fields with a closed type; the others are kept as the seed has them.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from contracts.vocabulary import LanguageCode

T = TypeVar("T")


class Part(BaseModel):
    """A part of a manifest: closed to unknown fields, no value is bent into shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


#: A day of the calendar.
Day = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$")]


class Source(Part):
    """Where a fact is written, or who said it and when: the one or the other, never both."""

    seed: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}_[0-9a-f]{16}\.txt$")] | None = None
    lines: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] | None = None
    #: An organisation, or a role in it; never the name of a person.
    said_by: Annotated[str, StringConstraints(min_length=3, max_length=120)] | None = None
    said_on: Day | None = None


def _one_source(source: Source) -> Source:
    written = (source.seed is not None, source.lines is not None)
    said = (source.said_by is not None, source.said_on is not None)
    if {written, said} != {(True, True), (False, False)}:
        reason = "must name a seed and its lines, or who said it (said_by) and the day (said_on)"
        raise PydanticCustomError("source", reason)
    return source


class Fact(Part, Generic[T]):
    """What a seed document, or the line's own organisation, says."""

    value: T
    source: Annotated[Source, AfterValidator(_one_source)]
    note: str | None = None


class Hours(Part):
    """Some days with the same hours; `closes_at` at or before `opens_at` means the next day."""

    byday: Annotated[
        tuple[Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"], ...], Field(min_length=1)
    ]
    opens_at: str
    closes_at: str
    always_open: bool = False  #: the seed says "24 hours"; its hours are only a way to write it
    crosses_midnight: bool = False


class Opening(Part):
    """When a line, or one of its channels, is open."""

    timezone: str
    rules: Annotated[tuple[Hours, ...], Field(min_length=1)]
    days_per_year: int | None = None


class Span(Part):
    """From the one to the other."""

    min: int
    max: int


class Facts(Part):
    """What is said of the line, or of one channel of it; null is "not said"."""

    name: Fact[str]
    organisation: Fact[JsonValue] | None = None
    country: Fact[str] | None = None
    languages: Fact[tuple[LanguageCode, ...]] | None = None
    phone_number: Fact[str] | None = None
    cost: Fact[str] | None = None
    anonymous: Fact[bool] | None = None
    confidential: Fact[bool] | None = None
    service_started: Fact[str] | None = None
    as_of: Fact[str] | None = None
    status: Fact[str] | None = None
    channels: Fact[tuple[Literal["phone", "chat", "message", "email"], ...]]
    opening: Fact[Opening] | None = None
    capacity_calls_per_day: Fact[int] | None = None
    calls_answered_total: Fact[JsonValue] | None = None
    calls_per_year: Fact[JsonValue] | None = None
    contacts_per_year: Fact[JsonValue] | None = None
    volunteers: Fact[JsonValue] | None = None
    volunteer_profile: Fact[JsonValue] | None = None
    call_duration_minutes: Fact[Span] | None = None
    message_response_hours: Fact[int] | None = None
    listening_hours_per_year: Fact[int] | None = None
    triage_step: Fact[str] | None = None  #: said: a regulator answers first
    call_flow: Fact[JsonValue] | None = None
    relay_policy: Fact[str] | None = None
    relays: Fact[JsonValue] | None = None
    risk_reporting: Fact[bool] | None = None
    monitoring_and_quality: Fact[JsonValue] | None = None
    target_publics: Fact[JsonValue] | None = None
    objectives: Fact[JsonValue] | None = None
    credo: Fact[str] | None = None
    concept: Fact[JsonValue] | None = None
    values_and_ethic: Fact[JsonValue] | None = None
    founders_or_carriers: Fact[JsonValue] | None = None
    partners: Fact[JsonValue] | None = None
    human_resources: Fact[JsonValue] | None = None
    local_structures: Fact[JsonValue] | None = None
    training: Fact[JsonValue] | None = None
    supervision: Fact[JsonValue] | None = None
    history: Fact[JsonValue] | None = None
    policy_reference: Fact[str] | None = None
    press_contact: Fact[JsonValue] | None = None
    website: Fact[str] | None = None
