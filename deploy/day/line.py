"""The line a trace is played on: which programme, on which days, open until when.

A trace names no line and no date. One with regulators in front is played on SOS Crise, one without
on SOS Détresse; its day 0 falls on a Monday when it has weeks, because the nights follow them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from contracts.vocabulary import ProgrammeId
from services.intake.reader import Faulty, Sound, read_manifest

_PROGRAMMES = Path(__file__).resolve().parents[1] / "programmes"


class LineUnplayable(Exception):
    """The manifest of the line is not what the trace needs; the message says why."""


@dataclass(frozen=True)
class PlayedLine:
    """A programme, and the midnight (local) the trace's seconds count from."""

    programme: ProgrammeId
    midnight: datetime
    #: Words of the manifest, and what the recorded line had instead.
    recorded: Mapping[str, str] = field(default_factory=dict)

    def moment_of(self, trace_seconds: float) -> datetime:
        """The domain time of a second of the trace; seconds pass on nights of the clock too."""
        return self.midnight.astimezone(UTC) + timedelta(seconds=trace_seconds)

    def seconds_of(self, moment: datetime) -> float:
        """The second of the trace of a moment of domain time."""
        return (moment - self.midnight.astimezone(UTC)).total_seconds()

    def on(self, day: date) -> PlayedLine:
        """The same, with the trace's day 0 on another day."""
        return replace(self, midnight=datetime(*day.timetuple()[:3], tzinfo=self.midnight.tzinfo))

    def manifest(self) -> Sound:
        """What is put into force; LineUnplayable when it has faults or other words."""
        name = f"{self.programme}.yaml"
        text = (_PROGRAMMES / name).read_text(encoding="utf-8")
        for written, recorded in self.recorded.items():
            if written not in text:
                raise LineUnplayable(f"{name} does not say {written}")
            text = text.replace(written, recorded)
        match read_manifest(text.encode()):
            case Faulty(faults):
                raise LineUnplayable(f"{name}: {faults[0].field} {faults[0].reason}")
            case Sound() as sound:
                return sound


#: The press kit's day.
_WITH_REGULATORS = PlayedLine(
    ProgrammeId("sos-crise"), datetime(2020, 9, 15, tzinfo=ZoneInfo("Europe/Paris"))
)
#: Sixty days without a change of the clock. The trace has people until 7 h after both nights of the
#: week-end, as lessentiel.lu wrote in 2015; the manifest closes at 3 h.
_WITHOUT_REGULATORS = PlayedLine(
    ProgrammeId("sos-detresse"),
    datetime(2026, 1, 5, tzinfo=ZoneInfo("Europe/Luxembourg")),
    {'closes_at: "03:00"': 'closes_at: "07:00"'},
)


def line_for(regulators: bool, day: date | None) -> PlayedLine:
    """The line for a trace with or without regulators; `day` is its day 0, None = as above."""
    line = _WITH_REGULATORS if regulators else _WITHOUT_REGULATORS
    return line if day is None else line.on(day)
