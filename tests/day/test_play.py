"""A whole day in virtual time: what the driver writes down is accepted by the judge."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from deploy.day.caller import Caller, Floor
from deploy.day.judged import Judge
from deploy.day.options import shared_folder
from deploy.day.person import Person
from deploy.day.slices import Hours, take_hours
from deploy.day.stamps import Line, Stamps
from deploy.day.trace import Trace, read_trace
from tests.day.virtual import VirtualPlatform

JUDGE = shared_folder() / "judge"

pytestmark = pytest.mark.skipif(not JUDGE.exists(), reason="the judge's folder is not here")


def played(trace: Trace, platform: VirtualPlatform) -> tuple[Stamps, list[Caller]]:
    """Play a trace to its end."""
    stamps, floor = Stamps(), Floor()
    callers = [Caller(call, platform, stamps) for call in trace.calls]
    for caller in callers:
        platform.at(caller.call.at, partial(caller.arrive, floor.know))
    for worker in trace.workers:
        person = Person(worker, platform, floor, stamps)
        platform.duties[worker.person_id].hear = person.hear
        for shift in worker.shifts:
            platform.at(shift.start, partial(person.begin, shift))
            platform.at(shift.end, person.leave)
    platform.run()
    return stamps, callers


Disturbed = Callable[[VirtualPlatform], None]


def _nothing(platform: VirtualPlatform) -> None:
    """A calm day."""


def _outages(platform: VirtualPlatform) -> None:
    """Away for five machine seconds (300 s of the trace) every half hour."""
    platform.away = [(at, at + 300.0) for at in range(33_000, 75_000, 1_800)]


CASES: dict[str, tuple[tuple[float, float], Disturbed]] = {
    "quick answers": ((0.1, 0.9), _nothing),
    "answers about as slow as the judge forgives": ((0.3, 4.0), _nothing),
    "answers so slow that offers expire": ((2.0, 14.0), _nothing),
    "outages": ((0.3, 1.5), _outages),
}


@pytest.fixture(scope="module")
def some_hours(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """From nine to two: shifts begin, end and overlap in it."""
    whole = read_trace(JUDGE / "traces/pressday")
    return take_hours(whole, Hours(32_400, 50_400), tmp_path_factory.mktemp("trace"))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_log_is_valid_and_every_call_has_one_ending(
    some_hours: Trace, tmp_path: Path, case: str
) -> None:
    delay, disturb = CASES[case]
    platform = VirtualPlatform(some_hours.workers, 1, delay)
    disturb(platform)
    stamps, callers = played(some_hours, platform)
    log = tmp_path / "log.jsonl"
    stamps.write(log)
    score = Judge(JUDGE).score(some_hours.folder, log, platform.tolerance)
    assert score["valid"], (score["errors"], score["examples"])
    assert all(caller.settled for caller in callers)
    assert stamps.places[Line.ENDED] + stamps.places[Line.GONE] == len(some_hours.calls)
    assert {duty.state for duty in platform.duties.values()} == {"off_duty"}
    print(case, score["answered"], score["rest_violations"], dict(stamps.troubles))
