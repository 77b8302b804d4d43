"""A steady load of contacts, for as long as services are replaced: who calls, who is there.

Nobody loses patience and everybody can be heard: whoever is not listened to was lost by a roll-out.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from contracts.vocabulary import Role
from deploy.day.trace import Call, Shift, Trace, Worker

#: Ten in the morning, when the played line is open.
_BEGINS_AT = 36_000.0
_REGULATORS, _LISTENERS = 4, 14
#: Trace seconds: one caller after the other, and what each takes.
_BETWEEN, _TRIAGE, _TALK, _WRAP, _PATIENCE = 15.0, 20.0, 100.0, 10.0, 1_200.0
_PROBE_EVERY_SECONDS = 0.1


def a_load(seconds: float, speed: float) -> Trace:
    """A trace whose callers come for so many machine seconds, at `speed` trace seconds each, and
    are let go on when everything has been replaced (`Play.let_nobody_come`).
    """
    long = seconds * speed
    calls = tuple(
        Call(
            call_id=f"r{number:05d}",
            at=_BEGINS_AT + 30 + number * _BETWEEN,
            need="ecoute",
            languages=("fr",),
            risk=1,
            patience=_PATIENCE,
            triage=_TRIAGE,
            talk=_TALK,
            wrap=_WRAP,
            hard=False,
        )
        for number in range(int(long / _BETWEEN))
    )
    shifts = (Shift(_BEGINS_AT, _BEGINS_AT + long + _PATIENCE),)
    regulators = tuple(
        Worker(f"reg{number:02d}", Role.REGULATOR, (), (), 3, shifts)
        for number in range(_REGULATORS)
    )
    listeners = tuple(
        Worker(f"lis{number:02d}", Role.LISTENER, ("ecoute",), ("fr",), 2, shifts)
        for number in range(_LISTENERS)
    )
    return Trace(Path(), calls, regulators + listeners, {"regulators": True})


@dataclass
class Probe:
    """Asks a door again and again; how long it went without an answer, machine seconds."""

    url: str
    answered: int = 0
    failed: int = 0
    longest_silence: float = 0.0
    _last: float = field(default_factory=time.monotonic)

    async def ask_for_ever(self) -> None:
        """Ask over a connection of its own each time, as a caller who comes would."""
        async with httpx.AsyncClient(
            timeout=5, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        ) as client:
            self._last = time.monotonic()
            while True:
                try:
                    answer = await client.get(self.url)
                except httpx.TransportError:
                    self.failed += 1
                else:
                    self._note(answer.status_code)
                await asyncio.sleep(_PROBE_EVERY_SECONDS)

    def _note(self, status: int) -> None:
        if status >= 500:
            self.failed += 1
            return
        now = time.monotonic()
        self.answered += 1
        self.longest_silence = max(self.longest_silence, now - self._last)
        self._last = now
