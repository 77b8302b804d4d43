"""A base image where there is no registry: Debian 12 with its Python, from Debian's packages."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from deploy.images.engine import Engine, EngineFailed

BASE = "localhost/helpline-base:bookworm"
_PACKAGES = "ca-certificates,python3,python3-venv"
#: Of no use to a program that runs, and a third of what debootstrap leaves.
_UNUSED = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale"),
    *("var/lib/apt/lists", "var/cache/apt", "var/cache/debconf"),
)


def make_base(engine: Engine) -> str:
    """Make the base image unless it is in the store; its name. Raises EngineFailed.

    Takes about a minute, most of it debootstrap.
    """
    if engine.has(BASE):
        return BASE
    folder = engine.store / "base"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _bootstrap(folder)
        _import(engine, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return BASE


def _bootstrap(folder: Path) -> None:
    folder.mkdir(parents=True)
    command = ("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", folder)
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode != 0:
        raise EngineFailed(f"debootstrap: {made.stdout[-2000:]}{made.stderr[-2000:]}")
    for unused in _UNUSED:
        shutil.rmtree(folder / unused, ignore_errors=True)
        (folder / unused).mkdir()


def _import(engine: Engine, folder: Path) -> None:
    pack = ("tar", "-C", folder, "-c", ".")
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packed:
        assert packed.stdout is not None
        engine.run("import", "-", BASE, stdin=packed.stdout.fileno())
