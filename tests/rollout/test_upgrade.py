"""An upgrade and the way back under load, of who has a door and who decides.

`just upgrade` replaces all eight, which takes two minutes.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.start import REPOSITORY

_SERVICES = ("assignment", "intake", "console")
_MAY_TAKE_SECONDS = 300


@pytest.mark.slow
@pytest.mark.timeout(_MAY_TAKE_SECONDS + 30)
def test_nothing_is_dropped_when_services_are_replaced_and_brought_back_nor_by_a_broken_version(
    postgres_folder: Path,
) -> None:
    played = subprocess.run(
        (
            *(sys.executable, "-m", "deploy.rollout", "--run-dir", str(postgres_folder / "run")),
            *("--services", *_SERVICES, "--broken", "work"),
        ),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=_MAY_TAKE_SECONDS,
        check=False,
    )
    assert played.returncode == 0, played.stdout[-6000:] + played.stderr[-3000:]
    assert f"Given up, and brought back: {_SERVICES[0]}" in played.stdout
    assert "0 dropped, 0 doubled; 0 parked" in played.stdout
    assert "Nothing was lost." in played.stdout
