"""The directory, brought to what a release has and reads, at its start or by its Job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlmodel import Session

from services.referral.directory import sources
from services.referral.directory.committed import COMMITTED, document, read_departements
from services.referral.directory.rereading import read_some_anew, to_read_anew
from services.referral.directory.served import RELEASE
from services.referral.lists.hsds import RowFlaw, rows_of
from services.referral.lists.importing import Imported, import_rows


def keep_directory(
    dsn: str,
    folder: Path = COMMITTED,
    tell: Callable[[int, int], None] = lambda _read, _total: None,
) -> Imported:
    """Take the directory of a folder into the database; once it stands so, nothing is changed.

    Entries of every source that an earlier release read in its own way are read anew; `tell` hears
    how many of how many. Raises DirectoryFlawed when the files cannot be read; a row that is wrong
    is left out and told.
    """
    rows, departements = rows_of(document(folder / "relays.json")), read_departements(folder)
    engine = create_engine(dsn)
    try:
        with Session(engine) as session, session.begin():
            at = datetime.now(UTC)
            taken = import_rows(session, RELEASE, rows, departements, at, whole=True)
        flaws = _read_anew(engine, departements, tell)
    finally:
        engine.dispose()
    return replace(taken, flaws=(*taken.flaws, *flaws))


def _read_anew(
    engine: Engine, departements: frozenset[str], tell: Callable[[int, int], None]
) -> list[RowFlaw]:
    flaws: list[RowFlaw] = []
    with Session(engine) as session:
        total = to_read_anew(session)
    done = 0
    while done < total:
        with Session(engine) as session, session.begin():
            some = read_some_anew(session, departements)
        if some.entries == 0:
            break
        done += some.entries
        flaws += some.flaws
        tell(done, total)
    if done:
        with Session(engine) as session, session.begin():
            sources.compare(session)
    return flaws
