"""The whole platform from one command: it says where it is, survives kill -9, leaves nothing."""

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pytest

from deploy import down
from deploy.embedded.runfolder import open_run_folder
from deploy.platform import read_platform
from tests.running import a_platform, start_platform, wait_for

#: A platform starts in seconds; a machine that runs other suites beside takes far longer.
pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["one process", "--processes"])
def test_whatever_is_killed_comes_back_and_the_rest_goes_on(
    postgres_folder: Path, shape: str
) -> None:
    with a_platform(postgres_folder, *([shape] if shape.startswith("-") else [])) as (_, before):
        for name, pid in before.pids.items():
            os.kill(pid, signal.SIGKILL)
            _wait_until_replaced(postgres_folder, name, pid)
        wait_for(lambda: all(map(_is_ready, before.operations.values())))
        after = read_platform(open_run_folder(postgres_folder))
    assert after.pids.keys() == before.pids.keys()
    assert set(after.pids.values()).isdisjoint(before.pids.values())
    assert (after.nats_url, after.owner_dsn) == (before.nats_url, before.owner_dsn)


@pytest.mark.slow
def test_it_stops_cleanly_and_finds_its_rows_and_addresses_again(postgres_folder: Path) -> None:
    with a_platform(postgres_folder) as (process, first):
        with psycopg.connect(first.owner_dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE public.kept AS SELECT 1 AS x")
        _assert_second_is_refused(postgres_folder, process.pid)
        assert down.main(["--run-dir", str(postgres_folder)]) == 0
        assert process.wait(20) == 0
    assert not any(map(_is_alive, first.pids.values()))
    assert not (postgres_folder / "platform.json").exists()

    with a_platform(postgres_folder) as (_, second):
        assert second.doors == first.doors
        assert second.nats_url == first.nats_url
        with psycopg.connect(second.owner_dsn) as connection:
            assert connection.execute("SELECT x FROM public.kept").fetchone() == (1,)


@pytest.mark.slow
def test_nothing_outlives_a_killed_platform_and_it_starts_again(postgres_folder: Path) -> None:
    with a_platform(postgres_folder) as (process, first):
        process.kill()
        process.wait()
        wait_for(lambda: not any(map(_is_alive, first.pids.values())))
    with a_platform(postgres_folder) as (_, second):
        assert second.postgres_port == first.postgres_port


def test_taken_door_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        open_run_folder(tmp_path).ports.path.write_text(json.dumps({"intake": taken}))
        refused = start_platform(tmp_path)
        said = refused.communicate(timeout=30)[0]
    assert refused.returncode == 1
    assert f"Port {taken}" in said
    assert "--spare-ports" in said
    assert list((tmp_path / "log").iterdir()) == [], "something was started"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    {
        "a time without an offset": (["--at", "2020-04-06T08:00:00"], "with its offset"),
        "a clock that stands still": (["--speed", "0"], "above 0"),
    }.values(),
)
def test_wrong_wishes_are_refused(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    refused = start_platform(tmp_path, *arguments)
    assert complaint in refused.communicate(timeout=30)[0]
    assert refused.returncode == 2


def _assert_second_is_refused(folder: Path, pid: int) -> None:
    second = start_platform(folder)
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert f"process {pid}" in said
    assert "./just down" in said


def _wait_until_replaced(folder: Path, name: str, pid: int) -> None:
    wait_for(lambda: read_platform(open_run_folder(folder)).pids.get(name, pid) != pid)


def _is_ready(operations_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{operations_url}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
