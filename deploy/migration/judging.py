"""What a revision would break for the version that runs beside it, and whether it says so.

A revision is played with its operations noted instead of done. An expansion may add what the older
version need not know; everything else wants two releases: one that no longer reads (`leaves`), then
one whose contraction takes away (`needs` names the first).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Text
from sqlalchemy.types import BigInteger, Integer, String

from services.bus.lineage import Lineage

#: Statements that fill rows, or bring along what nobody else can be disturbed by.
_HARMLESS = re.compile(r"\s*(UPDATE|INSERT|CREATE EXTENSION IF NOT EXISTS)\s", re.IGNORECASE)


@dataclass(frozen=True)
class Revision:
    """A revision as its file says: its phase, what it leaves, what it needs, what it does."""

    file: Path
    name: str
    before: str | None
    phase: str
    leaves: tuple[str, ...]
    needs: int
    does: tuple[ops.MigrateOperation, ...]

    @property
    def number(self) -> int:
        """Its place in its lineage, from 1."""
        return int(self.file.name[:4])


def read_revision(file: Path, schema: str) -> Revision:
    """Play a revision without a database."""
    module = _module(file)
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "schema": schema}
    )
    noted: list[ops.MigrateOperation] = []
    with Operations.context(context) as operations:
        operations.invoke = noted.append  # type: ignore[method-assign,assignment]
        module.upgrade()
    return Revision(
        file,
        module.revision,
        module.down_revision,
        module.phase,
        getattr(module, "leaves", ()),
        getattr(module, "needs", 0),
        tuple(noted),
    )


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"revision_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def left_by(lineage: Lineage, schema: str) -> frozenset[str]:
    """What versions no longer read and a contraction may take (`contact.phone`)."""
    revisions = (read_revision(file, schema) for file in lineage.files())
    return frozenset(what for revision in revisions for what in revision.leaves)


def flaws_of_lineage(lineage: Lineage, declared: MetaData, schema: str) -> list[str]:
    """What is wrong with the revisions of one lineage, a sentence each."""
    revisions = [read_revision(file, schema) for file in lineage.files()]
    return [
        f"{revision.file.name}: {flaw}"
        for place, revision in enumerate(revisions, start=1)
        for flaw in (
            *_flaws_of_place(lineage, place, revisions),
            *_flaws_of_phase(revision, revisions[: place - 1], declared),
        )
    ]


def _flaws_of_place(lineage: Lineage, place: int, revisions: list[Revision]) -> Iterator[str]:
    revision = revisions[place - 1]
    if (revision.number, revision.name) != (place, f"{lineage.name}_{place:04d}"):
        yield f"should be number {place}, called {lineage.name}_{place:04d}"
    if revision.before != (revisions[place - 2].name if place > 1 else None):
        yield "does not follow the one before it"


def _flaws_of_phase(
    revision: Revision, earlier: list[Revision], declared: MetaData
) -> Iterator[str]:
    broken = [what for operation in revision.does for what in breaks(operation, revision.does)]
    match revision.phase:
        case "expand":
            yield from (f"{what}: the version that runs beside it would fail" for what in broken)
            if revision.needs:
                yield "an expansion needs nothing"
        case "contract":
            yield from _flaws_of_contraction(revision, earlier, declared)
        case other:
            yield f"phase {other!r} is neither expand nor contract"


def _flaws_of_contraction(
    revision: Revision, earlier: list[Revision], declared: MetaData
) -> Iterator[str]:
    left = {what: each.number for each in earlier for what in each.leaves}
    if not 0 < revision.needs < revision.number:
        yield "a contraction needs an earlier revision, of the version that stopped reading"
    for operation in revision.does:
        for what in taken_away(operation):
            if _declares(declared, what):
                yield f"{what} is still read by the code"
            if what not in left:
                yield f"{what} was left by no earlier revision"
            elif left[what] > revision.needs:
                yield f"{what} was left by revision {left[what]}, and it needs {revision.needs}"


def _declares(declared: MetaData, what: str) -> bool:
    table, _, column = what.partition(".")
    for each in declared.tables.values():
        if each.name == table:
            return not column or column in each.columns
    return False


def taken_away(operation: ops.MigrateOperation) -> Iterator[str]:
    """Tables (`contact`) and columns (`contact.phone`) that are gone after it, or renamed."""
    match operation:
        case ops.DropTableOp():
            yield operation.table_name
        case ops.RenameTableOp():
            yield operation.table_name
        case ops.DropColumnOp():
            yield f"{operation.table_name}.{operation.column_name}"
        case ops.AlterColumnOp() if operation.modify_name:
            yield f"{operation.table_name}.{operation.column_name}"
        case _:
            return


def breaks(
    operation: ops.MigrateOperation, beside: Iterable[ops.MigrateOperation] = ()
) -> Iterator[str]:
    """What of an operation the version that runs could not live with, in words.

    Tables made by the same revision (`beside`) are read by nobody yet.
    """
    new = {each.table_name for each in beside if isinstance(each, ops.CreateTableOp)}
    if getattr(operation, "table_name", None) in new:
        return
    match operation:
        case ops.CreateTableOp():
            return
        case ops.AddColumnOp():
            column = operation.column
            if not column.nullable and column.server_default is None and column.computed is None:
                yield f"{operation.table_name}.{column.name} is NOT NULL without a server default"
            if column.unique or column.foreign_keys or column.constraints:
                yield f"{operation.table_name}.{column.name} comes with a constraint"
        case ops.CreateIndexOp():
            if operation.unique:
                yield f"unique index {operation.index_name} may refuse what it writes"
        case ops.DropIndexOp() if operation.kw.get("postgresql_using") == "gin":
            return  # never unique: what it helped to find is found without it, slower
        case ops.AlterColumnOp():
            yield from _altered(operation)
        case ops.ExecuteSQLOp():
            if not _HARMLESS.match(str(operation.sqltext)):
                yield f"SQL that is neither UPDATE nor INSERT ({str(operation.sqltext)[:40]!r})"
        case _:
            yield f"{type(operation).__name__.removesuffix('Op')} {_named(operation)}".rstrip()


def _altered(operation: ops.AlterColumnOp) -> Iterator[str]:
    where = f"{operation.table_name}.{operation.column_name}"
    if operation.modify_name:
        yield f"{where} is renamed"
    if operation.modify_nullable is False:
        yield f"{where} becomes NOT NULL"
    if operation.modify_server_default is None:  # False: left as it is
        yield f"{where} loses its default"
    wider = operation.modify_type
    if wider is not None and not _widens(operation.existing_type, wider):
        yield f"{where} becomes {wider!r}, which may hold less than {operation.existing_type!r}"


def _widens(old: Any, new: Any) -> bool:
    """Whether everything the old type holds fits the new one and is read the same way."""
    if isinstance(new, BigInteger):
        return isinstance(old, Integer)
    if isinstance(new, Text | String) and isinstance(old, String):
        return new.length is None or (old.length is not None and new.length >= old.length)
    return False


def _named(operation: ops.MigrateOperation) -> str:
    table = getattr(operation, "table_name", "")
    parts = (getattr(operation, f"{part}_name", None) for part in ("column", "constraint", "index"))
    return ".".join(str(part) for part in (table, *parts) if part)
