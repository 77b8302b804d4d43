"""Lists of relays on their way into a running platform and out of it, and against their standard.

A national list has 140,000 services: it is read and written row by row, and whoever waits sees how
far it has come.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from deploy.as_service import service_dsn
from deploy.embedded.trouble import StartRefused
from services.referral.directory import entries
from services.referral.directory.committed import document, read_zones
from services.referral.lists.exporting import written
from services.referral.lists.hsds import DirectoryFlawed, RowFlaw, read_row, rows_of
from services.referral.lists.importing import Imported, Reader, import_rows
from services.referral.lists.lines import rows_in

#: Flaws that are shown at the terminal; all of an import are written down.
MOST_SHOWN = 20
#: How a list may be written.
HSDS, INCLUSION = "hsds", "data-inclusion"


@dataclass(frozen=True)
class _List:
    """A list in its file: its rows, how many there are, and who can read them."""

    rows: Iterable[object]
    total: int
    read: Reader


def import_list(options: argparse.Namespace, departements: frozenset[str]) -> int:
    """Take `options.file` into the running platform; 1 when a row was refused."""
    try:
        listed = _list_in(options)
        with _directory(options.run_dir) as session, _progress() as progress:
            bar = progress.add_task(options.source, total=listed.total)
            taken = import_rows(
                session,
                options.source,
                listed.rows,
                departements,
                datetime.now(UTC),
                whole=not options.part,
                read=listed.read,
                tell=lambda read: progress.update(bar, completed=read),
            )
    except (DirectoryFlawed, StartRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    except (SQLAlchemyError, psycopg.Error) as away:
        return _not_done("Nothing was taken in", away)
    except KeyboardInterrupt:
        print("Stopped; nothing was taken in.", file=sys.stderr)
        return 130
    return _told(taken, options.file)


def _not_done(what: str, away: Exception) -> int:
    print(f"{what}: the database does not answer ({type(away).__name__}).", file=sys.stderr)
    return 1


def _list_in(options: argparse.Namespace) -> _List:
    """Raises DirectoryFlawed where the file cannot be read, or nothing is in it."""
    listed = _read_list(options)
    if not listed.total:
        why = "no row is in it; nothing was closed"
        raise DirectoryFlawed((RowFlaw(options.file.name, "file", why),))
    return listed


def _read_list(options: argparse.Namespace) -> _List:
    if options.format == HSDS:
        rows = rows_of(document(options.file))
        return _List(rows, len(rows), read_row)
    # Its publisher's models are looked for only where they are asked for.
    inclusion = importlib.import_module("services.referral.lists.inclusion")
    services = rows_in(options.file, "services")
    apart = options.structures
    structures = rows_in(apart, "structures").rows if apart else services.beside.get("structures")
    known = inclusion.read_structures(structures or ())
    read = inclusion.Inclusion(known, read_zones(options.folder), services.lines).read
    return _List(services.rows, services.total, read)


def _told(taken: Imported, file: Path) -> int:
    print(
        f"{taken.new} new, {taken.changed} changed, {taken.unchanged} as they were,"
        f" {taken.closed} closed, {taken.told_too} of other sources, {taken.skipped} not for us,"
        f" {len(taken.flaws)} flaws"
    )
    if not taken.flaws:
        return 0
    if taken.kept_open:
        why = "a refused row does not say which relay it is of. Is the file whole?"
        print(f"Nothing was closed: {why}", file=sys.stderr)
    refused = file.with_name(f"{file.name}.refused.txt")
    shown = taken.flaws[:MOST_SHOWN]
    try:
        told = "".join(f"{flaw}\n" for flaw in taken.flaws)
        refused.write_text(told, encoding="utf-8", errors="backslashreplace")
        where = f"All of them are in {refused}."
    except OSError as error:
        shown, where = taken.flaws, f"{refused}: {error.strerror}."
    for flaw in shown:
        print(flaw, file=sys.stderr)
    print(where, file=sys.stderr)
    return 1


def export_running(options: argparse.Namespace) -> int:
    """Write what the running platform knows as HSDS: each list, and what people found out."""
    try:
        head = document(options.folder / "relays.json")
        with _directory(options.run_dir) as session, _progress() as progress:
            total = entries.how_many(session, options.source)
            bar = progress.add_task("export", total=total)

            def tell(rows: int) -> None:
                progress.update(bar, completed=rows)

            half = options.file.with_name(f".{options.file.name}.half")
            with half.open("wb") as file:
                file.writelines(written(session, head, options.source, tell))
            half.replace(options.file)
    except (DirectoryFlawed, StartRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)
        return 1
    except (SQLAlchemyError, psycopg.Error) as away:
        return _not_done("Nothing was written", away)
    print(f"{total} rows written to {options.file.name}")
    return 0


def breaches_of(schema: Path, rows: Iterable[object]) -> Iterator[RowFlaw]:
    """Where rows are not as a published JSON schema of a service wants them.

    Raises DirectoryFlawed when the schema cannot be read, or jsonschema is not installed.
    """
    try:
        jsonschema: Any = importlib.import_module("jsonschema")
    except ImportError:
        why = "jsonschema is not installed (it is no part of the images)"
        raise DirectoryFlawed((RowFlaw(schema.name, "schema", why),)) from None
    judge = jsonschema.Draft202012Validator(
        document(schema), format_checker=jsonschema.FormatChecker()
    )
    for place, row in enumerate(rows):
        ours = row.get("x_relay") if isinstance(row, dict) else None
        named = str(ours["slug"]) if isinstance(ours, dict) else f"services[{place}]"
        for breach in judge.iter_errors(row):
            yield RowFlaw(named, breach.json_path.removeprefix("$."), breach.message)


@contextmanager
def _directory(run_dir: Path) -> Iterator[Session]:
    """A transaction on the directory of the platform that runs; raises StartRefused."""
    engine = create_engine(service_dsn("referral", run_dir), hide_parameters=True)
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
