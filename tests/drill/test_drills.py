"""Every alert can be provoked, or says what its drill still lacks; a few are provoked here."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.drill.__main__ import FASTER, faster
from deploy.drill.drills import DRILLS, WITHOUT
from deploy.drill.runbooks import commands_in, recipes

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


def test_every_alert_has_a_drill_or_is_named_as_lacking_one() -> None:
    assert DRILLS.keys() | WITHOUT.keys() == ALERTS
    assert not DRILLS.keys() & WITHOUT.keys()


def test_list_of_what_lacks_a_drill_only_gets_shorter() -> None:
    assert len(WITHOUT) <= 9


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


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_runbook_names_recipes_there_are(name: str) -> None:
    typed = [each.split()[1] for each in commands_in(name) if each.startswith("./just ")]
    assert set(typed) <= recipes()


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
    assert "to the receiver of a page" in ran.stdout
    assert "works: helpline_assignment_people_on_duty" in ran.stdout
