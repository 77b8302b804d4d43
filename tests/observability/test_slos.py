"""Objectives in Sloth's format, and the rules they become."""

from decimal import Decimal
from typing import Any

import pytest
import yaml

from observability.slos.__main__ import SPEC, main
from observability.slos.rules import PAGE, TICKET, NoAlert, Objective, groups_of, seconds_of


def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(SPEC.read_text("utf-8"))
    return read


def objective(percent: float) -> Objective:
    return Objective("helpline", {**document()["slos"][0], "objective": percent})


def rules(kind: str) -> dict[str, list[dict[str, Any]]]:
    """Rules that record or alert, by objective."""
    return {
        group["name"]: [rule for rule in group["rules"] if kind in rule]
        for group in groups_of(document())
    }


def test_committed_rules_are_what_the_objectives_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr().out


def test_format_is_sloths_and_holds_no_field_sloth_does_not_know() -> None:
    told = document()
    assert told["version"] == "prometheus/v1"
    assert told.keys() <= {"version", "service", "labels", "slos"}
    for slo in told["slos"]:
        assert slo.keys() == {"name", "objective", "description", "sli", "alerting"}
        assert slo["sli"]["events"].keys() == {"error_query", "total_query"}
        assert slo["alerting"].keys() == {"name", "annotations", "page_alert", "ticket_alert"}
        for query in slo["sli"]["events"].values():
            assert "[{{.window}}]" in query


def test_windows_are_those_of_the_workbook() -> None:
    told = [(each.long, each.short, float(each.factor)) for each in (*PAGE, *TICKET)]
    assert told == [
        ("1h", "5m", 14.4),
        ("6h", "30m", 6.0),
        ("1d", "2h", 3.0),
        ("3d", "6h", 1.0),
    ]
    # Of the budget of thirty days: 2, 5, 10 and 10 %.
    spent = [float(each.factor) * seconds_of(each.long) / (30 * 86400) for each in (*PAGE, *TICKET)]
    assert spent == pytest.approx([0.02, 0.05, 0.1, 0.1])


@pytest.mark.parametrize(
    ("percent", "factors"),
    [
        (99.9, ["14.4", "6", "3", "1"]),
        (93.0, ["6", "3", "1"]),  # at the most 14.3 times
        (80.0, ["3", "1"]),
        (60.0, ["1"]),
    ],
)
def test_windows_an_objective_can_never_burn_in_are_left_out(
    percent: float, factors: list[str]
) -> None:
    possible = objective(percent).possible((*PAGE, *TICKET))
    assert [each.factor for each in possible] == [Decimal(factor) for factor in factors]


def test_page_that_could_never_come_must_be_disabled() -> None:
    told = document()
    told["slos"][0]["objective"] = 80
    with pytest.raises(NoAlert, match="callers-door: page_alert"):
        groups_of(told)


def test_alert_asks_both_windows_and_a_least_volume_in_the_longer() -> None:
    page, _ = rules("alert")["slo-callers-door"]
    for burn in PAGE:
        for window in (burn.long, burn.short):
            asked = f"slo:sli_error:ratio_rate{window}" + '{sloth_id="helpline-callers-door"}'
            assert f"({asked}) > ({burn.factor} * 0.001)" in page["expr"]
        assert f"[{burn.long}]))) * {seconds_of(burn.long)} >= 100" in page["expr"]


def test_only_windows_somebody_looks_at_are_recorded() -> None:
    windows = {
        name: {each["labels"].get("sloth_window") for each in recorded} - {None}
        for name, recorded in rules("record").items()
    }
    whole = {"5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"}
    assert windows == {
        "slo-callers-door": whole,
        "slo-handling": whole,
        "slo-answered-in-target": whole - {"30m"},
    }
