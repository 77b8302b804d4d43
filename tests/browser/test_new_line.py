"""A line made from answers, on a platform that runs: nobody restarts it, and somebody answers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from deploy.platform import Platform
from tests.browser.people import People
from tests.line.lines import FRENCH
from tests.running import REPOSITORY, a_platform
from tests.servers import within_reach

LINE = "ecoute-etudiante"
#: The line answers without a regulator, so that one listener is enough.
ANSWERS = FRENCH + "first_stage: listener\n"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of this test's own, as `./just up` starts it: a line stays once it is there."""
    with (
        within_reach(tmp_path_factory.mktemp("new-line")) as folder,
        a_platform(folder, "--at", "2026-01-14T11:00:00+01:00") as (_, running),
    ):
        yield running


@pytest.fixture
def people(browser: Browser, platform: Platform) -> Iterator[People]:
    """Whoever comes to it."""
    people = People(browser, platform)
    yield people
    people.go_home()


def just(*command: str) -> str:
    """What a command says that ended well."""
    told = subprocess.run(
        (sys.executable, "-m", *command),
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr + told.stdout
    return told.stdout


def test_a_new_line_is_taken_up_without_a_restart_and_a_chat_is_answered(
    people: People, platform: Platform, tmp_path: Path
) -> None:
    written, folder = tmp_path / "answers.yaml", tmp_path / "line"
    written.write_text(ANSWERS)
    here = ("--run-dir", platform.folder)
    just("deploy.line", "new", "--answers", str(written), "--into", str(folder))
    told = just("deploy.line", "apply", str(folder / "programme.yaml"), *here)
    assert f"{LINE}: version 1 is applied" in told
    told = just("deploy.people", str(folder / "people.csv"), "--programme", LINE, *here)
    assert "5 people are in the roster" in told

    told = just("deploy.call", "--programme", LINE, *here, "--talk-seconds", "0.2")
    assert "L'écoute se termine : listened" in told
    assert "régulation note" not in told

    caller = people.a_caller(f"/{LINE}")
    caller.sees("Écoute Étudiante")
    caller.page.locator(f"a.choice[href^='/{LINE}/tchat']").first.click()
    caller.writes("Bonsoir, je ne dors plus.")

    listener = people.at_desk(f"{LINE}-listener-1")
    listener.press("Oui, commencer")
    listener.press("Prendre")
    listener.sees("Bonsoir, je ne dors plus.")
    listener.page.locator("#reply").fill("Bonsoir, je vous lis.")
    listener.page.locator("#write button[type=submit]").click()
    caller.sees("Bonsoir, je vous lis.")
    expect(caller.page.locator("ol.lines .txt")).to_have_text(
        ["Bonsoir, je ne dors plus.", "Bonsoir, je vous lis."]
    )

    coordinator = people.at_nobodys_desk("/entrer")
    coordinator.page.get_by_role("button", name=re.compile(f"{LINE}-coordinator")).click()
    coordinator.sees("Écoute Étudiante")
