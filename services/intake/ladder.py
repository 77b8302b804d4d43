"""Which rung of the ladder holds at a moment: what a caller is told, offered or connected to.

Pure. The four situations have a text each (DESIGN 7). A partner counts only while it is open; where
the time is not known, because the platform is down, only one that never closes does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from contracts.ladder import CallerTerms, PartnerLine, Rung
from contracts.opening import is_open
from contracts.vocabulary import Act, Channel, OnHolidays, RelayId, Situation, WayOut
from services.intake.answers import LadderTold, PartnerTold, RungTold

#: Ways out that end the wait: never a caller's but by their own yes, once they were offered one.
NEEDS_YES = frozenset({WayOut.RETURN_PASS, WayOut.ANOTHER_LINE})
_EVERY_DAY = frozenset(range(1, 8))


def ladder_told(
    callers: CallerTerms, situation: Situation, channel: Channel, moment: datetime | None
) -> LadderTold | None:
    """What somebody on `channel` is told at `moment` (aware; None: not known).

    None when the line says nothing of the situation. Who writes cannot be connected: they are
    offered the same line instead. A rung none of whose partners is open is left out.
    """
    ladder = next((each for each in callers.ladders if each.situation is situation), None)
    if ladder is None:
        return None
    rungs = tuple(told for rung in ladder.rungs for told in _told(rung, callers, channel, moment))
    return LadderTold(situation=situation, wordings=ladder.wordings, rungs=rungs)


def ladder_while_waiting(told: LadderTold | None, offered: WayOut | None) -> LadderTold | None:
    """What somebody who waits while all are busy is told: of what ends the wait, only what they
    were offered. Nobody is sent away before a human has heard them.
    """
    if told is None:
        return None
    rungs = tuple(
        rung for rung in told.rungs if rung.way_out not in NEEDS_YES or rung.way_out is offered
    )
    return told.model_copy(update={"rungs": rungs})


def _told(
    rung: Rung, callers: CallerTerms, channel: Channel, moment: datetime | None
) -> Iterator[RungTold]:
    if not rung.partners:
        yield RungTold(act=rung.act, way_out=rung.way_out, wordings=rung.wordings)
        return
    partner = first_open(callers, rung.partners, moment)
    if partner is None:
        return
    by_voice = channel is Channel.PHONE
    act = rung.act if by_voice or rung.act is not Act.CONNECTS else Act.OFFERS
    yield RungTold(
        act=act, way_out=rung.way_out, partner=partner_told(partner), wordings=rung.wordings
    )


def first_open(
    callers: CallerTerms, wanted: tuple[RelayId, ...], moment: datetime | None
) -> PartnerLine | None:
    """The first of these partners that is open at `moment`; with no moment, that never closes."""
    known = {each.partner: each for each in callers.partners}
    for each in wanted:
        partner = known.get(each)
        if partner is not None and answers(partner, moment):
            return partner
    return None


def answers(partner: PartnerLine, moment: datetime | None) -> bool:
    """Whether a partner is open at `moment`; with no moment, whether it never closes."""
    if moment is None:
        return never_closes(partner)
    return is_open(partner.timetable, partner.channel, moment)


def never_closes(partner: PartnerLine) -> bool:
    """Whether a partner is open at every hour of every day."""
    if partner.on_holidays is OnHolidays.CLOSED:
        return False
    always = (rule.days for rule in partner.opening if rule.opens_at == rule.closes_at)
    return {day for days in always for day in days} == _EVERY_DAY


def partner_told(partner: PartnerLine) -> PartnerTold:
    """A partner as a caller reads it."""
    return PartnerTold(
        partner=partner.partner,
        title=partner.title,
        channel=partner.channel,
        number=partner.number,
        page=partner.page,
        anonymous=partner.anonymous,
        in_writing=partner.in_writing,
    )
