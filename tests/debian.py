"""`python -m tests.debian`: what the tests need of Debian, the browser in which pages are tried,
the Prometheus that reads our alerts and the podman that starts our images.

Where it may (root, apt) it installs what is missing; where it may not it says the command. It never
ends the run: the tests that need it then fail with that sentence, and the others still run.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import playwright

from deploy.apt import may_install, run_apt
from deploy.images.engine import PACKAGES as CONTAINERS
from deploy.images.engine import PROGRAMS as CONTAINER_PROGRAMS

#: Everything beyond a minimal Debian 12: the browser, a font without which it draws no text, the
#: library that the program Playwright drives it with (its own node) is linked to, npm for what a
#: partner's program in JavaScript is made of, Prometheus with promtool and amtool, and what images
#: are built and started with.
PACKAGES = (
    "chromium",
    "fonts-dejavu-core",
    "libatomic1",
    "npm",
    "prometheus",
    "prometheus-alertmanager",
    *CONTAINERS,
)

#: An npm that did not come from Debian is left alone.
_NAMED = tuple(each for each in PACKAGES if each != "npm" or shutil.which("npm") is None)
_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", *_NAMED)
HOW = f"apt-get update && {' '.join(_INSTALL)}"
MISSING = (
    "Pages are tried in Debian's Chromium, alerts by its Prometheus, images by its podman. "
    f"As root: {HOW}"
)

#: A node newer than Debian's.
NODE = Path(playwright.__file__).parent / "driver" / "node"


def chromium() -> str | None:
    """Where Chromium is; None when it is not installed, or cannot be driven."""
    found = shutil.which("chromium")
    return found if found is not None and _is_linked(NODE) else None


def complete() -> bool:
    """Whether everything is there."""
    programs = ("npm", "promtool", "amtool", *CONTAINER_PROGRAMS)
    return chromium() is not None and all(map(shutil.which, programs))


def _is_linked(program: Path) -> bool:
    return subprocess.run((program, "--version"), capture_output=True).returncode == 0


def install(
    is_complete: Callable[[], bool] = complete,
    may: Callable[[], bool] = may_install,
    apt: Callable[[Sequence[str]], int] = run_apt,
) -> str | None:
    """Install what is missing; a sentence when something still is."""
    if is_complete():
        return None
    if may():
        # Lists that cannot be brought up to date may still be good enough.
        apt(("apt-get", "update"))
        apt(_INSTALL)
    return None if is_complete() else MISSING


def main() -> int:
    """Install; 0 in any case."""
    trouble = install()
    if trouble is not None:
        print(trouble, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
