"""Keys of days: files outside Postgres, one for each day (UTC, domain time), gone after a week.

A backup of the database opens nothing without them, and whoever backs up the folder keeps its
copies for `LIVES_DAYS` at most: so an erasure reaches the backups when the day's key goes. The
surprising thing: a file is made before the row that needs it commits and destroyed only once no
committed row does, so that no crash leaves a text without its key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from services.bus.sealing import KEY_BYTES, new_key

#: How long a key of a day lives, and its copies at most. Source: DESIGN 11.
LIVES_DAYS = 7
#: A day before it goes, contacts that are still kept are wrapped anew.
WRAPPED_ANEW_AFTER_DAYS = LIVES_DAYS - 1

FOLDER = "HELPLINE_INTAKE_DAY_KEYS_DIR"
KEYS_DIR = "HELPLINE_KEYS_DIR"
_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.day")


class DayKeyGone(Exception):
    """The key of this day was destroyed, or is not a key: what it wrapped opens no more."""


class DayKeysUnplaced(Exception):
    """Neither HELPLINE_INTAKE_DAY_KEYS_DIR nor HELPLINE_KEYS_DIR says where keys of days are."""


def from_environment(environ: Mapping[str, str] = os.environ) -> DayKeys:
    """The keys of this process; raises DayKeysUnplaced."""
    own, keys = environ.get(FOLDER), environ.get(KEYS_DIR)
    if own is None and keys is None:
        raise DayKeysUnplaced
    return DayKeys(Path(own) if own is not None else Path(keys or "") / "days")


def day_of(moment: datetime) -> date:
    """The day whose key wraps what is sealed at this moment."""
    return moment.astimezone(UTC).date()


def gone_by(day: date) -> datetime:
    """When the key of a day and its copies are gone, at the latest (UTC)."""
    return datetime.combine(day + timedelta(days=LIVES_DAYS + 1), time(), UTC)


@dataclass(frozen=True)
class DayKeys:
    """The folder of the keys. Read at each use: nothing destroyed lives on in memory."""

    folder: Path

    def today(self, moment: datetime) -> tuple[date, bytes]:
        """The key of the day of this moment, made when it is the first."""
        day = day_of(moment)
        path = self._path(day)
        if not path.exists():
            self._make(path)
        return day, self.of(day)

    def of(self, day: date) -> bytes:
        """The key of a day; raises DayKeyGone."""
        try:
            key = bytes.fromhex(self._path(day).read_text())
        except (OSError, ValueError):
            raise DayKeyGone(day.isoformat()) from None
        if len(key) != KEY_BYTES:
            raise DayKeyGone(day.isoformat())
        return key

    def exists(self, day: date) -> bool:
        """Whether the key of a day is still there."""
        return self._path(day).exists()

    def days(self) -> tuple[date, ...]:
        """The days whose key is there, the oldest first."""
        if not self.folder.exists():
            return ()
        names = (_FILE.fullmatch(path.name) for path in self.folder.iterdir())
        return tuple(sorted(date.fromisoformat(name[1]) for name in names if name))

    def destroy(self, day: date) -> None:
        """The key of a day goes for good; nothing happens when it has gone."""
        with suppress(FileNotFoundError):
            self._path(day).unlink()
            _sync(self.folder)

    def _path(self, day: date) -> Path:
        return self.folder / f"{day.isoformat()}.day"

    def _make(self, path: Path) -> None:
        """Write a fresh key in one step; whoever comes second finds that of the first."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(new_key().hex())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(half, path)
        half.unlink()
        _sync(self.folder)


def _sync(folder: Path) -> None:
    """Have the folder on the disk: a key that is lost with a power cut takes its texts along."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
