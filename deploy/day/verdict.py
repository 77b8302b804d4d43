"""The checker's word on a run: `just verify` on the platform that still runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_MAY_TAKE_SECONDS = 300.0


@dataclass(frozen=True)
class Checked:
    """What the checker said; `sound` when it found nothing wrong."""

    sound: bool
    said: str


def check_invariants(run_dir: Path, journal: Path) -> Checked:
    """Run the checker in a process of its own; `journal` says what was answered at the doors."""
    where = ("--run-dir", str(run_dir), "--journal", str(journal))
    ended = subprocess.run(
        (sys.executable, "-m", "deploy.verify", *where),
        capture_output=True,
        text=True,
        cwd=_REPOSITORY,
        timeout=_MAY_TAKE_SECONDS,
        check=False,
    )
    return Checked(ended.returncode == 0, (ended.stdout + ended.stderr).strip())
