"""A relay as the directory knows it: a partner line or service, and what is not known of it.

Values only. What the directory does not say stays empty and is never taken for a no or a yes:
anonymity has three states, hours can be unknown, and a row nobody of ours has verified is for
staff alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from contracts.vocabulary import Need, ProgrammeId, RelayId


class Status(StrEnum):
    """Whether a service works (HSDS 3.0, `service.status`); only an active one is proposed."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEFUNCT = "defunct"
    TEMPORARILY_CLOSED = "temporarily closed"


class Level(StrEnum):
    """How far a relay reaches."""

    NATIONAL = "national"
    REGIONAL = "regional"
    DEPARTMENTAL = "departmental"
    LOCAL = "local"
    TERRITORIAL = "territorial"  #: an overseas collectivity, with its own clock and network


class Kind(StrEnum):
    """What a relay is there for."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    SUPPORT = "support"
    SOCIAL = "social"
    HEALTH = "health"
    RIGHTS = "rights"
    INFORMATION = "information"
    TOOL = "tool"  #: serves staff, for instance an interpreter


class Confidence(StrEnum):
    """How sure the compiler of the row was."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"

    @property
    def doubt(self) -> int:
        """0 for the surest; for sorting."""
        return tuple(Confidence).index(self)


class Subject(StrEnum):
    """Which product or practice a row about addictions is for."""

    ALCOHOL = "alcohol"
    DRUGS = "drugs"
    GAMBLING = "gambling"
    TOBACCO = "tobacco"
    DOPING = "doping"


class OnHolidays(StrEnum):
    """What a row's hours mean on a public holiday of its country."""

    AS_USUAL = "as_usual"
    AS_SUNDAY = "as_sunday"
    CLOSED = "closed"
    NOT_SAID = "not_said"  #: as usual where it opens every day of the week, otherwise unknown


@dataclass(frozen=True)
class Period:
    """Hours of one channel: local wall times of `zone`."""

    channel: str  #: HSDS `x_channel`: phone, chat, message, email...
    zone: ZoneInfo
    days: frozenset[int]  #: ISO weekdays on which it opens, 1 is Monday
    opens: int  #: minutes after local midnight, 0 to 1439
    closes: int  #: minutes after midnight of the day it opens, above `opens`, up to 2879
    first_day: date | None = None  #: HSDS `valid_from`, that day included
    last_day: date | None = None  #: HSDS `valid_to`, that day included


@dataclass(frozen=True)
class Area:
    """Where a relay answers; no départements means the whole country."""

    country: str  #: ISO 3166-1
    departements: frozenset[str] | None  #: INSEE codes
    communes: frozenset[str] | None  #: INSEE codes; we never know the person's, so staff check it


@dataclass(frozen=True)
class Saturation:
    """Somebody saw whether a relay picks up; after its lifetime that is unknown again."""

    saturated: bool
    observed_at: datetime  #: aware
    lifetime: timedelta

    def holds_at(self, moment: datetime) -> bool:
        """Whether what was seen still counts at `moment` (aware)."""
        return self.observed_at <= moment < self.observed_at + self.lifetime


@dataclass(frozen=True)
class AgreedTransfer:
    """A live transfer the relay has agreed to."""

    mode: str  #: attended | conference
    number: str  #: the number that was agreed for it, not the public one


@dataclass(frozen=True)
class Relay:
    """One row of the directory."""

    slug: RelayId
    name: str
    status: Status
    kind: Kind
    level: Level
    country: str
    needs: tuple[Need, ...]  #: the first is what it is for, the others it serves too
    channels: frozenset[str]
    languages: frozenset[str]  #: ISO 639 codes
    areas: tuple[Area, ...]
    periods: tuple[Period, ...]
    always_open: bool
    on_holidays: OnHolidays = OnHolidays.NOT_SAID
    anonymous: bool | None = None  #: None: not known, which is said like a no
    minimum_age: int | None = None  #: years
    maximum_age: int | None = None  #: years
    subjects: frozenset[Subject] = frozenset()
    programme: ProgrammeId | None = None  #: the line of ours that this row is
    replaced_by: RelayId | None = None
    confidence: Confidence = Confidence.UNKNOWN
    confidence_hours: Confidence = Confidence.UNKNOWN
    conflicts: tuple[str, ...] = ()  #: what sources say differently, kept
    first_day: date | None = None  #: of the service itself, that day included
    last_day: date | None = None
    verified_at: datetime | None = None  #: by the operator; None: "à vérifier"
    transfer: AgreedTransfer | None = None
    saturation: Saturation | None = None
    number: str | None = None  #: its public one: digits, with a plus before a country's
    by_text: bool = False  #: that number is written to, never called
    closed_until: date | None = None  #: the last day on which it is shut, that day included
    #: The row as it was read, so that an export gives back what we do not use.
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def covers(self, country: str, departement: str | None) -> bool:
        """Whether it answers at a place; where the département is not known, only nationally."""
        return any(
            area.country == country
            and (area.departements is None or departement in area.departements)
            for area in self.areas
        )

    def exists_on(self, day: date) -> bool:
        """Whether the service itself is active, and `day` within its dates and not shut."""
        begun = self.first_day is None or self.first_day <= day
        shut = self.closed_until is not None and day <= self.closed_until
        return self.status is Status.ACTIVE and begun and not shut and not self._over_on(day)

    def _over_on(self, day: date) -> bool:
        return self.last_day is not None and day > self.last_day
