"""What a runbook has an engineer type is there: recipes, programs, tables, words of the shell."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.drill import runbooks
from deploy.drill.drills import DRILLS
from deploy.drill.runbooks import (
    ACTS,
    AFTER,
    BASH,
    CLUSTER,
    LOOKS,
    SAFE,
    commands_in,
    page,
    queries_in,
    quoted_in,
    recipes,
    to_type,
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


def test_of_a_runbook_what_looks_or_is_safe_is_typed_and_what_comes_after_is_apart() -> None:
    typed = {after: [e for name in DRILLS for e in to_type(name, after)] for after in (False, True)}
    assert {each.mark for each in (*typed[False], *typed[True])} == {LOOKS, SAFE}
    for after, commands in typed.items():
        assert {each.section == AFTER for each in commands} == {after}
    then = [each.text for each in to_type("EventRefused", after=True)]
    assert then == ["./just provision check", "./just verify"]
    assert "replay" in page("MessageParked")
    assert not [each for each in to_type("MessageParked", after=False) if "replay" in each.text]


def test_what_a_runbook_has_typed_is_typed_in_the_engineers_shell() -> None:
    shown = {"NATS_MONITORING": "http://127.0.0.1:9", "SERVICE": "quality"}
    (typed, *_) = type_all("OutboxNotPublished", shown, after=False)
    assert (typed.came, typed.works) == ("NATS does not answer", True)


@pytest.mark.parametrize(
    ("line", "works"),
    [("true", True), ("false", False), ("false | cat", False), ("./just no-such-recipe", True)],
)
def test_command_works_when_all_of_it_does_and_a_recipe_may_find_something(
    line: str, works: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runbooks, "page", lambda _: f"## Diagnose\n```sh looks\n{line}\n```\n")
    (typed,) = type_all("Any", {}, after=False)
    assert typed.works is works


def test_query_of_a_runbook_is_found_whatever_line_it_is_broken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = "- `sum by (programme)\n  (helpline_quality_limbo_contacts) > 0`: which line.\n"
    monkeypatch.setattr(runbooks, "page", lambda _: told)
    (query,) = queries_in("Any")
    assert query == "sum by (programme) (helpline_quality_limbo_contacts) > 0"
