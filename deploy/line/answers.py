"""What was answered: each answer as it was typed, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.ladder import PartnerLine
from contracts.vocabulary import Channel, LanguageCode, PersonId, ProgrammeId, Role, Stage
from deploy.line.hours import Week

#: Roles the roster gives, in the order in which a contact meets them.
ROSTER_ROLES = (Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR, Role.DUTY_PROFESSIONAL)


@dataclass
class Answers:
    """Answers so far; a property may be read once its question was answered."""

    typed: dict[str, str] = field(default_factory=dict)
    meant: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the public knows it."""
        return str(self.meant["name"])

    @property
    def programme(self) -> ProgrammeId:
        """Its identifier."""
        return ProgrammeId(self.meant["id"])

    @property
    def organisation(self) -> str:
        """Who runs it."""
        return str(self.meant["organisation"])

    @property
    def controllers(self) -> tuple[str, ...]:
        """Who answers for what is kept."""
        return tuple(self.meant["controllers"])

    @property
    def said_by(self) -> str:
        """Whose answers these are."""
        return str(self.meant["said_by"])

    @property
    def said_on(self) -> str:
        """The day they were given, YYYY-MM-DD."""
        return str(self.meant["said_on"])

    @property
    def country(self) -> str:
        """ISO 3166-1."""
        return str(self.meant["country"])

    @property
    def timezone(self) -> str:
        """IANA zone of its hours."""
        return str(self.meant["timezone"])

    @property
    def languages(self) -> tuple[LanguageCode, ...]:
        """The first is the default."""
        return tuple(self.meant["languages"])

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How people reach it."""
        return tuple(self.meant["channels"])

    @property
    def number(self) -> str | None:
        """As written; None: nobody rings it."""
        number = self.meant.get("number")
        return None if number is None else str(number)

    @property
    def hours(self) -> Mapping[Channel, Week]:
        """When each channel is open."""
        return {channel: self.meant[f"hours_{channel.value}"] for channel in self.channels}

    @property
    def first_stage(self) -> Stage:
        """Who hears a caller first."""
        return Stage(self.meant["first_stage"])

    @property
    def refers(self) -> bool:
        """Whether its people lead callers on to relays."""
        return bool(self.meant["refers"])

    @property
    def keeps_notes(self) -> bool:
        """Whether its people keep notes of a contact."""
        return bool(self.meant["keeps_notes"])

    @property
    def minor_below(self) -> int:
        """Age in years."""
        return int(self.meant["minor_below"])

    @property
    def partners(self) -> tuple[PartnerLine, ...]:
        """Lines it leads to; one at least answers at any hour."""
        return tuple(self.meant["partners"])

    @property
    def emergency(self) -> Mapping[str, tuple[str, ...]]:
        """Emergency numbers by country, the line's own among them."""
        return dict(self.meant["emergency"])

    @property
    def supervised(self) -> Week:
        """When a supervisor takes alerts; may be empty."""
        return tuple(self.meant["supervised"])

    @property
    def professional(self) -> Week:
        """When a duty professional is reached; may be empty."""
        return tuple(self.meant["professional"])

    def people(self, role: Role) -> tuple[PersonId, ...]:
        """Identifiers of who holds a role to begin with."""
        return tuple(self.meant.get(f"{role.value}s", ()))
