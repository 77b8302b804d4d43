"""What a line lacks before people may ring it: ways out, words, hours somebody watches over.

Pure; for terms without a flaw. The surprising thing: hours are compared over two whole years and
around each special day, so that both nights on which the clock changes and every holiday count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from contracts.ladder import CallerTerms, Ladder, PartnerLine, Rung
from contracts.opening import OpeningRule, OpenSpan, Timetable, joined, open_spans
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Act, Channel, ReportKind, Situation, WayOut
from services.intake.flaws import Flaw, first_contradiction, is_date, is_zone
from services.intake.ladder import NEEDS_YES, never_closes
from services.intake.terms import IN_WRITING

_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_FROM_ANYWHERE = re.compile(r"\+[0-9]{6,15}")
_EVERYWHERE = "words are missing in {}; every language of the line needs them"
#: A leap year and the one after it.
_FIRST_YEAR, _LAST_YEAR = 2024, 2025
_DAY = timedelta(days=1)

Gap = Flaw


def gaps_of(terms: ProgrammeTerms, callers: CallerTerms) -> tuple[Gap, ...]:
    """Everything missing; fields begin with `terms` or `callers`."""
    looks = (
        _alerts(terms),
        _recipients(terms),
        _numbers(terms, callers),
        _partners(callers),
        _ladders(terms, callers),
        _last_resort(terms, callers),
        _deaf(terms, callers),
        _told(terms, callers),
    )
    return tuple(gap for look in looks for gap in look)


# --- who takes alerts, who receives reports -------------------------------------------------------


def _alerts(terms: ProgrammeTerms) -> Iterator[Gap]:
    rules = tuple(
        OpeningRule(
            channel=Channel.PHONE, days=duty.days, opens_at=duty.begins_at, closes_at=duty.ends_at
        )
        for duty in terms.frame.alert_duty
    )
    watched = Timetable(terms.timezone, terms.country, rules)
    for first, last in _looked_at(terms):
        needed = open_spans(terms.timetable, terms.channels, first, last)
        gap = first_gap(needed, open_spans(watched, [Channel.PHONE], first - _DAY, last + _DAY))
        if gap is not None:
            reason = "has nobody to take an alert, and the line is open; name a role for that hour"
            yield Gap("terms.frame.alert_duty", f"{_hour(gap, terms)} {reason}")
            return


def _recipients(terms: ProgrammeTerms) -> Iterator[Gap]:
    named = {each.kind for each in terms.frame.report_recipients if each.departement is None}
    for kind in ReportKind:
        if kind not in named:
            reason = f"nobody receives a legal report ({kind.value}); name who does, for any place"
            yield Gap("terms.frame.report_recipients", reason)


# --- numbers and partners -------------------------------------------------------------------------


def _numbers(terms: ProgrammeTerms, callers: CallerTerms) -> Iterator[Gap]:
    if Channel.PHONE in terms.channels and not callers.numbers:
        yield Gap("callers.numbers", "is empty, and people ring this line; write its number")
    for place, held in enumerate(callers.numbers):
        here = f"callers.numbers.{place}"
        if _FROM_ANYWHERE.fullmatch(held.number) is None:
            reason = "is not a number as dialled from anywhere: + and 6 to 15 digits"
            yield Gap(f"{here}.number", reason)
        if None not in (held.from_at, held.until_at) and held.from_at >= held.until_at:  # type: ignore[operator] # both are moments
            yield Gap(f"{here}.until_at", "is not after from_at")


def _partners(callers: CallerTerms) -> Iterator[Gap]:
    seen: set[str] = set()
    own = {held.number for held in callers.numbers}
    for place, partner in enumerate(callers.partners):
        here = f"callers.partners.{place}"
        if partner.partner in seen:
            yield Gap(f"{here}.partner", f"{partner.partner} is named twice")
        seen.add(partner.partner)
        yield from (Gap(f"{here}.{field}", why) for field, why in _partner(partner, own))


def _partner(partner: PartnerLine, own: set[str]) -> Iterator[tuple[str, str]]:
    if not is_zone(partner.timezone):
        yield "timezone", f"{partner.timezone} is not a time zone this machine knows"
    if partner.channel is Channel.PHONE:
        if partner.number is None or _NUMBER.fullmatch(partner.number) is None:
            yield "number", "must be a number as dialled: digits, perhaps a + before them"
        elif partner.number in own:
            yield "number", "is the line's own: whoever cannot be answered would ring it again"
    elif partner.page is None:
        yield "page", f"is needed: {partner.channel.value} is found on the web"
    if any(rule.channel is not partner.channel for rule in partner.opening):
        yield "opening", f"must be of {partner.channel.value} alone"
    if first_contradiction(partner.opening) is not None:
        yield "opening", "overlaps with itself; say each hour once"
    if partner.agreed_on is not None and not is_date(partner.agreed_on):
        yield "agreed_on", f"{partner.agreed_on} is not a day of the calendar"


# --- the ladder -----------------------------------------------------------------------------------


def _ladders(terms: ProgrammeTerms, callers: CallerTerms) -> Iterator[Gap]:
    for situation in Situation:
        found = [each for each in callers.ladders if each.situation is situation]
        if not found:
            yield Gap("callers.ladders", f"{_MISSING[situation]}; write it")
        elif len(found) > 1:
            yield Gap("callers.ladders", f"{situation.value} is there twice; keep one")
    for place, ladder in enumerate(callers.ladders):
        here = f"callers.ladders.{place}"
        missing = _unsaid(terms, ladder)
        if missing:
            yield Gap(f"{here}.wordings", _EVERYWHERE.format(missing))
        for step, rung in enumerate(ladder.rungs):
            reason = _broken(rung, ladder.situation, terms, callers)
            if reason is not None:
                yield Gap(f"{here}.rungs.{step}", reason)
            unsaid = _unasked(rung, ladder.situation, terms)
            if unsaid:
                yield Gap(f"{here}.rungs.{step}.wordings", _EVERYWHERE.format(unsaid))
        if ladder.situation is Situation.ALL_BUSY and not _offers(ladder):
            reason = "no overflow: offer another line, a return pass or the message box"
            yield Gap(f"{here}.rungs", reason)


_MISSING = {
    Situation.CLOSED: "no closed-hours text: nothing is said when the line is closed",
    Situation.NOBODY_ON_DUTY: "nothing is said when nobody is on duty",
    Situation.ALL_BUSY: "no overflow: nothing is said or offered when all are busy",
    Situation.PLATFORM_FAULT: "nothing is said when the platform fails",
}


def _unsaid(terms: ProgrammeTerms, said: Ladder | Rung) -> str:
    languages = {each.language for each in said.wordings}
    return ", ".join(each.value for each in terms.languages if each not in languages)


def _unasked(rung: Rung, situation: Situation, terms: ProgrammeTerms) -> str:
    """Languages in which nobody could be asked whether they want this way out."""
    asks = situation is Situation.ALL_BUSY and rung.way_out in NEEDS_YES
    return _unsaid(terms, rung) if asks and terms.assignment.way_out else ""


def _offers(ladder: Ladder) -> bool:
    return any(rung.act is Act.OFFERS for rung in ladder.rungs)


def _broken(
    rung: Rung, situation: Situation, terms: ProgrammeTerms, callers: CallerTerms
) -> str | None:
    """Why a rung would not hold; None when it does."""
    partners = {each.partner: each for each in callers.partners}
    unknown = [each for each in rung.partners if each not in partners]
    if unknown:
        return f"{unknown[0]} is not among the partners of the line; describe it there"
    reached = [partners[each] for each in rung.partners]
    match rung.act:
        case Act.SAYS:
            return "only says: take way_out and partners out" if rung.way_out or reached else None
        case Act.CONNECTS:
            if situation is Situation.ALL_BUSY:
                return "nobody is sent away before a human has heard them; offer another_line"
            if not reached or any(each.channel is not Channel.PHONE for each in reached):
                return "must name partners that are reached by phone"
            if not all(each.anonymous for each in reached):
                # DESIGN 9: anonymity false or unknown is said to the caller before any transfer.
                return "connects to a line that may ask for a name; offer another_line instead"
            return "connects and offers nothing: take way_out out" if rung.way_out else None
        case Act.OFFERS:
            return _broken_offer(rung.way_out, bool(reached), situation, terms)


def _broken_offer(
    way_out: WayOut | None, to_partners: bool, situation: Situation, terms: ProgrammeTerms
) -> str | None:
    if (way_out is WayOut.ANOTHER_LINE) is not to_partners:
        return "another_line, and nothing else, names partners"
    match way_out:
        case None:
            return "offers nothing: say which way_out"
        case WayOut.RETURN_PASS if situation is not Situation.ALL_BUSY:
            return "a return pass is for who waits: it can be offered when all are busy"
        case WayOut.RETURN_PASS if not terms.returning.return_pass:
            return "the line gives no return pass (returning.return_pass)"
        case WayOut.MESSAGE_BOX if Channel.MESSAGE not in terms.channels:
            return "the line has no message box"
        case WayOut.CHAT if Channel.CHAT not in terms.channels:
            return "the line has no chat"
        case _:
            return None


def _last_resort(terms: ProgrammeTerms, callers: CallerTerms) -> Iterator[Gap]:
    """By telephone the last rung connects, to a line that is open at that hour."""
    if Channel.PHONE not in terms.channels:
        return
    for place, ladder in enumerate(callers.ladders):
        if ladder.situation is Situation.ALL_BUSY:
            continue
        reason = _no_last_resort(terms, callers, ladder)
        if reason is not None:
            yield Gap(f"callers.ladders.{place}.rungs", f"no last resort that connects: {reason}")


def _no_last_resort(terms: ProgrammeTerms, callers: CallerTerms, ladder: Ladder) -> str | None:
    last = ladder.rungs[-1] if ladder.rungs else None
    if last is None or last.act is not Act.CONNECTS:
        return "the last rung must connect a caller on the phone to another line"
    partners = [each for each in callers.partners if each.partner in last.partners]
    if ladder.situation is Situation.PLATFORM_FAULT:
        # Whoever answers then may know neither the hour nor the calendar.
        always = any(never_closes(each) for each in partners)
        return None if always else "name a line that never closes"
    if any(never_closes(each) for each in partners):
        return None
    for days in _looked_at(terms):
        gap = _unreached(terms, partners, ladder.situation, days)
        if gap is not None:
            return f"{_hour(gap, terms)} none of its lines is open; name one that is"
    return None


def _unreached(
    terms: ProgrammeTerms,
    partners: Iterable[PartnerLine],
    situation: Situation,
    days: tuple[date, date],
) -> datetime | None:
    """The first moment at which this may happen and no partner is open; None: there is none."""
    first, last = days
    opened = open_spans(terms.timetable, [Channel.PHONE], first - _DAY, last)
    if situation is Situation.CLOSED:
        opened = _between(opened)
    reached = joined(
        span
        for each in partners
        for span in open_spans(each.timetable, [Channel.PHONE], first - 2 * _DAY, last + 2 * _DAY)
    )
    return first_gap(opened, reached)


def _between(spans: tuple[OpenSpan, ...]) -> tuple[OpenSpan, ...]:
    return tuple(OpenSpan(before.closes, after.opens) for before, after in pairwise(spans))


def first_gap(needed: Iterable[OpenSpan], cover: Iterable[OpenSpan]) -> datetime | None:
    """The first moment of `needed` that is in no span of `cover`; both in order. None: all are."""
    covers = joined(cover)
    for span in needed:
        at = span.opens
        for each in covers:
            if each.opens > at:
                break
            at = max(at, each.closes)
        if at < span.closes:
            return at
    return None


def _looked_at(terms: ProgrammeTerms) -> Iterator[tuple[date, date]]:
    yield date(_FIRST_YEAR, 1, 1), date(_LAST_YEAR, 12, 31)
    for special in terms.special_days:
        day = date.fromisoformat(special.day)
        yield day - 2 * _DAY, day + 2 * _DAY


def _hour(moment: datetime, terms: ProgrammeTerms) -> str:
    """`on MO 2024-01-01 at 09:00`, in the zone of the line."""
    local = moment.astimezone(ZoneInfo(terms.timezone))
    day = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[local.weekday()]
    return f"on {day} {local:%Y-%m-%d} at {local:%H:%M}"


# --- who cannot hear, and what everyone is told ---------------------------------------------------


def _deaf(terms: ProgrammeTerms, callers: CallerTerms) -> Iterator[Gap]:
    if Channel.CHAT in terms.channels:
        return
    written = set(IN_WRITING.get(terms.country, ())) & set(terms.emergency_numbers)
    if not written or not any(each.in_writing for each in callers.partners):
        reason = (
            "no way for who cannot hear or speak: serve chat, or show the emergency number for "
            "writing (114 in France) and name a partner with in_writing: true"
        )
        yield Gap("callers.partners", reason)


def _told(terms: ProgrammeTerms, callers: CallerTerms) -> Iterator[Gap]:
    if not callers.controllers:
        yield Gap("callers.controllers", "is empty: say who answers for what is kept")
    said = {each.language for each in callers.transparency}
    missing = ", ".join(each.value for each in terms.languages if each not in said)
    if missing:
        yield Gap("callers.transparency", _EVERYWHERE.format(missing))
