"""A line as anyone may see it at a moment: for a caller's page, and for the edge of the telephone.

Pure.
"""

from __future__ import annotations

from datetime import datetime

from contracts.opening import closing
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, Situation
from services.intake.answers import ChannelNow, LineSeen
from services.intake.ladder import answers, ladder_told, partner_told
from services.intake.store import Line
from services.intake.terms import is_open, next_opening

_SHOWN = set(LineSeen.model_fields) & set(ProgrammeTerms.model_fields)


def line_seen(line: Line, moment: datetime) -> LineSeen:
    """What a line says of itself at `moment` (aware)."""
    now = tuple(_channel_now(line, channel, moment) for channel in line.terms.channels)
    return LineSeen(
        programme=line.programme,
        programme_version=line.version,
        open_now=tuple(each.channel for each in now if each.is_open),
        now=now,
        numbers=line.callers.numbers,
        partners=tuple(
            partner_told(each) for each in line.callers.partners if answers(each, moment)
        ),
        ladders=tuple(
            told
            for situation in Situation
            for told in [ladder_told(line.callers, situation, Channel.PHONE, moment)]
            if told is not None
        ),
        controllers=line.callers.controllers,
        transparency=line.callers.transparency,
        **{name: getattr(line.terms, name) for name in _SHOWN},
    )


def _channel_now(line: Line, channel: Channel, moment: datetime) -> ChannelNow:
    if is_open(line.terms, channel, moment):
        closes_at = closing(line.terms.timetable, channel, moment)
        nobody = line.staffed is False and channel is not Channel.MESSAGE  # those wait for hours
        return ChannelNow(
            channel=channel,
            is_open=True,
            closes_at=closes_at,
            ladder=ladder_told(line.callers, Situation.NOBODY_ON_DUTY, channel, moment)
            if nobody
            else None,
        )
    return ChannelNow(
        channel=channel,
        is_open=False,
        opens_at=next_opening(line.terms, channel, moment),
        ladder=ladder_told(line.callers, Situation.CLOSED, channel, moment),
    )
