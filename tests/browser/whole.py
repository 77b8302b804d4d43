"""A whole platform in which browsers walk about, and what can be done to it meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.embedded.runfolder import open_run_folder
from deploy.platform import Platform, read_platform
from tests.browser.lines import apply_lines, teach_languages
from tests.running import REPOSITORY, a_platform, wait_for
from tests.servers import within_reach

#: A Wednesday: every line is open, by every channel it has, for five hours.
BEGINS_AT = "2026-01-14T15:00:00+01:00"


@contextmanager
def a_whole_platform(
    folder: Path, *arguments: str, lost_after_seconds: int | None = None
) -> Iterator[Platform]:
    """What `./just up` starts, with its lines and people, for the length of the block."""
    with (
        within_reach(folder) as near,
        a_platform(near, "--at", BEGINS_AT, *arguments) as (_, running),
    ):
        apply_lines(Path(running.folder), lost_after_seconds)
        with ThreadPoolExecutor() as beside:  # Playwright has a loop in this thread
            beside.submit(asyncio.run, teach_languages(running)).result()
        yield running


def kill(platform: Platform, process: str) -> None:
    """Kill a process, and wait until `up` has started it again. Postgres is told to stop at once,
    which is its way of crashing.
    """
    run = open_run_folder(Path(platform.folder))
    pid = read_platform(run).pids[process]
    os.kill(pid, signal.SIGQUIT if process == "postgres" else signal.SIGKILL)
    wait_for(lambda: read_platform(run).pids.get(process, pid) != pid)


def answers(platform: Platform, door: str) -> bool:
    """Whether a door is back."""
    try:
        httpx.get(platform.doors[door], timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def wrongs(platform: Platform) -> list[str]:
    """What `./just verify` finds broken in a run that is over."""
    command = (sys.executable, "-m", "deploy.verify", "--json", "--run-dir", platform.folder)
    read = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert read.returncode in (0, 1), read.stderr
    found = json.loads(read.stdout)["invariants"]
    return [f"{each['id']}: {each['first']}" for each in found if each["violated"]]
