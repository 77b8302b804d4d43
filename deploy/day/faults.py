"""Breaks the platform on purpose while the day goes on, and measures how long it takes to be back.

Process numbers are read anew for each fault: what was killed comes back with another one.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.day.clock import TraceClock
from deploy.day.trace import Trace
from deploy.embedded.runfolder import RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform
from deploy.start import ALL_IN_ONE

POSTGRES, NATS, ASSIGNER = "postgres", "nats", "assignment"

_STOPPED_SECONDS = (
    8.0  #: machine time; longer than the assigner's lease and the watchdog's patience
)
_APART_SECONDS = 45.0  #: machine time from one fault to the next, at the least
_BACK_WITHIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Fault:
    """What is done to a process; one that is only stopped is resumed after so many seconds."""

    process: str
    signal: signal.Signals
    resumed_after: float | None = None

    def __str__(self) -> str:
        """As it is told to people."""
        if self.resumed_after is not None:
            return f"{self.process} stopped for {self.resumed_after:g} s"
        how = "immediate shutdown" if self.signal is signal.SIGQUIT else "kill -9"
        return f"{self.process}: {how}"


@dataclass(frozen=True)
class Broken:
    """A fault as it happened; `back_after` machine seconds, None when it was not back in time."""

    fault: Fault
    at: float  #: trace seconds
    back_after: float | None


def every_fault(processes: Sequence[str]) -> tuple[Fault, ...]:
    """One of each kind, for the processes of a platform."""
    services = [name for name in processes if name not in (POSTGRES, NATS)]
    assigner = ASSIGNER if ASSIGNER in services else ALL_IN_ONE
    return (
        *(Fault(name, signal.SIGKILL) for name in services),
        Fault(NATS, signal.SIGKILL),
        Fault(POSTGRES, signal.SIGQUIT),
        Fault(assigner, signal.SIGSTOP, _STOPPED_SECONDS),
    )


def some_kills(processes: Sequence[str], count: int) -> tuple[Fault, ...]:
    """So many kills: what decides first, then the bus, then the database, and over again."""
    decides = ASSIGNER if ASSIGNER in processes else ALL_IN_ONE
    kills = (
        Fault(decides, signal.SIGKILL),
        Fault(NATS, signal.SIGKILL),
        Fault(POSTGRES, signal.SIGQUIT),
    )
    return tuple(itertools.islice(itertools.cycle(kills), count))


def planned(
    faults: tuple[Fault, ...], trace: Trace, speed: float
) -> tuple[tuple[float, Fault], ...]:
    """When each fault comes, in trace seconds: evenly between the first and the last caller.

    A day long enough for it is broken in turn again and again.
    """
    if not faults:
        return ()
    first = trace.calls[0].at
    span = trace.last_arrival - first
    rounds = int(span / speed / _APART_SECONDS / len(faults)) or 1
    many = rounds * len(faults)
    return tuple(
        (first + span * (place + 1) / (many + 1), fault)
        for place, fault in enumerate(faults * rounds)
    )


@dataclass
class Breaker:
    """Carries the faults out."""

    run_dir: Path
    plan: Sequence[tuple[float, Fault]]
    done: list[Broken] = field(default_factory=list)

    async def break_all(self, clock: TraceClock) -> None:
        """Do one after the other, each at its time and not before the last one is over."""
        for at, fault in self.plan:
            await asyncio.sleep(max(0.0, (at - clock.now()) / clock.speed))
            began_at = clock.now()
            back_after = await self._break(fault)
            self.done.append(Broken(fault, began_at, back_after))

    async def _break(self, fault: Fault) -> float | None:
        platform = self._platform()
        assert platform is not None
        pid = platform.pids[fault.process]
        began = time.monotonic()
        _signal(pid, fault.signal)
        if fault.resumed_after is not None:
            try:
                await asyncio.sleep(fault.resumed_after)
            finally:
                _signal(pid, signal.SIGCONT)
            began = time.monotonic()
        while time.monotonic() - began < _BACK_WITHIN_SECONDS:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            if await self._is_back(fault, pid):
                return time.monotonic() - began
        return None

    async def _is_back(self, fault: Fault, pid: int) -> bool:
        platform = self._platform()
        if platform is None:
            return False
        replaced = platform.pids.get(fault.process, pid) != pid
        if not replaced and fault.resumed_after is None:
            return False
        return await asyncio.to_thread(_all_ready, platform.operations)

    def _platform(self) -> Platform | None:
        try:
            return read_platform(RunFolder(self.run_dir))
        except StartRefused:
            return None


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it may be on its way back from something else
        os.kill(pid, number)


def _all_ready(operations: Mapping[str, str]) -> bool:
    try:
        for url in operations.values():
            with urllib.request.urlopen(f"{url}/readyz", timeout=1):  # noqa: S310 - our own, http
                pass
    except (urllib.error.URLError, OSError):
        return False
    return True
