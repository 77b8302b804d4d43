"""A version after this one: a copy of the tree whose tables and events hold something more.

An expansion as the rules want it (CONTRIBUTING.md): a column that may be empty in a table of intake
and one in every ledger, each with its migration, and an optional field of an event. What it writes
is marked, so that what either version wrote can be told apart.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from services.bus.lineage import LEDGER, lineages_of

#: Column and field that the next version writes.
MARK = "rehearsed"
_COPIED = ("contracts", "services", "deploy")

_REVISION = '''"""Somewhere to write what only the next version knows."""

import sqlalchemy as sa
from alembic import op

revision = "{name}_{number:04d}"
down_revision = "{name}_{before:04d}"

#: `expand`: the version that runs goes on beside it.
phase = "expand"


def upgrade() -> None:
    """A column that may be empty."""
    schema = op.get_context().opts["schema"]
    op.add_column("{table}", sa.Column("{mark}", sa.Text(), nullable=True), schema=schema)
'''

#: File, the words before which something is added, and what is added.
_CHANGES = (
    (
        "contracts/contact.py",
        "\n\n\nclass UrgencyDeclared(",
        f'\n    {MARK}: Annotated[bool, ops("Written by the next version alone")] = True',
    ),
    (
        "services/intake/rows.py",
        "\n\n\nclass DutyRow(",
        f'\n    {MARK}: str | None = Field(default="next", sa_type=Text)',
    ),
    (
        "services/intake/store.py",
        ")\n    VALUES (%(contact_id)s, %(programme)s, %(programme_version)s, %(channel)s",
        f", {MARK}",
    ),
    ("services/intake/store.py", ')\n"""\n_CONTACT_SEEN', ", 'next'"),
    (
        "services/bus/ledger.py",
        '            Column("reply", JSONB),\n',
        f'            Column("{MARK}", Text),\n',
    ),
)


#: How a next version may be no good: file, a mark, and what stands before it then.
BREAKS = {
    "start": ("services/run.py", "\n\n\ndef chosen(", '\n\nraise SystemExit("broken on purpose")'),
    "hang": (
        "services/run.py",
        "    start_logs()\n",
        "    import time\n\n    time.sleep(3600)\n",
    ),
    "work": (
        "services/bus/transact.py",
        "            on.handler(event, work)\n",
        '            raise ZeroDivisionError("broken on purpose")\n',
    ),
}


def copied(tree: Path, into: Path) -> Path:
    """Copy what a version consists of, as an image does; return the copy."""
    for name in _COPIED:
        shutil.copytree(tree / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
    return into


def make_next(tree: Path) -> None:
    """Turn a copy of this version into the next one; ValueError when the code has moved on."""
    for change in _CHANGES:
        _add(tree, *change)
    for lineage, table in ((LEDGER, "inbox"), ("intake", "contact")):
        (found,) = (
            each for each in lineages_of("intake", tree / "services") if each.name == lineage
        )
        number = found.head + 1
        (found.folder / f"{number:04d}_rehearsed.py").write_text(
            _REVISION.format(name=lineage, number=number, before=number - 1, table=table, mark=MARK)
        )


def make_broken(tree: Path, how: str) -> None:
    """Break a next version: it ends at once, never gets ready, or fails whatever it handles."""
    _add(tree, *BREAKS[how])


def _add(tree: Path, file: str, mark: str, addition: str) -> None:
    text = (tree / file).read_text()
    if text.count(mark) != 1:
        raise ValueError(f"{file} holds {text.count(mark)} times {mark!r}: say it anew here")
    (tree / file).write_text(text.replace(mark, addition + mark))
