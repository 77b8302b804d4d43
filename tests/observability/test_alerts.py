"""Every alert names metrics there are, has a runbook, and was seen to fire and to be silent."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.boards import known_metrics, metrics_of
from tests.observability.prometheus import promtool

FOLDER = Path(__file__).parents[2] / "observability"
RULES = tuple(sorted(each for each in (FOLDER / "alerts").glob("*.yaml") if each.stem != "tests"))
#: What an engineer reads at night, in this order.
HEADINGS = (
    "What it means for callers",
    "First five minutes",
    "Diagnose",
    "Mitigate",
    "Escalate",
    "After",
)
RECEIVERS = {"page": "engineer-on-call", "ticket": "tickets", "watchdog": "dead-man-switch"}


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))


#: Cases of rules, beside what they try.
TESTS = (FOLDER / "alerts" / "tests.yaml", FOLDER / "slos" / "tests.yaml")
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for file in RULES
    for group in read(file)["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
METRICS = known_metrics()


def test_prometheus_reads_every_rule() -> None:
    assert promtool("check", "rules", *RULES).count("SUCCESS") == len(RULES)


def test_each_alert_fires_when_it_should_and_is_silent_in_the_nearest_case() -> None:
    promtool("test", "rules", *TESTS)


@pytest.mark.parametrize("name", ALERTS)
def test_alert_is_tried_both_ways(name: str) -> None:
    tried = {
        bool(case["exp_alerts"])
        for file in TESTS
        for test in read(file)["tests"]
        for case in test.get("alert_rule_test", ())
        if case["alertname"] == name
    }
    assert tried == ({True} if name == "Watchdog" else {True, False})


@pytest.mark.parametrize("name", ALERTS)
def test_alert_names_metrics_and_labels_there_are(name: str) -> None:
    expression = ALERTS[name]["expr"]
    named = metrics_of(expression)
    assert named <= METRICS.keys()
    known = {label for metric in named for label in METRICS[metric]["labels"]} | {"le"}
    used = set(re.findall(r'(\w+)\s*!?=~?\s*"', expression))
    for grouped in re.findall(r"(?:by|on) \(([^)]*)\)", expression):
        used |= {label.strip() for label in grouped.split(",") if label.strip()}
    assert used <= known


@pytest.mark.parametrize("name", ALERTS)
def test_alert_has_a_severity_and_a_runbook_with_every_heading(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in RECEIVERS
    runbook = FOLDER.parent / rule["annotations"]["runbook"]
    assert runbook.stem == name
    told = runbook.read_text("utf-8")
    assert re.findall(r"^## (.*)$", told, re.MULTILINE) == list(HEADINGS)
    of_tables = re.compile(r"^psql .*$", re.MULTILINE)  # they name Postgres's own, not figures
    assert metrics_of(of_tables.sub("", told)) <= METRICS.keys()


def test_no_runbook_is_without_its_alert() -> None:
    assert {each.stem for each in (FOLDER / "runbooks").glob("*.md")} == ALERTS.keys()


@pytest.mark.parametrize("name", ALERTS)
def test_alert_reaches_the_receiver_of_its_severity(name: str) -> None:
    program = shutil.which("amtool")
    assert program is not None, "amtool is missing: apt-get install prometheus-alertmanager"
    severity = ALERTS[name]["labels"]["severity"]
    config = f"--config.file={FOLDER / 'alertmanager.yaml'}"
    asked = [
        program,
        "config",
        "routes",
        "test",
        config,
        f"severity={severity}",
        f"alertname={name}",
    ]
    ran = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [RECEIVERS[severity]]


def test_what_is_clinical_knows_no_way_of_what_is_technical() -> None:
    """Alerts for people go from risk to people: no silence of ours holds them up."""
    routes = read(FOLDER / "alertmanager.yaml")
    urls = {hook["url"] for receiver in routes["receivers"] for hook in receiver["webhook_configs"]}
    told = "".join(
        each.read_text("utf-8") for each in (FOLDER.parent / "services").rglob("*.py")
    ).lower()
    assert "alertmanager" not in told
    assert not [url for url in urls if url.lower() in told]
    assert not [name for name in METRICS if "duty_professional" in name]
