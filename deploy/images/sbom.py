"""`python -m deploy.images.sbom`: the bill of materials of each image (CycloneDX 1.6), into build/.

From the lock, with the hashes pip insists on: what is written is what can be installed. What the
base image holds, its publisher says.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from deploy.images.licences import NATS, REPOSITORY, SHIPPED


def entry(lock: Path, name: str) -> str:
    """The lines of one package in a lock: version and hashes. Raises LookupError."""
    found = re.search(
        rf"^{re.escape(name)}==.*\n(?:    --hash=.*\n)+", lock.read_text(), re.MULTILINE
    )
    if found is None:
        raise LookupError(name)
    return found[0]


def write_sbom(requirements: str, into: Path) -> None:
    """Write what these requirements say, the same text for the same requirements."""
    subprocess.run(
        (
            *(sys.executable, "-m", "cyclonedx_py", "requirements", "--short-PURLs"),
            *("--pyproject", REPOSITORY / "pyproject.toml", "--mc-type", "application"),
            *("--sv", "1.6", "--output-reproducible", "--of", "JSON", "--output-file", into, "-"),
        ),
        input=requirements,
        text=True,
        check=True,
        capture_output=True,
    )


def main() -> int:
    """Write both."""
    folder = REPOSITORY / "build"
    folder.mkdir(exist_ok=True)
    lock = REPOSITORY / "requirements.txt"
    for name, text in {"services": SHIPPED.read_text(), "nats": entry(lock, NATS)}.items():
        into = folder / f"sbom-{name}.json"
        write_sbom(text, into)
        print(into.relative_to(REPOSITORY))
    return 0


if __name__ == "__main__":
    sys.exit(main())
