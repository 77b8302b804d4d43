"""Plays a trace on a scene: everybody comes, acts and goes when the trace says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from contracts.vocabulary import LiveState
from deploy.day.caller import Caller, Floor
from deploy.day.live import LiveScene
from deploy.day.person import Person
from deploy.day.stamps import Line, Stamps
from deploy.day.trace import Shift, Trace

#: Machine time. A desk is opened before its shift; who has gone home is looked for at this pace.
_SIT_DOWN_SECONDS = 3.0
_LOOK_EVERY_SECONDS = 0.25
#: People who come before the first second, at once.
_AT_ONCE = 4
#: Machine time left to the platform after the last thing the trace holds.
_TAIL_SECONDS = 90.0
_GO_HOME_SECONDS = 15.0


class Play:
    """One run of a trace on the live doors."""

    def __init__(self, trace: Trace, scene: LiveScene, stamps: Stamps) -> None:
        self.trace = trace
        self.stamps = stamps
        first = Line.WAITING_REGULATOR if trace.regulators else Line.WAITING_LISTENER
        self.callers = [Caller(call, scene, stamps, first) for call in trace.calls]
        self._last_arrival = trace.last_arrival
        self._nobody_comes = False
        self._scene = scene
        floor = Floor()
        self._floor = floor
        self.people = {
            worker.person_id: Person(worker, scene, floor, stamps) for worker in trace.workers
        }

    async def come_early(self) -> None:
        """Have all who are there at the first second come before it, a few at a time.

        Nobody calls yet, so that the judge cannot mind; sixty people who come in the same instant
        would be a rush that no line has.
        """
        gate = asyncio.Semaphore(_AT_ONCE)

        async def come(person: Person) -> None:
            async with gate:
                await self._sit_down(person).wait()
                person.begin(person.worker.shifts[0])
                while person.busy and self._scene.now() < self.trace.first_second:
                    await asyncio.sleep(0.01)

        early = [person for person in self.people.values() if self._is_first(person)]
        await asyncio.gather(*map(come, early))

    def _is_first(self, person: Person) -> bool:
        return person.worker.shifts[0].start <= self.trace.first_second

    async def run(self, every: Callable[[], None]) -> bool:
        """Play to the end; call `every` at a steady pace. Whether every caller was settled."""
        self._plan()
        while not self._over():
            every()
            self._send_home()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        settled = all(caller.settled for caller in self.callers)
        await self._close_the_line()
        return settled

    def let_nobody_come(self) -> None:
        """End it early: who has called is still heard to the end, nobody else calls."""
        self._nobody_comes = True
        self._last_arrival = min(self._last_arrival, self._scene.now())
        self.callers = [caller for caller in self.callers if caller.place is not None]

    def _arrive(self, caller: Caller) -> None:
        if not self._nobody_comes:
            caller.arrive(self._floor.know)

    # --- the plan ---------------------------------------------------------------------------------

    def _plan(self) -> None:
        scene = self._scene
        for caller in self.callers:
            scene.at(caller.call.at, partial(self._arrive, caller))
        for person, shift in self._shifts():
            scene.at(shift.end, person.leave)
            if person.shift is shift:
                continue
            before = shift.start - _SIT_DOWN_SECONDS * scene.clock.speed
            scene.at(before, partial(self._sit_down_at_leisure, person))
            scene.at(shift.start, partial(person.begin, shift))

    def _shifts(self) -> Iterator[tuple[Person, Shift]]:
        for person in self.people.values():
            for shift in person.worker.shifts:
                yield person, shift

    def _sit_down(self, person: Person) -> asyncio.Event:
        def hear(kind: str, body: Any, seen_at: float) -> None:
            person.hear(kind, body, seen_at)

        return self._scene.sit_down(person.person_id, hear)

    def _sit_down_at_leisure(self, person: Person) -> None:
        self._sit_down(person)

    def _send_home(self) -> None:
        """Close the desks of those whose shift is over and who come back later or not at all."""
        soon = self._scene.now() + 2 * _SIT_DOWN_SECONDS * self._scene.clock.speed
        for person_id in self._scene.sitting():
            person = self.people.get(person_id)
            if person is None or person.shift is not None or person.busy:
                continue
            expected = any(
                shift.start <= soon and shift.end > self._scene.now()
                for shift in person.worker.shifts
            )
            if person.state is LiveState.OFF_DUTY and not expected:
                self._scene.stand_up(person_id)

    # --- the end ----------------------------------------------------------------------------------

    def _over(self) -> bool:
        now = self._scene.now()
        if now < self._last_arrival:
            return False
        if all(caller.settled for caller in self.callers) and not self._scene.waits_for_answers:
            return True
        return now > self._latest() + _TAIL_SECONDS * self._scene.clock.speed

    def _latest(self) -> float:
        """When the longest of all talks would end that could still be going on."""
        return max(
            caller.call.at + caller.call.patience + caller.call.triage + caller.call.talk
            for caller in self.callers
        )

    async def _close_the_line(self) -> None:
        """Everybody goes home; what is left to write up is left."""
        for person in self.people.values():
            if person.shift is not None:
                person.shift = None
                person.go_home()
        until = self._scene.now() + _GO_HOME_SECONDS * self._scene.clock.speed
        while self._scene.waits_for_answers and self._scene.now() < until:
            await asyncio.sleep(0.05)

    @property
    def now(self) -> float:
        """The trace second it is."""
        return self._scene.now()

    def clock_line(self) -> str:
        """Where the day stands, for people."""
        places = self.stamps.places
        seconds = int(self._scene.now())
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
        return (
            f"{clock}  waiting {places[Line.WAITING_REGULATOR]}+{places[Line.WAITING_LISTENER]}"
            f"  with regulator {places[Line.WITH_REGULATOR]}  talking {places[Line.WITH_LISTENER]}"
            f"  listened {places[Line.ENDED]}  gone {places[Line.GONE]}"
        )
