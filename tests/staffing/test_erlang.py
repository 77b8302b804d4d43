"""Erlang-A against published values, its two limits, and a simulation of our own."""

from heapq import heappop, heappush
from math import exp, factorial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.staffing.erlang import Demand, Target, listeners_needed, performance


def test_published_example_of_fifty_agents() -> None:
    """Garnett, Mandelbaum and Reiman 2002, section 1: 50 agents, 48 calls a minute, talks of a
    minute, patience of two: 3.1 % leave, 3.7 s of wait, 3 in the line, 93 % busy.
    """
    made = performance(Demand(48 / 60, 60, 120), 50, 12.5)
    assert made.abandoned == pytest.approx(0.031, abs=0.0005)
    assert made.mean_wait_seconds == pytest.approx(3.7, abs=0.05)
    assert made.mean_waiting == pytest.approx(3, abs=0.05)
    assert made.occupancy == pytest.approx(0.93, abs=0.005)
    # The 90th percentile of the wait is 12.5 s there; some of those within it have left.
    assert 0.87 < made.served_within < 0.9


def erlang_b(load: float, listeners: int) -> float:
    terms = [load**k / factorial(k) for k in range(listeners + 1)]
    return terms[-1] / sum(terms)


def test_without_any_patience_it_is_erlang_b() -> None:
    made = performance(Demand(10 / 60, 60, 1e-6), 12, 1)
    assert made.abandoned == pytest.approx(erlang_b(10, 12), rel=1e-4)


def test_with_endless_patience_it_is_erlang_c() -> None:
    load, listeners, within = 10.0, 12, 20.0
    b = erlang_b(load, listeners)
    c = b / (1 - load / listeners * (1 - b))
    made = performance(Demand(load / 60, 60, 1e9), listeners, within)
    assert made.abandoned == pytest.approx(0, abs=1e-6)
    expected = 1 - c * exp(-(listeners - load) / 60 * within)
    assert made.served_within == pytest.approx(expected, rel=1e-5)


def simulate(demand: Demand, listeners: int, within: float, calls: int) -> tuple[float, float]:
    """Share of callers who left, and who were answered within; first come, first served."""
    random = Random(20260114)
    now, left, served = 0.0, 0, 0
    free_at: list[float] = [0.0] * listeners
    for _ in range(calls):
        now += random.expovariate(demand.arrivals)
        first = heappop(free_at)
        wait = max(0.0, first - now)
        if wait > random.expovariate(1 / demand.patience_seconds):
            left += 1
            heappush(free_at, first)
            continue
        served += wait <= within
        heappush(free_at, max(first, now) + random.expovariate(1 / demand.service_seconds))
    return left / calls, served / calls


SIMULATED = {
    "too few": (Demand(0.05, 900, 300), 30),
    "just enough": (Demand(0.05, 900, 300), 45),
    "a small line": (Demand(0.004, 1200, 180), 5),
}


@pytest.mark.parametrize(("demand", "listeners"), SIMULATED.values(), ids=SIMULATED.keys())
def test_simulation_finds_the_same(demand: Demand, listeners: int) -> None:
    left, served = simulate(demand, listeners, 20, 200_000)
    made = performance(demand, listeners, 20)
    assert made.abandoned == pytest.approx(left, abs=0.01)
    assert made.served_within == pytest.approx(served, abs=0.01)


DEMANDS = st.builds(
    Demand,
    arrivals=st.floats(1e-4, 1.0),
    service_seconds=st.floats(60, 2400),
    patience_seconds=st.floats(5, 3600),
)


@settings(max_examples=60, deadline=None)
@given(DEMANDS, st.integers(1, 400), st.floats(0, 600))
def test_what_comes_in_leaves_or_is_served(demand: Demand, listeners: int, within: float) -> None:
    made = performance(demand, listeners, within)
    served = made.occupancy * listeners / demand.service_seconds
    assert served == pytest.approx(demand.arrivals * (1 - made.abandoned), rel=1e-9)
    assert 0 <= made.served_within <= 1 - made.abandoned + 1e-9


@settings(max_examples=40, deadline=None)
@given(DEMANDS, st.integers(1, 200), st.floats(0, 300))
def test_one_more_listener_never_makes_it_worse(
    demand: Demand, listeners: int, within: float
) -> None:
    fewer = performance(demand, listeners, within)
    more = performance(demand, listeners + 1, within)
    assert more.abandoned <= fewer.abandoned + 1e-12
    assert more.served_within >= fewer.served_within - 1e-9


def test_thousands_of_listeners_are_no_trouble() -> None:
    demand = Demand(2.0, 900, 120)  # a load of 1,800
    made = performance(demand, 1800, 20)
    assert 0 < made.abandoned < 0.05
    assert 0.5 < made.served_within < 1
    needed = listeners_needed(demand, Target(0.8, 20))
    assert needed is not None
    assert performance(demand, needed, 20).served_within >= 0.8
    assert performance(demand, needed - 1, 20).served_within < 0.8


def test_target_nobody_can_reach_is_said() -> None:
    assert listeners_needed(Demand(20, 900, 120), Target(0.8, 20)) is None


@pytest.mark.parametrize("wrong", [(0, 60, 60), (1, 0, 60), (1, 60, 0), (-1, 60, 60)])
def test_what_cannot_be_a_demand_is_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        performance(Demand(*wrong), 1, 20)
