"""A whole platform for the length of a block: what `./just up` starts, at spare ports."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.platform import Platform
from deploy.running import running

REPOSITORY = Path(__file__).resolve().parents[1]


@contextmanager
def a_platform(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Platform]]:
    """Run a platform at spare ports for the length of the block."""
    with running(folder, *arguments) as begun:
        yield begun.child, begun.platform


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
