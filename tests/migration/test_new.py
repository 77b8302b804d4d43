"""`just migration new` on a change nobody keeps: what it writes, and what `check` says of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.rollout.next_version import copied
from deploy.start import REPOSITORY
from services.bus.lineage import LEDGER, Lineage, lineages_of

pytestmark = pytest.mark.slow


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a version consists of, to be changed."""
    return copied(REPOSITORY, tmp_path / "tree")


def migration(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "deploy.migration", *arguments),
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def lineage(tree: Path, name: str) -> Lineage:
    return next(each for each in lineages_of("triage", tree / "services") if each.name == name)


def add(tree: Path, file: str, mark: str, addition: str) -> None:
    text = (tree / file).read_text()
    assert text.count(mark) == 1, file
    (tree / file).write_text(text.replace(mark, mark + addition))


def test_a_column_and_an_index_become_an_expansion_that_passes(tree: Path) -> None:
    head = lineage(tree, "triage").head
    add(
        tree,
        "services/triage/store.py",
        "from sqlalchemy import ARRAY, Column, DateTime, ",
        "Index, ",
    )
    add(
        tree,
        "services/triage/store.py",
        '__tablename__ = "programme"\n',
        '    __table_args__ = (Index("programme_tried", "tried"),)\n'
        "    tried: str | None = Field(default=None, sa_type=Text)\n",
    )
    said = migration(tree, "new", "triage", "Somewhere to try things")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "read it" in said.stdout
    (made,) = (file for file in lineage(tree, "triage").files() if int(file.name[:4]) > head)
    assert made.name == f"{head + 1:04d}_somewhere_to_try_things.py"
    text = made.read_text()
    assert text.startswith('"""Somewhere to try things."""\n')
    assert f'revision = "triage_{head + 1:04d}"' in text
    assert f'down_revision = "triage_{head:04d}"' in text
    assert 'sa.Column("tried", sa.Text(), nullable=True)' in text
    assert '"programme_tried", "programme", ["tried"], unique=False' in text
    checked = migration(tree, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_check_is_seen_and_refused_because_what_runs_beside_it_may_break_it(tree: Path) -> None:
    add(
        tree,
        "services/roster/store.py",
        'CheckConstraint("starts_at < ends_at", name="shift_runs_forward"),\n',
        '        CheckConstraint("starts_at > \'2020-01-01\'", name="shift_of_these_years"),\n',
    )
    said = migration(tree, "check")
    assert said.returncode == 1
    assert "shift_of_these_years" in said.stdout
    assert migration(tree, "new", "roster", "Shifts of these years").returncode == 0
    said = migration(tree, "check")
    assert said.returncode == 1
    assert "CreateCheckConstraint shift.shift_of_these_years" in said.stdout
    assert "the version that runs beside it would fail" in said.stdout


def test_a_column_of_the_ledger_is_written_for_every_schema(tree: Path) -> None:
    add(
        tree,
        "services/bus/ledger.py",
        '            Column("reply", JSONB),\n',
        '            Column("tried", Text),\n',
    )
    assert migration(tree, "new", "ledger", "Somewhere to try things").returncode == 0
    made = lineage(tree, LEDGER).files()[-1].read_text()
    assert "schema=schema" in made
    assert '"intake"' not in made
    checked = migration(tree, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
