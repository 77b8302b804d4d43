"""The play on the doors of a running platform: timers, requests, one live stream per desk."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, assert_never

from contracts.triage import TriageNotes
from contracts.vocabulary import Destination, ForWhom, LanguageCode, Outcome
from deploy.day.clock import TraceClock
from deploy.day.scene import (
    Act,
    Decline,
    Done,
    End,
    EndDuty,
    FinishWrapUp,
    Left,
    Opened,
    Pause,
    Planned,
    Refused,
    Resume,
    StartDuty,
    Take,
    Triage,
)
from deploy.day.stamps import Stamps
from deploy.day.trace import NEEDS, PRIORITIES, Call
from deploy.desk import Caller, Desk, DoorRefused, Doors, DoorSilent

#: Machine time. What the judge forgives between two clocks, and what a desk sends of itself.
TOLERANCE_SECONDS = 0.05
BEAT_EVERY_SECONDS = 3.0

#: An act refused for this never took effect and may be tried anew.
_TRY_ANEW = "past_deadline"


class Alarm:
    """An act at a trace second, never before it. Cancelled, it is not done.

    uvloop's timers count in whole milliseconds and ring up to half of one early: at 60x that is
    0.03 s, and who looks whether it is time finds that it is not, and is not woken again.
    """

    def __init__(self, when: float, clock: TraceClock, act: Callable[[float], None]) -> None:
        self._when = when
        self._clock = clock
        self._act = act
        self._loop = asyncio.get_running_loop()
        self._planned = self._loop.call_later(self._seconds_left(), self._ring)

    def cancel(self) -> None:
        """Do not do it."""
        self._planned.cancel()

    def _seconds_left(self) -> float:
        return (self._when - self._clock.now()) / self._clock.speed

    def _ring(self) -> None:
        seconds_left = self._seconds_left()
        if seconds_left > 0:
            self._planned = self._loop.call_later(max(seconds_left, 0.001), self._ring)
        else:
            self._act(-seconds_left)


class LiveScene:
    """See `scene.Scene`; `close` ends what it has begun.

    `understood_first`: a regulator answers and notes the language.
    """

    def __init__(
        self, doors: Doors, clock: TraceClock, stamps: Stamps, *, understood_first: bool
    ) -> None:
        self.tolerance = TOLERANCE_SECONDS * clock.speed
        self.clock = clock
        self.desks: dict[str, Desk] = {}
        self._doors = doors
        self._understood_first = understood_first
        self._stamps = stamps
        self._loop = asyncio.get_running_loop()
        self._callers: dict[str, Caller] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._present: dict[str, list[asyncio.Task[None]]] = {}

    @property
    def waits_for_answers(self) -> int:
        """Requests under way."""
        return len(self._asking)

    def now(self) -> float:
        """The time, in trace seconds."""
        return self.clock.now()

    def of(self, moment: datetime) -> float:
        """A moment of domain time, in trace seconds."""
        return self.clock.of(moment)

    def at(self, when: float, act: Callable[[], None]) -> Planned:
        """Act at a time; how late it was counts when it was still to come."""
        wait_seconds = (when - self.now()) / self.clock.speed
        if wait_seconds <= 0:
            return self._loop.call_soon(act)

        def on_time(late_seconds: float) -> None:
            self._stamps.late_seconds.append(late_seconds)
            act()

        return Alarm(when, self.clock, on_time)

    # --- callers ----------------------------------------------------------------------------------

    def open_contact(
        self,
        call: Call,
        told: Callable[[Opened | Refused], None],
    ) -> None:
        """Reach the line, which knows nothing of who calls.

        Where nobody answers first, the caller has chosen a language: the first that will do.
        """
        language = (
            LanguageCode.UNKNOWN if self._understood_first else LanguageCode(call.languages[0])
        )

        async def ask() -> None:
            programme = self.clock.line.programme
            caller = await self._doors.open_contact(programme, language=language)
            self._callers[caller.contact_id] = caller
            opened_at = datetime.fromisoformat(caller.opened["opened_at"])
            told(Opened(caller.contact_id, opened_at))

        self._spawn(ask(), told)

    def leave(self, contact_id: str, told: Callable[[Left | Refused], None]) -> None:
        """Hang up."""

        async def ask() -> None:
            seen = await self._callers[contact_id].leave()
            ended_at = seen["ended_at"]
            told(Left(None if ended_at is None else datetime.fromisoformat(ended_at)))

        self._spawn(ask(), told)

    # --- people on duty ---------------------------------------------------------------------------

    def ask(self, person_id: str, act: Act, told: Callable[[Done | Refused], None]) -> None:
        """Act at a desk, anew when the request came too late to take effect."""
        desk = self.desks[person_id]

        async def ask() -> None:
            while True:
                try:
                    await _act(desk, act)
                except DoorRefused as refused:
                    if refused.code != _TRY_ANEW:
                        raise
                    self._stamps.trouble("an act came past its deadline and was tried anew")
                else:
                    break
            told(Done())

        self._spawn(ask(), told)

    def _spawn(self, asking: Coroutine[Any, Any, None], told: Callable[[Refused], None]) -> None:
        async def answered() -> None:
            try:
                await asking
            except DoorRefused as refused:
                told(Refused(refused.code))
            except DoorSilent:
                told(Refused("silent"))

        task = self._loop.create_task(answered())
        self._asking.add(task)
        task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._stamps.trouble("a request of ours failed")
            self._loop.call_exception_handler({"message": "request", "exception": task.exception()})

    # --- streams ----------------------------------------------------------------------------------

    def sit_down(self, person_id: str, hear: Callable[[str, Any, float], None]) -> asyncio.Event:
        """Open a desk's stream and beat its heart; the event is set when it shows the desk."""
        shown = asyncio.Event()
        if person_id in self._present:
            shown.set()
            return shown
        self._present[person_id] = [
            self._loop.create_task(self._read(self.desks[person_id], hear, shown)),
            self._loop.create_task(self._beat(self.desks[person_id])),
        ]
        return shown

    def stand_up(self, person_id: str) -> None:
        """Close a desk's stream."""
        for task in self._present.pop(person_id, ()):
            task.cancel()

    def sitting(self) -> tuple[str, ...]:
        """Whose streams are open."""
        return tuple(self._present)

    async def _read(
        self, desk: Desk, hear: Callable[[str, Any, float], None], shown: asyncio.Event
    ) -> None:
        try:
            async for message in desk.live():
                hear(message.kind, message.body, self.clock.at(message.seen_at))
                shown.set()
        except DoorRefused as refused:
            self._stamps.trouble(f"a stream was refused: {refused.code}")

    async def _beat(self, desk: Desk) -> None:
        await asyncio.sleep(random.uniform(0, BEAT_EVERY_SECONDS))
        await desk.keep_beating(BEAT_EVERY_SECONDS)

    async def close(self) -> None:
        """End all that is under way."""
        tasks = [*self._asking, *(task for pair in self._present.values() for task in pair)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._present.clear()


def _act(desk: Desk, act: Act) -> Awaitable[None]:
    match act:
        case StartDuty():
            return desk.start_duty()
        case EndDuty():
            return desk.end_duty()
        case Pause():
            return desk.pause()
        case Resume():
            return desk.resume()
        case Take(offer_id):
            return desk.take(offer_id)
        case Decline(offer_id):
            return desk.decline(offer_id)
        case Triage(contact_id, call):
            return _triage(desk, contact_id, call)
        case End(contact_id):
            return desk.end(contact_id, Outcome.LISTENED)
        case FinishWrapUp(hard):
            return desk.finish_wrap_up(hard)
        case _:
            assert_never(act)


def _triage(desk: Desk, contact_id: str, call: Call) -> Awaitable[None]:
    notes = TriageNotes(
        need=NEEDS[call.need],
        languages=tuple(LanguageCode(code) for code in call.languages),
        for_whom=ForWhom.SELF,
    )
    return desk.triage(contact_id, PRIORITIES[call.risk], Destination.LISTENER, notes)
