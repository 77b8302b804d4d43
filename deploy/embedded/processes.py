"""Starting and ending one program, so that nothing is ever left over.

Each program gets a process group of its own (Ctrl-C in the terminal reaches only us, and we stop
the others in order) and a signal from the kernel when we die. The kernel ties a child to the
*thread* that started it: call `spawn` from the main thread only.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deploy.embedded.account import Account, run_as

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
#: A log longer than this is put aside when its program starts; one older log is kept.
_LONGEST_LOG_BYTES = 20 * 1024 * 1024


def _nothing() -> None:
    """Do nothing before a program starts."""


@dataclass(frozen=True)
class Program:
    """What to run, and how it is ended.

    `environment` None hands ours on. `grace` is how long a polite stop may take. `orphan_signal` is
    what the kernel sends when we die without having stopped it; None: it lives on. Programs of one
    `tier` are stopped together, lower tiers after those that stand on them.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals | None = signal.SIGKILL
    grace: timedelta = timedelta(seconds=10)
    tier: int = 0
    before_start: Callable[[], None] = _nothing


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start a program; its output goes to the end of its log."""
    program.before_start()
    _put_long_log_aside(program.log)
    with program.log.open("ab") as log:
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=program.folder,
            env=program.environment,
            start_new_session=True,
            preexec_fn=tied_to_us(program.orphan_signal) if program.orphan_signal else None,
            **run_as(program.account),
        )


def tied_to_us(orphan_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn`: the kernel sends the child this signal when we die.

    It runs in the child, after its account was changed: that change would undo it.
    """
    us = os.getpid()

    def tie() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != us:  # we died in between: the signal would never come
            os._exit(1)

    return tie


def _put_long_log_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LONGEST_LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))


def kill(child: subprocess.Popen[bytes]) -> None:
    """End a program and what it started at once, as a power cut would, and reap it."""
    with suppress(ProcessLookupError):  # it may have ended by itself a moment ago
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def stop(child: subprocess.Popen[bytes], program: Program) -> bool:
    """Stop a program politely, by force after its grace; say whether the polite way was enough."""
    if child.poll() is not None:
        return True
    child.send_signal(program.stop_signal)
    try:
        child.wait(program.grace.total_seconds())
    except subprocess.TimeoutExpired:
        kill(child)
        return False
    return True


def wait_until_gone(pid: int, is_ours: Callable[[int], bool], patience: timedelta) -> bool:
    """Wait for a program an earlier run started to end; say whether it did in time."""
    give_up_at = time.monotonic() + patience.total_seconds()
    while is_ours(pid):
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.05)
    return True


def log_since(log: Path, start_bytes: int) -> str:
    """Return what a log says from `start_bytes` on, at most its last 8,000 bytes."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        # A log put aside in between is shorter than where we began: then all of it is new.
        file.seek(max(start_bytes if start_bytes <= size else 0, size - 8_000))
        return file.read().decode(errors="replace")


def size_of(log: Path) -> int:
    """Return the size of a log in bytes; 0 when there is none yet."""
    return log.stat().st_size if log.exists() else 0
