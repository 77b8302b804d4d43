"""podman's store for the length of some tests: ours alone, and emptied whatever becomes of us."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.images.engine import Engine, EngineFailed

#: Everything but images: pods, containers, volumes of claims and of pods, networks.
_AWAY = (
    ("pod", "rm", "--all", "--force", "--time=0"),
    ("rm", "--all", "--force", "--time=0"),
    ("volume", "prune", "--force"),
    ("network", "prune", "--force"),
)
_TRIAL_SECONDS = 60.0
_EMPTIED_SECONDS = 120.0


@contextmanager
def emptied(engine: Engine) -> Iterator[None]:
    """Alone on the store; afterwards it holds images and nothing else, also when we were killed.

    A process of its own does that once our end of a pipe is closed, by us or by the kernel; until
    it has, whoever comes next waits for the store. What a power cut left goes first.
    """
    script = "read -r nothing\n" + "\n".join(shlex.join(engine.command(*each)) for each in _AWAY)
    with engine.alone() as lock:
        with _tidying(engine, script):
            pass
        with _tidying(engine, script, lock):
            yield


@contextmanager
def _tidying(engine: Engine, script: str, *held: int) -> Iterator[None]:
    with subprocess.Popen(
        ("sh", "-c", script),
        env=engine.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=held,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            process.communicate(timeout=_EMPTIED_SECONDS)


def left_over(engine: Engine) -> list[str]:
    """Whatever there is on the store but images."""
    asked = (
        ("pod", "ls", "--format={{.Name}}"),
        ("ps", "--all", "--format={{.Names}}"),
        ("volume", "ls", "--format={{.Name}}"),
        ("network", "ls", "--format={{.Name}}"),
    )
    found = [name for each in asked for name in engine.run(*each).split()]
    return [name for name in found if name != "podman"]  # the network podman always names


def why_not(engine: Engine, folder: Path, *options: str) -> str | None:
    """Why no container starts here with these options, in a sentence; None when one does.

    A sandbox may forbid what containers are made of. The trial needs no image: one program.
    """
    shutil.copy(Path(sys.executable).with_name("nats-server"), folder / "nats-server")
    program = (str(folder), "/nats-server", "--version")
    try:
        engine.run("run", "--rm", *options, "--rootfs", *program, within_seconds=_TRIAL_SECONDS)
    except EngineFailed as failed:
        return f"No container starts on this machine. {failed}"
    return None
