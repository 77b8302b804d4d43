"""What the log says, as numbers."""

from pathlib import Path
from typing import Any

from deploy.day.figures import (
    Sample,
    Wait,
    language_mismatches,
    lines,
    occupancy,
    read_log,
    waits,
)
from deploy.day.stamps import Rest
from deploy.day.trace import Trace
from tests.day.traces import a_call, a_listener, a_shift, a_trace


def a_quarter(folder: Path) -> Trace:
    """Three callers in the first quarter of an hour, two listeners."""
    return a_trace(
        folder,
        [
            a_call("heard", 0.0),
            a_call("left", 10.0, risk=2),
            a_call("arabic", 20.0, langs="ar"),
        ],
        [a_listener("v1"), a_listener("v2", langs="ar")],
        [a_shift("v1", 0.0, 900.0), a_shift("v2", 0.0, 900.0)],
    )


def an_event(at: float, kind: str, call: str, **more: str) -> dict[str, Any]:
    """A line of the log."""
    return {"t": at, "type": kind, "call": call, **more}


LOG = (
    an_event(5.0, "triage_started", "heard"),
    an_event(65.0, "triaged", "heard"),
    an_event(70.0, "assigned", "heard", listener="v2"),
    an_event(71.0, "declined", "heard", listener="v2"),
    an_event(75.0, "assigned", "heard", listener="v1"),
    an_event(675.0, "ended", "heard", listener="v1"),
    an_event(110.0, "abandoned", "left"),
)


def test_wait_counts_both_lines_and_not_the_triage(tmp_path: Path) -> None:
    heard, left, _ = waits(a_quarter(tmp_path), read_log(LOG))
    assert heard == Wait(0.0, 0, 15.0, heard=True)
    assert left == Wait(10.0, 2, 100.0, heard=False)


def test_lines_follow_every_caller(tmp_path: Path) -> None:
    trace = a_quarter(tmp_path)
    at = {sample.at: sample for sample in lines(trace, read_log(LOG), every_seconds=1.0)}
    assert at[4.0] == Sample(4.0, 1, 0, 0)
    assert at[66.0] == Sample(66.0, 2, 1, 0)
    assert at[76.0] == Sample(76.0, 2, 0, 1)
    assert at[675.0].talking == 0
    assert at[110.0].waiting_regulator == 1  # the third one never got an answer


def test_occupancy_is_the_share_of_those_present(tmp_path: Path) -> None:
    rests = [Rest("v1", 775.0, 900.0, "rest_after_hard")]
    (quarter,) = occupancy(a_quarter(tmp_path), read_log(LOG), rests)
    assert quarter.busy == (600.0 + 100.0) / 1800.0
    assert quarter.resting == 125.0 / 1800.0


def test_a_listener_without_a_common_language_is_a_mismatch(tmp_path: Path) -> None:
    trace = a_quarter(tmp_path)
    understood = (an_event(30.0, "triage_started", "arabic"), an_event(90.0, "triaged", "arabic"))
    wrong = an_event(95.0, "assigned", "arabic", listener="v1")
    right = an_event(95.0, "assigned", "arabic", listener="v2")
    assert language_mismatches(trace, read_log((*understood, wrong))) == 1
    assert language_mismatches(trace, read_log((*understood, right))) == 0


def test_an_untriaged_caller_is_no_mismatch_of_the_policy(tmp_path: Path) -> None:
    log = (
        an_event(30.0, "triage_started", "arabic"),
        an_event(90.0, "triaged", "arabic", untriaged="yes"),
        an_event(90.0, "assigned", "arabic", listener="v1"),
    )
    assert language_mismatches(a_quarter(tmp_path), read_log(log)) == 0
