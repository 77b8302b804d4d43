"""The run folder: everything a running platform keeps on disk, and the claim on it.

One platform runs in a folder at a time. The claim is a lock the kernel drops when its holder dies,
so that a crash never leaves a lock behind that somebody must remove by hand.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.embedded.account import Account, can_reach, shelter_for
from deploy.embedded.ports import KeptPorts
from deploy.embedded.trouble import StartRefused

#: A first start writes about 100 MB (an empty database and its log); below this the first busy
#: hour would end in a full disk.
LEAST_FREE_BYTES = 300 * 1024 * 1024

#: Where `up` puts it and the other commands look for it, unless this variable says otherwise.
FOLDER_VARIABLE = "HELPLINE_RUN_DIR"
DEFAULT_FOLDER = Path(
    os.environ.get(FOLDER_VARIABLE) or Path(__file__).resolve().parents[2] / ".helpline"
)


@dataclass(frozen=True)
class RunFolder:
    """Names of what is in the run folder; nothing is made until `open_run_folder`."""

    root: Path

    @property
    def postgres(self) -> Path:
        """Database files, unless the server's account cannot reach them (see `place_for`)."""
        return self.root / "postgres"

    @property
    def nats(self) -> Path:
        """Configuration, streams and ports file of the NATS server."""
        return self.root / "nats"

    @property
    def keys(self) -> Path:
        """Secrets, readable by the owner only."""
        return self.root / "keys"

    @property
    def partners(self) -> Path:
        """A file for each partner organisation that was let in."""
        return self.root / "partners"

    @property
    def log(self) -> Path:
        """One log per process."""
        return self.root / "log"

    @property
    def ports(self) -> KeptPorts:
        """Ports kept between runs."""
        return KeptPorts(self.root / "ports.json")

    @property
    def platform_file(self) -> Path:
        """Where everything is, for `call`, `day` and `verify`; there only while running."""
        return self.root / "platform.json"

    @property
    def ground_file(self) -> Path:
        """There while both servers are as the code declares: services wait for it."""
        return self.root / "ground"

    def place_for(self, account: Account | None) -> Path:
        """Return a folder `account` can walk to: this one, or a shelter below /var/tmp."""
        if account is None or can_reach(self.postgres, account):
            return self.root
        return shelter_for(self.root)


def open_run_folder(root: Path) -> RunFolder:
    """Make the folder and its parts; StartRefused when it cannot be written or the disk is full."""
    run = RunFolder(root.resolve())
    try:
        for folder in (run.root, run.nats, run.log, run.keys):
            folder.mkdir(parents=True, exist_ok=True)
        run.keys.chmod(0o700)
        _check_writable(run.root)
    except OSError as refused:
        raise StartRefused(
            f"The run folder {run.root} cannot be made or written: {refused.strerror}.",
            "Give it back to who started it first, or choose another with --run-dir.",
        ) from refused
    check_space(run.root)
    return run


def _check_writable(folder: Path) -> None:
    trial = folder / ".writable"
    trial.touch()
    trial.unlink()


def check_space(folder: Path, least_bytes: int = LEAST_FREE_BYTES) -> None:
    """Refuse a disk with less than `least_bytes` left."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < least_bytes:
        raise StartRefused(
            f"The disk of {folder} is full: {free_bytes / 1e6:.0f} MB are left, "
            f"{least_bytes / 1e6:.0f} MB are needed.",
            "Free some space (df -h), or choose another disk with --run-dir.",
        )


@contextmanager
def claim(run: RunFolder) -> Iterator[None]:
    """Hold the run folder for the length of the block; StartRefused when another platform does."""
    with (run.root / "claim").open("a+") as lock:
        # Who only looks (`claimed_by`) holds the lock for an instant: that is no platform.
        if not any(_locked(lock) for _ in range(10)):
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise StartRefused(
                f"A platform already runs in {run.root} (process {holder}).",
                "Stop it with `./just down`, or choose another folder with --run-dir.",
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def _locked(lock: IO[str]) -> bool:
    """Try to take the lock; a failed try takes 20 ms."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.02)
        return False
    return True


def claimed_by(run: RunFolder) -> int | None:
    """Return the process that holds the run folder, or None when nobody does."""
    path = run.root / "claim"
    if not path.exists():
        return None
    with path.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read() or 0) or None
    return None


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file in one step: a reader sees the old text or the new one, never a half."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    new.replace(path)
