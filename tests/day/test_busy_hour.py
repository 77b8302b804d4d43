"""One busy hour of the press day on a real platform, with two kills."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.day.options import shared_folder

REPOSITORY = Path(__file__).resolve().parents[2]
TRACE = shared_folder() / "judge/traces/pressday"

#: An hour at 20x, what is still being talked about after it, and a machine that is shared.
_SPEED = "20"
_MAY_TAKE_SECONDS = 1200


@pytest.mark.slow
@pytest.mark.timeout(_MAY_TAKE_SECONDS + 30)
@pytest.mark.skipif(not TRACE.exists(), reason="the judge's folder is not here")
def test_busy_hour_with_two_kills_loses_nothing(postgres_folder: Path) -> None:
    """The log is valid, no invariant is violated, every call has one ending on both sides."""
    hour = (
        "--trace",
        str(TRACE),
        "--from-hour",
        "10",
        "--hours",
        "1",
        "--kills",
        "2",
        "--speed",
        _SPEED,
        "--no-policy",
    )
    played = subprocess.run(
        (sys.executable, "-m", "deploy.day", *hour, "--run-dir", str(postgres_folder / "day")),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": "160"},
        timeout=_MAY_TAKE_SECONDS,
        check=False,
    )
    assert played.returncode == 0, played.stdout[-6000:] + played.stderr[-2000:]
    assert "services: kill -9" in played.stdout
    assert "nats: kill -9" in played.stdout
    assert "Nothing is wrong." in played.stdout
