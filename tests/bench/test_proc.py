"""Reading the kernel's figures of processes."""

import os
import subprocess
import sys

from bench.proc import cpu_seconds, pss_mb, stat_from


def test_stat_line_is_read_behind_a_name_with_spaces_and_brackets() -> None:
    line = "42 (a ) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 9 0 1 2 3"
    stat = stat_from(line)
    assert stat.parent == 7
    ticks = os.sysconf("SC_CLK_TCK")
    assert stat.own_seconds == 300 / ticks
    assert stat.ended_children_seconds == 50 / ticks


def test_cpu_of_a_child_counts_before_and_after_it_has_ended() -> None:
    before = cpu_seconds([os.getpid()])
    spin = "import time\nwhile time.process_time() < 0.3: pass\nprint('spun', flush=True); input()"
    child = subprocess.Popen(
        (sys.executable, "-c", spin), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"spun\n"
    during = cpu_seconds([os.getpid()])
    child.communicate(b"\n")
    after = cpu_seconds([os.getpid()])
    assert during - before >= 0.25
    assert after >= during - 0.02  # the kernel counts in ticks of 10 ms


def test_cpu_of_a_process_that_is_not_there_is_nothing() -> None:
    gone = subprocess.Popen((sys.executable, "-c", ""))
    gone.wait()
    assert cpu_seconds([gone.pid]) == 0


def test_memory_of_a_child_is_counted_with_its_parent() -> None:
    alone = pss_mb([os.getpid()])
    hold = "held = bytearray(b'x') * 60_000_000; print('held', flush=True); input()"
    child = subprocess.Popen(
        (sys.executable, "-c", hold), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    both = pss_mb([os.getpid()])
    child.communicate(b"\n")
    assert both - alone > 50
