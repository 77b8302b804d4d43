"""The judge adapter: its protocol on small hand-made days, and the two known days when at hand.

The known days are read from `$HELPLINE_SHARED/judge`, by default `../shared` beside the repository.
"""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.day.judged import Judge
from services.assignment.judge import play

REPOSITORY = Path(__file__).resolve().parents[2]
JUDGE = Path(os.environ.get("HELPLINE_SHARED", REPOSITORY.parent / "shared")) / "judge"
PRICES: dict[str, Any] = {
    "target_s": 20,
    "rest_after_hard_s": 600,
    "max_consec_calls": 4,
    "break_s": 600,
    "accred_min_risk": 2,
    "wait_cost_per_min": [1, 2, 6, 10],
    "abandon_cost": [10, 20, 60, 100],
    "overflow_cost_frac": 0.5,
    "callback_cost_frac": [0.4, 0.5, 1, 1],
    "skill_mismatch_cost": 2,
    "lang_mismatch_cost": 10,
    "accred_violation_cost": 10,
    "rest_violation_cost": 5,
}


def a_listener(listener_id: str = "v1", **changes: Any) -> dict[str, Any]:
    listener = {"id": listener_id, "region": "r00", "skills": ["ecoute"], "langs": ["fr"]}
    return {**listener, "accred": 1, **changes}


def a_call(t: float, call: str, **changes: Any) -> dict[str, Any]:
    message = {"type": "call.waiting", "t": t, "call": call, "region": "r00", "need": "ecoute"}
    return {**message, "langs": ["fr"], "risk": 0, **changes}


def available(t: float, listener: str = "v1") -> dict[str, Any]:
    return {"type": "listener.available", "t": t, "listener": listener}


def ended(t: float, call: str, listener: str = "v1", hard: bool = False) -> dict[str, Any]:
    return {"type": "call.ended", "t": t, "call": call, "listener": listener, "hard": hard}


def decide(t: float) -> dict[str, Any]:
    return {"type": "decide", "t": t}


def answers(*messages: dict[str, Any], listeners: Any = None) -> list[dict[str, Any]]:
    """What the adapter answers to a day told line by line."""
    init = {"type": "init", "rules": PRICES, "listeners": listeners or [a_listener()]}
    heard = io.StringIO("".join(json.dumps(m) + "\n" for m in (init, *messages)))
    said = io.StringIO()
    play(heard, said, way_out=False)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_call_is_given_to_the_listener_and_each_decide_has_one_answer() -> None:
    said = answers(available(0), decide(0), a_call(1, "c1"), decide(1))
    assert [answer["assign"] for answer in said] == [[], [["c1", "v1"]]]


def test_listener_in_wrap_up_is_given_nothing() -> None:
    said = answers(
        available(0), a_call(1, "c1"), decide(1), ended(60, "c1"), a_call(61, "c2"), decide(61)
    )
    assert said[-1]["assign"] == []


def test_listener_said_to_be_available_is_kept_resting_after_a_hard_call() -> None:
    said = answers(
        available(0),
        a_call(1, "c1"),
        decide(1),
        ended(60, "c1", hard=True),
        available(100),
        a_call(101, "c2"),
        decide(101),
        decide(699.9),
        decide(700),
    )
    assert [answer["assign"] for answer in said[1:]] == [[], [], [["c2", "v1"]]]
    assert said[1]["timer"] == pytest.approx(300, abs=0.01)  # then nobody is held back


def test_fifth_call_in_a_row_waits_for_the_break() -> None:
    day: list[dict[str, Any]] = [available(0)]
    for n in range(4):
        day += [a_call(100 * n, f"c{n}"), decide(100 * n)]
        day += [ended(100 * n + 60, f"c{n}"), available(100 * n + 90)]
    said = answers(*day, a_call(395, "c4"), decide(395), decide(989), decide(990))
    assert [len(answer["assign"]) for answer in said] == [1, 1, 1, 1, 0, 0, 1]


def test_ten_free_minutes_are_a_break() -> None:
    day: list[dict[str, Any]] = [available(0)]
    for n, t in enumerate((0, 100, 200, 1000, 1100)):
        day += [a_call(t, f"c{n}"), decide(t), ended(t + 60, f"c{n}"), available(t + 90)]
    said = answers(*day, a_call(1195, "c9"), decide(1195))
    assert [len(answer["assign"]) for answer in said] == [1] * 6


def test_caller_without_a_common_language_is_never_given() -> None:
    said = answers(available(0), a_call(1, "c1", langs=["ar"]), decide(1), decide(900))
    assert all(answer["assign"] == [] for answer in said)


def test_listener_off_shift_is_given_nothing() -> None:
    gone = {"type": "listener.unavailable", "t": 5, "listener": "v1"}
    said = answers(available(0), gone, a_call(6, "c1"), decide(6))
    assert said[-1]["assign"] == []


def test_caller_who_left_is_not_given() -> None:
    left = {"type": "call.left", "t": 5, "call": "c1"}
    said = answers(a_call(1, "c1"), left, available(6), decide(6))
    assert said[-1]["assign"] == []


def test_way_out_is_answered_only_when_asked_for_and_never_at_risk() -> None:
    day = (available(0), a_call(1, "c1"), decide(1), a_call(2, "c2"), a_call(3, "c3", risk=2))
    assert answers(*day, decide(4))[-1]["callback"] == []
    init = {"type": "init", "rules": PRICES, "listeners": [a_listener()]}
    heard = io.StringIO("".join(json.dumps(m) + "\n" for m in (init, *day, decide(4))))
    said = io.StringIO()
    play(heard, said, way_out=True)
    answer = json.loads(said.getvalue().splitlines()[-1])
    assert (answer["callback"], answer["overflow"]) == (["c2"], [])


def test_line_of_another_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown line"):
        answers({"type": "call.teleported", "t": 1})
    with pytest.raises(ValueError, match="init"):
        play(io.StringIO(json.dumps(decide(0))), io.StringIO())


#: Cost per call that a known day must stay below without any way out.
#: Cost per call without ways out, and with them.
KNOWN_DAYS = {"pressday": (0.92, 0.66), "detresse": (2.40, 2.00)}


@pytest.mark.skipif(not JUDGE.exists(), reason="the judge is not beside the repository")
@pytest.mark.parametrize("way_out", [False, True])
@pytest.mark.parametrize("day", KNOWN_DAYS)
def test_known_day_is_served_within_its_cost_and_every_rest_is_kept(
    day: str, way_out: bool
) -> None:
    score = Judge(JUDGE).play_policy(JUDGE / "traces" / day, way_out=way_out)
    assert score["valid"]
    assert (score["rest_violations"], score["lang_mismatch"], score["sent_away_at_risk"]) == (
        0,
        0,
        0,
    )
    assert (score["overflow"] > 0) == way_out
    assert score["cost_per_call"] <= KNOWN_DAYS[day][way_out]
