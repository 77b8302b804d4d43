"""The live streams of the desks: one question to the ledger for all open desks at each wake.

A commit of this service wakes the pump, which asks for what was told in the last second: its cost
does not grow with the desks that are open. The numbers of a desk have no holes, so that a message
that came late is missed at once; then, and every second, it asks for all by their last number.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

from sqlmodel import Session

from contracts.vocabulary import ProgrammeId, Role
from services.bus.door import Door, GroundAway
from services.bus.problem import Problem
from services.console import metrics, pictures
from services.console.domain import BOARD_ROLES, PULSE_ROLES, SessionEnd
from services.console.messages import (
    Board,
    CallerWrites,
    DeskMessage,
    MessageKind,
    Pulse,
    SessionOver,
    SomebodyWaits,
)
from services.console.pictures import Desk, Picture, Told
from services.console.settings import Settings
from services.console.signs import Signs

_HEARTBEAT = b": still here\n\n"

#: Roles whose streams change with the counts of their line; listeners hear of one of them alone.
_FELT = BOARD_ROLES | PULSE_ROLES

#: Messages a reader may lag behind; then its stream is closed and it comes back with its last id.
_LONGEST_BACKLOG = 1000

#: Machine time before the ledger is asked again when it could not be reached.
_GROUND_AWAY_SECONDS = 0.2


def told_line(told: Told) -> bytes:
    """A numbered message in the form of the stream."""
    return f"id: {told.number}\nevent: {told.kind}\ndata: {told.body}\n\n".encode()


def message_line(message: DeskMessage, number: int | None = None) -> bytes:
    """A whole picture in the form of the stream; without a number it moves no reader's last id."""
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {message.kind}\ndata: {message.model_dump_json()}\n\n".encode()


