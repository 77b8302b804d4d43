"""A whole platform for the length of a block: what `./just up` starts, at spare ports."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.embedded.runfolder import open_run_folder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform

REPOSITORY = Path(__file__).resolve().parents[1]


@contextmanager
def a_platform(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Platform]]:
    """Run a platform at spare ports for the length of the block."""
    process = start_platform(folder, "--spare-ports", *arguments)
    try:
        wait_for(lambda: _runs(folder) or process.poll() is not None)
        if process.poll() is not None:
            pytest.fail(process.communicate()[0])
        yield process, read_platform(open_run_folder(folder))
    finally:
        process.terminate()
        process.communicate(timeout=100)


def start_platform(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `deploy.up` on a folder; what it says can be read from its output."""
    return subprocess.Popen(
        (sys.executable, "-m", "deploy.up", "--run-dir", str(folder), *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": "200"},
    )


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait up to two minutes of machine time until something is so."""
    give_up_at = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(0.05)


def _runs(folder: Path) -> bool:
    try:
        read_platform(open_run_folder(folder))
    except StartRefused:
        return False
    return True
