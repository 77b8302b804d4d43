"""The judge beside the run: its score of our log, and of the policy alone on the same trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[2]
#: Our decision, as the judge speaks to it.
_POLICY = (sys.executable, "-m", "services.assignment.judge")
_POLICY_MAY_TAKE_SECONDS = 900.0


class JudgeFailed(Exception):
    """The judge ended with an error instead of a score; the message is its last line."""


@dataclass(frozen=True)
class Judge:
    """The folder with `score.py` and `drive.py`."""

    folder: Path

    def score(self, trace: Path, log: Path, tolerance: float) -> dict[str, Any]:
        """The score of an event log against the trace in a folder.

        `valid` false says that the log breaks physics, not that we failed. `tolerance`: seconds of
        the trace by which two clocks may differ.
        """
        script = self.folder / "score.py"
        command = (str(script), str(trace), str(log), "--json", "--tol", f"{tolerance:g}")
        said = _run((sys.executable, *command))
        score: dict[str, Any] = json.loads(said.stdout) if said.stdout.strip() else {}
        if "valid" not in score:
            raise JudgeFailed(_last_line(said))
        return score

    def play_policy(self, trace: Path, *, way_out: bool = True) -> dict[str, Any]:
        """Play the trace in virtual time against the decision alone, and score it.

        `way_out`: return passes and partner lines are proposed, and each is accepted.
        """
        return self.play(trace, (*_POLICY, *([] if way_out else ["--no-way-out"])))

    def play(self, trace: Path, policy: Sequence[str]) -> dict[str, Any]:
        """Play the trace against a command that speaks the judge's protocol, and score it."""
        with TemporaryDirectory() as scratch:
            log = Path(scratch) / "log.jsonl"
            script = str(self.folder / "drive.py")
            said = _run((sys.executable, script, str(trace), str(log), "--", *policy))
            if said.returncode != 0:
                raise JudgeFailed(_last_line(said))
            return self.score(trace, log, 1.0)


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=_REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(_REPOSITORY)},
        timeout=_POLICY_MAY_TAKE_SECONDS,
        check=False,
    )


def _last_line(said: subprocess.CompletedProcess[str]) -> str:
    return (said.stderr.strip().splitlines() or [f"ended with code {said.returncode}"])[-1]
