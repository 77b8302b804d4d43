"""Keeps programs running: what dies is started again, and all end with us.

A crash is answered at once (0.1 s), so that a caller waits no longer than a restart takes; only a
program that keeps dying is started less and less often. One thread, asleep until something ends.
"""

import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

from deploy.embedded.processes import Program, kill, log_since, size_of, spawn
from deploy.embedded.trouble import StartRefused, known_trouble

FIRST_WAIT = timedelta(seconds=0.1)
LONGEST_WAIT = timedelta(seconds=5)
#: A program that ran this long before it died is not one that keeps dying.
STEADY_AFTER = timedelta(seconds=10)


class StopAsked(BaseException):
    """Somebody asked the platform to stop (Ctrl-C or SIGTERM) while it was starting."""


def wait_before_restart(deaths_in_a_row: int) -> timedelta:
    """Return how long to wait before the next start; `deaths_in_a_row` counts from 1."""
    doubled = FIRST_WAIT * (1 << min(deaths_in_a_row - 1, 10))
    return min(doubled, LONGEST_WAIT)


class Signals:
    """What the outside says: stop, or a child ended. `wait` sleeps until either, or a time."""

    def __init__(self) -> None:
        self.stops_asked = 0
        #: While starting, a stop interrupts whatever is being waited for.
        self.interrupts = True
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    @contextmanager
    def heard(self) -> Iterator["Signals"]:
        """Listen for the length of the block; main thread only."""
        handlers = {
            signal.SIGINT: self._note_stop,
            signal.SIGTERM: self._note_stop,
            signal.SIGCHLD: _note_nothing,  # wakes `wait`; the programs are asked one by one
        }
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means: go on
            handlers[signal.SIGHUP] = self._note_stop  # the terminal was closed
        wake_before = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, handlers[number]) for number in handlers}
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wake_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._woken.close()
            self._waker.close()

    def wait(self, patience: timedelta) -> None:
        """Sleep until a signal comes or the time is over."""
        select.select([self._woken], [], [], max(patience.total_seconds(), 0))
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stops_asked += 1
        if self.interrupts:
            self.interrupts = False
            raise StopAsked


def _note_nothing(_number: int, _frame: FrameType | None) -> None:
    """Exist: a signal without a handler would not wake anybody."""


@dataclass
class _Watched:
    """One program and its life so far; times are machine time, in seconds."""

    program: Program
    child: subprocess.Popen[bytes] | None
    started_at: float
    log_start_bytes: int
    deaths_in_a_row: int = 0
    start_again_at: float = 0.0


class Watch:
    """The programs of a platform, in the order they were started.

    `tell` hears one line for each death and restart; `changed` is called when a process number is
    no longer what it was.
    """

    def __init__(
        self,
        signals: Signals,
        tell: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._signals = signals
        self._tell = tell
        self._changed = changed
        self._watched: list[_Watched] = []

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program and keep it from now on."""
        log_start_bytes = size_of(program.log)
        child = spawn(program)
        self._watched.append(_Watched(program, child, time.monotonic(), log_start_bytes))
        return child

    def pids(self) -> dict[str, int]:
        """Return the process number of each program that runs now."""
        return {w.program.name: w.child.pid for w in self._watched if w.child is not None}

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep the programs running until somebody asks to stop, or `until` holds.

        `until` is asked whenever a child of ours ends, watched or not.
        """
        self._signals.interrupts = False
        while self._signals.stops_asked == 0 and not until():
            self._signals.wait(self._look_after_all())

    def _look_after_all(self) -> timedelta:
        """Bury and start what needs it; return how long nothing else is due."""
        now = time.monotonic()
        for watched in self._watched:
            if watched.child is not None and watched.child.poll() is not None:
                self._bury(watched, now)
            if watched.child is None and watched.start_again_at <= now:
                self._start_again(watched)
        due = [w.start_again_at for w in self._watched if w.child is None]
        # A minute, not for ever: a lost signal must not leave a program dead.
        return timedelta(seconds=max(min(due) - now, 0.01)) if due else timedelta(seconds=60)

    def _bury(self, watched: _Watched, now: float) -> None:
        ended = watched.child
        assert ended is not None
        if now - watched.started_at >= STEADY_AFTER.total_seconds():
            watched.deaths_in_a_row = 0
        watched.deaths_in_a_row += 1
        wait = wait_before_restart(watched.deaths_in_a_row)
        watched.start_again_at = now + wait.total_seconds()
        watched.child = None
        self._tell(
            f"{watched.program.name} {_how_it_ended(ended.returncode)}, "
            f"starts again in {wait.total_seconds():.1f} s: {_why(watched)}"
        )

    def _start_again(self, watched: _Watched) -> None:
        watched.started_at = time.monotonic()
        watched.log_start_bytes = size_of(watched.program.log)
        try:
            watched.child = spawn(watched.program)
        except (OSError, StartRefused) as refused:
            watched.deaths_in_a_row += 1
            wait = wait_before_restart(watched.deaths_in_a_row)
            watched.start_again_at = watched.started_at + wait.total_seconds()
            self._tell(f"{watched.program.name} cannot start: {refused}")
            return
        self._tell(f"{watched.program.name} runs again as process {watched.child.pid}")
        self._changed()

    def close(self) -> None:
        """Stop everything, the last started first; a second request to stop ends the patience."""
        self._signals.interrupts = False
        asked_before = max(self._signals.stops_asked, 1)
        for tier in self._tiers():
            for watched in tier:
                if watched.child is not None and watched.child.poll() is None:
                    watched.child.send_signal(watched.program.stop_signal)
            for watched in tier:
                self._await_end(watched, asked_before)

    def _tiers(self) -> list[list[_Watched]]:
        """Group the programs that may end together, the last started first."""
        tiers: list[list[_Watched]] = []
        for watched in reversed(self._watched):
            if tiers and tiers[-1][0].program.tier == watched.program.tier:
                tiers[-1].append(watched)
            else:
                tiers.append([watched])
        return tiers

    def _await_end(self, watched: _Watched, asked_before: int) -> None:
        child = watched.child
        if child is None:
            return
        give_up_at = time.monotonic() + watched.program.grace.total_seconds()
        while child.poll() is None:
            if time.monotonic() > give_up_at or self._signals.stops_asked > asked_before:
                kill(child)
                self._tell(f"{watched.program.name} did not stop in time and was killed")
                return
            self._signals.wait(timedelta(seconds=0.2))


def _why(watched: _Watched) -> str:
    """Say what its last words mean, or where they are."""
    said = log_since(watched.program.log, watched.log_start_bytes)
    known = known_trouble(said) if watched.deaths_in_a_row > 1 else None
    return " ".join(known) if known else f"see {watched.program.log}"


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
