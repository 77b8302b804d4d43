"""What callers and people on duty can do and be told, seen from the play: clock, timers, doors.

The play is written against this, so that the same callers and people are played on the live doors
(`live.py`) and, in a test, in virtual time. All times are trace seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deploy.day.trace import Call


@dataclass(frozen=True)
class StartDuty:
    """I am here."""


@dataclass(frozen=True)
class EndDuty:
    """I go."""


@dataclass(frozen=True)
class Pause:
    """Offer me nothing more."""


@dataclass(frozen=True)
class Resume:
    """I am ready again."""


@dataclass(frozen=True)
class Take:
    """I take this contact."""

    offer_id: str


@dataclass(frozen=True)
class Decline:
    """Not this one."""

    offer_id: str


@dataclass(frozen=True)
class Triage:
    """I send the contact to a listener, as the trace says."""

    contact_id: str
    call: Call


@dataclass(frozen=True)
class End:
    """The talk is over."""

    contact_id: str


@dataclass(frozen=True)
class FinishWrapUp:
    """I have finished after the contact."""

    hard: bool


Act = StartDuty | EndDuty | Pause | Resume | Take | Decline | Triage | End | FinishWrapUp


@dataclass(frozen=True)
class Done:
    """It took effect."""


@dataclass(frozen=True)
class Refused:
    """It will never take effect; `code` is the door's."""

    code: str


@dataclass(frozen=True)
class Opened:
    """The contact is open; `opened_at` is the platform's own time of it."""

    contact_id: str
    opened_at: datetime


@dataclass(frozen=True)
class Left:
    """The caller is gone; `ended_at` is the platform's own time of it."""

    ended_at: datetime | None


class Planned(Protocol):
    """Something that will be done; it can be called off."""

    def cancel(self) -> None:
        """Do not do it."""
        ...


class Scene(Protocol):
    """Where a day is played. What is asked is asked until it is answered."""

    tolerance: float  #: what the judge forgives between two clocks: 0.05 s of machine time

    def now(self) -> float:
        """The time."""
        ...

    def of(self, moment: datetime) -> float:
        """A moment of the platform's domain time."""
        ...

    def at(self, when: float, act: Callable[[], None]) -> Planned:
        """Act at a time; at once when it is past."""
        ...

    def open_contact(self, call: Call, told: Callable[[Opened | Refused], None]) -> None:
        """Have a caller reach the line."""
        ...

    def leave(self, contact_id: str, told: Callable[[Left | Refused], None]) -> None:
        """Have a caller hang up."""
        ...

    def ask(self, person_id: str, act: Act, told: Callable[[Done | Refused], None]) -> None:
        """Have a person on duty act at their desk."""
        ...
