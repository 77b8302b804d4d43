"""The run folder: one platform at a time, ports kept, trouble explained."""

import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.embedded.ports import KeptPorts, is_free, spare_port
from deploy.embedded.runfolder import (
    check_space,
    claim,
    claimed_by,
    open_run_folder,
    write_atomically,
)
from deploy.embedded.trouble import StartRefused, explain
from deploy.platform import Platform, read_platform, write_platform

A_PLATFORM = Platform(
    pid=0,
    folder="",
    logs="",
    keys="",
    owner_dsn="",
    postgres_port=0,
    nats_url="",
    nats_monitoring_url="",
    doors={},
    operations={},
    rate=1,
    anchor="",
    pids={},
    ready=True,
)

HOLD_CLAIM = """
import sys, time
from pathlib import Path
from deploy.embedded.runfolder import claim, open_run_folder
with claim(open_run_folder(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_platform_in_a_folder_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    run = open_run_folder(tmp_path)
    with subprocess.Popen(
        (sys.executable, "-c", HOLD_CLAIM, str(tmp_path)), stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        assert claimed_by(run) == first.pid
        with pytest.raises(StartRefused, match=f"process {first.pid}"), claim(run):
            pass
        first.send_signal(signal.SIGKILL)
    assert claimed_by(run) is None
    with claim(run):
        assert claimed_by(run) == os.getpid()


def test_port_is_the_same_next_time(tmp_path: Path) -> None:
    wanted = spare_port()
    assert KeptPorts(tmp_path / "ports.json").keep("postgres", wanted) == wanted
    assert KeptPorts(tmp_path / "ports.json").keep("postgres", spare_port()) == wanted


def test_taken_port_is_replaced_and_the_new_one_kept(tmp_path: Path) -> None:
    ports = KeptPorts(tmp_path / "ports.json")
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        chosen = ports.keep("postgres", taken)
        assert chosen != taken
        assert is_free(chosen)
    assert ports.keep("postgres", taken) == chosen


def test_taken_door_is_refused_with_its_number(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(StartRefused, match=f"Port {taken} .* intake"):
            KeptPorts(tmp_path / "ports.json").insist("intake", taken)


def test_full_disk_is_explained(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match=r"disk .* is full"):
        check_space(tmp_path, least_bytes=1 << 60)


def test_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(StartRefused, match="cannot be made or written"):
        open_run_folder(tmp_path / "run")


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    run = open_run_folder(tmp_path)
    write_atomically(run.platform_file, "a password")
    assert stat.S_IMODE(run.keys.stat().st_mode) == 0o700
    assert stat.S_IMODE(run.platform_file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("line", "problem"),
    {
        "Postgres, disk": (
            'PANIC:  could not write to file "pg_wal/xlogtemp.12": No space left on device',
            "The disk is full.",
        ),
        "NATS, port": (
            "[FTL] Error listening: listen tcp 127.0.0.1:14222: bind: address already in use",
            "A port is taken",
        ),
        "Postgres, data of root": (
            'FATAL:  data directory "/x" has wrong ownership',
            "belongs to somebody else",
        ),
    }.values(),
)
def test_lines_servers_write_are_explained(line: str, problem: str) -> None:
    assert problem in explain(line, "It ended.").problem


def test_unknown_end_shows_the_last_lines() -> None:
    refused = explain("one\ntwo\n", "It ended.")
    assert refused.problem == "It ended.\n  | one\n  | two"


def test_file_of_a_killed_platform_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    run = open_run_folder(tmp_path)
    of_the_dead = replace(A_PLATFORM, pid=1)
    write_platform(run, of_the_dead)
    with claim(run), pytest.raises(StartRefused, match="No platform runs"):
        read_platform(run)
    with claim(run):
        write_platform(run, replace(of_the_dead, pid=os.getpid()))
        assert read_platform(run).pid == os.getpid()


def test_platform_counts_once_its_lines_and_people_are_in_place(tmp_path: Path) -> None:
    run = open_run_folder(tmp_path)
    write_platform(run, replace(A_PLATFORM, pid=os.getpid(), ready=False))
    with claim(run):
        with pytest.raises(StartRefused, match="No platform runs"):
            read_platform(run)
        assert read_platform(run, even_starting=True).pid == os.getpid()
