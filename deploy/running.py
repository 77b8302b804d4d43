"""A platform of somebody's own: what `just up` starts, at spare ports, waited for and stopped.

For drills, days, measurements and tests: each says what it wants, and all start it in this way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from deploy.embedded.processes import Program, log_since, size_of, spawn, stop
from deploy.embedded.runfolder import RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.platform import Platform, read_platform
from deploy.start import REPOSITORY

_STARTS_WITHIN_SECONDS = 120.0
_STOPS_WITHIN = timedelta(seconds=60)
_LOOK_EVERY_SECONDS = 0.02
_NOTHING: Mapping[str, str] = {}


@dataclass
class Running:
    """A platform that was started: its process, and where everything of it is."""

    run: RunFolder
    program: Program
    child: subprocess.Popen[bytes]
    _said_from: int = field(repr=False)

    @property
    def platform(self) -> Platform:
        """As it is now: process numbers change. StartRefused when it does not run any more."""
        return read_platform(self.run, even_starting=True)

    def wait(self, even_starting: bool = False) -> Platform:
        """Wait until its lines and people are in place, or with `even_starting` its services.

        Two minutes of machine time at the most; then it is stopped, and StartRefused says why.
        """
        give_up_at = time.monotonic() + _STARTS_WITHIN_SECONDS
        while True:
            try:
                platform = read_platform(self.run, even_starting)
                if platform.pid == self.child.pid:
                    return platform
            except StartRefused:
                pass
            if self.child.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                said = log_since(self.program.log, self._said_from).strip()
                raise StartRefused("The platform did not start.", said[-2000:])
            time.sleep(_LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """Stop it, by force after a minute."""
        stop(self.child, self.program)


def start(
    folder: Path,
    *arguments: str,
    said: Path | None = None,
    environment: Mapping[str, str] = _NOTHING,
    kept: bool = False,
) -> Running:
    """Start one in a folder; it ends when we do, unless it is `kept`.

    `arguments` are those of `just up`, `environment` is added to ours; what it says goes to the end
    of `said` (`up.out` of the folder when none is named).
    """
    run = RunFolder(folder.resolve())
    folder.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", "deploy.up", "--run-dir", str(run.root), "--spare-ports")
    program = Program(
        name="platform",
        command=(*command, *arguments),
        log=said or run.root / "up.out",
        folder=REPOSITORY,
        environment=os.environ | dict(environment),
        orphan_signal=None if kept else Program.stop_signal,
        grace=_STOPS_WITHIN,
    )
    said_from = size_of(program.log)
    return Running(run, program, spawn(program), said_from)


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] = _NOTHING,
    even_starting: bool = False,
) -> Iterator[Running]:
    """One that is up for the length of the block; StartRefused when it does not start."""
    begun = start(folder, *arguments, environment=environment)
    try:
        begun.wait(even_starting)
        yield begun
    finally:
        begun.stop()
