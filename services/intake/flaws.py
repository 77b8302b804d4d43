"""What cannot be right in the terms of a line: contradictions, for whoever writes a manifest.

Pure. Each flaw names its field and says what to do. What is missing to go live is in `gaps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from math import isfinite
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.holidays import COUNTRIES_WITH_HOLIDAYS
from contracts.opening import ClockSpan, OpeningRule
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, OnHolidays, Pool, Priority
from services.intake.terms import EMERGENCY_NUMBERS, NEEDED_NUMBERS

_WEEK_MINUTES = 7 * 24 * 60
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Flaw:
    """Something that cannot be right, or is missing."""

    field: str  #: path of the field
    why: str  #: the reason, and what to do


def flaws_of(terms: ProgrammeTerms) -> tuple[Flaw, ...]:
    """Everything that is wrong with terms that are well formed, in the order of their fields."""
    return tuple(
        flaw
        for look in (
            _zone,
            _hours,
            _special_days,
            _holidays,
            _repeats,
            _triage,
            _guidance,
            _clocks,
            _prices,
            _prerequisites,
            _emergency,
            _federation,
        )
        for flaw in look(terms)
    )


def is_zone(name: str) -> bool:
    """Whether this machine knows the time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return False
    return True


def _zone(terms: ProgrammeTerms) -> Iterator[Flaw]:
    if not is_zone(terms.timezone):
        yield Flaw("timezone", f"{terms.timezone} is not a time zone this machine knows")


# --- hours ----------------------------------------------------------------------------------------


def _hours(terms: ProgrammeTerms) -> Iterator[Flaw]:
    for place, rule in enumerate(terms.opening):
        if rule.channel not in terms.channels:
            reason = f"{rule.channel.value} is not a channel of the line"
            yield Flaw(f"opening.{place}.channel", reason)
        if len(set(rule.days)) < len(rule.days):
            yield Flaw(f"opening.{place}.days", "a day is named twice")
    for channel in terms.channels:
        if not any(rule.channel is channel for rule in terms.opening):
            yield Flaw("opening", f"{channel.value} is served but never open")
    contradiction = first_contradiction(terms.opening)
    if contradiction is not None:
        reason = "overlaps with other hours of the same channel; say each hour once"
        yield Flaw(f"opening.{contradiction}.opens_at", reason)


def first_contradiction(rules: tuple[OpeningRule, ...]) -> int | None:
    """Place of the first rule that is open when an earlier one of its channel is; None: none."""
    taken: dict[Channel, set[int]] = {}
    for place, rule in enumerate(rules):
        minutes = set(_minutes_of(rule.days, rule.opens_at, rule.closes_at))
        if minutes & taken.setdefault(rule.channel, set()):
            return place
        taken[rule.channel] |= minutes
    return None


def _minutes_of(days: Iterable[int], opens_at: str, closes_at: str) -> Iterator[int]:
    """Minutes of the week, Monday 00:00 is 0, in which hours are open."""
    opens, closes = _minute(opens_at), _minute(closes_at)
    length = closes - opens if closes > opens else closes - opens + _DAY_MINUTES
    for day in set(days):
        begin = (day - 1) * _DAY_MINUTES + opens
        yield from (minute % _WEEK_MINUTES for minute in range(begin, begin + length))


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _special_days(terms: ProgrammeTerms) -> Iterator[Flaw]:
    seen: set[tuple[Channel, str]] = set()
    for place, special in enumerate(terms.special_days):
        here = f"special_days.{place}"
        if not is_date(special.day):
            yield Flaw(f"{here}.day", f"{special.day} is not a day of the calendar")
        if special.channel not in terms.channels:
            yield Flaw(f"{here}.channel", f"{special.channel.value} is not a channel of the line")
        if (special.channel, special.day) in seen:
            yield Flaw(f"{here}.day", "is named twice for one channel; put its hours together")
        seen.add((special.channel, special.day))
        if _collide(special.hours):
            yield Flaw(f"{here}.hours", "overlap one another; say each hour once")


def is_date(day: str) -> bool:
    """Whether a text in the form of a date is one."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _collide(hours: tuple[ClockSpan, ...]) -> bool:
    taken: set[int] = set()
    for each in hours:
        # Within two days: a span that crosses midnight goes on into the next.
        opens, closes = _minute(each.opens_at), _minute(each.closes_at)
        minutes = set(range(opens, closes if closes > opens else closes + _DAY_MINUTES))
        if minutes & taken:
            return True
        taken |= minutes
    return False


def _holidays(terms: ProgrammeTerms) -> Iterator[Flaw]:
    if terms.on_holidays is OnHolidays.AS_USUAL or terms.country in COUNTRIES_WITH_HOLIDAYS:
        return
    reason = f"the public holidays of {terms.country} are not known here; write special_days"
    yield Flaw("on_holidays", reason)


# --- the rest -------------------------------------------------------------------------------------


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
    for name in (
        "regulator_offer_seconds",
        "listener_offer_seconds",
        "heartbeat_lost_seconds",
        "way_out_offer_seconds",
    ):
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


def _prerequisites(terms: ProgrammeTerms) -> Iterator[Flaw]:
    asked = () if terms.roster is None else terms.roster.prerequisites
    for place, prerequisite in enumerate(asked):
        for name in ("channel", "after"):
            channel: Channel = getattr(prerequisite, name)
            if channel not in terms.channels:
                reason = f"{channel.value} is not served; serve it, or ask for nothing on it"
                yield Flaw(f"roster.prerequisites.{place}.{name}", reason)


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
    for number in NEEDED_NUMBERS[terms.country]:
        if number not in terms.emergency_numbers:
            yield Flaw("emergency_numbers", f"{number} is missing")
    for place, abroad in enumerate(terms.frame.emergency_abroad):
        for number in abroad.numbers:
            if number not in EMERGENCY_NUMBERS.get(abroad.country, (number,)):
                reason = f"{number} is not an emergency number of {abroad.country}"
                yield Flaw(f"frame.emergency_abroad.{place}.numbers", reason)


def _federation(terms: ProgrammeTerms) -> Iterator[Flaw]:
    federation = terms.frame.federation
    if federation is None:
        return
    named = [each.organisation for each in federation.members]
    if len(set(named)) < len(named):
        yield Flaw("frame.federation.members", "an association is named twice")
    if len(named) > federation.associations:
        reason = f"names {len(named)} associations, and there are {federation.associations}"
        yield Flaw("frame.federation.members", reason)
    if federation.pool is not Pool.SPLIT:
        return
    if len(named) < federation.associations:
        reason = "split callers need every association with its départements; name them all"
        yield Flaw("frame.federation.members", reason)
    homes = [home for each in federation.members for home in each.departements]
    if len(set(homes)) < len(homes):
        reason = "a département has two associations; a split line needs one for each"
        yield Flaw("frame.federation.members", reason)
