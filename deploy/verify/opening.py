"""Tries to open every sealed text with the keys that are there: of the ledger, and of a backup.

Read-only, and nothing of what is written leaves this file: only whether it opened. A backup is a
plain dump (`pg_dump`, or `pg_restore -f -`) of intake's schema; of it the tables of texts and keys
are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, text

from services.bus.sealing import WrongKey
from services.intake.day_keys import DayKeyGone, DayKeys
from services.intake.seal import unseal, unwrap

_TEXTS, _KEYS = "intake.sealed_text", "intake.contact_key"
_KEPT = f"SELECT sealed_id, contact_id, kind, sealed_at, sealed FROM {_TEXTS}"  # noqa: S608
_WRAPPED = f"SELECT contact_id, day, wrapped FROM {_KEYS}"  # noqa: S608


class BackupUnreadable(Exception):
    """The backup is no plain dump that holds intake's texts and their keys."""


class TextStanding(NamedTuple):
    """A text the ledger holds."""

    sealed_id: str
    contact_id: str
    kind: str
    sealed_at: datetime  #: domain time
    has_key: bool  #: its contact's key is in the ledger
    opens: bool


class BackupText(NamedTuple):
    """A text of a backup; `day` is of the key that wraps its own, None without one."""

    sealed_id: str
    contact_id: str
    day: date | None
    opens_with_ledger: bool  #: with the key the ledger has of its contact now
    opens: bool  #: with the key the backup has of it


@dataclass(frozen=True)
class Opened:
    """What was tried."""

    texts: tuple[TextStanding, ...]
    contact_keys: tuple[tuple[str, date], ...]  #: of the ledger: contact and day
    days: tuple[date, ...]  #: whose keys are on the disk
    backup: tuple[BackupText, ...]


NOTHING_OPENED = Opened((), (), (), ())


class _Text(NamedTuple):
    sealed_id: str
    contact_id: str
    sealed: bytes


@dataclass(frozen=True)
class _Key:
    day: date
    wrapped: bytes


def try_to_open(connection: Connection, keys: DayKeys, backup: Path | None) -> Opened:
    """Try every text; raises BackupUnreadable, and OSError when there is no backup."""
    held = {
        row.contact_id: _Key(row.day, bytes(row.wrapped))
        for row in connection.execute(text(_WRAPPED))
    }
    texts = [
        TextStanding(
            row.sealed_id,
            row.contact_id,
            row.kind,
            row.sealed_at,
            row.contact_id in held,
            _opens(_Text(row.sealed_id, row.contact_id, bytes(row.sealed)), held, keys),
        )
        for row in connection.execute(text(_KEPT))
    ]
    return Opened(
        texts=tuple(texts),
        contact_keys=tuple((contact, key.day) for contact, key in held.items()),
        days=keys.days(),
        backup=() if backup is None else tuple(_of_backup(backup, held, keys)),
    )


def _opens(sealed: _Text, wrapped: Mapping[str, _Key], keys: DayKeys) -> bool:
    key = wrapped.get(sealed.contact_id)
    if key is None:
        return False
    try:
        contact_key = unwrap(keys.of(key.day), key.wrapped, sealed.contact_id)
        unseal(contact_key, sealed.sealed, sealed.contact_id, sealed.sealed_id)
    except (DayKeyGone, WrongKey):
        return False
    return True


# --- a backup -------------------------------------------------------------------------------------


def _of_backup(path: Path, held: Mapping[str, _Key], keys: DayKeys) -> Iterator[BackupText]:
    with path.open(encoding="utf-8") as lines:
        tables = _tables_in(lines)
    if not tables.keys() >= {_TEXTS, _KEYS}:
        raise BackupUnreadable(f"{path} lacks {_TEXTS} or {_KEYS}")
    theirs = {
        row["contact_id"]: _Key(date.fromisoformat(row["day"]), _bytes(row["wrapped"]))
        for row in tables[_KEYS]
    }
    for row in tables[_TEXTS]:
        sealed = _Text(row["sealed_id"], row["contact_id"], _bytes(row["sealed"]))
        key = theirs.get(sealed.contact_id)
        yield BackupText(
            sealed.sealed_id,
            sealed.contact_id,
            None if key is None else key.day,
            _opens(sealed, held, keys),
            _opens(sealed, theirs, keys),
        )


def _tables_in(lines: Iterable[str]) -> Mapping[str, list[Mapping[str, str]]]:
    """The rows of a plain dump's `COPY table (columns) FROM stdin;` blocks."""
    tables: dict[str, list[Mapping[str, str]]] = {}
    reading: list[Mapping[str, str]] | None = None
    columns: list[str] = []
    for line in (each.rstrip("\n") for each in lines):
        if reading is None and line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            name, _, listed = line.removeprefix("COPY ").partition(" (")
            columns = listed.removesuffix(") FROM stdin;").split(", ")
            reading = tables.setdefault(name, [])
        elif line == r"\.":
            reading = None
        elif reading is not None:
            reading.append(dict(zip(columns, line.split("\t"), strict=True)))
    return tables


def _bytes(written: str) -> bytes:
    r"""A value of `COPY`: `\\x` and hexadecimal digits."""
    return bytes.fromhex(written.removeprefix("\\\\x"))
