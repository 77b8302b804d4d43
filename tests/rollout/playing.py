"""A rehearsal of deploy/rollout, as its user runs it."""

import subprocess
import sys
from pathlib import Path

from tests.running import REPOSITORY

#: Twice to three times what it takes on a machine of its own: others may be busy beside it.
MAY_TAKE_SECONDS = 600


def played(module: str, folder: Path, *options: str) -> str:
    """What it said at the end of its run; it must end with 0 within ten minutes."""
    done = subprocess.run(
        (sys.executable, "-m", module, "--run-dir", str(folder / "run"), *options),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=MAY_TAKE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout
