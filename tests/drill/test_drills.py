"""Every alert can be provoked; a few are provoked here, all by `just drill all`."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.drill.drills import DRILLS
from deploy.drill.playing import FASTER, faster
from deploy.drill.table import TABLE, rows_in

REPOSITORY = Path(__file__).parents[2]
FILES = [
    file
    for file in sorted((REPOSITORY / "observability" / "alerts").glob("*.yaml"))
    if file.stem != "tests"
]
ALERTS = {
    rule["alert"]
    for file in FILES
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def test_every_alert_has_a_drill() -> None:
    assert DRILLS.keys() == ALERTS


def test_every_drill_was_seen_to_wake_somebody() -> None:
    rows = rows_in(TABLE)
    assert rows.keys() == ALERTS
    assert not [name for name, row in rows.items() if "| never |" in row]


def test_drill_shortens_what_an_alert_waits_for_and_nothing_else() -> None:
    for file in FILES:
        before, after = (yaml.safe_load(file.read_text()) for _ in range(2))
        faster(after)
        for group, shortened in zip(before["groups"], after["groups"], strict=True):
            for rule, quick in zip(group["rules"], shortened["rules"], strict=True):
                assert {**quick, "for": None} == {**rule, "for": None}
                assert ("for" in quick) == ("for" in rule)
    (one,) = faster({"groups": [{"rules": [{"for": "5m"}]}]})["groups"]
    assert one["rules"][0]["for"] == f"{300 // FASTER}s"


@pytest.mark.slow
def test_a_caller_who_waits_is_told_to_the_engineer_on_call() -> None:
    ran = subprocess.run(
        (sys.executable, "-m", "deploy.drill", "CallerWaitsTooLong"),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=110,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "to engineer-on-call" in ran.stdout
    assert "works: helpline_assignment_people_on_duty" in ran.stdout
    assert "works: psql" in ran.stdout
