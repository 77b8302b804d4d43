"""Which faults come, and when."""

import signal
from itertools import pairwise
from pathlib import Path

from deploy.day.faults import NATS, POSTGRES, Fault, every_fault, planned, some_kills
from deploy.day.trace import Trace
from tests.day.traces import a_call, a_listener, a_shift, a_trace

ALL_IN_ONE = ("postgres", "nats", "services")
ONE_EACH = ("postgres", "nats", "intake", "assignment", "console")


def a_day(folder: Path, until: float) -> Trace:
    """Callers at 0 and at `until`."""
    calls = [a_call("first", 0.0), a_call("last", until)]
    return a_trace(folder, calls, [a_listener("v1")], [a_shift("v1", 0.0, until)])


def test_every_process_is_killed_and_the_assigner_is_stopped() -> None:
    for processes, assigner in ((ALL_IN_ONE, "services"), (ONE_EACH, "assignment")):
        faults = every_fault(processes)
        assert {fault.process for fault in faults} == set(processes)
        stopped = [fault for fault in faults if fault.signal is signal.SIGSTOP]
        assert [fault.process for fault in stopped] == [assigner]
        assert Fault(NATS, signal.SIGKILL) in faults
        assert Fault(POSTGRES, signal.SIGQUIT) in faults


def test_two_kills_hit_the_services_and_the_bus() -> None:
    assert [f.process for f in some_kills(ALL_IN_ONE, 2)] == ["services", "nats"]
    assert [f.process for f in some_kills(ONE_EACH, 2)] == ["assignment", "nats"]


def test_faults_are_spread_between_the_first_and_the_last_caller(tmp_path: Path) -> None:
    plan = planned(some_kills(ALL_IN_ONE, 2), a_day(tmp_path, 3600.0), speed=60.0)
    assert [at for at, _ in plan] == [1200.0, 2400.0]


def test_a_long_day_is_broken_in_turn_again_and_again(tmp_path: Path) -> None:
    faults = every_fault(ALL_IN_ONE)
    plan = planned(faults, a_day(tmp_path, 43_200.0), speed=60.0)
    assert [fault for _, fault in plan] == list(faults) * 4
    moments = [at for at, _ in plan]
    assert min(b - a for a, b in pairwise(moments)) / 60 > 30


def test_a_day_without_faults_has_none(tmp_path: Path) -> None:
    assert planned((), a_day(tmp_path, 3600.0), speed=60.0) == ()
