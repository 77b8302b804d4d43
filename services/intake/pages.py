"""Pages about lines: which there are, whether one answers now, and who answers.

They stand in intake, so that a console that is down takes nothing from callers. They translate and
decide nothing: what a line says of a moment is in its ladder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Channel, ProgrammeId, Refusal, Situation
from services.bus.door import Door, GroundAway
from services.bus.doorway import Address
from services.intake import callers
from services.intake.answers import ChannelNow, LadderTold, PartnerTold
from services.intake.callers import LineLooked, LineShown
from services.intake.numbers import held_at
from services.intake.page_frame import Drawer, languages_of, reader_of
from services.intake.problem import refusal_problem
from services.intake.voice import Voice
from services.pages.assets import asset_addresses

_PROGRAMME = re.compile(r"[a-z][a-z0-9-]{2,40}")
_BY_VOICE_OR_LINE = (Channel.CHAT, Channel.PHONE)


def addresses_of(door: Door, voice: Voice) -> list[Address]:
    """The addresses of these pages, in no document: people read them."""
    pages = LinePages(door, voice)
    return [
        Address("GET", "/", pages.lines, {}),
        *asset_addresses(),
        Address("GET", "/{programme}", pages.line, {}),
        Address("GET", "/{programme}/qui-vous-repond", pages.who_answers, {}),
    ]


class LinePages:
    """What there is to read about lines before anybody has said a word."""

    def __init__(self, door: Door, voice: Voice) -> None:
        self._door = door
        self._voice = voice
        self._drawer = Drawer(voice)

    async def lines(self, request: Request) -> Response:
        """The lines there are."""
        looked = await self._door.read(callers.look_at_lines)
        for each in looked:
            remember(self._voice, each)
        spoken = languages_of(language for each in looked for language in each.seen.languages)
        return self._drawer.page("lines.html", reader_of(request, spoken), lines=looked)

    async def line(self, request: Request) -> Response:
        """Whether somebody answers on a line now, who else does, and how."""
        shown = await look_at(self._door, self._voice, request)
        spoken = languages_of(shown.looked.seen.languages)
        now = line_now(shown)
        return self._drawer.page(
            "line.html",
            reader_of(request, spoken),
            now.programme,
            now=now,
            seen=shown.looked.seen,
            terms=shown.looked.terms,
        )

    async def who_answers(self, request: Request) -> Response:
        """Who answers on a line and what is kept, in full."""
        shown = await look_at(self._door, self._voice, request)
        seen = shown.looked.seen
        reader = reader_of(request, languages_of(seen.languages))
        terms = shown.looked.terms
        return self._drawer.page("answers.html", reader, seen.programme, seen=seen, terms=terms)


async def look_at(door: Door, voice: Voice, request: Request) -> LineShown:
    """The line an address names; CallerProblem when there is none, or it cannot be asked."""
    line = programme_in(request)
    with fault_of(line):
        shown = await door.read(partial(callers.show_line, programme=line))
    if isinstance(shown, Refusal):
        raise refusal_problem(shown)
    remember(voice, shown.looked)
    return shown


def programme_in(request: Request) -> ProgrammeId:
    """The line an address names; CallerProblem when it is no name of one."""
    line: str = request.path_params["programme"]
    if _PROGRAMME.fullmatch(line) is None:
        raise refusal_problem(Refusal.UNKNOWN_PROGRAMME)
    return ProgrammeId(line)


@contextmanager
def fault_of(programme: ProgrammeId) -> Iterator[None]:
    """A failure while a line is spoken of is told in the words of that line."""
    try:
        yield
    except GroundAway:
        raise refusal_problem(Refusal.PLATFORM_FAULT, programme=programme) from None


def remember(voice: Voice, looked: LineLooked) -> None:
    """Keep what a door must know of a line when it cannot ask."""
    seen = looked.seen
    voice.remember(seen.programme, seen.country, seen.emergency_numbers)
    voice.remember_fault(seen.programme, looked.fault)


# --- a line at a moment ---------------------------------------------------------------------------


@dataclass(frozen=True)
class LineNow:
    """What a line can do for a caller at a moment."""

    programme: ProgrammeId
    situation: Situation | None  #: why nobody answers; None: somebody does
    chat: ChannelNow | None  #: as the line has it; None: it has no chat
    phone: ChannelNow | None
    message: ChannelNow | None
    numbers: tuple[str, ...]  #: its own, at this moment
    ladder: LadderTold | None  #: what is said of the situation
    partners: tuple[PartnerTold, ...]  #: lines open now that the ladder leads to, in its order
    moment: datetime  #: of domain time

    def opens_next(self) -> ChannelNow | None:
        """The channel with a human that opens first."""
        closed = [each for each in (self.chat, self.phone) if each is not None]
        opening = [(each.opens_at, each) for each in closed if each.opens_at is not None]
        return min(opening, key=lambda pair: pair[0], default=(None, None))[1]

    def is_open(self, channel: ChannelNow | None) -> bool:
        """Whether the door of a channel is open."""
        return channel is not None and channel.is_open


def line_now(shown: LineShown) -> LineNow:
    """What a line can do for a caller at the moment it was looked at. Pure."""
    looked = shown.looked
    seen = looked.seen
    by_channel = {each.channel: each for each in seen.now}
    answering = [by_channel[each] for each in _BY_VOICE_OR_LINE if each in by_channel]
    situation = _situation(answering, nobody=looked.nobody, crowded=shown.crowded)
    ladder = _ladder(answering, seen.ladders, situation)
    return LineNow(
        programme=seen.programme,
        situation=situation,
        chat=by_channel.get(Channel.CHAT),
        phone=by_channel.get(Channel.PHONE),
        message=by_channel.get(Channel.MESSAGE),
        numbers=held_at(seen.numbers, looked.moment),
        ladder=ladder,
        partners=partners_of(ladder),
        moment=looked.moment,
    )


def _situation(answering: list[ChannelNow], *, nobody: bool, crowded: bool) -> Situation | None:
    if not any(each.is_open for each in answering):
        return Situation.CLOSED if answering else None
    if nobody:
        return Situation.NOBODY_ON_DUTY
    return Situation.ALL_BUSY if crowded else None


def _ladder(
    answering: list[ChannelNow], by_phone: tuple[LadderTold, ...], situation: Situation | None
) -> LadderTold | None:
    own = (each.ladder for each in answering if each.ladder is not None)
    told = next((each for each in own if each.situation is situation), None)
    return told or next((each for each in by_phone if each.situation is situation), None)


def partners_of(ladder: LadderTold | None) -> tuple[PartnerTold, ...]:
    """The lines a ladder leads to, open now, each once."""
    led = () if ladder is None else tuple(rung.partner for rung in ladder.rungs)
    return tuple(dict.fromkeys(each for each in led if each is not None))
