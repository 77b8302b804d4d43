"""Writes the next revision of a lineage: what lies between migrated tables and the models."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, MetaData, Table, inspect
from sqlmodel.sql.sqltypes import AutoString

from services.bus.ledger import Ledger
from services.bus.lineage import LEDGER, Lineage
from services.bus.table import Service

_HEAD = '''"""{words}"""

{imports}
revision = "{name}_{number:04d}"
down_revision = {before}

#: `expand`: the version that runs goes on beside it. `contract`: takes away what nobody reads.
phase = "expand"
'''
_PHASED = """#: What this version no longer reads ("contact.phone"): a later contraction takes it.
leaves: tuple[str, ...] = ()
#: Of a contraction: the number of the revision that left what goes.
needs = 0
"""
_BODY = '''

def upgrade() -> None:
    """{words}"""
'''


def models_of(service: Service, lineage: str) -> MetaData:
    """What the code declares for one lineage of a service's schema."""
    return Ledger(service.name).metadata if lineage == LEDGER else service.tables


def difference(connection: Connection, service: Service, declared: Sequence[MetaData]) -> Any:
    """What Alembic would do to bring the schema of a service to what is declared."""
    tables: Any = list(declared)  # several, which Alembic takes and does not say
    script = produce_migrations(_context(connection, service, declared), tables)
    assert script.upgrade_ops is not None
    script.upgrade_ops.ops.extend(_checks(connection, declared))
    return script


def _checks(connection: Connection, declared: Sequence[MetaData]) -> Iterator[ops.MigrateOperation]:
    """What is to be done about CHECK constraints, which Alembic does not compare.

    By their names: Postgres keeps a condition in words of its own, so that a changed one wants
    another name.
    """
    there = inspect(connection)
    for table in (table for each in declared for table in each.sorted_tables):
        if not there.has_table(table.name, table.schema):
            continue
        wanted = {str(c.name): c for c in table.constraints if isinstance(c, CheckConstraint)}
        live = {
            str(check["name"]): check["sqltext"]
            for check in there.get_check_constraints(table.name, table.schema)
        }
        for name in sorted(wanted.keys() - live.keys()):
            yield ops.CreateCheckConstraintOp.from_constraint(wanted[name])
        for name in sorted(live.keys() - wanted.keys()):
            gone = CheckConstraint(live[name], name=name)
            Table(table.name, MetaData(), gone, schema=table.schema)
            yield ops.DropConstraintOp.from_constraint(gone)


def _context(
    connection: Connection, service: Service, declared: Sequence[MetaData]
) -> MigrationContext:
    def ours(name: str | None, kind: str, _: Any) -> bool:
        if kind == "schema":
            return name == service.name
        return kind != "table" or any(f"{service.name}.{name}" in each.tables for each in declared)

    return MigrationContext.configure(
        connection,
        opts={
            "target_metadata": list(declared),
            "include_schemas": True,
            "include_name": ours,
            "compare_type": True,
            "compare_server_default": True,
            "render_item": _rendered,
            "user_module_prefix": None,
            "alembic_module_prefix": "op.",
            "sqlalchemy_module_prefix": "sa.",
        },
    )


def _rendered(kind: str, item: Any, _: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()" if item.length is None else f"sa.String({item.length})"
    return False


def written(connection: Connection, service: Service, lineage: Lineage, words: str) -> Path:
    """Write the next revision of a lineage and return its file; `words` say what it is for."""
    number = lineage.head + 1
    declared = [models_of(service, lineage.name)]
    script = difference(connection, service, declared)
    body = render_python_code(
        script.upgrade_ops,
        render_item=_rendered,
        imports=(),
        migration_context=_context(connection, service, declared),
    )
    body = "\n".join(line for line in body.splitlines() if not line.strip().startswith("#"))
    if lineage.name == LEDGER:
        body = body.replace(f"schema='{service.name}'", "schema=schema")
        body = body.replace(f"op.f('ix_{service.name}_", "op.f(f'ix_{schema}_")
        body = f'    schema = op.get_context().opts["schema"]\n{body}'
    imports = "".join(
        line
        for mark, line in (
            ("sa.", "import sqlalchemy as sa\n"),
            ("op.", "from alembic import op\n"),
            ("postgresql.", "from sqlalchemy.dialects import postgresql\n"),
        )
        if re.search(rf"(?<!\w){re.escape(mark)}", body)
    )
    words = words.rstrip(".") + "."
    text = _HEAD.format(
        words=words,
        imports=imports,
        name=lineage.name,
        number=number,
        before=f'"{lineage.name}_{number - 1:04d}"' if number > 1 else None,
    )
    text += (_PHASED if number > 1 else "") + _BODY.format(words=words) + body + "\n"
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40]
    lineage.folder.mkdir(exist_ok=True)
    file = lineage.folder / f"{number:04d}_{slug}.py"
    file.write_text(text)
    for asked in (("check", "--fix", "--quiet"), ("format", "--quiet")):
        subprocess.run((sys.executable, "-m", "ruff", *asked, str(file)), check=False)
    return file
