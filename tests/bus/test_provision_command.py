"""Keys, the configuration made of them, and the command an operator calls."""

import json
import stat
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from nats.js.api import ConsumerConfig

from services.bus.provision.__main__ import main
from services.bus.provision.declared import PILOT
from services.bus.provision.keys import KeyRefused, ensure_keys, key_names
from services.bus.provision.permissions import accounts_conf, server_conf
from tests.bus.provision_ground import TABLES, Ground, a_ground, a_service, by_hand


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A server of the test's own, with accounts and nothing in it."""
    with a_ground(tmp_path) as running:
        yield running


# --- keys and configuration -----------------------------------------------------------------------


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = ensure_keys(folder, TABLES)
    again = ensure_keys(folder, (*TABLES, a_service("newcomer")))

    assert again.items() > first.items()
    assert len(set(again.values())) == len(again) == len(TABLES) + 3
    assert {path.name for path in folder.iterdir()} == {f"{name}.nk" for name in again}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_key_that_is_not_private_or_not_a_key_is_refused(tmp_path: Path) -> None:
    ensure_keys(tmp_path, TABLES)
    triage = tmp_path / "triage.nk"

    triage.chmod(0o640)
    with pytest.raises(KeyRefused, match="read by others"):
        ensure_keys(tmp_path, TABLES)
    triage.chmod(0o600)
    for wrong in ("", "hello", "SUAAAA", "é"):
        triage.write_text(wrong)
        with pytest.raises(KeyRefused, match=r"triage\.nk"):
            ensure_keys(tmp_path, TABLES)


@pytest.mark.parametrize("name", ["../triage", "Triage", "a b", "", "x" * 30, "a.b", "triage\n"])
def test_name_that_could_leave_its_file_or_subject_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyRefused):
        ensure_keys(tmp_path / "keys", (a_service(name),))


def test_configuration_names_public_keys_only_and_is_the_same_each_time(tmp_path: Path) -> None:
    public_keys = ensure_keys(tmp_path, TABLES)
    conf = server_conf(TABLES, public_keys, tmp_path)

    assert all(public in conf for public in public_keys.values())
    assert not any(path.read_text() in conf for path in tmp_path.glob("*.nk"))
    assert accounts_conf(tuple(reversed(TABLES)), public_keys) in conf
    assert set(key_names(TABLES)) == set(public_keys)


def test_server_forces_every_event_to_disk(ground: Ground) -> None:
    with urllib.request.urlopen(f"{ground.server.address.monitoring_url}/jsz") as told:
        config = json.load(told)["config"]

    assert config["sync_always"] is True
    assert config["max_storage"] == PILOT.store_bytes


# --- the command ----------------------------------------------------------------------------------


def run(ground: Ground, command: str, *more: str) -> int:
    """Run the command line tool on the tables of these tests."""
    return main(
        [
            command,
            *("--url", ground.url, "--keys", str(ground.keys)),
            *("--tables", "tests.bus.provision_ground:TABLES"),
            *more,
        ]
    )


def test_check_fails_naming_each_difference_until_applied(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ground, "check") == 1
    assert "differs: CONTACT existence: declared 'present', live None" in capsys.readouterr().out
    assert run(ground, "plan") == 0
    assert "would change: CONTACT existence" in capsys.readouterr().out
    assert run(ground, "apply") == 0
    assert "was: CONTACT existence" in capsys.readouterr().out
    assert run(ground, "check") == 0
    assert capsys.readouterr().out == "NATS is as declared.\n"

    by_hand(
        ground,
        lambda js: js.add_consumer(
            "CONTACT", ConsumerConfig(durable_name="mine", max_deliver=3), name="mine"
        ),
    )
    assert run(ground, "check") == 1
    assert "CONTACT/mine existence" in capsys.readouterr().out
    assert run(ground, "apply", "--remove-durables") == 0
    assert run(ground, "check") == 0


def test_tool_says_what_is_wrong_without_nats_or_without_keys(
    ground: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ground, "check", "--keys", str(tmp_path / "none")) == 2
    assert "none/checker.nk" in capsys.readouterr().out
    ground.server.stop()
    assert run(ground, "check") == 2
    assert f"NATS at {ground.url}" in capsys.readouterr().out


def test_conf_makes_missing_keys_and_prints_no_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys"
    arguments = ["conf", "--keys", str(keys), "--store", str(tmp_path), "--scale", "permanent"]
    assert main([*arguments, "--tables", "tests.bus.provision_ground:TABLES"]) == 0

    printed = capsys.readouterr().out
    assert "sync_interval: always" in printed
    assert len(list(keys.glob("*.nk"))) == len(TABLES) + 2
    assert not any(path.read_text() in printed for path in keys.glob("*.nk"))


def test_conf_is_written_whole_where_there_is_no_shell_to_redirect_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, into = tmp_path / "keys", tmp_path / "conf" / "server.conf"
    into.parent.mkdir()
    arguments = ["conf", "--keys", str(keys), "--store", str(tmp_path)]
    arguments += ["--tables", "tests.bus.provision_ground:TABLES"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert main([*arguments, "--into", str(into)]) == 0

    assert capsys.readouterr().out == ""
    assert into.read_text() == printed
    assert list(into.parent.iterdir()) == [into]


def test_nats_that_starts_meanwhile_is_waited_for_as_long_as_asked(
    ground: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = urlsplit(ground.url).port
    ground.server.stop()
    ground.server.config.write_text(
        ground.server.config.read_text().replace("127.0.0.1:-1", f"127.0.0.1:{port}", 1)
    )
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(run, ground, "apply", "--within", "30")
        time.sleep(1)  # the tool has been refused by now, more than once
        assert not asked.done()
        ground.server.start()
        assert asked.result() == 0

    missing = ("--keys", str(tmp_path / "none"))
    begun_at = time.monotonic()
    assert run(ground, "check", "--within", "30", *missing) == 2
    assert time.monotonic() - begun_at < 10, "a key that is not there will not come"
