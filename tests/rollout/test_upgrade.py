"""An upgrade and the way back under load, of who has a door and who decides.

`just upgrade` replaces all eight, which takes two minutes.
"""

from pathlib import Path

import pytest

from tests.rollout.playing import MAY_TAKE_SECONDS, played

_SERVICES = ("assignment", "intake", "console")


@pytest.mark.slow
@pytest.mark.timeout(MAY_TAKE_SECONDS + 30)
def test_nothing_is_dropped_when_services_are_replaced_and_brought_back_nor_by_a_broken_version(
    postgres_folder: Path,
) -> None:
    said = played("deploy.rollout", postgres_folder, "--services", *_SERVICES, "--broken", "work")
    assert f"Given up, and brought back: {_SERVICES[0]}" in said
    assert "0 dropped, 0 doubled; 0 parked" in said
    assert "Nothing was lost." in said
