"""Whether the door of a line is open at a moment. How hours are read, the contract says.

Pure. What is wrong with terms is in `flaws`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contracts import opening
from contracts.programme import ProgrammeTerms
from contracts.vocabulary import Channel, Stage


@dataclass(frozen=True)
class Admitted:
    """The contact may be opened, and waits here first."""

    first_stage: Stage


@dataclass(frozen=True)
class NotServed:
    """The line does not answer on this channel."""


@dataclass(frozen=True)
class Closed:
    """The door is closed. Who entered before is served all the same."""

    opens_at: datetime | None  #: UTC; empty when the channel does not open within a year


def admit(
    terms: ProgrammeTerms, channel: Channel, moment: datetime
) -> Admitted | NotServed | Closed:
    """Whether a contact on `channel` may be opened at `moment` (aware)."""
    if channel not in terms.channels:
        return NotServed()
    if not is_open(terms, channel, moment):
        return Closed(next_opening(terms, channel, moment))
    return Admitted(terms.first_stage)


def is_open(terms: ProgrammeTerms, channel: Channel, moment: datetime) -> bool:
    """Whether the door of `channel` is open at `moment` (aware)."""
    return opening.is_open(terms.timetable, channel, moment)


def next_opening(terms: ProgrammeTerms, channel: Channel, moment: datetime) -> datetime | None:
    """The first moment (UTC) after `moment` at which `channel` opens; None: not within a year."""
    return opening.next_opening(terms.timetable, channel, moment)


#: Emergency numbers a caller of the country may be shown, and those that are only for writing.
#: Sources: DESIGN 8 ("FR 15/17/18/112; 114 only in writing; LU 112/113"). BE and CH from
#: general knowledge, as their rows of the directory: whoever makes a line there says them again.
EMERGENCY_NUMBERS: dict[str, tuple[str, ...]] = {
    "FR": ("15", "17", "18", "112", "114"),
    "LU": ("112", "113"),
    "BE": ("112", "101"),
    "CH": ("144", "117", "118", "112"),
}
#: Those without which nobody may be sent to a demonstration or a closed door.
NEEDED_NUMBERS: dict[str, tuple[str, ...]] = {
    "FR": ("15", "112", "114"),
    "LU": ("112",),
    "BE": ("112",),
    "CH": ("144", "112"),
}
IN_WRITING: dict[str, tuple[str, ...]] = {"FR": ("114",)}
