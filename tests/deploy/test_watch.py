"""The watch: what dies is started again, all end with it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.embedded.processes import Program
from deploy.embedded.watch import Signals, StopAsked, Watch, wait_before_restart


@pytest.mark.parametrize(
    ("deaths", "seconds"),
    {
        "the first death is answered at once": (1, 0.1),
        "the second a little later": (2, 0.2),
        "many deaths never wait longer than five seconds": (9, 5.0),
        "a week of deaths neither": (100_000, 5.0),
    }.values(),
)
def test_wait_before_restart(deaths: int, seconds: float) -> None:
    assert wait_before_restart(deaths) == timedelta(seconds=seconds)


def test_killed_program_is_started_again_and_all_end_at_a_stop(tmp_path: Path) -> None:
    told: list[str] = []
    changes: list[dict[str, int]] = []
    seen: list[int] = []

    with Signals().heard() as signals:
        watch = Watch(signals, told.append, lambda: changes.append(watch.pids()))
        watch.start(_sleeper(tmp_path, "one"))
        watch.start(_sleeper(tmp_path, "two"))

        def kill_then_stop() -> None:
            seen.append(watch.pids()["one"])
            os.kill(seen[0], signal.SIGKILL)
            _wait_for(lambda: watch.pids().get("one", seen[0]) != seen[0])
            seen.append(watch.pids()["one"])
            os.kill(os.getpid(), signal.SIGTERM)

        outside = threading.Thread(target=kill_then_stop)
        outside.start()
        watch.run()
        outside.join()
        left = list(watch.pids().values())
        watch.close()

    assert "one was ended by SIGKILL" in told[0]
    assert "runs again" in told[-1], "both stopped when asked, nobody had to be killed"
    assert changes[-1]["one"] == seen[1]
    assert len(left) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)


def test_program_that_cannot_be_started_again_is_said_and_tried_again(tmp_path: Path) -> None:
    program_file = tmp_path / "program"
    program_file.write_text("#!/bin/sh\nexec sleep 60\n")
    program_file.chmod(0o755)
    told: list[str] = []

    with Signals().heard() as signals:
        watch = Watch(signals, told.append, lambda: None)
        child = watch.start(Program("trial", (str(program_file),), tmp_path / "log"))

        def take_away_and_give_back() -> None:
            program_file.rename(tmp_path / "away")
            os.kill(child.pid, signal.SIGKILL)
            _wait_for(lambda: any("cannot start" in line for line in told))
            (tmp_path / "away").rename(program_file)
            _wait_for(lambda: "runs again" in told[-1])
            os.kill(os.getpid(), signal.SIGTERM)

        outside = threading.Thread(target=take_away_and_give_back)
        outside.start()
        watch.run()
        outside.join()
        watch.close()

    assert "runs again" in told[-1]


def test_program_that_keeps_dying_is_said_with_what_its_last_words_mean(tmp_path: Path) -> None:
    last_words = "print('PANIC: could not write: No space left on device'); raise SystemExit(1)"
    told: list[str] = []

    with Signals().heard() as signals:
        watch = Watch(signals, told.append, lambda: None)
        watch.start(Program("trial", (sys.executable, "-c", last_words), tmp_path / "log"))
        watch.run(until=lambda: len(told) >= 3)
        watch.close()

    assert told[0].endswith(f"see {tmp_path / 'log'}"), "one death may be anything"
    assert "The disk is full. Free some space" in told[2]


def test_stop_asked_while_starting_interrupts_the_wait() -> None:
    with Signals().heard():
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(StopAsked):
            time.sleep(20)


def _sleeper(folder: Path, name: str) -> Program:
    return Program(name, (sys.executable, "-c", "import time; time.sleep(60)"), folder / name)


def _wait_for(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 20
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.02)
