"""Lists of relays, taken in and written out, as tests of the directory want them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine
from sqlmodel import Session

from contracts.vocabulary import Need
from services.bus.testing import ServiceUnderTest
from services.referral.directory import entries
from services.referral.directory.committed import COMMITTED, read_departements
from services.referral.lists.exporting import written
from services.referral.lists.hsds import read_row
from services.referral.lists.importing import Imported, Reader, import_rows
from services.referral.lists.standard import breaches

DOCUMENT: dict[str, Any] = json.loads((COMMITTED / "relays.json").read_bytes())
ROWS: list[dict[str, Any]] = DOCUMENT["services"]
DEPARTEMENTS = read_departements()
LATER = datetime(2026, 3, 1, tzinfo=UTC)


def taken(
    it: ServiceUnderTest,
    rows: Iterable[Any],
    source: str = "a list",
    *,
    whole: bool = True,
    read: Reader = read_row,
    tell: Callable[[int], None] = lambda _: None,
) -> Imported:
    engine = create_engine(it.owner_dsn)
    with Session(engine) as session, session.begin():
        imported = import_rows(
            session, source, rows, DEPARTEMENTS, LATER, whole=whole, read=read, tell=tell
        )
    engine.dispose()
    return imported


def counts(imported: Imported) -> tuple[int, int, int, int]:
    return imported.new, imported.changed, imported.unchanged, imported.closed


def row(slug: str, **changed: Any) -> dict[str, Any]:
    """The row of 3114 by another name, with other fields of ours."""
    (like,) = (each for each in ROWS if each["x_relay"]["slug"] == "fr-3114")
    made = deepcopy(like)
    made["status"] = changed.pop("status", "active")
    made["x_relay"] |= {"slug": slug} | changed
    return made


def active(it: ServiceUnderTest, need: Need = Need.CRISE_SUICIDAIRE) -> set[str]:
    found = it.read(lambda session: entries.serving(session, [need], "FR", None))
    return {relay.slug for relay in found.serving(need, "FR", None)}


def exported(it: ServiceUnderTest, source: str | None = None) -> list[dict[str, Any]]:
    """What is known, as HSDS, each row held against HSDS."""
    pieces = it.read(lambda session: list(written(session, {"x_profile": {}}, source)))
    rows: list[dict[str, Any]] = json.loads(b"".join(pieces))["services"]
    for each in rows:
        assert list(breaches(each)) == [], each["x_relay"]["slug"]
    return rows
