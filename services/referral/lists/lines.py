"""Rows of a list in a file: JSON, or a line each (NDJSON), which is read as it is needed."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from services.referral.lists.hsds import DirectoryFlawed, RowFlaw


@dataclass(frozen=True)
class Rows:
    """What stands in a file."""

    rows: Iterable[object]
    total: int
    lines: bool = False  #: each is a line of the file
    beside: Mapping[str, Any] = field(default_factory=dict)  #: the object they stand in


def rows_in(file: Path, called: str) -> Rows:
    """Rows of a file: a list, `called` or `items` in an object, or a row a line.

    Raises DirectoryFlawed where it cannot be read. A line that is no JSON is a row that is none.
    """
    try:
        with file.open("rb") as opened:
            if _is_row(opened.readline().removeprefix(BOM_UTF8)):
                opened.seek(0)
                return Rows(_lines(file), sum(1 for _ in opened), lines=True)
            opened.seek(0)
            written = opened.read().removeprefix(BOM_UTF8)
            written.decode()
            read = orjson.loads(written)
    except OSError as error:
        raise _flaw(file, error.strerror or "cannot be read") from None
    except UnicodeDecodeError as error:
        raise _flaw(file, f"no JSON: byte {error.start} is not UTF-8") from None
    except orjson.JSONDecodeError as error:
        raise _flaw(file, f"no JSON: {error}") from None
    beside = read if isinstance(read, dict) else {}
    rows = beside.get(called, beside.get("items")) if beside else read
    if not isinstance(rows, list):
        raise _flaw(file, f"a list of {called} is expected")
    return Rows(rows, len(rows), beside=beside)


def _is_row(line: bytes) -> bool:
    """Whether a first line is a row by itself, and not a whole document."""
    read = _read(line)
    return isinstance(read, dict) and "id" in read


def _lines(file: Path) -> Iterator[object]:
    with file.open("rb") as opened:
        for line in opened:
            yield _read(line.removeprefix(BOM_UTF8))


def _read(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line


def _flaw(file: Path, why: str) -> DirectoryFlawed:
    return DirectoryFlawed((RowFlaw(file.name, "file", why),))
