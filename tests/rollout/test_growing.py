"""From one server to three on a whole platform, with kills in the middle of it.

`just rehearse` restarts each of the three afterwards, too, which test_moving.py does on a table.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rollout.playing import MAY_TAKE_SECONDS, played


@pytest.mark.slow
@pytest.mark.timeout(MAY_TAKE_SECONDS + 30)
def test_a_platform_grows_under_load_whatever_is_killed_meanwhile(
    postgres_folder: Path, record_property: Callable[[str, object], None]
) -> None:
    said = played("deploy.rollout.growing", postgres_folder, "--no-restarts")
    assert "0 dropped, 0 doubled; 0 parked" in said
    assert "checker: nothing is wrong" in said
    for killed in ("the old server and a service", "the move", "a new server"):
        assert f"(kill {killed})" in said
    (pause,) = re.findall(r"no event was taken for [0-9.]+ s", said)
    record_property("figure", pause)
