"""What the bench makes of its measurements: percentiles, targets, the table."""

import pytest

from bench.figures import Figure, amount, markdown, percentile


def test_percentile_is_a_measured_value_with_the_share_at_or_below_it() -> None:
    values = [float(one) for one in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1) == 100
    assert percentile(list(reversed(values)), 0.5) == 50


def test_percentile_of_a_few_is_never_below_the_share() -> None:
    assert percentile([1.0, 2.0, 3.0], 0.5) == 2
    assert percentile([1.0, 2.0, 3.0], 0.99) == 3
    assert percentile([7.0], 0.01) == 7


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no value"):
        percentile([], 0.5)


def test_target_counts_as_reached_at_the_limit_and_not_above() -> None:
    assert Figure("offer", "p50", 10.0, "ms", at_most=10).reached is True
    assert Figure("offer", "p50", 10.01, "ms", at_most=10).reached is False
    assert Figure("offer", "p50", 10.01, "ms").reached is None


def test_missed_target_is_shouted_and_no_target_says_nothing() -> None:
    assert Figure("offer", "p50", 12.0, "ms", at_most=10).cells()[-2:] == ("<= 10 ms", "NO")
    assert Figure("offer", "p50", 12.0, "ms").cells()[-2:] == ("", "")


def test_amount_keeps_three_figures_and_needs_no_decimals_above_a_hundred() -> None:
    assert amount(0.0123, "ms") == "0.0123 ms"
    assert amount(12.345, "ms") == "12.3 ms"
    assert amount(345.6, "ms") == "346 ms"
    assert amount(2.0, "") == "2"


def test_markdown_has_a_line_for_each_figure_below_its_head() -> None:
    table = markdown([Figure("start", "idle", 2.0, "%", "beside", 3.0)]).splitlines()
    assert len(table) == 3
    assert table[0].split(" | ")[1] == "what"
    assert table[2] == "| start | idle | 2 % | beside | <= 3 % | yes |"
