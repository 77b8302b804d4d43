"""The root script `just`, with an interpreter that only notes what it is asked to do."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

#: Notes its arguments; `-m venv` puts itself and a `just` that says its arguments into the folder.
INTERPRETER = """\
#!/bin/sh
echo "$*" >>"$NOTES"
case "$*" in
    *version_info*) exit "${TOO_OLD:-0}" ;;
    *"import venv"*) exit "${NO_VENV:-0}" ;;
    --version) echo "Python 3.9.2" ;;
    *"-m venv"*)
        for folder; do :; done
        rm -rf "$folder"
        mkdir -p "$folder/bin"
        cp "$0" "$folder/bin/python"
        printf '#!/bin/sh\\necho "just was asked: $*"\\n' >"$folder/bin/just"
        chmod +x "$folder/bin/just"
        ;;
    *"pip sync"*) exit "${SYNC_FAILS:-0}" ;;
esac
"""


@dataclass(frozen=True)
class House:
    """A copy of the script and the lock in a folder of its own."""

    root: Path

    def just(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script from another folder."""
        return subprocess.run(
            (str(self.root / "just"), *arguments),
            cwd="/",
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHON": str(self.root / "interpreter"),
                "NOTES": str(self.root / "notes"),
                **environment,
            },
            capture_output=True,
            text=True,
        )

    def asked(self) -> str:
        """Return what the interpreter was asked so far, and forget it."""
        notes = self.root / "notes"
        asked = notes.read_text() if notes.exists() else ""
        notes.unlink(missing_ok=True)
        return asked


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A fresh checkout."""
    for name in ("just", "requirements.txt"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "interpreter").write_text(INTERPRETER)
    (tmp_path / "interpreter").chmod(0o755)
    return House(tmp_path)


@pytest.mark.parametrize(
    ("environment", "complaint"),
    {
        "no interpreter": ({"PYTHON": "python-nowhere"}, "apt-get install python3 python3-venv"),
        "an old interpreter": ({"TOO_OLD": "1"}, "Python 3.9.2 is too old"),
        "Debian without python3-venv": ({"NO_VENV": "1"}, "apt-get install python3-venv"),
    }.values(),
)
def test_what_is_missing_is_said(house: House, environment: dict[str, str], complaint: str) -> None:
    refused = house.just("up", **environment)
    assert refused.returncode == 1
    assert complaint in refused.stderr
    assert not (house.root / ".venv").exists()


def test_first_call_installs_the_lock_and_hands_over(house: House) -> None:
    done = house.just("up", "--speed", "60")
    assert f"just was asked: --justfile {house.root}/justfile up --speed 60" in done.stdout
    asked = house.asked()
    assert "--require-hashes --no-deps" in asked
    assert "uv pip sync" in asked
    assert asked.count("--require-hashes") == 2


def test_later_calls_install_nothing(house: House) -> None:
    house.just()
    house.asked()
    house.just()
    assert house.asked() == ""


def test_changed_lock_is_installed_into_the_same_environment(house: House) -> None:
    house.just()
    house.asked()
    with (house.root / "requirements.txt").open("a") as lock:
        lock.write("# another package\n")
    house.just()
    asked = house.asked()
    assert "uv pip sync" in asked
    assert "-m venv" not in asked


def test_interrupted_installation_is_begun_anew(house: House) -> None:
    assert house.just(SYNC_FAILS="1").returncode == 1
    house.asked()
    assert "just was asked" in house.just().stdout
    assert "-m venv --clear" in house.asked()


def test_uv_is_pinned_with_its_hashes_in_the_one_lock(house: House) -> None:
    house.just()
    pinned = (house.root / ".venv" / "uv.txt").read_text()
    assert pinned.startswith("uv==")
    assert "--hash=sha256:" in pinned
    assert pinned.count("==") == 1


def test_lock_names_no_host_and_no_folder_of_a_machine() -> None:
    lock = (REPOSITORY / "requirements.txt").read_text()
    for trace in ("://", "index-url", "find-links", "/work", "/root", "/home"):
        assert trace not in lock, trace
