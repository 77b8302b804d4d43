"""What the directory answers: rows in an order, why, and what speaks against each.

The human who speaks with the person gets all of it; a caller's page and a live transfer get less.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.referral.directory.hours import Open, hours_at
from services.referral.directory.relay import Kind, Relay


class Mode(StrEnum):
    """What the human does with a proposal."""

    ENGAGE = "engage"  #: a human calls rescue, now
    INTERPRETER = "interpreter"  #: a third voice in this talk first
    NUMBER = "number"  #: the number is given, slowly
    LATER = "later"  #: shut now; the hours are told


class Why(StrEnum):
    """Why a row is proposed."""

    NEED = "need"
    ALSO_NEED = "also-need"
    RESCUE = "rescue"
    WRITTEN_RESCUE = "rescue-in-writing"
    NO_HEALTH_LINE_HERE = "no-health-line-here"
    DOCTOR = "doctor"
    SUICIDE_NOT_EXCLUDED = "suicide-not-excluded"
    CRISIS_LINE = "crisis-line"
    FOR_THIS_PUBLIC = "for-this-public"
    SUBJECT = "subject"
    NEAR = "near"
    LANGUAGE = "language"
    NO_LINE_SPEAKS = "no-line-speaks-the-language"
    REPLACES = "replaces-a-closed-row"
    SECOND_CHOICE = "second-choice"
    SILENCE = "silence"


class Against(StrEnum):
    """What speaks against a row."""

    UNVERIFIED = "unverified"
    HOURS_UNKNOWN = "hours-unknown"
    HOLIDAY_HOURS_UNKNOWN = "holiday-hours-unknown"
    HOURS_UNCERTAIN = "hours-uncertain"
    SATURATED = "saturated"
    NOT_ANONYMOUS = "not-anonymous"  #: said to the person before, the yes recorded
    ANONYMITY_UNKNOWN = "anonymity-unknown"  #: the same
    LANGUAGE = "language-not-spoken"
    CHANNEL = "not-on-this-channel"
    AGE = "age-to-check"
    COMMUNE = "commune-to-check"
    SOURCES_DIFFER = "sources-differ"
    LITTLE_CONFIDENCE = "little-confidence"


@dataclass(frozen=True)
class Proposal:
    """A row with its reasons."""

    relay: Relay
    mode: Mode
    why: tuple[Why, ...]
    against: tuple[Against, ...]
    opens_at: datetime | None = None  #: UTC, of a row that is shut now
    until: datetime | None = None  #: UTC, of an open one that closes

    @property
    def anonymity_to_say(self) -> bool:
        """Whether the person is told before anything, and their yes recorded.

        Emergencies apart: they are told, not asked (DESIGN 9).
        """
        return self.relay.anonymous is not True and self.relay.kind is not Kind.EMERGENCY


@dataclass(frozen=True)
class Found:
    """What the directory answers."""

    now: tuple[Proposal, ...]  #: in the order to try them
    later: tuple[Proposal, ...]  #: shut now, those nearest to the need first
    no_second_choice: bool  #: said on screen: there is nobody else that we know of


def for_caller(found: Found) -> Found:
    """What a caller's page may show: verified rows only, emergencies checked with the programme."""
    now, later = (tuple(filter(_verified, each)) for each in (found.now, found.later))
    return Found(now, later, no_second_choice=len(now) < 2)


def may_transfer(relay: Relay, at: datetime) -> bool:
    """Whether a live transfer is allowed: verified, with an agreed mode and number, and open."""
    return (
        relay.verified_at is not None
        and relay.verified_at <= at
        and relay.transfer is not None
        and relay.exists_on(day_there(relay, at))
        and isinstance(hours_at(relay, "phone", at), Open)
    )


def _verified(proposal: Proposal) -> bool:
    return proposal.relay.verified_at is not None


def day_there(relay: Relay, moment: datetime) -> date:
    """The date at a relay's own clock; UTC where its hours are not known."""
    zone = relay.periods[0].zone if relay.periods else ZoneInfo("UTC")
    return moment.astimezone(zone).date()
