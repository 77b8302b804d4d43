"""The directory that comes with a release, put into the database at its start or by its Job."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine
from sqlmodel import Session

from services.referral.directory import COMMITTED, document, read_departements
from services.referral.hsds import rows_of
from services.referral.importing import Imported, import_rows

#: Whose list it is, beside those an operator imports.
RELEASE = "release"


def keep_directory(dsn: str, folder: Path = COMMITTED) -> Imported:
    """Take the directory of a folder into the database; once it stands so, nothing is changed.

    Raises DirectoryFlawed when the files cannot be read; a row that is wrong is left out and told.
    """
    rows, departements = rows_of(document(folder / "relays.json")), read_departements(folder)
    engine = create_engine(dsn)
    try:
        with Session(engine) as session, session.begin():
            return import_rows(session, RELEASE, rows, departements, datetime.now(UTC), whole=True)
    finally:
        engine.dispose()
