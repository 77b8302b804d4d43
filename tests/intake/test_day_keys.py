"""Keys of days are files of their own, made once and destroyed for good."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.intake.day_keys import (
    DayKeyGone,
    DayKeys,
    DayKeysUnplaced,
    from_environment,
    gone_by,
)

NOON = datetime(2020, 11, 2, 11, 0, tzinfo=UTC)
TODAY = date(2020, 11, 2)


def test_a_day_has_one_key_and_the_next_another(tmp_path: Path) -> None:
    keys = DayKeys(tmp_path / "days")
    day, key = keys.today(NOON)
    assert (day, key) == keys.today(NOON + timedelta(hours=12, minutes=59))
    assert keys.today(NOON + timedelta(days=1))[1] != key
    assert keys.days() == (TODAY, TODAY + timedelta(days=1))


def test_whoever_comes_at_once_gets_the_same_key(tmp_path: Path) -> None:
    keys = DayKeys(tmp_path / "days")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: keys.today(NOON)[1], range(40)))
    assert len(found) == 1
    assert [path.name for path in keys.folder.iterdir()] == ["2020-11-02.day"]


def test_only_its_owner_may_read_a_key(tmp_path: Path) -> None:
    keys = DayKeys(tmp_path / "days")
    keys.today(NOON)
    (path,) = keys.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700


def test_a_destroyed_key_is_gone_for_good(tmp_path: Path) -> None:
    keys = DayKeys(tmp_path / "days")
    keys.today(NOON)
    keys.destroy(TODAY)
    keys.destroy(TODAY)
    assert not keys.exists(TODAY)
    with pytest.raises(DayKeyGone):
        keys.of(TODAY)


@pytest.mark.parametrize("said", ["", "not a key", "00" * 31])
def test_a_file_that_holds_no_key_is_none(tmp_path: Path, said: str) -> None:
    (tmp_path / "2020-11-02.day").write_text(said)
    with pytest.raises(DayKeyGone):
        DayKeys(tmp_path).of(TODAY)


def test_copies_are_gone_a_week_after_the_day() -> None:
    assert gone_by(TODAY) == datetime(2020, 11, 10, tzinfo=UTC)


def test_the_folder_is_named_or_below_the_keys(tmp_path: Path) -> None:
    with pytest.raises(DayKeysUnplaced):
        from_environment({})
    named = from_environment({"HELPLINE_INTAKE_DAY_KEYS_DIR": "/a"})
    assert named.folder == Path("/a")
    assert from_environment({"HELPLINE_KEYS_DIR": "/k"}).folder == Path("/k/days")
