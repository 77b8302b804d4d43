"""From one server to three on a whole platform, with kills in the middle of it.

`just rehearse` restarts each of the three afterwards, too, which test_moving.py does on a table.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.start import REPOSITORY

_MAY_TAKE_SECONDS = 300


@pytest.mark.slow
@pytest.mark.timeout(_MAY_TAKE_SECONDS + 30)
def test_a_platform_grows_under_load_whatever_is_killed_meanwhile(
    postgres_folder: Path, record_property: Callable[[str, object], None]
) -> None:
    played = subprocess.run(
        (
            *(sys.executable, "-m", "deploy.migrate.rehearsal", "--no-restarts"),
            *("--run-dir", str(postgres_folder / "run")),
        ),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=_MAY_TAKE_SECONDS,
        check=False,
    )
    assert played.returncode == 0, played.stdout[-6000:] + played.stderr[-3000:]
    assert "0 dropped, 0 doubled; 0 parked" in played.stdout
    assert "checker: nothing is wrong" in played.stdout
    for killed in ("the old server and a service", "the move", "a new server"):
        assert f"(kill {killed})" in played.stdout
    (pause,) = re.findall(r"no event was taken for [0-9.]+ s", played.stdout)
    record_property("figure", pause)
