"""Folding stacks into a profile per function."""

from bench.profile import folded


def test_samples_count_for_the_function_itself_and_once_for_each_caller() -> None:
    lines = ["run (a.py:1);walk (b.py:2);walk (b.py:9) 3", "run (a.py:4) 2"]
    itself, within = folded(lines)
    assert itself == {"walk (b.py)": 3, "run (a.py)": 2}
    assert within == {"run (a.py)": 5, "walk (b.py)": 3}
