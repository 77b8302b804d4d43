"""The folder of a day: made anew, and never somebody else's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.day.host import Wanted, alone_in, platform_for
from deploy.embedded.trouble import StartRefused


def a_day_in(folder: Path) -> Wanted:
    return Wanted(folder, 60.0, datetime(2026, 1, 5, tzinfo=UTC), False, False)


def test_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    with pytest.raises(StartRefused, match="letters"), platform_for(a_day_in(tmp_path), tmp_path):
        pass
    assert (tmp_path / "letters").exists()


@pytest.mark.slow
def test_folder_of_an_earlier_day_is_used_again(postgres_folder: Path) -> None:
    """Also where Postgres lies inside it with a copy of its programs, as below /tmp for root."""
    wanted, out = a_day_in(postgres_folder / "day"), postgres_folder
    with platform_for(wanted, out) as first:
        assert first.rate == 60.0
    (wanted.run_dir / "binaries-1-1").mkdir(exist_ok=True)
    with platform_for(wanted, out) as again:
        assert again.pids != first.pids


def test_a_second_day_in_the_same_folder_is_refused_before_it_writes_anything(
    tmp_path: Path,
) -> None:
    with (
        alone_in(tmp_path),
        pytest.raises(StartRefused, match="being played"),
        alone_in(tmp_path),
    ):
        pass
    with alone_in(tmp_path):  # over, it may be used again
        pass