@dataclass(eq=False)
class Stream:
    """One open connection of a desk."""

    desk: Desk
    last: int = 0  #: number of the last message handed over
    backlog: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(_LONGEST_BACKLOG)
    )
    board: Board | None = None  #: as last sent, without its moment
    waits: bool | None = None  #: whether anybody does, as last sent
    closed: bool = False

    def hand_over(self, line: bytes) -> None:
        """Queue a line; a reader that does not keep up is let go."""
        try:
            self.backlog.put_nowait(line)
        except asyncio.QueueFull:
            metrics.record_stream_lost()
            self.close()

    def close(self) -> None:
        """End the stream after what is queued; what does not fit is dropped, never awaited."""
        self.closed = True
        with contextlib.suppress(asyncio.QueueFull):
            self.backlog.put_nowait(None)

    async def lines(self, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        """What goes down the connection, a comment line when there was nothing else."""
        while not (self.closed and self.backlog.empty()):
            try:
                line = await asyncio.wait_for(self.backlog.get(), heartbeat_seconds)
            except TimeoutError:
                line = _HEARTBEAT
            if line is None:
                return
            yield line


class LiveDesks:
    """All open streams of this process, and the pump that feeds them."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._signs = Signs(door, settings.intake_url)
        self._streams: set[Stream] = set()
        self._by_person: defaultdict[str, set[Stream]] = defaultdict(set)
        self._asked_all_at = 0.0
        self._changed = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def open(self, desk: Desk, after: int | None) -> AsyncIterator[bytes]:
        """Open a stream: what was missed after `after`, the desk as it is, then what happens."""
        picture = await self._door.read(partial(pictures.picture_of, viewer=desk, after=after))
        stream = Stream(desk, last=picture.last_number)
        await self._greet(stream, picture)
        return self._run(stream)

    async def _greet(self, stream: Stream, picture: Picture) -> None:
        for told in picture.missed:
            stream.hand_over(told_line(told))
        stream.hand_over(message_line(picture.state, picture.last_number))
        if stream.desk.role in BOARD_ROLES:
            programme = stream.desk.programme
            board = await self._door.read(partial(pictures.board_of, programme=programme))
            _send_board(stream, board)

    async def _run(self, stream: Stream) -> AsyncIterator[bytes]:
        self._streams.add(stream)
        self._by_person[stream.desk.person_id].add(stream)
        metrics.record_streams(len(self._streams))
        self._asked_all_at = 0.0  # what was committed since the picture was taken
        self._changed.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._feed(), name="console live desks")
        try:
            async for line in stream.lines(self._settings.heartbeat.total_seconds()):
                yield line
        finally:
            self._streams.discard(stream)
            self._by_person[stream.desk.person_id].discard(stream)
            if not self._by_person[stream.desk.person_id]:
                del self._by_person[stream.desk.person_id]
            metrics.record_streams(len(self._streams))
            if not self._streams and self._pump is not None:
                self._pump.cancel()
                self._pump = None

    async def _feed(self) -> None:
        """Feed the streams until nobody is left; whatever stops it closes them all, so that
        their readers come back instead of waiting before a dead stream."""
        listening = asyncio.create_task(self._hear_commits(), name="console hears commits")
        asking = asyncio.create_task(self._tell_signs(), name="console asks who writes")
        try:
            await self._keep_feeding()
        finally:
            listening.cancel()
            asking.cancel()
            for stream in self._streams:
                stream.close()

    async def _hear_commits(self) -> None:
        async with self._door.committed:
            while True:
                await self._door.committed.wait()
                self._changed.set()

    async def _tell_signs(self) -> None:
        """Tell each human that their caller writes; a question that fails is asked again."""
        while True:
            await asyncio.sleep(self._settings.poll.total_seconds())
            with contextlib.suppress(GroundAway, Problem):
                for sign in await self._signs.new():
                    line = message_line(CallerWrites(contact_id=sign.contact_id))
                    for stream in self._by_person.get(sign.person_id, ()):
                        stream.hand_over(line)

    async def _keep_feeding(self) -> None:
        loop = asyncio.get_running_loop()
        board_at = sessions_at = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._settings.poll.total_seconds())
            self._changed.clear()
            began = loop.time()
            try:
                await self._tell_news()
                if began - board_at >= self._settings.board_every.total_seconds():
                    board_at = began
                    await self._show_boards()
                    await self._tell_who_waits()
                if began - sessions_at >= self._settings.heartbeat.total_seconds():
                    sessions_at = began
                    await self._end_sessions()
            except GroundAway:
                self._changed.set()
                await asyncio.sleep(_GROUND_AWAY_SECONDS)
            metrics.record_wake(loop.time() - began)

    async def _tell_news(self) -> None:
        now = asyncio.get_running_loop().time()
        lately = now - self._asked_all_at < self._settings.poll.total_seconds()
        if lately and self._hand_over(await self._door.read(pictures.latest_news)):
            return
        self._asked_all_at = now
        known: dict[str, int] = {}
        for stream in self._streams:
            person_id = stream.desk.person_id
            known[person_id] = min(stream.last, known.get(person_id, stream.last))
        self._hand_over(await self._door.read(partial(pictures.news_for, known=known)), whole=True)

    def _hand_over(self, news: list[Told], *, whole: bool = False) -> bool:
        """Hand news to the streams they are for, in order; whether none before them is missing.

        `whole`: a hole is one of messages that are kept no more.
        """
        none_missing = True
        for told in news:
            line = b""
            for stream in self._by_person.get(told.person_id, ()):
                if told.number <= stream.last:
                    continue
                if told.number > stream.last + 1 and not whole:
                    none_missing = False
                    continue
                line = line or told_line(told)
                stream.last = told.number
                stream.hand_over(line)
                metrics.record_message(MessageKind(told.kind))
        return none_missing

    async def _tell_who_waits(self) -> None:
        """Tell listeners whether anybody waits for one: hundreds of them need no board for it."""
        listeners = [each for each in self._streams if each.desk.role is Role.LISTENER]
        lines = {stream.desk.programme for stream in listeners}
        if not lines:
            return
        waited = await self._door.read(partial(pictures.lines_waited_in, programmes=lines))
        for stream in listeners:
            _tell_waits(stream, stream.desk.programme in waited)

    async def _show_boards(self) -> None:
        felt = [stream for stream in self._streams if stream.desk.role in _FELT]
        lines = {stream.desk.programme for stream in felt}
        if not lines:
            return
        boards = await self._door.read(partial(_boards_of, programmes=lines))
        for stream in felt:
            board = boards.get(stream.desk.programme)
            if board is None:
                continue
            shown = stream.desk.role in BOARD_ROLES and _send_board(stream, board)
            if not shown and stream.desk.role in PULSE_ROLES:
                stream.hand_over(message_line(Pulse(at=board.at)))

    async def _end_sessions(self) -> None:
        # Only those that are asked about: one that opens meanwhile is not found, and not over.
        streams = tuple(self._streams)
        tokens = sorted({stream.desk.token_sha256 for stream in streams})
        found = await self._door.read(partial(pictures.desks_by_token, tokens_sha256=tokens))
        for stream in streams:
            desk = found.get(stream.desk.token_sha256)
            ended = SessionEnd.UNKNOWN if desk is None else desk.ended
            if ended is not None:
                stream.hand_over(message_line(SessionOver(reason=ended.value)))
                stream.close()


def _boards_of(session: Session, programmes: set[ProgrammeId]) -> dict[ProgrammeId, Board]:
    return {programme: pictures.board_of(session, programme) for programme in programmes}


def _send_board(stream: Stream, board: Board) -> bool:
    """Send a board when it says something new; its own moment is nothing new. Whether it did."""
    told = None if stream.board is None else stream.board.model_copy(update={"at": board.at})
    if told == board:
        return False
    stream.board = board
    stream.hand_over(message_line(board))
    metrics.record_message(MessageKind.BOARD)
    return True


def _tell_waits(stream: Stream, waits: bool) -> None:
    """Tell a listener that somebody waits, or nobody does any more: they may be kept from them."""
    if stream.waits is not waits:
        stream.waits = waits
        stream.hand_over(message_line(SomebodyWaits(waits=waits)))
        metrics.record_message(MessageKind.WAITING)
