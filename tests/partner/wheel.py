"""The wheel of contracts, built from here and put where nothing else of ours is."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.running import REPOSITORY


@dataclass(frozen=True)
class Installed:
    """Where it was put. The packages it asks for are this environment's, in the lock's versions."""

    folder: Path
    wheel: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder)}

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run Python with it, away from the repository."""
        return subprocess.run(
            (sys.executable, *arguments),
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=60,
        )


def install_wheel(folder: Path) -> Installed:
    """Build it and unpack it, which is all there is to installing it."""
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory")
    subprocess.run(
        (*build, str(folder)), cwd=REPOSITORY / "contracts", check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return Installed(folder / "site", wheel)
