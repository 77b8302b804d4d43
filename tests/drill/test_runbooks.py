"""What a runbook has an engineer type is there: recipes, programs, tables, words of the shell."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.drill.drills import DRILLS
from deploy.drill.runbooks import (
    ACTS,
    BASH,
    CLUSTER,
    LOOKS,
    SAFE,
    commands_in,
    page,
    queries_in,
    quoted_in,
    recipes,
    type_all,
)
from deploy.night import Night, shell
from deploy.platform import Platform
from services.registry import SERVICES

#: What the shell of an engineer has beside the repository.
PROGRAMS = {"psql", "curl", "amtool", "kubectl", "ls", "df", "grep", "tail", "cut", "echo"}
LEDGER = {"inbox", "outbox", "deadline", "seen", "parked", "lease"}
TABLES = {
    f"{service.name}.{table}"
    for service in SERVICES
    for table in {*LEDGER, *(each.name for each in service.tables.sorted_tables)}
} | {f"$SERVICE.{table}" for table in LEDGER}
#: A page's own labels are in the shell too.
OF_THE_PAGE = {"SERVICE", "PROGRAMME"}


def words_of_the_shell(folder: Path) -> set[str]:
    (folder / "checker.pg").write_text("secret")
    platform = Platform(
        *(1, str(folder), "log", str(folder), "postgresql://owner:pw@127.0.0.1:5432/helpline"),
        *(5432, "nats://127.0.0.1:4222", "http://127.0.0.1:8222", {"console": ""}, {}),
        *(1.0, "", {}),
    )
    return set(shell(platform, Night("", "", ""))) | OF_THE_PAGE


@pytest.mark.parametrize("name", DRILLS)
def test_runbook_has_something_to_look_at_and_says_what_each_command_does(name: str) -> None:
    opened = re.findall(r"^```(.+)$", page(name), re.MULTILINE)
    assert set(opened) <= {f"sh {mark}" for mark in (LOOKS, SAFE, ACTS, CLUSTER)}
    assert f"sh {LOOKS}" in opened or queries_in(name)


@pytest.mark.parametrize("name", DRILLS)
def test_runbook_names_recipes_programs_tables_and_words_there_are(
    name: str, tmp_path: Path
) -> None:
    typed = [command.text for command in commands_in(name)]
    ours = [each for each in (*typed, *quoted_in(name)) if each.startswith("./just ")]
    assert {each.split()[1] for each in ours} <= recipes()
    for line in typed:
        subprocess.run((BASH, "-n", "-c", line), check=True)
        bare = re.sub(r'"[^"]*"', '""', line)
        begun = {part.split()[0] for part in re.split(r"\|\|?|;|&&", bare)}
        assert begun <= PROGRAMS | {"./just"}
        named = set(re.findall(r"\b(?:FROM|JOIN|UPDATE) ([$\w]+\.\w+)", line))
        assert named <= TABLES
        assert set(re.findall(r"\$(\w+)", line)) <= words_of_the_shell(tmp_path)


def test_of_a_runbook_only_what_looks_or_is_safe_is_typed(tmp_path: Path) -> None:
    """And what is asked of it after the mending is typed after it."""
    shown = {"NATS_MONITORING": "http://127.0.0.1:9", "SERVICE": "quality"}
    (typed, *_) = type_all("OutboxNotPublished", shown, after=False)
    assert (typed.came, typed.works) == ("NATS does not answer", True)
    assert "replay" in page("MessageParked")
    assert not [each for each in type_all("MessageParked", {}, False) if "replay" in each.what]
    after = [c.text for c in commands_in("EventRefused") if c.section == "After"]
    assert after == ["./just provision check", "./just verify"]


def test_query_of_a_runbook_is_found_whatever_line_it_is_broken_over() -> None:
    assert "sum by (reason) (increase(helpline_assignment_nobody_free_total[10m]))" in queries_in(
        "CallerWaitsTooLong"
    )
