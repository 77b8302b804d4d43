"""Dashboards are what the code says, and keep the rules of grafana/dashboard-linter and our own."""

import re
from pathlib import Path

import pytest
import yaml

from observability.dashboards.__main__ import files, main
from observability.pictures import filled_in
from tests.observability.boards import (
    Asked,
    asked,
    boards,
    known_metrics,
    metrics_of,
    panels,
)
from tests.observability.prometheus import promtool

METRICS = known_metrics()
#: Figures of people who wait: nothing else may ever be red.
OF_WHO_WAITS = {
    "helpline_assignment_waiting_contacts",
    "helpline_assignment_oldest_wait_seconds",
    "helpline_risk_alerts",
    "helpline_risk_oldest_untaken_seconds",
    "helpline_referral_unsent_referrals",
}
#: Says that who would know a figure has looked; all that boards of callers tell of the platform.
WHO_KNOWS = "helpline_bus_figures_read"
#: What an engineer looks at, and no coordinator.
OF_THE_PLATFORM = re.compile(r"helpline_(bus|console)_|jetstream_|gnatsd_|pg_|slo:")
#: Labels that say something about a caller: small counts of them are personal data.
OF_A_CALLER = {"priority", "proposed", "channel", "outcome", "reason", "author", "level", "need"}
EACH = pytest.mark.parametrize("each", asked(), ids=str)
BOARDS = pytest.mark.parametrize("uid", sorted(boards()))


def test_committed_dashboards_are_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr().out
    assert {file.stem for file in files()} == boards().keys()


# --- rules of grafana/dashboard-linter ------------------------------------------------------------


@BOARDS
def test_reader_chooses_the_datasource(uid: str) -> None:
    first, *_ = boards()[uid]["templating"]["list"]
    assert (first["name"], first["type"], first["label"], first["query"]) == (
        "datasource",
        "datasource",
        "Data source",
        "prometheus",
    )


@BOARDS
def test_nobody_edits_a_dashboard_in_the_browser(uid: str) -> None:
    assert boards()[uid]["editable"] is False


@BOARDS
def test_choices_follow_the_time_and_allow_all_and_several(uid: str) -> None:
    for choice in boards()[uid]["templating"]["list"][1:]:
        assert choice["name"] in ("programme", "service")
        assert choice["datasource"]["uid"] == "${datasource}"
        assert (choice["refresh"], choice["multi"], choice["includeAll"]) == (2, True, True)
        assert choice["allValue"] == ".+"
        (metric,) = metrics_of(choice["query"])
        assert choice["name"] in METRICS[metric]["labels"]


@BOARDS
def test_dashboard_uses_the_choices_it_offers(uid: str) -> None:
    offered = {each["name"] for each in boards()[uid]["templating"]["list"]} - {"datasource"}
    asks = " ".join(each.expression for each in asked() if each.board == uid)
    assert offered == {name for name in ("programme", "service") if f"${name}" in asks}


def test_panel_says_what_it_shows_in_which_unit_from_the_chosen_source() -> None:
    for uid, panel in panels():
        where = f"{uid}: {panel['title']}"
        assert panel["title"], where
        assert len(panel["description"]) > 10, where
        assert panel["fieldConfig"]["defaults"]["unit"], where
        assert panel["targets"], where
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {source["uid"] for source in sources} == {"${datasource}"}, where


def test_panels_of_a_dashboard_do_not_overlap() -> None:
    for board in boards().values():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
            assert not cells & taken
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:number_{place}", "expr": filled_in(each.expression)}
        for place, each in enumerate(asked())
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


@EACH
def test_rates_are_over_what_grafana_says(each: Asked) -> None:
    spans = re.findall(r"\b(?:rate|irate)\([^\[]*\[([^\]]*)\]", each.expression)
    assert set(spans) <= {"$__rate_interval"}


@EACH
def test_what_only_grows_is_asked_for_its_growth(each: Asked) -> None:
    for name in metrics_of(each.expression):
        if METRICS[name]["type"] == "gauge":
            continue
        seen = len(re.findall(rf"\b{name}(?:_bucket|_sum|_count)?\b", each.expression))
        grown = len(
            re.findall(rf"\b(?:rate|increase)\({name}(?:_bucket|_sum|_count)?\b", each.expression)
        )
        assert seen == grown


@EACH
def test_queries_name_metrics_and_labels_there_are(each: Asked) -> None:
    named = metrics_of(each.expression)
    assert named, "asks nothing of ours"
    assert named <= METRICS.keys()
    known = {label for name in named for label in METRICS[name]["labels"]} | {"le"}
    used = set(re.findall(r'(\w+)\s*!?=~?\s*"', each.expression))
    for grouped in re.findall(r"(?:by|on) \(([^)]*)\)", each.expression):
        used |= {label.strip() for label in grouped.split(",") if label.strip()}
    assert used <= known


# --- our own --------------------------------------------------------------------------------------


def test_red_means_that_somebody_waits_and_nothing_else() -> None:
    red = set()
    for _, panel in panels():
        defaults = panel["fieldConfig"]["defaults"]
        colours = {step["color"] for step in defaults["thresholds"]["steps"]}
        assert colours <= {"blue", "red"}
        assert defaults["color"]["mode"] in ("thresholds", "shades"), "a palette has a red in it"
        if "red" in colours:
            named = {n for t in panel["targets"] for n in metrics_of(t["expr"])} - {WHO_KNOWS}
            assert named <= OF_WHO_WAITS, panel["title"]
            red |= named
    assert red == OF_WHO_WAITS, "who waits is red somewhere"


@EACH
def test_boards_of_callers_and_of_the_platform_stay_apart(each: Asked) -> None:
    (side,) = set(boards()[each.board]["tags"]) - {"helpline"}
    named = metrics_of(each.expression) - {WHO_KNOWS}
    if side == "callers":
        assert not [name for name in named if OF_THE_PLATFORM.match(name)]
    else:
        assert side == "platform"
        assert not [n for n in named if "programme" in METRICS[n]["labels"]]


@EACH
def test_no_panel_counts_by_what_a_caller_is(each: Asked) -> None:
    for grouped in re.findall(r"by \(([^)]*)\)", each.expression):
        assert not OF_A_CALLER & {label.strip() for label in grouped.split(",")}
