"""Starting and ending programs: nothing may be left over."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from deploy.embedded.processes import Program, log_since, spawn, stop

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def test_child_dies_with_its_parent_even_when_it_ignores_polite_signals(tmp_path: Path) -> None:
    parent = f"""
import os, sys, time
from pathlib import Path
from deploy.embedded.processes import Program, spawn
log = Path({str(tmp_path / "log")!r})
child = spawn(Program("stubborn", (sys.executable, "-c", {STUBBORN!r}), log))
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen((sys.executable, "-c", parent), stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        child_pid = int(started.stdout.readline())
        _wait_for_word(tmp_path / "log", "up")
        started.send_signal(signal.SIGKILL)
    _wait_until_dead(child_pid)


def test_ctrl_c_in_the_terminal_reaches_only_us(tmp_path: Path) -> None:
    program = a_program(tmp_path, "print('up', flush=True); import time; time.sleep(60)")
    child = spawn(program)
    _wait_for_word(program.log, "up")
    assert os.getpgid(child.pid) != os.getpgid(0)
    assert stop(child, program)


def test_program_that_does_not_stop_in_its_grace_is_killed(tmp_path: Path) -> None:
    program = a_program(tmp_path, STUBBORN)
    child = spawn(program)
    _wait_for_word(program.log, "up")
    assert not stop(child, program)
    assert child.returncode == -signal.SIGKILL


def test_programs_own_children_die_with_it(tmp_path: Path) -> None:
    program = a_program(
        tmp_path,
        "import subprocess, sys; c = subprocess.Popen(['sleep', '60']); print(c.pid, flush=True);"
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); c.wait()",
    )
    child = spawn(program)
    grandchild = int(_wait_for_word(program.log, "\n"))
    stop(child, program)
    _wait_until_dead(grandchild)


def test_log_is_continued_and_its_new_part_can_be_read(tmp_path: Path) -> None:
    program = a_program(tmp_path, "print('second')")
    program.log.write_text("first\n")
    spawn(program).wait()
    assert program.log.read_text() == "first\nsecond\n"
    assert log_since(program.log, len("first\n")) == "second\n"


def a_program(folder: Path, code: str) -> Program:
    """A Python program with little grace."""
    return Program(
        "trial", (sys.executable, "-c", code), folder / "log", grace=timedelta(seconds=0.3)
    )


def _wait_for_word(log: Path, word: str) -> str:
    give_up_at = time.monotonic() + 20
    while not log.exists() or word not in log.read_text():
        assert time.monotonic() < give_up_at, f"{word!r} never came"
        time.sleep(0.02)
    return log.read_text()


def _wait_until_dead(pid: int) -> None:
    give_up_at = time.monotonic() + 20
    while _is_alive(pid):
        assert time.monotonic() < give_up_at, f"process {pid} lives on"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and waits for its parent does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
