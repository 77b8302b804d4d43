"""podman with a store and a configuration of its own: nothing of this machine's is used or changed.

Tried with podman 4.3 of Debian 12, as root, on a machine that is itself a small virtual one: there
crun fails and systemd is not asked, so that runc and plain cgroups are said here.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.apt import may_install, run_apt

#: Everything podman needs on a minimal Debian 12, and what makes the base image.
PACKAGES = (
    *("podman", "buildah", "runc", "conmon", "catatonit"),
    *("netavark", "aardvark-dns", "iptables", "uidmap", "debootstrap"),
)
#: Of those, what is asked for by name.
PROGRAMS = ("podman", "runc", "conmon", "debootstrap")
_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES)
HOW = f"apt-get update && {' '.join(_INSTALL)}"
#: What a build trusts, and where it finds packages, is what this machine does.
_OF_THIS_MACHINE = (Path("/etc/ssl/certs"), Path("/etc/pip.conf"))
_LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
_ENOUGH = 4096
DEFAULT_STORE = Path("/var/tmp/helpline-images")  # noqa: S108 - one for all clones, kept


class EngineFailed(Exception):
    """podman, or what it ran, ended with an error: the message holds what it said."""


@dataclass(frozen=True)
class Engine:
    """podman on one store."""

    store: Path

    def run(
        self, *arguments: str, stdin: int | None = None, within_seconds: float | None = None
    ) -> str:
        """Run one podman command; its output. EngineFailed with what it said, or when late."""
        try:
            done = subprocess.run(
                self.command(*arguments),
                stdin=stdin,
                capture_output=True,
                text=True,
                timeout=within_seconds,
                env=self.environment(),
            )
        except subprocess.TimeoutExpired as late:
            raise EngineFailed(f"podman {' '.join(arguments[:6])}: {late}") from late
        if done.returncode != 0:
            said = f"{done.stdout}\n{done.stderr}".strip()
            raise EngineFailed(f"podman {' '.join(arguments[:6])}: {said}")
        return done.stdout.strip()

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Wait until nobody else works on this store; the descriptor that says so, to hand on."""
        self.store.mkdir(parents=True, exist_ok=True)
        with (self.store / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def environment(self) -> dict[str, str]:
        """What a command is run with: ours, and where its configuration is."""
        return os.environ | {"CONTAINERS_CONF": str(self._configured())}

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The whole command line."""
        root, runroot = self.store / "root", self.store / "run"
        return ("podman", "--root", str(root), "--runroot", str(runroot), *arguments)

    def logs(self, container: str) -> str:
        """Everything a container has said, on either stream."""
        command = self.command("logs", container)
        told = subprocess.run(
            command,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return told.stdout

    def has(self, image: str) -> bool:
        """Whether an image is in the store."""
        return bool(self.run("images", "--quiet", image))

    def build(self, context: Path, containerfile: Path, tag: str, arguments: Sequence[str]) -> None:
        """Build one image from a folder; `arguments` are NAME=VALUE. Raises EngineFailed."""
        mounts = [f"--volume={path}:{path}:ro" for path in _OF_THIS_MACHINE if path.exists()]
        given = [f"--build-arg={argument}" for argument in arguments]
        tagged = (f"--file={containerfile}", f"--tag={tag}", str(context))
        self.run("build", "--network=host", *mounts, *given, *tagged)

    def forget_untagged(self) -> None:
        """Remove what only an image that was built anew has left: the store is ours alone."""
        self.run("image", "prune", "--force")

    def size_bytes(self, image: str) -> int:
        """Size of an image, base included, as unpacked files."""
        return int(self.run("image", "inspect", "--format", "{{.Size}}", image))

    def _configured(self) -> Path:
        """Write the configuration; its path."""
        self.store.mkdir(parents=True, exist_ok=True)
        # Asked for more than the machine allows, no container starts.
        limits = {name: resource.getrlimit(limit)[1] for name, limit in _LIMITS.items()}
        ulimits = ", ".join(f'"{name}={_bounded(hard)}"' for name, hard in limits.items())
        path = self.store / "containers.conf"
        path.write_text(
            f"[containers]\ndefault_ulimits = [{ulimits}]\n"
            '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "file"\n'
            '[network]\nnetwork_backend = "netavark"\n'
            f'network_config_dir = "{self.store / "networks"}"\n'
        )
        return path


def _bounded(hard: int) -> str:
    """What a container asks for: what the machine allows (negative: anything), at most enough."""
    most = _ENOUGH if hard < 0 else min(hard, _ENOUGH)
    return f"{most}:{most}"


def missing() -> str | None:
    """A sentence when podman cannot run here yet; None when it can."""
    if os.geteuid() == 0 and all(map(shutil.which, PROGRAMS)):
        return None
    return f"Images are built with podman, as root. To install it: {HOW}"


def install() -> None:
    """Install what is missing where that is allowed (root, apt)."""
    if missing() is None or not may_install():
        return
    # Lists that cannot be brought up to date may still be good enough.
    run_apt(("apt-get", "update"))
    run_apt(_INSTALL)
