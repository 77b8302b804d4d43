"""What the terms of a line say: whether a door is open at a moment, and what is wrong with them.

Pure. Opening hours are local wall times that become moments: a time the spring night skips is read
one hour later (RFC 5545, 3.3.5), and of the two readings of a time the autumn night repeats,
opening takes the first and closing the second, so that a door never closes early or flaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.programme import OpeningRule, ProgrammeTerms
from contracts.vocabulary import Channel, Priority, Stage


@dataclass(frozen=True)
class Admitted:
    """The contact may be opened, and waits here first."""

    first_stage: Stage


@dataclass(frozen=True)
class NotServed:
    """The line does not answer on this channel."""


@dataclass(frozen=True)
class Closed:
    """The door is closed. Who entered before is served all the same."""

    opens_at: datetime | None  #: UTC; empty when the channel never opens again as things stand


def admit(
    terms: ProgrammeTerms, channel: Channel, moment: datetime
) -> Admitted | NotServed | Closed:
    """Whether a contact on `channel` may be opened at `moment` (aware)."""
    if channel not in terms.channels:
        return NotServed()
    if not is_open(terms, channel, moment):
        return Closed(next_opening(terms, channel, moment))
    return Admitted(terms.first_stage)


def is_open(terms: ProgrammeTerms, channel: Channel, moment: datetime) -> bool:
    """Whether the door of `channel` is open at `moment` (aware)."""
    today = moment.astimezone(ZoneInfo(terms.timezone)).date()
    return any(
        opens <= moment < closes
        for day in (today - timedelta(days=1), today)
        for opens, closes in _spans(terms, channel, day)
    )


def next_opening(terms: ProgrammeTerms, channel: Channel, moment: datetime) -> datetime | None:
    """The first moment (UTC) after `moment` at which `channel` opens; None when it never does."""
    today = moment.astimezone(ZoneInfo(terms.timezone)).date()
    openings = [
        opens
        for ahead in range(9)  # a week, and a day on each side for the zone
        for opens, _ in _spans(terms, channel, today + timedelta(days=ahead))
        if opens > moment
    ]
    return min(openings, default=None)


def _spans(
    terms: ProgrammeTerms, channel: Channel, day: date
) -> Iterator[tuple[datetime, datetime]]:
    """The spans (UTC) whose opening falls on `day`, a date in the zone of the line."""
    zone = ZoneInfo(terms.timezone)
    for rule in terms.opening:
        if rule.channel is channel and day.isoweekday() in rule.days:
            opens, closes = time.fromisoformat(rule.opens_at), time.fromisoformat(rule.closes_at)
            last_day = day if closes > opens else day + timedelta(days=1)
            yield (
                datetime.combine(day, opens, zone).replace(fold=0).astimezone(UTC),
                _closing(datetime.combine(last_day, closes, zone)).astimezone(UTC),
            )


def _closing(local: datetime) -> datetime:
    """The later of the two readings of a local time; the same one on an ordinary night."""
    return max(local.replace(fold=0), local.replace(fold=1), key=lambda each: each.astimezone(UTC))


#: Emergency numbers a caller of the country may be shown, and those that are only for writing.
#: Source: DESIGN 8 ("FR 15/17/18/112; 114 only in writing; LU 112/113").
EMERGENCY_NUMBERS: dict[str, tuple[str, ...]] = {
    "FR": ("15", "17", "18", "112", "114"),
    "LU": ("112", "113"),
}
IN_WRITING: dict[str, tuple[str, ...]] = {"FR": ("114",)}
#: Those without which nobody may be sent to a demonstration or a closed door.
_NEEDED: dict[str, tuple[str, ...]] = {"FR": ("15", "112", "114"), "LU": ("112",)}


@dataclass(frozen=True)
class Flaw:
    """Something in the terms that cannot be right."""

    field: str  #: path inside the terms
    why: str


def flaws_of(terms: ProgrammeTerms) -> tuple[Flaw, ...]:
    """Everything that is wrong with terms that are well formed, in the order of their fields."""
    return tuple(
        flaw
        for look in (_zone, _hours, _repeats, _triage, _guidance, _clocks, _prices, _emergency)
        for flaw in look(terms)
    )


def _zone(terms: ProgrammeTerms) -> Iterator[Flaw]:
    try:
        ZoneInfo(terms.timezone)
    except (ZoneInfoNotFoundError, OSError):
        yield Flaw("timezone", f"{terms.timezone} is not a time zone this machine knows")


def _hours(terms: ProgrammeTerms) -> Iterator[Flaw]:
    for place, rule in enumerate(terms.opening):
        yield from _rule(terms, place, rule)
    for channel in terms.channels:
        if not any(rule.channel is channel for rule in terms.opening):
            yield Flaw("opening", f"{channel.value} is served but never open")


def _rule(terms: ProgrammeTerms, place: int, rule: OpeningRule) -> Iterator[Flaw]:
    if rule.channel not in terms.channels:
        yield Flaw(f"opening.{place}.channel", f"{rule.channel.value} is not a channel of the line")
    if len(set(rule.days)) < len(rule.days):
        yield Flaw(f"opening.{place}.days", "a day is named twice")


def _repeats(terms: ProgrammeTerms) -> Iterator[Flaw]:
    lists: dict[str, tuple[str, ...]] = {
        "channels": terms.channels,
        "languages": terms.languages,
        "needs": terms.needs,
        "emergency_numbers": terms.emergency_numbers,
    }
    for name, members in lists.items():
        if len(set(members)) < len(members):
            yield Flaw(name, "an entry is named twice")


def _triage(terms: ProgrammeTerms) -> Iterator[Flaw]:
    if terms.untriaged_priority in (Priority.P4, Priority.P5):
        # DESIGN 2: nobody has heard the person yet, so nobody can say it is not serious.
        yield Flaw("untriaged_priority", "must be P3 at least: nobody has heard the person yet")


def _guidance(terms: ProgrammeTerms) -> Iterator[Flaw]:
    if terms.talk_guidance_minutes is None:
        return
    shortest, longest = terms.talk_guidance_minutes
    if not 0 < shortest <= longest:
        yield Flaw("talk_guidance_minutes", "must be a shorter and a longer time, both above 0")


def _clocks(terms: ProgrammeTerms) -> Iterator[Flaw]:
    times = terms.times
    for name in ("regulator_offer_seconds", "listener_offer_seconds", "heartbeat_lost_seconds"):
        if getattr(times, name) < 1:
            yield Flaw(f"times.{name}", "must be at least 1 second, or nobody can answer")
    if times.untriaged_after_seconds < times.regulator_answer_seconds:
        yield Flaw(
            "times.untriaged_after_seconds",
            "must not come before regulator_answer_seconds: others are tried first",
        )


def _prices(terms: ProgrammeTerms) -> Iterator[Flaw]:
    for name in ("wait_per_minute", "abandoned"):
        by_risk: tuple[float, ...] = getattr(terms.prices, name)
        if not all(isfinite(price) and price >= 0 for price in by_risk):
            yield Flaw(f"prices.{name}", "must be finite and not below 0")
        elif list(by_risk) != sorted(by_risk):
            yield Flaw(f"prices.{name}", "must not fall as the risk rises")
    for name in ("topic_mismatch", "level_mismatch"):
        if not isfinite(getattr(terms.prices, name)):
            yield Flaw(f"prices.{name}", "must be finite")


def _emergency(terms: ProgrammeTerms) -> Iterator[Flaw]:
    known = EMERGENCY_NUMBERS.get(terms.country)
    if known is None:
        yield Flaw("country", f"the emergency numbers of {terms.country} are not known yet")
        return
    for place, number in enumerate(terms.emergency_numbers):
        if number not in known:
            yield Flaw(
                f"emergency_numbers.{place}",
                f"{number} is not an emergency number of {terms.country}",
            )
    for number in _NEEDED[terms.country]:
        if number not in terms.emergency_numbers:
            yield Flaw("emergency_numbers", f"{number} is missing")
