"""Which line a trace is played on, and how its seconds fall on the clocks of people."""

from datetime import UTC, date, datetime

import pytest

from contracts.vocabulary import Stage
from deploy.day.line import LineUnplayable, PlayedLine, line_for

HOUR = 3600.0


def test_trace_without_regulators_is_played_on_a_line_without_them() -> None:
    without, with_them = line_for(regulators=False, day=None), line_for(regulators=True, day=None)
    assert (without.programme, with_them.programme) == ("sos-detresse", "sos-crise")
    assert without.manifest().terms.first_stage is Stage.LISTENER
    assert with_them.manifest().terms.first_stage is Stage.REGULATOR


def test_days_of_the_nights_are_those_of_the_trace() -> None:
    """Its first night is that of day 4 to 5, and the line has its nights on Friday and Saturday."""
    line = line_for(regulators=False, day=None)
    assert line.moment_of(5 * 24 * HOUR + 3 * HOUR).astimezone(line.midnight.tzinfo).weekday() == 5


@pytest.mark.parametrize(("monday", "wall_hour"), [("2026-03-02", 7), ("2026-09-28", 5)])
def test_seconds_pass_evenly_on_both_nights_of_the_clock(monday: str, wall_hour: int) -> None:
    line = line_for(regulators=False, day=date.fromisoformat(monday))
    sunday_six = (27 * 24 + 6) * HOUR
    moment = line.moment_of(sunday_six)
    assert moment.astimezone(line.midnight.tzinfo).hour == wall_hour
    assert line.seconds_of(moment) == sunday_six
    assert line.moment_of(sunday_six + 1) - moment == line.moment_of(1) - line.moment_of(0)


def test_manifest_with_other_words_is_not_played() -> None:
    line = line_for(regulators=False, day=None)
    changed = PlayedLine(line.programme, datetime(2026, 1, 5, tzinfo=UTC), {"no such words": ""})
    with pytest.raises(LineUnplayable, match="no such words"):
        changed.manifest()
