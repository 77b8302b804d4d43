"""`python -m deploy.images`: builds both images with podman and prints what they weigh.

On the base named by BASE_IMAGE; without one, on a Debian 12 made here, so that nothing but Debian's
packages and the lock's wheels is needed. Exits 1 with a sentence when it cannot.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.images.bootstrap import make_base
from deploy.images.engine import DEFAULT_STORE, Engine, EngineFailed, install, missing

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "deploy/images"
#: Tag of each image, and its Containerfile.
IMAGES = {
    "localhost/helpline": FOLDER / "Containerfile",
    "localhost/helpline-nats": FOLDER / "Containerfile.nats",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; 0 when both images are in the store."""
    parser = argparse.ArgumentParser(prog="just images", description="Build both images.")
    parser.add_argument("--store", type=Path, default=DEFAULT_STORE, help="where podman keeps them")
    engine = Engine(parser.parse_args(arguments).store.resolve())
    install()
    lacking = missing()
    if lacking is not None:
        print(lacking, file=sys.stderr)
        return 1
    try:
        with engine.alone():
            build(engine)
    except EngineFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


def build(engine: Engine) -> None:
    """Build both images of this clone, saying size and time of each. Raises EngineFailed."""
    begun_at = time.monotonic()
    base = os.environ.get("BASE_IMAGE") or make_base(engine)
    _say(engine, base, time.monotonic() - begun_at)
    for tag, containerfile in IMAGES.items():
        begun_at = time.monotonic()
        engine.build(
            REPOSITORY, containerfile, tag, (f"BASE_IMAGE={base}", f"REVISION={_revision()}")
        )
        _say(engine, tag, time.monotonic() - begun_at)
    engine.forget_untagged()


def _say(engine: Engine, image: str, seconds: float) -> None:
    size = f"{engine.size_bytes(image) / 1e6:7.1f} MB" if engine.has(image) else "  to pull"
    print(f"{image:<34}{size}  {seconds:6.1f} s", flush=True)


def _revision() -> str:
    """The commit that is built, marked when something beside it is; `unknown` outside a clone."""
    asked = ("git", "describe", "--always", "--dirty", "--abbrev=40")
    told = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
