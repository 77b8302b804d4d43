"""Whether a row may help a person, and what speaks for and against it. Predicates, nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from contracts.vocabulary import AgeBand, Channel, LanguageCode, Need
from services.referral.directory.hours import (
    Doubt,
    Hours,
    NotKnown,
    Open,
    Shut,
    hours_at,
    next_opening,
)
from services.referral.directory.index import Directory
from services.referral.directory.proposal import Against, Why
from services.referral.directory.question import Question
from services.referral.directory.relay import Confidence, Kind, Relay

#: Who somebody is rather than what happened to them: a row that is first of all for them is
#: proposed to nobody else.
_GROUPS = frozenset(
    {
        Need.SOIGNANTS,
        Need.AGRICULTEURS,
        Need.ETUDIANTS,
        Need.JEUNES,
        Need.MIGRANTS,
        Need.LGBT,
        Need.SURDITE,
        Need.PROCHE_INQUIET,
    }
)
#: A worried relative is sent to a line about the worry, or to one that hears any.
_ANY_WORRY = frozenset(
    {
        Need.PROCHE_INQUIET,
        Need.CRISE_SUICIDAIRE,
        Need.DETRESSE_PSYCHOLOGIQUE,
        Need.ECOUTE_GENERALISTE,
    }
)
_YOUNG = frozenset({AgeBand.CHILD, AgeBand.TEEN, AgeBand.YOUNG})
_MINORS = frozenset({AgeBand.CHILD, AgeBand.TEEN})
#: Needs that say nothing of what happened: a minor's are also those of the lines for the young.
_OPEN_NEEDS = frozenset(
    {
        Need.DETRESSE_PSYCHOLOGIQUE,
        Need.ECOUTE_GENERALISTE,
        Need.SOLITUDE,
        Need.CRISE_SUICIDAIRE,
        Need.UNKNOWN,
    }
)
#: A person in one of these is not sent to a letterbox.
_NOT_IN_A_LETTERBOX = frozenset(
    {
        Need.CRISE_SUICIDAIRE,
        Need.DANGER_IMMEDIAT,
        Need.URGENCE_VITALE,
        Need.ENFANCE_DANGER,
        Need.VIOLENCES_CONJUGALES,
        Need.VIOLENCES_SEXUELLES,
    }
)
#: Rescue and tools are proposed by rules of their own.
_NOT_FOR_HELP = frozenset({Kind.EMERGENCY, Kind.TOOL})
_ANSWERED_AT_ONCE = frozenset({"phone", "chat", "sms", "video", "app"})
_IN_WRITING = frozenset({"chat", "sms", "message", "email", "app", "web_form", "video"})
_VOICE = frozenset({"phone"})
#: Marks a row for staff that serves any language (an interpreter).
_ANY_LANGUAGE = "mul"


def needs_of(question: Question) -> tuple[Need, ...]:
    """What to look for: what was noted, and what follows from it."""
    needs = list(question.needs)
    if question.suicide_not_excluded:
        needs.append(Need.CRISE_SUICIDAIRE)
    if question.age_band in _MINORS and not _OPEN_NEEDS.isdisjoint(question.needs):
        needs.append(Need.JEUNES)
    return tuple(dict.fromkeys(needs))


def may_help(row: Relay, need: Need, question: Question) -> bool:
    """Whether a row found by `need` is one for this person: not itself, not for others only."""
    return (
        (row.kind not in _NOT_FOR_HELP or (row.kind is Kind.EMERGENCY and need is Need.SURDITE))
        and not _is_the_line(row, question)
        and _can_be_used(row, question)
        and _is_for_them(row, need, question)
    )


def _can_be_used(row: Relay, question: Question) -> bool:
    """Whether the person can reach and understand it.

    Where the line itself cannot listen in the person's language, nothing is left out for that: a
    written line, or one with an interpreter, may be all there is.
    """
    ways = reach(row, question) or row.channels
    if _ANSWERED_AT_ONCE.isdisjoint(ways) and not _NOT_IN_A_LETTERBOX.isdisjoint(question.needs):
        return False
    if question.language_barrier:
        return True
    return bool(reach(row, question)) and speaks(row, question) is not False


def _is_for_them(row: Relay, need: Need, question: Question) -> bool:
    if not _age_allows(row, question.age_band):
        return False
    if row.subjects and question.subjects and not row.subjects & question.subjects:
        return False
    first, needs = row.needs[0], needs_of(question)
    if first in _GROUPS and first not in needs and not _is_young(first, question):
        return False
    return need is not Need.PROCHE_INQUIET or first in _ANY_WORRY or first in needs


def _is_the_line(row: Relay, question: Question) -> bool:
    """A line does not send to itself; another channel of the same organisation may help."""
    ours = row.programme is not None and question.line == row.programme
    return ours and question.channel in row.channels


def _is_young(first: Need, question: Question) -> bool:
    return first is Need.JEUNES and question.age_band in _YOUNG


_YEARS: dict[AgeBand, tuple[int, int]] = {
    AgeBand.CHILD: (0, 14),
    AgeBand.TEEN: (15, 17),
    AgeBand.YOUNG: (18, 24),
    AgeBand.A25_34: (25, 34),
    AgeBand.A35_49: (35, 49),
    AgeBand.A50_64: (50, 64),
    AgeBand.A65_74: (65, 74),
    AgeBand.A75_PLUS: (75, 120),
}


def _age_allows(row: Relay, age_band: AgeBand | None) -> bool:
    """Whether somebody of that age may be served; an age nobody said is no hindrance."""
    if age_band is None:
        return True
    youngest, oldest = _YEARS[age_band]
    return (row.minimum_age or 0) <= oldest and youngest <= (row.maximum_age or 120)


def _is_for_this_age(row: Relay, age_band: AgeBand | None) -> bool:
    """Whether a row that is for some ages only is for the whole band."""
    if age_band is None or (row.minimum_age is None and row.maximum_age is None):
        return False
    youngest, oldest = _YEARS[age_band]
    return (row.minimum_age or 0) <= youngest and oldest <= (row.maximum_age or 120)


def reasons(directory: Directory, row: Relay, question: Question) -> tuple[Why, ...]:
    """What speaks for a row, beside the need it was found by."""
    said = {
        Why.CRISIS_LINE: row.kind is Kind.CRISIS,
        Why.SUICIDE_NOT_EXCLUDED: question.suicide_not_excluded
        and Need.CRISE_SUICIDAIRE in row.needs,
        Why.FOR_THIS_PUBLIC: _is_for_this_age(row, question.age_band)
        or (row.needs[0] in _GROUPS and row.needs[0] in question.needs),
        Why.SUBJECT: bool(row.subjects & question.subjects),
        Why.NEAR: any(area.departements is not None for area in row.areas),
        Why.LANGUAGE: speaks(row, question) is True,
        Why.REPLACES: any(directory.replaces(row, need) for need in question.needs),
    }
    return tuple(why for why, so in said.items() if so)


def against(row: Relay, question: Question, hours: Hours) -> tuple[Against, ...]:
    """What speaks against a row, as it stands and for this person."""
    seen = row.saturation
    doubtful = row.confidence_hours in (Confidence.LOW, Confidence.UNKNOWN)
    said = {
        Against.UNVERIFIED: row.verified_at is None,
        Against.HOURS_UNKNOWN: isinstance(hours, NotKnown) and hours.why is Doubt.NO_HOURS,
        Against.HOLIDAY_HOURS_UNKNOWN: isinstance(hours, NotKnown) and hours.why is Doubt.HOLIDAY,
        Against.HOURS_UNCERTAIN: bool(row.periods) and doubtful,
        Against.SATURATED: seen is not None and seen.saturated and seen.holds_at(question.at),
        Against.NOT_ANONYMOUS: row.anonymous is False,
        Against.ANONYMITY_UNKNOWN: row.anonymous is None,
        Against.LANGUAGE: speaks(row, question) is False,
        Against.CHANNEL: not reach(row, question),
        Against.AGE: question.age_band is not None
        and not (row.minimum_age is None and row.maximum_age is None)
        and not _is_for_this_age(row, question.age_band),
        Against.COMMUNE: any(area.communes for area in row.areas),
        Against.SOURCES_DIFFER: bool(row.conflicts),
        Against.LITTLE_CONFIDENCE: row.confidence is Confidence.LOW,
    }
    return tuple(reason for reason, so in said.items() if so)


def hours_of(row: Relay, question: Question) -> Hours:
    """Whether it answers on any of the ways the person can reach it, the surest answer first."""
    ways = reach(row, question) or row.channels
    answers = [hours_at(row, channel, question.at) for channel in sorted(ways)]
    return min(answers, key=_surest)


def _surest(hours: Hours) -> int:
    match hours:
        case Open():
            return 0
        case NotKnown():
            return 1
        case Shut():
            return 2
        case unexpected:
            assert_never(unexpected)


def opening_of(row: Relay, question: Question) -> datetime | None:
    """When it opens (UTC) on any of those ways; None: not within two weeks, as far as is known."""
    ways = reach(row, question) or row.channels
    openings = (next_opening(row, channel, question.at) for channel in ways)
    return min((each for each in openings if each is not None), default=None)


def reach(row: Relay, question: Question) -> frozenset[str]:
    """Ways in which this person can reach the row: who rings speaks, who writes may do both."""
    if question.deaf:
        return row.channels & _IN_WRITING
    if question.channel is Channel.PHONE:
        return row.channels & _VOICE
    return row.channels & (_IN_WRITING | _VOICE)


def has_voice(row: Relay) -> bool:
    """Whether it can be spoken with."""
    return not _VOICE.isdisjoint(row.channels)


def speaks(row: Relay, question: Question) -> bool | None:
    """Whether the row speaks the person's language; None where the language is not known."""
    if question.language is LanguageCode.UNKNOWN:
        return None
    return not row.languages.isdisjoint({question.language.value, _ANY_LANGUAGE})


def place_of(need: Need, row: Relay) -> int:
    """How near a row's own purpose is to a need: 0 when it is what the row is for."""
    return row.needs.index(need) if need in row.needs else len(row.needs)
