"""What a console that must not start says, as the process that was started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EX_CONFIG = 78

REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "anybody could sign in from anywhere": (
        {"HELPLINE_ENVIRONMENT": "development", "HELPLINE_HOST": "0.0.0.0"},
        "the console listens on 0.0.0.0: whoever reaches it could act as anybody",
    ),
    "anybody could sign in in production": (
        {"HELPLINE_ENVIRONMENT": "production"},
        "this is not development",
    ),
    "nobody could sign in": (
        {"HELPLINE_ENVIRONMENT": "production", "HELPLINE_DEVELOPMENT_KEY_FILE": ""},
        "Nobody could sign in: set HELPLINE_OIDC_ISSUER",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_console_that_must_not_start_says_why_in_one_line_and_ends(
    tmp_path: Path, case: str
) -> None:
    changes, said = REFUSED[case]
    for name in ("console.pg", "console.nk", "key"):
        (tmp_path / name).write_text("k" * 40)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HELPLINE_")
    } | {
        "HELPLINE_NATS_URL": "nats://127.0.0.1:1",
        "HELPLINE_POSTGRES_HOST": "127.0.0.1",
        "HELPLINE_POSTGRES_PORT": "1",
        "HELPLINE_KEYS_DIR": str(tmp_path),
        "HELPLINE_OPS_PORT": "0",
        "HELPLINE_CONSOLE_PORT": "0",
        "HELPLINE_DEVELOPMENT_KEY_FILE": str(tmp_path / "key"),
    }
    started = subprocess.run(
        (sys.executable, "-m", "services.run", "console"),
        cwd=REPOSITORY,
        env=environment | changes,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    lines = [*started.stdout.splitlines(), *started.stderr.splitlines()]
    told = [json.loads(line) for line in lines if "cannot start" in line]
    assert started.returncode == EX_CONFIG, lines
    assert said in told[0]["reason"]
    assert "Traceback" not in started.stderr
