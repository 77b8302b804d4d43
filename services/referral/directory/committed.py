"""The committed directory, read from its files: `deploy/directory/`, or the operator's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.referral.directory.index import Directory
from services.referral.lists.hsds import DirectoryFlawed, RowFlaw, read_relays

#: Beside the programmes: what is deployed with a line, not what the line is made of.
COMMITTED = Path(__file__).resolve().parents[3] / "deploy" / "directory"


def read_directory(folder: Path = COMMITTED) -> Directory:
    """Read `relays.json` and `departements.json` of a folder.

    Raises DirectoryFlawed with every row that is wrong, or with the file that cannot be read.
    """
    return Directory(read_relays(document(folder / "relays.json"), read_departements(folder)))


def read_departements(folder: Path = COMMITTED) -> frozenset[str]:
    """INSEE codes of the départements there are. Raises DirectoryFlawed."""
    return frozenset(read_zones(folder))


def read_zones(folder: Path = COMMITTED) -> Mapping[str, str]:
    """The clock (IANA zone) of each département, by INSEE code. Raises DirectoryFlawed."""
    listed = document(folder / "departements.json")
    try:
        rows: Any = listed["departements"]
        return {str(each["code"]): str(each.get("timezone", "Europe/Paris")) for each in rows}
    except (AttributeError, KeyError, TypeError):
        raise DirectoryFlawed((RowFlaw("departements.json", "departements", "no codes"),)) from None


def document(path: Path) -> dict[str, object]:
    """Read a file of JSON; raises DirectoryFlawed when it cannot be read, or is no object."""
    try:
        read = json.loads(path.read_bytes())
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise DirectoryFlawed((RowFlaw(path.name, "file", why),)) from None
    except (ValueError, RecursionError) as error:
        raise DirectoryFlawed((RowFlaw(path.name, "file", f"no JSON: {error}"),)) from None
    if not isinstance(read, dict):
        raise DirectoryFlawed((RowFlaw(path.name, "file", "no JSON object"),))
    return read
